// The changelog of windows on a real broker: historical data keeps what a restore needs, whatever its records' time; what has expired is deleted, and a store restored from the rest goes on
// as the one that was lost.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NO_HEADERS } from '../lib/core/record.ts'
import {
  KafkaStreams,
  type RestoredEvent,
  StreamsBuilder,
  serdes,
  silentLogger,
  type Topology,
  windows,
} from '../lib/index.ts'
import { describeWithBroker } from './broker/describe.ts'
import { freshName, TestCluster, until } from './support/cluster.ts'

const MINUTE_MS = 60_000
// The year 1985.
const START_MS = 8_000_000 * MINUTE_MS
const RETENTION_MS = 3 * MINUTE_MS
const strings = { key: serdes.string(), value: serdes.string() }

/** Counts by key and ten seconds; late records count for as long as windows are kept. */
function counts(input: string, output: string): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(input, strings)
    .groupByKey()
    .windowedBy(windows.tumbling({ sizeMs: 10_000, graceMs: 165_000 }))
    .count({ store: 'counts', retentionMs: RETENTION_MS })
    .toStream()
    .map((count, { key, window }) => [`${key}@${window.startMs}`, String(count)], strings)
    .to(output)
  return builder.build()
}

/** One a second, of five keys; every seventh so late that it just still counts. */
function timeOf(n: number): number {
  return START_MS + Math.max(0, n - (n % 7 === 0 ? 160 : 0)) * 1_000
}

const keyOf = (n: number) => `k${(n * 3) % 5}`

/** What every record of the output has to be. */
function expected(records: number): readonly string[] {
  const held = new Map<string, number>()
  return Array.from({ length: records }, (_, n) => {
    const window = `${keyOf(n)}@${Math.floor(timeOf(n) / 10_000) * 10_000}`
    held.set(window, (held.get(window) ?? 0) + 1)
    return `${window}: ${held.get(window)}`
  })
}

describeWithBroker('the changelog of windows', (brokers) => {
  it('loses what has expired, and nothing else', async () => {
    const cluster = new TestCluster()
    const folder = mkdtempSync(join(tmpdir(), 'millrace-expired-'))
    const applicationId = freshName('expired')
    const changelog = { topic: `${applicationId}-counts-changelog`, partition: 0 }
    const running = new Set<KafkaStreams>()
    try {
      const [input, output] = [await cluster.createTopic(1, 'in'), await cluster.createTopic(1, 'out')]
      const producer = cluster.client.producer({})
      await producer.init()
      let written = 0
      const write = async (until: number) => {
        for (; written < until; written++)
          producer.send(input, 0, Buffer.from(keyOf(written)), Buffer.alloc(0), timeOf(written), NO_HEADERS)
        await producer.flush()
      }
      const counted = async () => {
        await until('all is counted', async () => (await cluster.readCommitted(output)).length === written)
      }
      const start = async (name: string) => {
        const streams = new KafkaStreams(counts(input, output), {
          applicationId,
          brokers: brokers.split(','),
          stateDir: join(folder, name),
          commitIntervalMs: 50,
          cacheBytes: 0,
          repartitionPurgeIntervalMs: 100,
          replicationFactor: 1,
          logger: silentLogger,
        })
        running.add(streams)
        const restored: RestoredEvent[] = []
        streams.on('restored', (event) => restored.push(event))
        await streams.start()
        return { streams, restored }
      }
      const firstOffset = async () =>
        (await cluster.client.admin.offsets([changelog], 'earliest', 'read_uncommitted')).get(`${changelog.topic}:0`)!

      const first = await start('a')
      for (let at = 100; at <= 600; at += 100) {
        await write(at)
        await counted()
      }
      // Six hundred seconds have been counted, of which up to two hundred and seventy are kept.
      await until('what has expired is deleted', async () => (await firstOffset()) > 200)
      await first.streams.close()
      const second = await start('empty')
      expect(second.restored).toMatchObject([{ store: 'counts' }])
      expect(second.restored[0]!.records).toBeLessThan(450)
      await write(800)
      await counted()

      const results = (await cluster.readCommitted(output)).map(({ key, value }) => `${key}: ${value}`)
      expect(results).toEqual(expected(800))
      const configs = await cluster.client.admin.describeConfigs(changelog.topic)
      expect(configs.get('cleanup.policy')).toBe('compact,delete')
      expect(configs.get('retention.ms')).toBe('-1')
    } finally {
      for (const streams of running) await streams.close().catch(() => {})
      await cluster.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }, 120_000)
})
