/** The requests of which a trace shows what they ask, and what is answered: those that decide what is committed. */
const SHOWN = new Set([
  'initProducerId',
  'addPartitionsToTxn',
  'txnOffsetCommit',
  'endTxn',
  'offsetFetch',
  'offsetCommit',
  'joinGroup',
  'heartbeat',
  'leaveGroup',
])
const MAX_LENGTH = 400

/** What a trace says of a request or an answer, behind its name. */
export function detailOf(operation: string, message: object | undefined): string {
  if (message === undefined || !SHOWN.has(operation)) return ''
  const text = JSON.stringify(message, (_, value: unknown) => (isBuffer(value) ? `${value.data.length} bytes` : value))
  return ` ${text.slice(0, MAX_LENGTH)}`
}

// As a Buffer looks in JSON.
function isBuffer(value: unknown): value is { readonly data: readonly number[] } {
  return typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer'
}
