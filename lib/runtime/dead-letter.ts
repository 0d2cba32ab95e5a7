import { messageOf } from '../core/errors.ts'
import type { Headers } from '../core/record.ts'
import type { ErrorContext } from './error-handlers.ts'
import { RecordDeserializationError, RecordSerializationError } from './errors.ts'

/** What is written in place of a record that could not be handled. */
export interface DeadLetter {
  /** Default: the `deadLetterQueueTopic` of the application. */
  readonly topic?: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly headers: Headers
}

const PREFIX = '__streams.errors.'

/**
 * The letter that Millrace writes by itself: the bytes of the input record, its time and headers, and behind these six more, named as in Java, that say what went wrong and
 * where: `__streams.errors.exception`, `.message`, `.stacktrace`, `.topic`, `.partition` and `.offset`.
 *
 * Key and value are null where there is no input record: in a punctuator, or for a record that a cache or buffer had held back.
 *
 * @example
 * const processingHandler: ProcessingHandler = (error, context) => {
 *   const letter = deadLetterOf(error, context)
 *   return { decision: 'continue', deadLetters: [{ ...letter, topic: `failed-${context.topic}` }] }
 * }
 */
export function deadLetterOf(error: unknown, context: ErrorContext): DeadLetter {
  const { topic, partition, offset, timestamp, headers, rawKey, rawValue } = context
  const cause = causeOf(error)
  const texts = {
    exception: cause instanceof Error ? cause.name : typeof cause,
    message: messageOf(cause),
    stacktrace: cause instanceof Error ? (cause.stack ?? '') : '',
    topic,
    partition: String(partition),
    offset: String(offset),
  }
  return {
    key: rawKey,
    value: rawValue,
    timestamp: Math.max(0, timestamp),
    headers: [...headers, ...Object.entries(texts).map(([name, text]) => [PREFIX + name, Buffer.from(text)] as const)],
  }
}

// What the serde threw says more than that it did.
function causeOf(error: unknown): unknown {
  const wrapped = error instanceof RecordDeserializationError || error instanceof RecordSerializationError
  return wrapped ? (error.cause ?? error) : error
}
