import { readInt64, writeInt64 } from '../../lib/serde/int64.ts'
import { segmentOf } from '../segment.ts'
import type { Rows } from '../store.ts'

const NUMBER_BYTES = 8
const ENTRY_BYTES = 2 * NUMBER_BYTES

/**
 * For each segment that a store keeps, an offset of its changelog before which nothing of the segment lies: what a restore needs of the changelog starts at
 * the lowest of them. Kept in a row of the store, so that it goes back with the store and comes back with it.
 */
export class LoggedSegments {
  readonly #rows: Rows
  readonly #key: Buffer
  readonly #segmentMs: number
  /** Undefined until read from the row. */
  #offsets: Map<number, number> | undefined
  #changed = false
  // Most of what is logged lies in one segment.
  #lastSegment = -1

  constructor(rows: Rows, key: Buffer, segmentMs: number) {
    this.#rows = rows
    this.#key = key
    this.#segmentMs = segmentMs
  }

  /** Says that an entry with this time is logged at `offset()` or later; asked for the first one of a segment. */
  add(timeMs: number, offset: () => number): void {
    const segment = segmentOf(timeMs, this.#segmentMs)
    if (segment === this.#lastSegment) return
    this.#lastSegment = segment
    const offsets = this.#load()
    if (offsets.has(segment)) return
    offsets.set(segment, offset())
    this.#changed = true
  }

  /** The lowest offset of all segments; undefined if there are none. */
  get lowest(): number | undefined {
    const offsets = this.#load()
    return offsets.size === 0 ? undefined : Math.min(...offsets.values())
  }

  /** Forgets the segments before the one with this time, and writes what has changed since the last call, if anything. */
  flush(keptMs: number): void {
    const kept = segmentOf(keptMs, this.#segmentMs)
    const offsets = this.#load()
    for (const segment of offsets.keys()) {
      if (segment >= kept) continue
      offsets.delete(segment)
      this.#changed = true
    }
    if (!this.#changed) return
    this.#changed = false
    const row = Buffer.allocUnsafe(offsets.size * ENTRY_BYTES)
    let at = 0
    for (const [segment, offset] of offsets) {
      writeInt64(row, segment, at)
      writeInt64(row, offset, at + NUMBER_BYTES)
      at += ENTRY_BYTES
    }
    this.#rows.put(this.#key, row)
  }

  /** Takes the offsets from the row: wherever another hand may have changed it. */
  reload(): void {
    this.#offsets = undefined
    this.#lastSegment = -1
    this.#changed = false
  }

  #load(): Map<number, number> {
    if (this.#offsets !== undefined) return this.#offsets
    const row = this.#rows.get(this.#key)
    const offsets = new Map<number, number>()
    for (let at = 0; row !== undefined && at < row.length; at += ENTRY_BYTES)
      offsets.set(readInt64(row, at), readInt64(row, at + NUMBER_BYTES))
    this.#offsets = offsets
    return offsets
  }
}
