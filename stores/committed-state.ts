import type { Bounds } from './bounds.ts'
import type { Row, Writes } from './merge-rows.ts'
import type { ChangelogPosition } from './task-database.ts'

/** The committed rows of one store. */
export interface CommittedRows {
  /** `text` and `key` are the same key in its two forms. */
  get(text: string, key: Buffer): Buffer | undefined
  /** Adds a write to the batch of the next `CommittedState.write`, under everything else in it; null deletes. Absent: there is no shorter way than that write. */
  load?(key: Buffer, value: Buffer | null): void
  /** Rows in order, in batches, from a snapshot taken when the iteration starts. */
  batches(bounds: Bounds, reverse: boolean): AsyncIterable<readonly Row[]>
}

/** Where the committed rows and positions of one task are kept: LevelDB, or memory. What is uncommitted lies above it (OverlayDatabase). */
export interface CommittedState {
  rows(storeName: string): CommittedRows
  position(storeName: string): ChangelogPosition | undefined
  /** All of it or nothing. The writes must not change until it is done. Expired rows may go later, and stay if the process dies. */
  write(
    writes: ReadonlyMap<string, Writes>,
    positions: ReadonlyMap<string, ChangelogPosition>,
    expired: ReadonlyMap<string, readonly Bounds[]>,
  ): Promise<void>
  /** Drops what was loaded since the last `write`. */
  unload?(): void
  /** Empties a store, and drops what was loaded. */
  wipe(storeName: string): Promise<void>
  close(): Promise<void>
}
