import { type Headers, NO_HEADERS } from '../../lib/core/record.ts'
import { openMemoryTaskDatabase } from '../../stores/memory/index.ts'
import type { RecordContext, StateStore, StoreBuilder, StoreContext } from '../../stores/store.ts'
import type { TaskDatabase } from '../../stores/task-database.ts'

export interface Logged {
  readonly key: Buffer
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: Headers
}

/** What a store sees of its task: a database, a changelog, the record in process, a cache budget. */
export class FakeTask {
  readonly database: TaskDatabase
  readonly changelog: Logged[] = []
  /** How often something was put that had expired. */
  expired = 0
  readonly budget: { limitBytes: number; usedBytes: number }
  record: RecordContext | undefined = { timestamp: 0, headers: NO_HEADERS, topic: 'input', partition: 3, offset: 0 }
  /** How many records of the changelog were there at the last commit. */
  #committed = 0

  constructor(database: TaskDatabase, cacheBytes = 1_000_000) {
    this.database = database
    this.budget = { limitBytes: cacheBytes, usedBytes: 0 }
  }

  static async inMemory(cacheBytes?: number): Promise<FakeTask> {
    const database = await openMemoryTaskDatabase({ directory: '0_0', memoryBytes: 0, readCacheBytes: 0 })
    return new FakeTask(database, cacheBytes)
  }

  build<S extends StateStore>(builder: StoreBuilder<S>): S {
    const context: StoreContext = {
      rows: this.database.rows(builder.name),
      changelogTopic: `app-${builder.name}-changelog`,
      log: builder.logging
        ? (key, value, timestamp, headers) => this.changelog.push({ key, value, timestamp, headers })
        : () => {},
      currentRecord: () => this.record,
      cacheBudget: builder.caching ? this.budget : undefined,
      expired: () => void this.expired++,
    }
    return builder.build(context)
  }

  /** The next input record. */
  at(timestamp: number, offset = timestamp): void {
    this.record = { timestamp, headers: NO_HEADERS, topic: 'input', partition: 3, offset }
  }

  async commit(...stores: readonly StateStore[]): Promise<void> {
    for (const store of stores) await store.flush()
    this.database.seal()
    await this.database.write(new Map())
    this.#committed = this.changelog.length
  }

  /** The task that goes on from the last commit, after an abort; or on a database that is opened anew. */
  async startOver(store: StateStore, open?: () => Promise<TaskDatabase>): Promise<FakeTask> {
    store.discard?.()
    this.database.rollback()
    const task = new FakeTask(open === undefined ? this.database : await open(), this.budget.limitBytes)
    task.changelog.push(...this.changelog.slice(0, this.#committed))
    task.#committed = this.#committed
    return task
  }

  /** Restores a store from the changelog of another task, and writes now and then. */
  async restore(store: StateStore, changelog: readonly Logged[]): Promise<void> {
    this.record = undefined
    for (const [offset, record] of changelog.entries()) {
      store.restore({ ...record, offset })
      if (offset % 7 === 0) await this.commit(store)
    }
    await this.commit(store)
  }
}

export async function collect<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const entry of entries) all.push(entry)
  return all
}
