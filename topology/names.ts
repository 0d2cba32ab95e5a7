import { InvalidNodeNameError, InvalidStoreNameError, InvalidTopicNameError } from './errors.ts'

/** The longest name that Kafka gives a topic, in characters. */
export const MAX_NAME_LENGTH = 249

/** What is wrong with a name; undefined: nothing. */
export function problemWith(name: string): string | undefined {
  if (typeof name !== 'string') return 'it must be a string.'
  if (name === '') return 'it must not be empty.'
  if (name === '.' || name === '..') return "'.' and '..' are not allowed."
  if (name.length > MAX_NAME_LENGTH) return `it has ${name.length} characters; at most ${MAX_NAME_LENGTH} are allowed.`
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) return "only ASCII letters, digits, '.', '_' and '-' are allowed."
  return undefined
}

/** @throws InvalidTopicNameError `STREAMS_INVALID_TOPIC_NAME` */
export function checkTopicName(topic: string): void {
  const problem = problemWith(topic)
  if (problem !== undefined) throw new InvalidTopicNameError(topic, problem)
}

/** @throws InvalidNodeNameError `STREAMS_INVALID_NODE_NAME` */
export function checkNodeName(node: string): void {
  const problem = problemWith(node)
  if (problem !== undefined) throw new InvalidNodeNameError(node, problem)
}

/** @throws InvalidStoreNameError `STREAMS_INVALID_STORE_NAME` */
export function checkStoreName(store: string): void {
  const problem = problemWith(store)
  if (problem !== undefined) throw new InvalidStoreNameError(store, problem)
}
