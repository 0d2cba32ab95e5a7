// What lies on the disks of instances: read through the stores' own code, and compared with what a replay of the changelogs gives.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ConsumedRecord } from '../../lib/core/record.ts'
import { openLevelTaskDatabase } from '../../stores/level/index.ts'
import { openMemoryTaskDatabase } from '../../stores/memory/index.ts'
import type { KeyValueStore, StateStore, StoreBuilder, WindowStore } from '../../stores/store.ts'
import type { TaskDatabase } from '../../stores/task-database.ts'
import { changelogTopic, type Subtopology, topicName } from '../../topology/physical.ts'
import { APPLICATION_ID, buildTopology } from './topology.ts'

const MEMORY = { memoryBytes: 1 << 20, readCacheBytes: 0 }

/** A store of a task as it lies on one instance's disk. */
export interface StoredState {
  readonly instance: string
  readonly store: string
  readonly changelog: string
  readonly partition: number
  /** The changelog offset up to which it is filled. */
  readonly position: number
  /** Entries as text, sorted. */
  readonly content: readonly string[]
}

/** All that one instance has. To be called when it does not run. */
export async function readStores(stateDir: string, instance: string): Promise<readonly StoredState[]> {
  const found: StoredState[] = []
  await eachTask(stateDir, async (database, subtopology, partition) => {
    for (const builder of subtopology.stores) {
      const position = database.position(builder.name)?.offset
      if (position === undefined) continue
      const changelog = changelogOf(builder, subtopology)
      const content = await contentOf(builder, database)
      found.push({ instance, store: builder.name, changelog, partition, position, content })
    }
  })
  return found
}

/** By `store-partition`, how far each store is filled. */
export async function readPositions(stateDir: string): Promise<ReadonlyMap<string, number>> {
  const positions = new Map<string, number>()
  await eachTask(stateDir, async (database, subtopology, partition) => {
    for (const { name } of subtopology.stores) {
      const position = database.position(name)
      if (position !== undefined) positions.set(`${name}-${partition}`, position.offset)
    }
  })
  return positions
}

/** The content that a store has after these records of its changelog. */
export async function replay(storeName: string, records: readonly ConsumedRecord[]): Promise<readonly string[]> {
  const builder = buildTopology()
    .physical()
    .subtopologies.flatMap(({ stores }) => stores)
    .find(({ name }) => name === storeName)!
  const database = await openMemoryTaskDatabase({ directory: '', ...MEMORY })
  const store = open(builder, database)
  for (const record of records) store.restore(record)
  await store.flush()
  database.seal()
  await database.write(new Map())
  return await contentOf(builder, database)
}

async function eachTask(
  stateDir: string,
  visit: (database: TaskDatabase, subtopology: Subtopology, partition: number) => Promise<void>,
): Promise<void> {
  const topology = buildTopology().physical()
  const folder = join(stateDir, APPLICATION_ID)
  for (const task of readdirSync(folder).filter((name) => /^\d+_\d+$/.test(name))) {
    const [id, partition] = task.split('_').map(Number) as [number, number]
    const subtopology = topology.subtopologies.find((one) => one.id === id)!
    const database = await openLevelTaskDatabase({ directory: join(folder, task), ...MEMORY })
    await visit(database, subtopology, partition)
    await database.close()
  }
}

function changelogOf({ name }: StoreBuilder, { sourceChangelogs }: Subtopology): string {
  const source = sourceChangelogs.get(name)
  return source === undefined ? changelogTopic(name, APPLICATION_ID) : topicName(source, APPLICATION_ID)
}

function open(builder: StoreBuilder, database: TaskDatabase): StateStore {
  return builder.build({
    rows: database.rows(builder.name),
    changelogTopic: changelogTopic(builder.name, APPLICATION_ID),
    log() {},
    currentRecord: () => undefined,
    cacheBudget: undefined,
    expired() {},
  })
}

async function contentOf(builder: StoreBuilder, database: TaskDatabase): Promise<readonly string[]> {
  const store = open(builder, database)
  await store.open?.()
  const content: string[] = []
  for await (const [key, value] of (store as KeyValueStore<unknown, unknown> | WindowStore<unknown, unknown>).all()) {
    content.push(`${textOf(key)} = ${textOf(value)}`)
  }
  return content.sort()
}

// A window store's key has its window, a table's value its time.
function textOf(part: unknown): string {
  if (typeof part === 'string') return part
  const { key, window, value, timestamp } = part as {
    key?: string
    window?: { startMs: number }
    value?: string
    timestamp?: number
  }
  return window === undefined ? `${value} @${timestamp}` : `${key} @${window.startMs}`
}
