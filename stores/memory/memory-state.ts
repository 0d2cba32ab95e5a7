import type { Bounds } from '../bounds.ts'
import type { CommittedState } from '../committed-state.ts'
import type { Writes } from '../merge-rows.ts'
import type { ChangelogPosition } from '../task-database.ts'
import { MemoryRows } from './memory-rows.ts'

/** The committed state of one task, in memory. */
export class MemoryState implements CommittedState {
  readonly #rows = new Map<string, MemoryRows>()
  readonly #positions = new Map<string, ChangelogPosition>()

  rows(storeName: string): MemoryRows {
    let rows = this.#rows.get(storeName)
    if (rows === undefined) {
      rows = new MemoryRows()
      this.#rows.set(storeName, rows)
    }
    return rows
  }

  position(storeName: string): ChangelogPosition | undefined {
    return this.#positions.get(storeName)
  }

  async write(
    writes: ReadonlyMap<string, Writes>,
    positions: ReadonlyMap<string, ChangelogPosition>,
    expired: ReadonlyMap<string, readonly Bounds[]>,
  ): Promise<void> {
    this.apply(writes, positions, expired)
  }

  /** As `write`, at once. */
  apply(
    writes: ReadonlyMap<string, Writes>,
    positions: ReadonlyMap<string, ChangelogPosition>,
    expired: ReadonlyMap<string, readonly Bounds[]>,
  ): void {
    for (const [storeName, rows] of writes) this.rows(storeName).wrote(rows)
    for (const [storeName, ranges] of expired) for (const range of ranges) this.rows(storeName).drop(range)
    for (const [storeName, position] of positions) this.#positions.set(storeName, position)
  }

  async wipe(storeName: string): Promise<void> {
    this.forget(storeName)
  }

  /** Empties a store and drops its position, at once. */
  forget(storeName: string): void {
    this.#rows.get(storeName)?.clear()
    this.#positions.delete(storeName)
  }

  copy(): MemoryState {
    const copy = new MemoryState()
    for (const [storeName, rows] of this.#rows) copy.#rows.set(storeName, rows.copy())
    for (const [storeName, position] of this.#positions) copy.#positions.set(storeName, position)
    return copy
  }

  async close(): Promise<void> {}
}
