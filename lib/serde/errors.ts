import { type Recovery, StreamsError } from '../core/errors.ts'

/** A key or value is not of the type that its serde writes. */
export class SerializationError extends StreamsError {
  readonly code = 'STREAMS_SERIALIZATION'
  readonly recovery: Recovery = 'fail'
  /** As one writes it: `long()`. */
  readonly serde: string
  /** The topic that the bytes were meant for. */
  readonly topic: string

  constructor(serde: string, topic: string, problem: string, options?: ErrorOptions) {
    super(`serdes.${serde} cannot write to topic '${topic}': ${problem}`, options)
    this.serde = serde
    this.topic = topic
  }
}

/** Bytes are not what the serde reads. */
export class DeserializationError extends StreamsError {
  readonly code = 'STREAMS_DESERIALIZATION'
  readonly recovery: Recovery = 'fail'
  /** As one writes it: `long()`. */
  readonly serde: string
  /** The topic that the bytes came from; for a store, its changelog. */
  readonly topic: string

  constructor(serde: string, topic: string, problem: string, options?: ErrorOptions) {
    super(
      `serdes.${serde} cannot read from topic '${topic}': ${problem}. ` +
        'Use the serde with which the topic was written, or keep such records out of it.',
      options,
    )
    this.serde = serde
    this.topic = topic
  }
}

/** The type of a value in words, for messages: never the value itself, which may be private. */
export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  return value.constructor?.name ?? 'an object without prototype'
}

/** Fails unless the bytes have the one length that the serde writes. */
export function checkLength(serde: string, topic: string, bytes: Buffer, length: number): void {
  if (bytes.length !== length) {
    throw new DeserializationError(serde, topic, `it takes ${length} bytes and got ${bytes.length}`)
  }
}
