import type { Bounds } from '../bounds.ts'
import type { CleanSection } from '../clean-cache.ts'
import type { CommittedRows } from '../committed-state.ts'
import type { Row } from '../merge-rows.ts'
import type { LoadedRows } from './loaded-rows.ts'
import { type LevelDatabase, levelError } from './open-level.ts'
import { KEYSPACE_BYTES, levelRange, RowKeys } from './row-keys.ts'

// A first batch for ranges of a few rows, then batches worth their trip to another thread.
const FIRST_BATCH_ROWS = 32
const BATCH_ROWS = 1_000
const BATCH_BYTES = 256 * 1024

/** The committed rows of one store: the clean cache over its keyspace in LevelDB. */
export class LevelRows implements CommittedRows {
  readonly #database: LevelDatabase
  readonly #directory: string
  readonly #cache: CleanSection
  readonly #loaded: LoadedRows
  #keyspace: number
  #keys: RowKeys

  constructor(database: LevelDatabase, directory: string, cache: CleanSection, loaded: LoadedRows, keyspace: number) {
    this.#database = database
    this.#directory = directory
    this.#cache = cache
    this.#loaded = loaded
    this.#keyspace = keyspace
    this.#keys = new RowKeys(keyspace)
  }

  get(text: string): Buffer | undefined {
    const cached = this.#cache.get(text)
    if (cached !== undefined) return cached ?? undefined
    let value: Buffer | undefined
    try {
      value = this.#database.getSync(this.#keys.of(text))
    } catch (error) {
      throw levelError(this.#directory, error)
    }
    this.#cache.set(text, value ?? null)
    return value
  }

  load(key: Buffer, value: Buffer | null): void {
    this.#loaded.add(this, this.#keys.ofBytes(key), value)
  }

  async *batches(bounds: Bounds, reverse: boolean): AsyncGenerator<readonly Row[], void, undefined> {
    try {
      const range = levelRange(this.#keyspace, bounds)
      const iterator = this.#database.iterator({ ...range, reverse, highWaterMarkBytes: BATCH_BYTES })
      try {
        for (let size = FIRST_BATCH_ROWS; ; size = BATCH_ROWS) {
          const rows = await iterator.nextv(size)
          if (rows.length === 0) return
          yield rows.map(([key, value]) => [key.subarray(KEYSPACE_BYTES), value])
        }
      } finally {
        await iterator.close()
      }
    } catch (error) {
      throw levelError(this.#directory, error)
    }
  }

  /** This write is in the database now. */
  wrote(text: string, value: Buffer | null): void {
    this.#cache.set(text, value)
  }

  /** Rows of this store were written that the cache knows nothing of. */
  wroteLoaded(): void {
    this.#cache.clear()
  }

  /** Goes on in another keyspace, which is empty. */
  moveTo(keyspace: number): void {
    this.#keyspace = keyspace
    this.#keys = new RowKeys(keyspace)
    this.#cache.clear()
  }
}
