// Compares what lies on a disk with what the changelogs say: a store holds exactly what a replay of its changelog up to its position gives.
import { openMemoryTaskDatabase } from '../../../stores/memory/index.ts'
import type { MemoryDisk } from '../../../stores/memory/memory-disk.ts'
import type { KeyValueStore, StateStore, StoreBuilder, StoreContext, WindowStore } from '../../../stores/store.ts'
import type { OpenTaskDatabase, TaskDatabase } from '../../../stores/task-database.ts'
import { changelogTopic, loggedStores, type PhysicalTopology, subtopologyOf } from '../../../topology/physical.ts'
import type { MemoryCluster } from '../../client/memory/index.ts'
import type { ProcessingGuarantee } from '../../runtime/config.ts'
import { APPLICATION_ID } from './workload.ts'

/** Entries shown of each side of a difference. */
const MAX_SHOWN = 6

/** All disks, or one; by task directory: `0_1`. Returns what differs. */
export async function checkStores(
  cluster: MemoryCluster,
  topology: PhysicalTopology,
  disk: MemoryDisk,
  machine: string,
  guarantee: ProcessingGuarantee,
): Promise<readonly string[]> {
  const violations: string[] = []
  for (const directory of disk.directories()) {
    const [subtopology, partition] = directory.split('_').map(Number)
    const database = await disk.open({ directory, memoryBytes: 0, readCacheBytes: 0 })
    for (const builder of loggedStores(subtopologyOf(topology, subtopology!))) {
      const position = database.position(builder.name)?.offset
      if (position === undefined) continue
      const topic = changelogTopic(builder.name, APPLICATION_ID)
      const { logStartOffset, logEndOffset } = cluster.partition(topic, partition!)
      // What was deleted since then this disk lacks: before it is used again it is filled anew.
      if (position < logStartOffset) continue
      // Where windows are deleted from the changelog some may be gone that are not over at this position: what a restore makes of them.
      // At least once rows may be ahead of their position, see changelog-end.ts in lib/runtime.
      const until = logStartOffset > 0 || guarantee === 'at_least_once' ? logEndOffset : position
      await apply(cluster, builder, database, { partition: partition!, from: position, until })
      const held = await contentOf(builder, database)
      const replayed = await replay(cluster, builder, partition!, until)
      if (held.length === replayed.length && held.every((entry, i) => entry === replayed[i])) continue
      violations.push(
        `store ${builder.name} of task ${directory} on ${machine} is not its changelog up to ${position}: ` +
          `it has [${onlyIn(held, replayed)}] and lacks [${onlyIn(replayed, held)}]`,
      )
    }
    await database.close()
  }
  return violations
}

async function replay(
  cluster: MemoryCluster,
  builder: StoreBuilder,
  partition: number,
  position: number,
): Promise<readonly string[]> {
  const open: OpenTaskDatabase = openMemoryTaskDatabase
  const database = await open({ directory: '', memoryBytes: 0, readCacheBytes: 0 })
  await apply(cluster, builder, database, { partition, from: 0, until: position })
  return contentOf(builder, database)
}

async function apply(
  cluster: MemoryCluster,
  builder: StoreBuilder,
  database: TaskDatabase,
  { partition, from, until }: { readonly partition: number; readonly from: number; readonly until: number },
): Promise<void> {
  if (from === until) return
  const store = build(builder, database)
  for (const record of cluster.records(changelogTopic(builder.name, APPLICATION_ID), partition, 'read_committed', from))
    if (record.offset < until) store.restore(record)
  await store.flush()
  database.seal()
  await database.write(new Map())
}

async function contentOf(builder: StoreBuilder, database: TaskDatabase): Promise<readonly string[]> {
  const store = build(builder, database)
  await store.open?.()
  const content: string[] = []
  if (builder.kind === 'buffer') {
    // Its rows are as in the changelog.
    for await (const [key, row] of database.rows(builder.name).range({}))
      content.push(`${key.toString('hex')}: ${row.toString('hex')}`)
    return content
  }
  for await (const [key, value] of (store as KeyValueStore<unknown, unknown> | WindowStore<unknown, unknown>).all()) {
    content.push(`${JSON.stringify(key)}: ${JSON.stringify(value)}`)
  }
  return content.sort()
}

function build(builder: StoreBuilder, database: TaskDatabase): StateStore {
  const context: StoreContext = {
    rows: database.rows(builder.name),
    changelogTopic: changelogTopic(builder.name, APPLICATION_ID),
    log() {},
    currentRecord: () => undefined,
    cacheBudget: undefined,
    expired() {},
  }
  return builder.build(context)
}

function onlyIn(some: readonly string[], others: readonly string[]): string {
  const known = new Set(others)
  return some
    .filter((entry) => !known.has(entry))
    .slice(0, MAX_SHOWN)
    .join('; ')
}
