import { InvariantError } from '../../lib/core/errors.ts'
import type { CommittedState } from '../committed-state.ts'
import { StateDirectoryLockedError } from '../errors.ts'
import { OverlayDatabase } from '../overlay-database.ts'
import type { OpenTaskDatabase, TaskDatabase } from '../task-database.ts'
import { MemoryState } from './memory-state.ts'

/** Batches that a power cut may take: what came before them has reached the platters. */
const MAX_UNSYNCED_BATCHES = 256

/**
 * Between a database and the disk. Calls `write` when the batch is to be on the disk, or never; resolves when the database is to know of it. What it
 * throws, the writer gets.
 */
export type BatchGate = (directory: string, write: () => void) => Promise<void>

const openGate: BatchGate = async (_, write) => write()

type Batch = (state: MemoryState) => void

/** What one directory holds: all that was written, and apart from it what has reached the platters, with the batches that have not. */
class DiskDirectory {
  state = new MemoryState()
  #synced = new MemoryState()
  #unsynced: Batch[] = []

  write(batch: Batch): void {
    batch(this.state)
    this.#unsynced.push(batch)
    if (this.#unsynced.length > MAX_UNSYNCED_BATCHES) this.#unsynced.shift()!(this.#synced)
  }

  /** Keeps the first batches of those that have not reached the platters. Returns how many are lost. */
  lose(keep: (unsyncedBatches: number) => number): number {
    const kept = keep(this.#unsynced.length)
    const lost = this.#unsynced.length - kept
    if (lost < 0) throw new InvariantError(`of ${this.#unsynced.length} batches ${kept} cannot be kept`)
    for (const batch of this.#unsynced.slice(0, kept)) batch(this.#synced)
    // What is left is on the platters now: a later power cut takes none of it.
    this.state = this.#synced.copy()
    this.#unsynced = []
    return lost
  }
}

/**
 * A disk for task databases that is not there: what was written to a directory is found when it is opened again, with nothing but
 * memory and promises behind it. For tests and simulations, which need the same run again.
 *
 * @example
 * const disk = new MemoryDisk()
 * const database = await disk.open({ directory: '0_0', memoryBytes: 0, readCacheBytes: 0 })
 */
export class MemoryDisk {
  readonly #directories = new Map<string, DiskDirectory>()
  readonly #open = new Map<string, OverlayDatabase>()

  readonly open: OpenTaskDatabase = this.opener(openGate)

  /** Opens databases whose batches go through a gate: a process that can be stopped, a disk that can be full. */
  opener(gate: BatchGate): OpenTaskDatabase {
    return async ({ directory, memoryStores = [] }) => {
      if (this.#open.has(directory)) throw new StateDirectoryLockedError(directory)
      let found = this.#directories.get(directory)
      if (found === undefined) {
        found = new DiskDirectory()
        this.#directories.set(directory, found)
      }
      for (const storeName of memoryStores) found.state.forget(storeName)
      const onClose = (): void => this.#forget(directory, database)
      const database: OverlayDatabase = new OverlayDatabase(gated(found, (write) => gate(directory, write), onClose))
      this.#open.set(directory, database)
      return database
    }
  }

  /** The directories that hold something. */
  directories(): readonly string[] {
    return [...this.#directories.keys()]
  }

  /** As kill -9 would: all databases are gone, with what was not written; the directories can be opened anew at once. */
  crash(): void {
    for (const database of this.#open.values()) void database.close()
    this.#open.clear()
  }

  /**
   * As a power cut would: a crash after which each database has lost the last of its batches, for LevelDB does not wait until they are on the platters.
   *
   * @param keep - Asked for each directory: how many of the batches that may be lost are kept.
   * @returns How many batches were lost.
   */
  powerCut(keep: (unsyncedBatches: number) => number): number {
    this.crash()
    let lost = 0
    for (const directory of this.#directories.values()) lost += directory.lose(keep)
    return lost
  }

  #forget(directory: string, database: TaskDatabase): void {
    if (this.#open.get(directory) === database) this.#open.delete(directory)
  }
}

function gated(
  directory: DiskDirectory,
  gate: (write: () => void) => Promise<void>,
  onClose: () => void,
): CommittedState {
  const { state } = directory
  const put = (batch: Batch) => gate(() => directory.write(batch))
  return {
    rows: (storeName) => state.rows(storeName),
    position: (storeName) => state.position(storeName),
    write: (writes, positions, expired) => put((target) => target.apply(writes, positions, expired)),
    wipe: (storeName) => put((target) => target.forget(storeName)),
    close: async () => onClose(),
  }
}
