// The bytes of a buffered record, in rows as in the changelog; Java's BufferValue:
//
//   value    context ‖ prior ‖ old ‖ new ‖ buffer time (8 bytes, big-endian)
//   context  timestamp (8) ‖ offset (8) ‖ topic ‖ partition (4) ‖ count of headers (4) ‖ for each header: name ‖ value
//
// Texts and values have their length (4) in front: -1 stands for null, -2 (of `old` only) for the same as `prior`.
import { type Headers, NO_HEADERS } from '../../lib/core/record.ts'
import { readInt64, writeInt64 } from '../../lib/serde/int64.ts'
import type { RecordContext } from '../store.ts'

const LONG_BYTES = 8
const INT_BYTES = 4
const NULL_LENGTH = -1
const SAME_AS_PRIOR = -2
/** The end of a window that has none: the latest time there is, as Java writes it and as it is here. */
const JAVA_NO_END = Buffer.from('7fffffffffffffff', 'hex')
const NO_END_MS = Number.MAX_SAFE_INTEGER

/** A record that waits, with what has to be known of it when it goes on. */
export interface BufferValue {
  readonly context: RecordContext
  /** The value that those downstream of the buffer know. */
  readonly prior: Buffer | null
  /** The value that this one replaced. */
  readonly old: Buffer | null
  readonly new: Buffer | null
  /** The time by which it is due. */
  readonly bufferTimeMs: number
}

export function encodeBufferValue({ context, prior, old, new: newValue, bufferTimeMs }: BufferValue): Buffer {
  const topic = Buffer.from(context.topic)
  const names = context.headers.map(([name]) => Buffer.from(name))
  const sameAsPrior = old !== null && prior !== null && old.equals(prior)
  const oldBytes = sameAsPrior ? null : old
  const size =
    3 * LONG_BYTES + // timestamp, offset, buffer time
    6 * INT_BYTES + // topic's length, partition, count of headers, lengths of three values
    topic.length +
    names.reduce((sum, name, i) => sum + 2 * INT_BYTES + name.length + lengthOf(context.headers[i]![1]), 0) +
    lengthOf(prior) +
    lengthOf(oldBytes) +
    lengthOf(newValue)
  const bytes = Buffer.allocUnsafe(size)
  writeInt64(bytes, context.timestamp, 0)
  writeInt64(bytes, context.offset, LONG_BYTES)
  let at = writeSized(bytes, topic, 2 * LONG_BYTES)
  at = bytes.writeInt32BE(context.partition, at)
  at = bytes.writeInt32BE(names.length, at)
  names.forEach((name, i) => {
    at = writeSized(bytes, name, at)
    at = writeSized(bytes, context.headers[i]![1], at)
  })
  at = writeSized(bytes, prior, at)
  at = sameAsPrior ? bytes.writeInt32BE(SAME_AS_PRIOR, at) : writeSized(bytes, oldBytes, at)
  at = writeSized(bytes, newValue, at)
  if (bufferTimeMs === NO_END_MS) bytes.set(JAVA_NO_END, at)
  else writeInt64(bytes, bufferTimeMs, at)
  return bytes
}

/** Values are views of `bytes`. @throws RangeError: the bytes are not of this form. */
export function decodeBufferValue(bytes: Buffer): BufferValue {
  const reader = new Reader(bytes)
  const timestamp = reader.long()
  const offset = reader.long()
  const topic = reader.sized()!.toString()
  const partition = reader.int()
  const headers = readHeaders(reader)
  const prior = reader.sized()
  const oldLength = reader.int()
  const old = oldLength === SAME_AS_PRIOR ? prior : reader.bytes(oldLength)
  const newValue = reader.sized()
  return {
    context: { timestamp, headers, topic, partition, offset },
    prior,
    old,
    new: newValue,
    bufferTimeMs: Math.min(reader.long(), NO_END_MS),
  }
}

/** The time by which a record is due, without a look at the rest. */
export function bufferTimeOf(bytes: Buffer): number {
  return Math.min(readInt64(bytes, bytes.length - LONG_BYTES), NO_END_MS)
}

/** How many bytes a record takes up in a buffer, as Java reckons them: what `maxBytes` limits. */
export function bufferedBytes(keyBytes: Buffer, { context, prior, old, new: newValue }: BufferValue): number {
  let size = 3 * LONG_BYTES + INT_BYTES + keyBytes.length + context.topic.length
  for (const [name, value] of context.headers) size += name.length + lengthOf(value)
  // Equal values are one.
  const oldIsPrior = old !== null && prior !== null && old.equals(prior)
  return size + lengthOf(prior) + (oldIsPrior ? 0 : lengthOf(old)) + lengthOf(newValue)
}

function readHeaders(reader: Reader): Headers {
  const count = reader.int()
  if (count === 0) return NO_HEADERS
  return Array.from({ length: count }, () => [reader.sized()!.toString(), reader.sized()] as const)
}

function lengthOf(bytes: Buffer | null): number {
  return bytes?.length ?? 0
}

function writeSized(into: Buffer, bytes: Buffer | null, at: number): number {
  const start = into.writeInt32BE(bytes?.length ?? NULL_LENGTH, at)
  if (bytes === null) return start
  into.set(bytes, start)
  return start + bytes.length
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  long(): number {
    this.#at += LONG_BYTES
    return readInt64(this.#bytes, this.#at - LONG_BYTES)
  }

  int(): number {
    this.#at += INT_BYTES
    return this.#bytes.readInt32BE(this.#at - INT_BYTES)
  }

  sized(): Buffer | null {
    return this.bytes(this.int())
  }

  bytes(length: number): Buffer | null {
    if (length === NULL_LENGTH) return null
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}
