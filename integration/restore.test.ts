// Large changelogs are restored on a real broker: four partitions at once, interrupted in the middle, and gone on with where they were.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { partitionFor } from '../lib/core/murmur2.ts'
import { NO_HEADERS } from '../lib/core/record.ts'
import {
  KafkaStreams,
  type RestoringEvent,
  StreamsBuilder,
  serdes,
  silentLogger,
  type Topology,
  windows,
} from '../lib/index.ts'
import { openLevelTaskDatabase } from '../stores/level/index.ts'
import { plainValue, timestampOf } from '../stores/value-and-timestamp.ts'
import { windowKey } from '../stores/windowed/changelog-keys.ts'
import { describeWithBroker } from './broker/describe.ts'
import { freshName, TestCluster, until } from './support/cluster.ts'

const RECORDS = 1_000_000
const KEYS = 300_000
const PARTITIONS = 4
const START_MS = 1_700_000_000_000
const WINDOW_RECORDS = 200_000
const LATE_WINDOWS = 20_000
const WINDOW_KEYS = 2_000
const WINDOW_MS = 10_000
const MAX_PENDING_BYTES = 16 * 1024 * 1024

const keyOf = (n: number) => `user-${(n * 7_919) % KEYS}`
// The last time around, every tenth key is deleted.
const isDelete = (n: number) => n >= RECORDS - KEYS && n % 10 === 0

function counts(input: string): Topology {
  const builder = new StreamsBuilder()
  builder.stream(input, { key: serdes.string(), value: serdes.string() }).groupByKey().count({ store: 'counts' })
  return builder.build()
}

function windowCounts(input: string): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(input, { key: serdes.string(), value: serdes.string() })
    .groupByKey()
    .windowedBy(windows.tumbling({ sizeMs: WINDOW_MS, graceMs: 86_400_000 }))
    .count({ store: 'counts' })
  return builder.build()
}

/** A window of each key after the other; the first ones are written once more at the end. */
async function fillWindows(cluster: TestCluster, changelog: string): Promise<void> {
  const producer = cluster.client.producer({})
  await producer.init()
  for (let n = 0; n < WINDOW_RECORDS; n++) {
    const window = n % (WINDOW_RECORDS - LATE_WINDOWS)
    const startMs = START_MS - (START_MS % WINDOW_MS) + Math.floor(window / WINDOW_KEYS) * WINDOW_MS
    const value = Buffer.alloc(8)
    value.writeBigInt64BE(BigInt(n))
    const key = windowKey(Buffer.from(`key-${window % WINDOW_KEYS}`), startMs, 0)
    producer.send(changelog, 0, key, n % 100 === 7 ? null : value, startMs + 1, NO_HEADERS)
    if (producer.pendingBytes > MAX_PENDING_BYTES) await producer.drained(MAX_PENDING_BYTES / 4)
  }
  await producer.flush()
  await producer.close()
}

async function fill(cluster: TestCluster, changelog: string): Promise<void> {
  const producer = cluster.client.producer({})
  await producer.init()
  for (let n = 0; n < RECORDS; n++) {
    const key = Buffer.from(keyOf(n))
    const value = Buffer.alloc(8)
    value.writeBigInt64BE(BigInt(n))
    producer.send(changelog, partitionFor(key, PARTITIONS), key, isDelete(n) ? null : value, START_MS + n, NO_HEADERS)
    if (producer.pendingBytes > MAX_PENDING_BYTES) await producer.drained(MAX_PENDING_BYTES / 4)
  }
  await producer.flush()
  await producer.close()
}

/** What differs between the store of one partition and what was logged of it; the number of its rows. */
async function check(directory: string, partition: number): Promise<{ rows: number; wrong: readonly string[] }> {
  const expected = new Map<string, number>()
  for (let n = RECORDS - KEYS; n < RECORDS; n++) {
    const key = keyOf(n)
    if (!isDelete(n) && partitionFor(Buffer.from(key), PARTITIONS) === partition) expected.set(key, n)
  }
  const database = await openLevelTaskDatabase({ directory, memoryBytes: 4 << 20, readCacheBytes: 0 })
  const wrong: string[] = []
  let rows = 0
  for await (const [key, row] of database.rows('counts').range({})) {
    rows++
    const n = expected.get(key.toString())
    const [time, value] = [timestampOf(row), Number(plainValue(row).readBigInt64BE())]
    if (n !== value || time !== START_MS + value) wrong.push(`${key}: ${value} at ${time}, not ${n}`)
  }
  if (rows !== expected.size) wrong.push(`${rows} rows, not ${expected.size}`)
  await database.close()
  return { rows, wrong: wrong.slice(0, 5) }
}

describeWithBroker('a restore of many records', (brokers) => {
  it('of a million goes on several partitions at once, and, interrupted, from where it was', async () => {
    const cluster = new TestCluster()
    const stateDir = mkdtempSync(join(tmpdir(), 'millrace-restore-'))
    const applicationId = freshName('restore')
    const changelog = `${applicationId}-counts-changelog`
    try {
      const input = await cluster.createTopic(PARTITIONS, 'restore-in')
      await cluster.client.admin.createTopics([
        { topic: changelog, partitionCount: PARTITIONS, configs: { 'cleanup.policy': 'compact' } },
      ])
      await fill(cluster, changelog)

      const open = () => {
        const [restoring, suspended]: [RestoringEvent[], RestoringEvent[]] = [[], []]
        const config = { applicationId, brokers: brokers.split(','), stateDir, logger: silentLogger }
        const streams = new KafkaStreams(counts(input), config)
        streams.on('restoring', (event) => restoring.push(event))
        streams.on('restoreSuspended', (event) => suspended.push(event))
        return { streams, restoring, suspended }
      }
      const first = open()
      const started = first.streams.start()
      started.catch(() => {})
      await until('a fifth is restored', () => first.streams.metrics().recordsRestored > RECORDS / 5)
      await first.streams.close()
      // All four had begun, and none had ended.
      expect(new Set(first.restoring.map(({ partition }) => partition)).size).toBe(PARTITIONS)
      expect(first.suspended).toHaveLength(PARTITIONS)
      const before = first.streams.metrics().recordsRestored
      expect(before).toBeLessThan(RECORDS)

      const second = open()
      await second.streams.start()
      const restored = second.streams.metrics().recordsRestored
      await second.streams.close()
      // Nothing was read twice, and nothing left out: this changelog has no gaps.
      expect(before + restored).toBe(RECORDS)
      for (const { partition, endOffset, remaining } of first.suspended) {
        const next = second.restoring.find((event) => event.partition === partition)
        expect(next?.startingOffset).toBe(endOffset - remaining)
      }
      let rows = 0
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const found = await check(join(stateDir, applicationId, `0_${partition}`), partition)
        expect(found.wrong).toEqual([])
        rows += found.rows
      }
      expect(rows).toBe(KEYS * 0.9)
    } finally {
      await cluster.close()
      rmSync(stateDir, { recursive: true, force: true })
    }
  }, 300_000)

  it('of windows, and interrupted, ends with the rows, byte for byte, of one that was not', async () => {
    const cluster = new TestCluster()
    const folder = mkdtempSync(join(tmpdir(), 'millrace-restore-'))
    const applicationId = freshName('restore-windows')
    const changelog = `${applicationId}-counts-changelog`
    try {
      const input = await cluster.createTopic(1, 'restore-windows-in')
      await cluster.client.admin.createTopics([
        { topic: changelog, partitionCount: 1, configs: { 'cleanup.policy': 'compact' } },
      ])
      await fillWindows(cluster, changelog)
      const open = (name: string) =>
        new KafkaStreams(windowCounts(input), {
          applicationId,
          brokers: brokers.split(','),
          stateDir: join(folder, name),
          logger: silentLogger,
        })
      const whole = open('whole')
      await whole.start()
      expect(whole.metrics().recordsRestored).toBe(WINDOW_RECORDS)
      await whole.close()

      const first = open('interrupted')
      first.start().catch(() => {})
      await until('a tenth is restored', () => first.metrics().recordsRestored > WINDOW_RECORDS / 10)
      await first.close()
      const before = first.metrics().recordsRestored
      expect(before).toBeLessThan(WINDOW_RECORDS)
      const second = open('interrupted')
      await second.start()
      expect(before + second.metrics().recordsRestored).toBe(WINDOW_RECORDS)
      await second.close()

      const [expected, found] = [await rowsIn(folder, 'whole'), await rowsIn(folder, 'interrupted')]
      // A row has four windows of a key at most.
      expect(expected.length).toBeGreaterThan(WINDOW_RECORDS / 6)
      expect(found.length).toBe(expected.length)
      expect(found.findIndex((row, i) => row !== expected[i])).toBe(-1)
    } finally {
      await cluster.close()
      rmSync(folder, { recursive: true, force: true })
    }

    async function rowsIn(root: string, name: string): Promise<readonly string[]> {
      const directory = join(root, name, applicationId, '0_0')
      const database = await openLevelTaskDatabase({ directory, memoryBytes: 4 << 20, readCacheBytes: 0 })
      const rows: string[] = []
      for await (const [key, row] of database.rows('counts').range({}))
        rows.push(`${key.toString('hex')} ${row.toString('hex')}`)
      await database.close()
      return rows
    }
  }, 300_000)
})
