import { readInt64, writeInt64 } from '../lib/serde/int64.ts'
import type { Rows } from './store.ts'

const TIME_BYTES = 8

/**
 * The event time that a store has seen, by which its entries expire, a number that it counts up, and the latest event time of the records that were restored into it: kept in
 * a row of the store, so that they survive with what they stand for.
 */
export class StoreTime {
  readonly #rows: Rows
  readonly #key: Buffer
  #loaded = false
  #changed = false
  #observedMs = -1
  #counter = 0
  #restoredMs = -1

  constructor(rows: Rows, key: Buffer) {
    this.#rows = rows
    this.#key = key
  }

  /** The latest time observed; -1 before the first. */
  get observedMs(): number {
    if (!this.#loaded) this.reload()
    return this.#observedMs
  }

  get counter(): number {
    if (!this.#loaded) this.reload()
    return this.#counter
  }

  set counter(value: number) {
    if (!this.#loaded) this.reload()
    this.#counter = value
    this.#changed = true
  }

  /** The latest event time of a record that was restored; -1 if there was none. */
  get restoredMs(): number {
    if (!this.#loaded) this.reload()
    return this.#restoredMs
  }

  restored(timeMs: number): void {
    if (timeMs <= this.restoredMs) return
    this.#restoredMs = timeMs
    this.#changed = true
  }

  observe(timeMs: number): void {
    if (timeMs <= this.observedMs) return
    this.#observedMs = timeMs
    this.#changed = true
  }

  /** Has all taken from the row when it is next asked for: another hand may have changed it. */
  forget(): void {
    this.#loaded = false
    this.#changed = false
  }

  /** Takes all from the row: at first, and wherever another hand may have changed it. */
  reload(): void {
    this.#loaded = true
    this.#changed = false
    const row = this.#rows.get(this.#key)
    this.#observedMs = row === undefined ? -1 : readInt64(row, 0)
    this.#counter = row === undefined ? 0 : readInt64(row, TIME_BYTES)
    // Rows of a store into which nothing was restored do without.
    this.#restoredMs = row === undefined || row.length <= 2 * TIME_BYTES ? -1 : readInt64(row, 2 * TIME_BYTES)
  }

  /** Writes what has changed since the last call, if anything. */
  flush(): void {
    if (!this.#changed) return
    this.#changed = false
    const row = Buffer.allocUnsafe(this.#restoredMs === -1 ? 2 * TIME_BYTES : 3 * TIME_BYTES)
    writeInt64(row, this.#observedMs, 0)
    writeInt64(row, this.#counter, TIME_BYTES)
    if (this.#restoredMs !== -1) writeInt64(row, this.#restoredMs, 2 * TIME_BYTES)
    this.#rows.put(this.#key, row)
  }
}
