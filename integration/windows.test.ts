// Windowed aggregations on a real broker: hopping windows, windows that emit when they close, sessions behind a repartition topic, a cogroup of two topics. Through a second
// instance, clean stops and a lost state directory, the results equal a naive model of the input.
import { partitionFor } from '../lib/core/murmur2.ts'
import { NO_HEADERS } from '../lib/core/record.ts'
import { StreamsBuilder, serdes, type Topology, windows } from '../lib/index.ts'
import type { Serde } from '../lib/serde/serde.ts'
import { nameOf } from '../tests/topology/support/window-task.ts'
import { type Contents, type Input, sessionContents, timeWindowContents } from '../tests/topology/windowed/models.ts'
import { describeWithBroker } from './broker/describe.ts'
import { freshName, TestCluster, until } from './support/cluster.ts'
import { Instances } from './support/instances.ts'
import { seededRandom } from './support/random.ts'

const PARTITIONS = 4
const RECORDS = 6_000
const A_DAY_MS = 86_400_000
// Brokers refuse records far ahead of their clock.
const START_MS = 1_700_000_000_000

const strings = { key: serdes.string(), value: serdes.string() }
const counts = { value: serdes.long() }
const hopping = windows.hopping({ sizeMs: 4_000, advanceMs: 2_000, graceMs: 500 })
const closing = windows.tumbling({ sizeMs: 2_000, graceMs: 500 })
const sessions = windows.session({ inactivityGapMs: 150, graceMs: A_DAY_MS })
const shared = windows.tumbling({ sizeMs: 5_000, graceMs: A_DAY_MS })

interface Topics {
  readonly clicks: string
  readonly likes: string
  readonly hopping: string
  readonly closed: string
  readonly sessions: string
  readonly shared: string
}

function topology(topics: Topics): Topology {
  const builder = new StreamsBuilder()
  const clicks = builder.stream(topics.clicks, strings)
  const byKey = clicks.groupByKey()
  byKey
    .windowedBy(hopping)
    .aggregate(
      () => '',
      (all, value) => `${all} ${value}`,
      { store: 'hopping', value: serdes.string() },
    )
    .toStream()
    .to(topics.hopping)
  byKey
    .windowedBy(closing, { emit: 'on-window-close' })
    .count({ store: 'closed', retentionMs: A_DAY_MS })
    .toStream()
    .to(topics.closed)
  clicks
    .groupBy((value) => groupOf(value), { name: 'by-group', ...strings })
    .windowedBy(sessions)
    .count({ store: 'sessions' })
    .toStream()
    .to(topics.sessions)
  byKey
    .cogroup((n: number) => n + 1)
    .cogroup(builder.stream(topics.likes, strings).groupByKey(), (n) => n + 1_000)
    .windowedBy(shared)
    .aggregate(() => 0, { store: 'shared', ...counts })
    .toStream()
    .to(topics.shared)
  return builder.build()
}

function groupOf(value: string): string {
  return `group ${value.at(-1)}`
}

/** Times go up by about 10 ms a record, and back by up to 3 s: some records are late. */
function inputs(seed: number): readonly Input[] {
  const random = seededRandom(seed)
  return Array.from({ length: RECORDS }, (_, i) => ({
    key: `key ${Math.floor(random() * 40)}`,
    value: String(i),
    timeMs: START_MS + i * 10 - Math.floor(random() ** 8 * 3_000),
  }))
}

const clicks = inputs(1)
const likes = inputs(2)
/** Stream time goes on in each partition, so that every window before closes. */
const ends = Array.from({ length: PARTITIONS }, (_, partition) => ({
  key: `end of ${partition}`,
  value: 'end',
  timeMs: START_MS + 200_000,
  partition,
}))

const partitionOf = ({ key, partition }: Input & { readonly partition?: number }) =>
  partition ?? partitionFor(Buffer.from(key), PARTITIONS)

/** What a model makes of the records of each partition. */
function byPartition(records: readonly Input[], model: (records: readonly Input[]) => Contents): Contents {
  return new Map(
    Array.from({ length: PARTITIONS }, (_, partition) => [
      ...model(records.filter((record) => partitionOf(record) === partition)),
    ]).flat(),
  )
}

function expected<T>(contents: Contents, value: (values: readonly string[]) => T): Record<string, T> {
  return Object.fromEntries([...contents].map(([window, values]) => [window, value(values)]))
}

describeWithBroker('windowed aggregations', (brokers) => {
  it('equal a model, over restarts, a change of the group and a lost state directory', async () => {
    const cluster = new TestCluster()
    const applicationId = freshName('windows')
    const instances = new Instances(brokers, applicationId)
    try {
      const names = ['clicks', 'likes', 'hopping', 'closed', 'sessions', 'shared'] as const
      const created: [string, string][] = []
      for (const name of names) created.push([name, await cluster.createTopic(PARTITIONS, name)])
      const topics = Object.fromEntries(created) as unknown as Topics

      const start = (name: string) => instances.start(name, topology(topics))
      const produce = async (topic: string, records: readonly Input[]) => {
        const producer = cluster.client.producer({})
        await producer.init()
        for (const record of records) {
          const { key, value, timeMs } = record
          producer.send(topic, partitionOf(record), Buffer.from(key), Buffer.from(value), timeMs, NO_HEADERS)
        }
        await producer.flush()
        await producer.close()
      }
      const part = (records: readonly Input[], from: number, to: number) =>
        records.slice((records.length * from) / 4, (records.length * to) / 4)
      const feed = async (from: number, to: number) => {
        await Promise.all([
          produce(topics.clicks, part(clicks, from, to)),
          produce(topics.likes, part(likes, from, to)),
        ])
      }
      const caughtUp = () =>
        cluster.caughtUp(applicationId, [topics.clicks, topics.likes, `${applicationId}-by-group-repartition`])

      const first = await start('a')
      await feed(0, 1)
      const second = await start('b')
      await feed(1, 2)
      await until('the second one has stores', () => second.restored.length > 0)
      await caughtUp()
      await instances.stop(first)
      instances.loseState('a')
      await feed(2, 3)
      await instances.stop(second)
      instances.loseState('b')
      const third = await start('c')
      await feed(3, 4)
      // Windows that close are looked for when a record comes, but not within emitIntervalMs of the last look.
      await caughtUp()
      await produce(topics.clicks, ends)
      await caughtUp()
      await instances.stop(third)
      expect(third.restored.reduce((sum, { records }) => sum + records, 0)).toBeGreaterThan(1_000)

      const results = async <V>(topic: string, key: Serde<any>, value: Serde<V>) => {
        const records = await cluster.readCommitted(topic)
        return records.map(
          (record) =>
            [
              nameOf(key.deserialize(topic, record.key!)),
              record.value === null ? null : value.deserialize(topic, record.value),
            ] as const,
        )
      }
      const table = (rows: readonly (readonly [string, unknown])[]) =>
        Object.fromEntries([...new Map(rows)].filter(([, value]) => value !== null))
      const S = serdes.string()
      const all = [...clicks, ...ends]

      const late = all.length - [...byPartition(all, (own) => timeWindowContents(closing, own)).values()].flat().length
      expect(late).toBeGreaterThan(10)
      expect(table(await results(topics.hopping, serdes.timeWindowed(S, 4_000), S))).toEqual(
        expected(
          byPartition(all, (own) => timeWindowContents(hopping, own)),
          (values) => values.map((value) => ` ${value}`).join(''),
        ),
      )

      const emitted = await results(topics.closed, serdes.timeWindowed(S, 2_000), serdes.long())
      expect(Object.keys(table(emitted))).toHaveLength(emitted.length)
      const closed = expected(
        byPartition(all, (own) => timeWindowContents(closing, own)),
        (values) => values.length,
      )
      for (const window of Object.keys(closed)) if (window.startsWith('end')) delete closed[window]
      expect(table(emitted)).toEqual(closed)

      const grouped = all.map((record) => ({ ...record, key: groupOf(record.value) }))
      expect(table(await results(topics.sessions, serdes.sessionWindowed(S), serdes.long()))).toEqual(
        expected(sessionContents(sessions, grouped), (values) => values.length),
      )

      const both = [...all, ...likes.map((like) => ({ ...like, value: 'like' }))]
      expect(table(await results(topics.shared, serdes.timeWindowed(S, 5_000), serdes.long()))).toEqual(
        expected(timeWindowContents(shared, both), (values) =>
          values.reduce((sum, value) => sum + (value === 'like' ? 1_000 : 1), 0),
        ),
      )
    } finally {
      await instances.close()
      await cluster.close()
    }
  }, 240_000)
})
