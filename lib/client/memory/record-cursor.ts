import { decompress } from '../protocol/compression.ts'
import { type BatchHeader, HEADER_BYTES } from '../protocol/record-batch.ts'
import { readVarint, varintEnd } from '../protocol/varint.ts'

/** The encoded records of a batch, decompressed. */
export function recordsOf(batch: Buffer, header: BatchHeader): Buffer {
  const records = batch.subarray(HEADER_BYTES)
  if (header.codec === 'none' || header.recordCount === 0) return records
  return decompress(header.codec, records)
}

/**
 * Walks over the records of one batch without making an object for each: what a broker looks at (offset, timestamp, key), and where the
 * record's bytes lie in `bytes`.
 */
export class RecordCursor {
  readonly bytes: Buffer
  readonly #header: BatchHeader
  #left: number
  #at = 0

  offset = -1
  timestamp = -1
  /** Where the record starts, its length prefix included, and ends. */
  start = 0
  end = 0
  /** Where the bytes after the timestamp delta start: offset delta, key, value, headers. */
  restStart = 0
  keyStart = 0
  /** -1: the key is null. */
  keyLength = -1
  hasValue = false

  constructor(batch: Buffer, header: BatchHeader) {
    this.bytes = recordsOf(batch, header)
    this.#header = header
    this.#left = header.recordCount
  }

  /** Moves to the next record. False: there is none. */
  next(): boolean {
    if (this.#left === 0) return false
    this.#left--
    this.start = this.#at
    const length = this.#varint()
    this.end = this.#at + length
    this.#at++ // attributes: none are defined
    const timestampDelta = this.#varint()
    const { firstTimestamp, maxTimestamp, logAppendTime } = this.#header
    this.timestamp = logAppendTime ? maxTimestamp : firstTimestamp + timestampDelta
    this.restStart = this.#at
    this.offset = this.#header.baseOffset + this.#varint()
    this.keyLength = this.#varint()
    this.keyStart = this.#at
    this.#at += Math.max(0, this.keyLength)
    this.hasValue = this.#varint() >= 0
    this.#at = this.end
    return true
  }

  /** The key as a map key: equal bytes give equal strings. Undefined: the key is null. */
  key(): string | undefined {
    if (this.keyLength < 0) return undefined
    return this.bytes.toString('latin1', this.keyStart, this.keyStart + this.keyLength)
  }

  #varint(): number {
    const value = readVarint(this.bytes, this.#at)
    this.#at = varintEnd
    return value
  }
}
