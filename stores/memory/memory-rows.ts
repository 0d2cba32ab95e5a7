import type { Bounds } from '../bounds.ts'
import type { CommittedRows } from '../committed-state.ts'
import type { Row, Writes } from '../merge-rows.ts'
import { SortedMap } from '../sorted-map.ts'

const BATCH_ROWS = 1_000

/** The committed rows of one store, in memory. */
export class MemoryRows implements CommittedRows {
  // Deleted keys stay as nulls until they outnumber the others.
  #rows: Writes = new SortedMap()
  #deleted = 0

  get(text: string): Buffer | undefined {
    return this.#rows.get(text) ?? undefined
  }

  async *batches(bounds: Bounds, reverse: boolean): AsyncGenerator<readonly Row[], void, undefined> {
    const rows: Row[] = []
    for (const text of this.#rows.keysIn(bounds)) {
      const value = this.#rows.get(text)!
      if (value !== null) rows.push([Buffer.from(text, 'latin1'), value])
    }
    if (reverse) rows.reverse()
    for (let start = 0; start < rows.length; start += BATCH_ROWS) yield rows.slice(start, start + BATCH_ROWS)
  }

  wrote(writes: Writes): void {
    for (const [text, value] of writes.entries()) {
      const before = this.#rows.get(text)
      if (before === undefined && value === null) continue
      this.#deleted += Number(value === null) - Number(before === null)
      this.#rows.set(text, value)
    }
    if (this.#deleted > this.#rows.size / 2) this.#compact()
  }

  /** Deletes the rows of a range. */
  drop(bounds: Bounds): void {
    const writes: Writes = new SortedMap()
    for (const text of this.#rows.keysIn(bounds)) writes.set(text, null)
    this.wrote(writes)
  }

  copy(): MemoryRows {
    const copy = new MemoryRows()
    copy.wrote(this.#rows)
    return copy
  }

  clear(): void {
    this.#rows = new SortedMap()
    this.#deleted = 0
  }

  #compact(): void {
    const rows = this.#rows
    this.clear()
    for (const [text, value] of rows.entries()) if (value !== null) this.#rows.set(text, value)
  }
}
