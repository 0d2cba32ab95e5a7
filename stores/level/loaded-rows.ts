import type { LevelRows } from './level-rows.ts'
import type { LevelDatabase } from './open-level.ts'

/** One batch under construction. */
export type Batch = ReturnType<LevelDatabase['batch']>

/** A batch with what was loaded, and the stores that it was loaded into. */
export interface LoadedBatch {
  readonly batch: Batch
  readonly stores: ReadonlySet<LevelRows>
}

/**
 * What is restored goes straight into the batch that will write it: LevelDB copies each key and value at once, so that nothing of them is kept here, and of several values
 * of a key the last one stays.
 */
export class LoadedRows {
  readonly #database: LevelDatabase
  #batch: Batch | undefined
  #stores = new Set<LevelRows>()
  #last: LevelRows | undefined

  constructor(database: LevelDatabase) {
    this.#database = database
  }

  /** @param key - As the database knows it; may change after the call, as may the value. */
  add(store: LevelRows, key: Buffer, value: Buffer | null): void {
    this.#batch ??= this.#database.batch()
    if (value === null) this.#batch.del(key)
    else this.#batch.put(key, value)
    if (store === this.#last) return
    this.#last = store
    this.#stores.add(store)
  }

  /** What was added since the last call, to be written; undefined if nothing was. */
  take(): LoadedBatch | undefined {
    if (this.#batch === undefined) return undefined
    const taken = { batch: this.#batch, stores: this.#stores }
    this.#forget()
    return taken
  }

  /** Drops what was added since the last `take`. */
  drop(): void {
    // Its memory would else be held until the database closes.
    void this.#batch?.close()
    this.#forget()
  }

  #forget(): void {
    this.#batch = undefined
    this.#stores = new Set()
    this.#last = undefined
  }
}
