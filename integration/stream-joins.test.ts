// An outer join of two topics on a real broker, one of them behind a repartition topic. Through a second instance, clean stops and a lost state directory every pair within the window is
// joined exactly once, and every record without a partner gives exactly one result of its own.
import { partitionFor } from '../lib/core/murmur2.ts'
import { NO_HEADERS } from '../lib/core/record.ts'
import { StreamsBuilder, serdes, type Topology, windows } from '../lib/index.ts'
import { describeWithBroker } from './broker/describe.ts'
import { freshName, TestCluster, until } from './support/cluster.ts'
import { Instances } from './support/instances.ts'
import { seededRandom } from './support/random.ts'

const LEFT_PARTITIONS = 4
const RIGHT_PARTITIONS = 3
const RECORDS = 4_000
const A_DAY_MS = 86_400_000
// Brokers refuse records far ahead of their clock.
const START_MS = 1_700_000_000_000

const within = windows.join({ beforeMs: 50, afterMs: 150, graceMs: A_DAY_MS })
const strings = { key: serdes.string(), value: serdes.string() }

interface Input {
  /** By which it is joined. */
  readonly key: string
  readonly value: string
  readonly timeMs: number
  readonly partition: number
}

interface Topics {
  readonly left: string
  readonly right: string
  readonly out: string
}

/** The right side's records have no keys: these are in their values. */
function topology({ left, right, out }: Topics): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(left, strings)
    .outerJoin(
      builder.stream(right, strings).selectKey((value) => value.split(':')[0]!, { key: serdes.string() }),
      (l, r) => `${l}/${r}`,
      { within, name: 'pair', store: 'pair', value: serdes.string() },
    )
    .to(out)
  return builder.build()
}

/** Times go up by about 10 ms a record, and back by up to half a second. */
function inputs(seed: number, side: string, partitionOf: (key: string, i: number) => number): readonly Input[] {
  const random = seededRandom(seed)
  return Array.from({ length: RECORDS }, (_, i) => {
    const key = `key ${Math.floor(random() * 40)}`
    const timeMs = START_MS + i * 10 - Math.floor(random() ** 4 * 500)
    return { key, value: `${key}:${side}${i}`, timeMs, partition: partitionOf(key, i) }
  })
}

const byKey = (key: string) => partitionFor(Buffer.from(key), LEFT_PARTITIONS)
const lefts = inputs(1, 'l', byKey)
const rights = inputs(2, 'r', (_, i) => i % RIGHT_PARTITIONS)
/** Stream time goes on in each partition, beyond the grace. */
const ends = Array.from({ length: LEFT_PARTITIONS }, (_, partition) => ({
  key: `end of ${partition}`,
  value: 'end',
  timeMs: START_MS + 2 * A_DAY_MS,
  partition,
}))

function pairs(): readonly (readonly [Input, Input])[] {
  const rightsOf = Map.groupBy(rights, ({ key }) => key)
  return lefts.flatMap((left) =>
    (rightsOf.get(left.key) ?? [])
      .filter(({ timeMs }) => timeMs >= left.timeMs - within.beforeMs && timeMs <= left.timeMs + within.afterMs)
      .map((right) => [left, right] as const),
  )
}

describeWithBroker('an outer join of streams', (brokers) => {
  it('joins every pair once, over restarts, a change of the group and a lost state directory', async () => {
    const cluster = new TestCluster()
    const applicationId = freshName('joins')
    const instances = new Instances(brokers, applicationId)
    try {
      const topics = {
        left: await cluster.createTopic(LEFT_PARTITIONS, 'left'),
        right: await cluster.createTopic(RIGHT_PARTITIONS, 'right'),
        out: await cluster.createTopic(LEFT_PARTITIONS, 'out'),
      }
      const start = (name: string) => instances.start(name, topology(topics))
      const produce = async (topic: string, records: readonly Input[], keyed: boolean) => {
        const producer = cluster.client.producer({})
        await producer.init()
        for (const { key, value, timeMs, partition } of records) {
          producer.send(topic, partition, keyed ? Buffer.from(key) : null, Buffer.from(value), timeMs, NO_HEADERS)
        }
        await producer.flush()
        await producer.close()
      }
      const quarter = (records: readonly Input[], n: number) =>
        records.slice((RECORDS * n) / 4, (RECORDS * (n + 1)) / 4)
      const feed = async (n: number) => {
        await Promise.all([
          produce(topics.left, quarter(lefts, n), true),
          produce(topics.right, quarter(rights, n), false),
        ])
      }
      const caughtUp = () =>
        cluster.caughtUp(applicationId, [topics.right, `${applicationId}-pair-right-repartition`, topics.left])

      const first = await start('a')
      await feed(0)
      const second = await start('b')
      await feed(1)
      await until('the second one has stores', () => second.restored.length > 0)
      await caughtUp()
      await instances.stop(first)
      instances.loseState('a')
      await feed(2)
      await instances.stop(second)
      instances.loseState('b')
      const third = await start('c')
      await feed(3)
      await caughtUp()
      await produce(topics.left, ends, true)
      await caughtUp()
      await instances.stop(third)
      expect(third.restored.reduce((sum, { records }) => sum + records, 0)).toBeGreaterThan(1_000)

      const results = (await cluster.readCommitted(topics.out)).map(({ value }) => value!.toString())
      expect(new Set(results).size).toBe(results.length)
      const all = pairs()
      expect(all.length).toBeGreaterThan(1_000)
      const inner = results.filter((result) => !result.includes('null'))
      expect(inner.sort()).toEqual(all.map(([l, r]) => `${l.value}/${r.value}`).sort())

      // One that came late may have been given up before its partner came: then it is there with null as well.
      const matched = new Set<Input>(all.flat())
      const alone = new Set([
        ...lefts.filter((left) => !matched.has(left)).map(({ value }) => `${value}/null`),
        ...rights.filter((right) => !matched.has(right)).map(({ value }) => `null/${value}`),
      ])
      expect(alone.size).toBeGreaterThan(1_000)
      const nulls = new Set(results.filter((result) => result.includes('null')))
      expect([...alone].filter((result) => !nulls.has(result))).toEqual([])
      const known = new Set([
        ...lefts.map(({ value }) => `${value}/null`),
        ...rights.map(({ value }) => `null/${value}`),
      ])
      expect([...nulls].filter((result) => !known.has(result))).toEqual([])
      expect(nulls.size - alone.size).toBeLessThan(matched.size / 4)
    } finally {
      await instances.close()
      await cluster.close()
    }
  }, 240_000)
})
