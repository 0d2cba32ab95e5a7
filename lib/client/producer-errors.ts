// What the codes in responses to produce and transaction requests mean to the user of a producer.
import type { StreamsError } from '../core/errors.ts'
import { onTransactionalId, type Permission, unauthorized } from './authorization.ts'
import { BrokerResponseError, ProducerFencedError, TransactionAbortedError } from './errors.ts'
import { errorCodes, errorName } from './protocol/error-codes.ts'

// INVALID_PRODUCER_EPOCH also answers a producer whose transaction the broker ended after its time-out: the two cannot be told apart.
const fenced: ReadonlySet<number> = new Set<number>([
  errorCodes.INVALID_PRODUCER_EPOCH,
  errorCodes.PRODUCER_FENCED,
  errorCodes.INVALID_PRODUCER_ID_MAPPING,
  errorCodes.TRANSACTIONAL_ID_NOT_FOUND,
])

// The transaction cannot go on, the producer can.
const aborted: ReadonlySet<number> = new Set<number>([
  errorCodes.INVALID_TXN_STATE,
  errorCodes.TRANSACTION_ABORTABLE,
  errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER,
  errorCodes.UNKNOWN_PRODUCER_ID,
])

const advice: ReadonlyMap<number, string> = new Map<number, string>([
  [
    errorCodes.INVALID_TIMESTAMP,
    "A record's timestamp is further from the broker's clock than the topic allows. Raise message.timestamp.after.max.ms " +
      '(or message.timestamp.before.max.ms) of the topic, or correct the timestamps.',
  ],
  [
    errorCodes.INVALID_RECORD,
    'The topic does not take such a record; a compacted topic, for instance, takes none without a key.',
  ],
  [errorCodes.OFFSET_METADATA_TOO_LARGE, "Raise the broker's offset.metadata.max.bytes."],
])

/**
 * A coordinator's refusal, or a partition's: the error that the producer's user meets.
 *
 * @param what - Begins the sentence: `Sending to clicks-0`.
 * @param needs - What the request takes besides WRITE on the transactional id.
 */
export function refused(
  what: string,
  code: number,
  brokerMessage: string | null,
  transactionalId: string | undefined,
  needs: readonly Permission[] = [],
): StreamsError {
  const own = transactionalId === undefined ? [] : [onTransactionalId(transactionalId, 'WRITE')]
  const forbidden = unauthorized(what, code, [...needs, ...own])
  if (forbidden !== undefined) return forbidden
  const name = errorName(code)
  const said = brokerMessage === null || brokerMessage === '' ? name : `${name} (${brokerMessage})`
  if (transactionalId !== undefined && fenced.has(code)) {
    return new ProducerFencedError(transactionalId, `${what}: ${said}`)
  }
  if (transactionalId !== undefined && aborted.has(code)) {
    return new TransactionAbortedError(
      `${what} failed: ${said}. The transaction of '${transactionalId}' has to be aborted; nothing of it will be seen.`,
    )
  }
  const wayOut = advice.get(code)
  return new BrokerResponseError(name, code, `${what} failed: ${said}.${wayOut === undefined ? '' : ` ${wayOut}`}`)
}
