import { StateDirectoryLockedError } from '../errors.ts'
import { OverlayDatabase } from '../overlay-database.ts'
import type { OpenTaskDatabase, TaskDatabase } from '../task-database.ts'
import { MemoryState } from './memory-state.ts'

/**
 * A disk for task databases that is not there: what was written to a directory is found when it is opened again, with nothing but
 * memory and promises behind it. For tests and simulations, which need the same run again.
 *
 * @example
 * const disk = new MemoryDisk()
 * const database = await disk.open({ directory: '0_0', memoryBytes: 0, readCacheBytes: 0 })
 */
export class MemoryDisk {
  readonly #states = new Map<string, MemoryState>()
  readonly #open = new Map<string, OverlayDatabase>()

  readonly open: OpenTaskDatabase = async ({ directory, memoryStores = [] }) => {
    if (this.#open.has(directory)) throw new StateDirectoryLockedError(directory)
    let state = this.#states.get(directory)
    if (state === undefined) {
      state = new MemoryState()
      this.#states.set(directory, state)
    }
    for (const storeName of memoryStores) state.forget(storeName)
    const database: OverlayDatabase = new OverlayDatabase(this.#closing(state, () => this.#forget(directory, database)))
    this.#open.set(directory, database)
    return database
  }

  /** The directories that hold something. */
  directories(): readonly string[] {
    return [...this.#states.keys()]
  }

  /** As kill -9 would: all databases are gone, with what was not written; the directories can be opened anew at once. */
  crash(): void {
    for (const database of this.#open.values()) void database.close()
    this.#open.clear()
  }

  #forget(directory: string, database: TaskDatabase): void {
    if (this.#open.get(directory) === database) this.#open.delete(directory)
  }

  #closing(state: MemoryState, onClose: () => void) {
    return {
      rows: (storeName: string) => state.rows(storeName),
      position: (storeName: string) => state.position(storeName),
      write: state.write.bind(state),
      wipe: state.wipe.bind(state),
      close: async () => onClose(),
    }
  }
}
