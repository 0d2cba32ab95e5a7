import type { Clock } from '../../lib/core/clock.ts'
import type { Bounds } from '../bounds.ts'
import { CleanCache } from '../clean-cache.ts'
import type { CommittedRows, CommittedState } from '../committed-state.ts'
import { MemoryState } from '../memory/memory-state.ts'
import type { Writes } from '../merge-rows.ts'
import type { ChangelogPosition, TaskDatabaseOptions } from '../task-database.ts'
import { LevelRows } from './level-rows.ts'
import { type Batch, type LoadedBatch, LoadedRows } from './loaded-rows.ts'
import { commitKey, garbageKey, type Meta, NO_VALUE, readMeta, type StoreMeta, storeKey, storeValue } from './meta.ts'
import { type LevelDatabase, levelError, openSoundLevel } from './open-level.ts'
import { keyspacePrefix, levelRange, RowKeys } from './row-keys.ts'

/** Rows of a commit handled before other work gets its turn: a few milliseconds. */
const SLICE_ROWS = 4_096

/** The committed state of one task in one LevelDB; that of its in-memory stores beside it. */
export class LevelState implements CommittedState {
  readonly #database: LevelDatabase
  readonly #directory: string
  readonly #clock: Clock | undefined
  readonly #cache: CleanCache
  readonly #memory = new MemoryState()
  readonly #memoryStores: ReadonlySet<string>
  readonly #rows = new Map<string, LevelRows>()
  readonly #loaded: LoadedRows
  readonly #stores: Map<string, StoreMeta>
  #commit: number
  #lastKeyspace: number
  // Batches follow one another: each carries the number after that of the one before.
  #lastBatch: Promise<unknown> = Promise.resolve()
  #clearing: Promise<unknown> = Promise.resolve()

  private constructor(database: LevelDatabase, meta: Meta, options: TaskDatabaseOptions) {
    this.#database = database
    this.#directory = options.directory
    this.#clock = options.clock
    this.#cache = new CleanCache(options.readCacheBytes)
    this.#loaded = new LoadedRows(database)
    this.#memoryStores = new Set(options.memoryStores)
    this.#stores = meta.stores
    this.#commit = meta.commit
    this.#lastKeyspace = Math.max(0, ...[...meta.stores.values()].map(({ keyspace }) => keyspace))
    for (const keyspace of meta.garbage) this.#clear(keyspace)
  }

  static async open(options: TaskDatabaseOptions): Promise<LevelState> {
    const database = await openSoundLevel(options.directory, {
      writeBufferBytes: Math.floor((options.memoryBytes * 3) / 8),
      blockCacheBytes: Math.floor(options.memoryBytes / 4),
    })
    try {
      return new LevelState(database, await readMeta(database, options.directory), options)
    } catch (error) {
      await database.close()
      throw error
    }
  }

  rows(storeName: string): CommittedRows {
    if (this.#memoryStores.has(storeName)) return this.#memory.rows(storeName)
    let rows = this.#rows.get(storeName)
    if (rows === undefined) {
      const { keyspace } = this.#storeOf(storeName)
      rows = new LevelRows(this.#database, this.#directory, this.#cache.section(), this.#loaded, keyspace)
      this.#rows.set(storeName, rows)
    }
    return rows
  }

  position(storeName: string): ChangelogPosition | undefined {
    // A store that was on disk in an earlier life may have left a position there.
    if (this.#memoryStores.has(storeName)) return this.#memory.position(storeName)
    return this.#stores.get(storeName)?.position
  }

  async write(
    writes: ReadonlyMap<string, Writes>,
    positions: ReadonlyMap<string, ChangelogPosition>,
    expired: ReadonlyMap<string, readonly Bounds[]>,
  ): Promise<void> {
    const toDisk = (entry: readonly [string, unknown]) => !this.#memoryStores.has(entry[0])
    const onDisk = new Map([...writes].filter(toDisk))
    const moved = [...positions].filter(toDisk)
    const loaded = this.#loaded.take()
    if (onDisk.size > 0 || moved.length > 0 || loaded !== undefined) {
      await this.#inTurn(loaded, async (batch) => {
        for (const [storeName, rows] of onDisk) await this.#copy(batch, storeName, rows)
        const changed = new Map([...onDisk.keys()].map((storeName) => [storeName, this.#storeOf(storeName)]))
        for (const [storeName, position] of moved) changed.set(storeName, { ...this.#storeOf(storeName), position })
        for (const [storeName, meta] of changed) batch.put(storeKey(storeName), storeValue(meta))
        return () => {
          for (const [storeName, meta] of changed) this.#stores.set(storeName, meta)
          for (const rows of loaded?.stores ?? []) rows.wroteLoaded()
        }
      })
      for (const [storeName, written] of onDisk) {
        const rows = this.#rows.get(storeName)!
        await this.#forEach(written, (text, value) => rows.wrote(text, value))
      }
    }
    const inMemory = <T>(all: ReadonlyMap<string, T>) => new Map([...all].filter((entry) => !toDisk(entry)))
    await this.#memory.write(inMemory(writes), inMemory(positions), inMemory(expired))
    for (const [storeName, ranges] of [...expired].filter(toDisk)) {
      for (const bounds of ranges) this.#drop(levelRange(this.#storeOf(storeName).keyspace, bounds))
    }
  }

  unload(): void {
    this.#loaded.drop()
  }

  async wipe(storeName: string): Promise<void> {
    if (this.#memoryStores.has(storeName)) return this.#memory.wipe(storeName)
    // It was to go to the rows as they are before.
    this.#loaded.drop()
    await this.#inTurn(undefined, async (batch) => {
      const old = this.#storeOf(storeName)
      const fresh: StoreMeta = { keyspace: ++this.#lastKeyspace, position: undefined }
      batch.put(storeKey(storeName), storeValue(fresh)).put(garbageKey(old.keyspace), NO_VALUE)
      return () => {
        this.#stores.set(storeName, fresh)
        this.#rows.get(storeName)?.moveTo(fresh.keyspace)
        this.#clear(old.keyspace)
      }
    })
  }

  async close(): Promise<void> {
    await this.#lastBatch
    await this.#clearing
    await this.#memory.close()
    await this.#database.close()
  }

  // A store not seen before gets a keyspace; it is written with the store's first rows.
  #storeOf(storeName: string): StoreMeta {
    let meta = this.#stores.get(storeName)
    if (meta === undefined) {
      meta = { keyspace: ++this.#lastKeyspace, position: undefined }
      this.#stores.set(storeName, meta)
    }
    return meta
  }

  #copy(batch: Batch, storeName: string, writes: Writes): Promise<void> {
    const keys = new RowKeys(this.#storeOf(storeName).keyspace)
    return this.#forEach(writes, (text, value) => {
      if (value === null) batch.del(keys.of(text))
      else batch.put(keys.of(text), value)
    })
  }

  async #forEach(writes: Writes, action: (text: string, value: Buffer | null) => void): Promise<void> {
    let untilYield = SLICE_ROWS
    for (const [text, value] of writes.entries()) {
      action(text, value)
      if (--untilYield > 0) continue
      untilYield = SLICE_ROWS
      await this.#clock?.yield()
    }
  }

  /** Fills a batch, a new one or that with what was loaded, and writes it, when every batch before has been; `fill` returns what to do once it is written. */
  #inTurn(loaded: LoadedBatch | undefined, fill: (batch: Batch) => Promise<() => void>): Promise<void> {
    const turn = this.#lastBatch.then(() => this.#writeBatch(loaded, fill))
    this.#lastBatch = turn.catch(() => {})
    return turn
  }

  async #writeBatch(loaded: LoadedBatch | undefined, fill: (batch: Batch) => Promise<() => void>): Promise<void> {
    try {
      const batch = loaded?.batch ?? this.#database.batch()
      const afterwards = await fill(batch)
      batch.del(commitKey(this.#commit)).put(commitKey(this.#commit + 1), NO_VALUE)
      await batch.write()
      this.#commit++
      afterwards()
    } catch (error) {
      throw levelError(this.#directory, error)
    }
  }

  // Not waited for, except when closing. What stays, because it fails or the process dies, expires again at the next open.
  #drop(range: { readonly gte: Buffer; readonly lt: Buffer }): void {
    this.#clearing = this.#clearing.then(() => this.#database.clear(range)).catch(() => {})
  }

  // Not waited for, except when closing. If it fails, or the process dies, the garbage row is still there at the next open.
  #clear(keyspace: number): void {
    this.#clearing = this.#clearing
      .then(() => this.#database.clear({ gte: keyspacePrefix(keyspace), lt: keyspacePrefix(keyspace + 1) }))
      .then(() => this.#database.del(garbageKey(keyspace)))
      .catch(() => {})
  }
}
