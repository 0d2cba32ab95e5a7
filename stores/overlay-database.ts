import { InvariantError } from '../lib/core/errors.ts'
import type { Bounds } from './bounds.ts'
import type { CommittedState } from './committed-state.ts'
import { StoreNotOpenError } from './errors.ts'
import type { Writes } from './merge-rows.ts'
import { OverlayRows, type UncommittedBytes } from './overlay-rows.ts'
import type { Rows } from './store.ts'
import type { ChangelogPosition, TaskDatabase } from './task-database.ts'

/** Uncommitted writes, in two generations, over the committed state of a task: the same over LevelDB as over memory. */
export class OverlayDatabase implements TaskDatabase {
  readonly #state: CommittedState
  readonly #rows = new Map<string, OverlayRows>()
  readonly #uncommitted: UncommittedBytes = { bytes: 0 }
  #sealed = false
  #writing: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(state: CommittedState) {
    this.#state = state
  }

  rows(storeName: string): Rows {
    return this.#rowsOf(storeName)
  }

  position(storeName: string): ChangelogPosition | undefined {
    return this.#state.position(storeName)
  }

  get uncommittedBytes(): number {
    return this.#uncommitted.bytes
  }

  get dirty(): boolean {
    for (const rows of this.#rows.values()) if (rows.activeBytes > 0) return true
    return false
  }

  seal(): void {
    if (this.#sealed) throw new InvariantError('a generation is sealed already: write() or rollback() comes first')
    this.#sealed = true
    for (const rows of this.#rows.values()) rows.seal()
  }

  async write(positions: ReadonlyMap<string, ChangelogPosition>): Promise<void> {
    this.#requireOpen()
    // Positions must not run ahead of rows that someone forgot to seal.
    if (!this.#sealed) throw new InvariantError('write() without seal()')
    if (this.#writing !== undefined) throw new InvariantError('write() while another is under way')
    this.#writing = this.#write(positions)
    try {
      await this.#writing
    } finally {
      this.#writing = undefined
    }
  }

  async #write(positions: ReadonlyMap<string, ChangelogPosition>): Promise<void> {
    const all = [...this.#rows]
    const writes = new Map<string, Writes>()
    const expired = new Map<string, readonly Bounds[]>()
    for (const [storeName, rows] of all) {
      const sealed = rows.startWrite()
      if (sealed !== undefined) writes.set(storeName, sealed)
      const gone = rows.takeExpired()
      if (gone.length > 0) expired.set(storeName, gone)
    }
    let written = false
    try {
      await this.#state.write(writes, positions, expired)
      written = true
      this.#sealed = false
    } finally {
      for (const [, rows] of all) rows.endWrite(written)
    }
  }

  rollback(): void {
    // A generation that is being written is committed in Kafka, and stands.
    if (this.#writing === undefined) this.#sealed = false
    this.#state.unload?.()
    for (const rows of this.#rows.values()) rows.rollback()
  }

  async wipe(storeName: string): Promise<void> {
    this.#requireOpen()
    // Its failure is for the one who called write().
    await this.#writing?.catch(() => {})
    await this.#state.wipe(storeName)
    this.#rows.get(storeName)?.rollback()
  }

  committed(storeName: string): Pick<Rows, 'get' | 'range'> {
    return this.#rowsOf(storeName).committed
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const rows of this.#rows.values()) rows.close()
    await this.#writing?.catch(() => {})
    await this.#state.close()
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new StoreNotOpenError("A task's database")
  }

  #rowsOf(storeName: string): OverlayRows {
    let rows = this.#rows.get(storeName)
    if (rows === undefined) {
      rows = new OverlayRows(storeName, this.#state.rows(storeName), this.#uncommitted)
      this.#rows.set(storeName, rows)
      if (this.#closing !== undefined) rows.close()
    }
    return rows
  }
}
