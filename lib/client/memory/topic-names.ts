const MAX_NAME_LENGTH = 249
/** Kept by a real broker as topics; here their contents are the coordinators' memory. */
const INTERNAL_TOPICS = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])

/** What is wrong with a topic's name; undefined: nothing. */
export function problemWithTopicName(name: string): string | undefined {
  if (name === '') return 'the empty string is not allowed'
  if (name === '.' || name === '..') return `'${name}' is not allowed`
  if (name.length > MAX_NAME_LENGTH) return `the length of '${name}' is longer than ${MAX_NAME_LENGTH}`
  if (!/^[a-zA-Z0-9._-]+$/.test(name))
    return `'${name}' holds characters other than ASCII letters and digits, '.', '_', '-'`
  return undefined
}

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}

/** Names that differ only in '.' and '_' collide in metrics, so a broker refuses the second. */
export function namesCollide(a: string, b: string): boolean {
  return a !== b && a.replaceAll('.', '_') === b.replaceAll('.', '_')
}
