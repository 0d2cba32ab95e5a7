import { StateDirectoryLockedError } from '../../../stores/errors.ts'
import { type BatchGate, MemoryDisk } from '../../../stores/memory/memory-disk.ts'
import type { StateDirectory } from '../../../stores/state-directory.ts'
import type { StateStorage } from '../../../stores/state-storage.ts'

/** What a process runs on, and what outlives it: a disk, and the id of the instance that is kept there. */
export class Machine {
  readonly name: string
  readonly instanceId: string
  readonly disk = new MemoryDisk()
  /** What tasks without a persistent store keep; gone with the process. */
  #ram = new MemoryDisk()
  #holder: object | undefined
  /** Processes that have died here. */
  #deaths = 0

  constructor(name: string, instanceId: string) {
    this.name = name
    this.instanceId = instanceId
  }

  /** The machine's disk for one process, whose batches go through this gate. */
  storage(gate: BatchGate): StateStorage {
    const holder = {}
    const deaths = this.#deaths
    // What a process had begun when it died goes on to its next timer or answer: it must not get hold of anything any more.
    const whileAlive =
      <A extends unknown[], T>(open: (...args: A) => Promise<T>) =>
      (...args: A): Promise<T> =>
        this.#deaths === deaths ? open(...args) : new Promise<never>(() => {})
    return {
      requireUnlocked: () => this.#requireFree(),
      openDirectory: whileAlive(async () => {
        this.#requireFree()
        this.#holder = holder
        return this.#directory(() => {
          if (this.#holder === holder) this.#holder = undefined
        })
      }),
      openDatabase: whileAlive(this.disk.opener(gate)),
      openMemoryDatabase: whileAlive(this.#ram.opener(gate)),
    }
  }

  /** The process has died; its batches are on their way to the platters. */
  processDied(): void {
    this.#deaths++
    this.disk.crash()
    this.#ram = new MemoryDisk()
    this.#holder = undefined
  }

  get taskDirectories(): readonly string[] {
    return [...this.disk.directories()].sort()
  }

  #requireFree(): void {
    if (this.#holder !== undefined) throw new StateDirectoryLockedError(this.name)
  }

  #directory(onClose: () => void): StateDirectory {
    return {
      path: this.name,
      instanceId: this.instanceId,
      taskDirectory: (taskId) => taskId,
      taskDirectories: () => this.taskDirectories,
      close: async () => onClose(),
    }
  }
}
