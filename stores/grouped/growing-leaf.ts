import {
  compareAt,
  entryLength,
  findEntry,
  HEADER_BYTES,
  LEAF,
  lastEntry,
  readLength,
  varintBytes,
  withEntry,
  writeEntry,
} from './leaf.ts'

/** Room for so many entries like the first one, and for the bytes of a leaf that is not yet cut in two. */
const FIRST_ENTRIES = 4
const MAX_ROOM_BYTES = 2 * 1024

/**
 * A leaf that is written to many times before it is read: entries that come in order of their sort keys, as those of changelogs mostly do, are put behind the others in place,
 * where a leaf that others may read is copied for each. What becomes of it is the same, byte for byte.
 */
export class GrowingLeaf {
  readonly #hadRow: boolean
  #bytes: Buffer
  #length: number
  /** Where the last entry starts; 0 if there is none. */
  #lastStart: number

  /**
   * @param row - The leaf so far, which is not changed; undefined: there is none.
   * @param entryBytes - Of the entry that comes first.
   */
  constructor(row: Buffer | undefined, entryBytes: number) {
    this.#hadRow = row !== undefined
    this.#length = row?.length ?? HEADER_BYTES
    this.#bytes = Buffer.allocUnsafe(this.#length + Math.min(FIRST_ENTRIES * entryBytes, MAX_ROOM_BYTES))
    if (row === undefined) this.#bytes[0] = LEAF
    else this.#bytes.set(row)
    this.#lastStart = lastEntry(this.#bytes, this.#length)
  }

  /** Bytes that it takes up. */
  get capacity(): number {
    return this.#bytes.length
  }

  /** Bytes that are in use. */
  get length(): number {
    return this.#length
  }

  /** What is to be written, after which nothing may be put any more; null: the row is to go, undefined: there is none. */
  get row(): Buffer | null | undefined {
    if (this.#length > HEADER_BYTES) return this.#bytes.subarray(0, this.#length)
    return this.#hadRow ? null : undefined
  }

  /**
   * Puts an entry, its value `head` and `value` in one, or takes it out (null). Returns by how many entries the leaf has grown: 1, 0 or -1. All Buffers may
   * change after the call.
   */
  put(sort: Buffer, value: Buffer | null, head: Buffer): number {
    const order = this.#compareLast(sort)
    if (order > 0) return this.#putBefore(sort, value, head)
    const start = order === 0 ? this.#lastStart : this.#length
    if (value === null) {
      if (order < 0) return 0
      this.#length = start
      this.#lastStart = lastEntry(this.#bytes, start)
      return -1
    }
    const end = start + entryLength(sort, head.length + value.length)
    if (end > this.#bytes.length) this.#grow(end)
    writeEntry(this.#bytes, start, sort, value, head)
    this.#lastStart = start
    this.#length = end
    return order === 0 ? 0 : 1
  }

  /** Above 0: the last entry comes behind this sort key. */
  #compareLast(sort: Buffer): number {
    const start = this.#lastStart
    if (start === 0) return -1
    const sortLength = readLength(this.#bytes, start)
    const valueAt = start + varintBytes(sortLength)
    const sortAt = valueAt + varintBytes(readLength(this.#bytes, valueAt))
    return compareAt(this.#bytes, sortAt, sortLength, sort)
  }

  #putBefore(sort: Buffer, value: Buffer | null, head: Buffer): number {
    const leaf = this.#bytes.subarray(0, this.#length)
    const place = findEntry(leaf, sort)
    const growth = Number(value !== null) - Number(place.end > place.start)
    if (value === null && growth === 0) return 0
    this.#bytes = withEntry(leaf, place, sort, value, head)
    this.#lastStart += this.#bytes.length - this.#length
    this.#length = this.#bytes.length
    return growth
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafe(Math.max(bytes, Math.min(2 * this.#bytes.length, MAX_ROOM_BYTES)))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}
