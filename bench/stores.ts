// What the stores cost by themselves, without a broker: `node bench/stores.ts [--rows N] [--only NAME,...]` prints one JSON line, with --only that of
// some of the cases in window-stores.ts.
// Times in ns are the fastest quarter of many rounds, as others may share the machine; the rest are medians.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { NO_HEADERS } from '../lib/core/record.ts'
import { serdes } from '../lib/serde/index.ts'
import { openLevelTaskDatabase } from '../stores/level/index.ts'
import type { StateStore, StoreBuilder, TimestampedKeyValueStore } from '../stores/store.ts'
import { stores } from '../stores/stores.ts'
import type { TaskDatabase } from '../stores/task-database.ts'
import { median, percentile } from './statistics.ts'
import { windowStores } from './window-stores.ts'

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, only: { type: 'string' } },
})
const ROWS = Number(values.rows)
const HOT_KEYS = 10_007
const COMMIT_KEYS = 2_500
const MIB = 1024 * 1024

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const record = { timestamp: 1_700_000_000_000, headers: NO_HEADERS, topic: 'input', partition: 0, offset: 0 }
const position = (offset: number) => new Map([['counts', { offset, topicId: 'topic', clusterId: 'cluster' }]])

function open(name: string, readCacheBytes: number): Promise<TaskDatabase> {
  return openLevelTaskDatabase({ directory: join(folder, name), memoryBytes: 8 * MIB, readCacheBytes })
}

function countStore(database: TaskDatabase, caching: boolean): TimestampedKeyValueStore<string, number> {
  let logged = 0
  return stores.timestampedKeyValue('counts', { key: serdes.string(), value: serdes.long(), caching }).build({
    rows: database.rows('counts'),
    changelogTopic: 'app-counts-changelog',
    log: () => void logged++,
    currentRecord: () => record,
    cacheBudget: { limitBytes: 64 * MIB, usedBytes: 0 },
    expired: () => {},
  })
}

async function freshStore<S extends StateStore>(builder: StoreBuilder<S>) {
  const database = await open(builder.name, 16 * MIB)
  let commits = 0
  const store = builder.build({
    rows: database.rows(builder.name),
    changelogTopic: 'app-store-changelog',
    log: () => {},
    currentRecord: () => record,
    cacheBudget: builder.caching ? { limitBytes: 64 * MIB, usedBytes: 0 } : undefined,
    expired: () => {},
  })
  const commit = () => {
    database.seal()
    return database.write(position(commits++))
  }
  return { store, commit, close: () => database.close() }
}

function fastQuarter(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 2]!
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

/** Nanoseconds of one call in a loop over `count`. */
function nsEach(rounds: number, count: number, action: (i: number) => void): number {
  const times: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now()
    for (let i = 0; i < count; i++) action(i)
    if (round > 0) times.push(((performance.now() - start) * 1e6) / count)
  }
  return rounded(fastQuarter(times))
}

/** A count's work on its store: get, put. Keys as new strings, as they come from a record. */
async function hotPath(caching: boolean): Promise<number> {
  const database = await open(`hot-${caching}`, 16 * MIB)
  const store = countStore(database, caching)
  const times: number[] = []
  for (let round = 0; round < 80; round++) {
    const keys = Array.from({ length: 20_000 }, (_, i) => `key-${(i * 7_919 + round) % HOT_KEYS}`)
    const start = performance.now()
    for (const key of keys) {
      const before = store.get(key)
      const count = before === undefined ? 1 : before.value + 1
      store.put(key, { value: count, timestamp: record.timestamp })
    }
    if (round >= 10) times.push(((performance.now() - start) * 1e6) / keys.length)
    store.flush()
    database.seal()
    await database.write(position(round))
  }
  await database.close()
  return rounded(fastQuarter(times))
}

async function commits(): Promise<{ p50Ms: number; p99Ms: number; blockedMs: number }> {
  const database = await open('commits', 16 * MIB)
  const rows = database.rows('counts')
  const [total, blocked]: [number[], number[]] = [[], []]
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < COMMIT_KEYS; i++)
      rows.put(Buffer.from(`key-${(i * 7_919 + round * 31) % HOT_KEYS}`), Buffer.alloc(16, round))
    const start = performance.now()
    database.seal()
    const writing = database.write(position(round))
    await Promise.resolve()
    await Promise.resolve()
    const blockedMs = performance.now() - start
    await writing
    if (round < 20) continue
    blocked.push(blockedMs)
    total.push(performance.now() - start)
  }
  await database.close()
  return {
    p50Ms: rounded(median(total)),
    p99Ms: rounded(percentile(total, 99)),
    blockedMs: rounded(median(blocked)),
  }
}

async function restore(): Promise<{ recordsPerSecond: number; database: TaskDatabase }> {
  const database = await open('restored', 0)
  const store = countStore(database, false)
  const value = Buffer.alloc(8, 1)
  const start = performance.now()
  for (let i = 0; i < ROWS; i++) {
    store.restore({ offset: i, timestamp: record.timestamp, key: rowKey(i), value, headers: NO_HEADERS })
    if (database.uncommittedBytes < 4 * MIB) continue
    database.seal()
    await database.write(position(i))
  }
  database.seal()
  await database.write(position(ROWS))
  return { recordsPerSecond: Math.round((ROWS * 1_000) / (performance.now() - start)), database }
}

function rowKey(i: number): Buffer {
  return Buffer.from(`user-${String((i * 7_919) % ROWS).padStart(9, '0')}`)
}

async function reads(database: TaskDatabase) {
  const rows = database.rows('counts')
  const absent = Buffer.from('user-00000')
  const rangeStart = performance.now()
  let ranged = 0
  for await (const _ of rows.range({})) ranged++
  const rangeSeconds = (performance.now() - rangeStart) / 1_000
  return {
    coldGetNs: nsEach(12, 20_000, (i) => rows.get(rowKey(i * 104_729))),
    absentGetNs: nsEach(12, 20_000, (i) => rows.get(Buffer.concat([absent, Buffer.from(String(i))]))),
    rangeRowsPerSecond: Math.round(ranged / rangeSeconds),
  }
}

async function keyValueStores() {
  const hotNs = await hotPath(false)
  const hotCachedNs = await hotPath(true)
  const commit = await commits()
  const { recordsPerSecond, database } = await restore()
  const read = await reads(database)
  await database.close()
  return {
    rows: ROWS,
    getPutNs: hotNs,
    getPutCachingNs: hotCachedNs,
    commit2500: commit,
    ...read,
    restoreRecordsPerSecond: recordsPerSecond,
  }
}

try {
  const windowed = await windowStores(freshStore, values.only?.split(','))
  console.log(JSON.stringify({ ...(values.only === undefined && (await keyValueStores())), windowed }))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
