// Aggregations: through a repartition topic, with and without a cache.
import { serdes } from '../../lib/serde/index.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { TestApp } from '../support/test-app.ts'
import { countByKey, countsOf, wordCount } from '../support/topologies.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

const T0 = 1_700_000_000_000

describe('aggregations through a repartition topic of 4 partitions', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp().topics({ lines: 4, counts: 4 })
  })
  afterEach(() => app.close())

  const words = Array.from({ length: 400 }, (_, i) => `w${(i * i) % 53}`)
  const lines = Array.from({ length: 100 }, (_, i) => ({
    value: words.slice(4 * i, 4 * i + 4).join(' '),
    partition: i % 4,
    timestamp: T0 + i,
  }))

  it('count', async () => {
    await app.produce('lines', ...lines)
    const instance = await app.start(wordCount())
    await app.caughtUp('lines', 'app-counts-repartition')

    expect(app.latest('counts')).toEqual(countsOf(words))
    expect(instance.streams.metrics()).toMatchObject({ recordsProcessed: 100 + 400, recordsRestored: 0 })
    // The work is spread: each partition of the repartition topic has its share.
    expect(app.ends('app-counts-repartition').every((end) => end > 50)).toBe(true)
  })

  it('reduce and aggregate', async () => {
    app.topics({ longest: 1, stats: 1 })
    const builder = new StreamsBuilder()
    const grouped = builder.stream('lines', strings).groupBy((line) => line.split(' ')[0]!, strings)
    grouped
      .reduce((left, right) => (right.length > left.length ? right : left), { store: 'longest' })
      .toStream()
      .to('longest')
    grouped
      .aggregate(
        () => ({ n: 0, length: 0 }),
        (stats, line) => ({ n: stats.n + 1, length: stats.length + line.length }),
        { store: 'stats', value: serdes.json<{ n: number; length: number }>() },
      )
      .toStream()
      .to('stats')
    await app.produce('lines', ...lines)
    await app.start(builder.build())
    await app.caughtUp('lines')
    await app.caughtUp('app-longest-repartition', 'app-stats-repartition')

    const byFirst = new Map<string, string[]>()
    for (const { value } of lines) {
      const first = value.split(' ')[0]!
      byFirst.set(first, [...(byFirst.get(first) ?? []), value])
    }
    const longest = new Map([...byFirst].map(([first, all]) => [first, Math.max(...all.map(({ length }) => length))]))
    expect(new Map([...app.latest('longest')].map(([key, line]) => [key, line!.length]))).toEqual(longest)
    const stats = [...byFirst].map(([first, all]) => [first, { n: all.length, length: all.join('').length }] as const)
    expect(new Map([...app.latest('stats')].map(([key, json]) => [key, JSON.parse(json!)]))).toEqual(new Map(stats))
  })

  it('a null key is dropped, counted, and logged once', async () => {
    app.topics({ in: 1, out: 1 })
    await app.produce('in', { value: '1' }, { value: '2' }, { key: 'a', value: '3' })
    const instance = await app.start(countByKey())
    await app.caughtUp('in')

    expect(app.latest('out')).toEqual(new Map([['a', '1']]))
    expect(instance.streams.metrics().recordsDropped['null-key']).toBe(2)
    expect(instance.log.filter(({ message }) => message.includes('dropped'))).toHaveLength(1)
  })
})

describe('updates of a table', () => {
  let app: TestApp
  afterEach(() => app.close())
  const ten = Array.from({ length: 10 }, (_, i) => ({ key: 'k', value: String(i), timestamp: T0 + i }))

  it('are merged until the commit when there is a cache', async () => {
    app = new TestApp({ commitIntervalMs: 300 }).topics({ in: 1, out: 1 })
    await app.start(countByKey())
    await app.produce('in', ...ten)
    await app.caughtUp('in')

    expect(app.read('out')).toEqual([{ key: 'k', value: '10', timestamp: T0 + 9, partition: 0 }])
    // The changelog gets what the cache lets go of, too.
    expect(app.read('app-counts-changelog')).toHaveLength(1)
  })

  it('are each forwarded with cacheBytes 0', async () => {
    app = new TestApp({ commitIntervalMs: 300, cacheBytes: 0 }).topics({ in: 1, out: 1 })
    await app.start(countByKey())
    await app.produce('in', ...ten)
    await app.caughtUp('in')

    expect(app.read('out').map(({ value, timestamp }) => [value, timestamp])).toEqual(
      ten.map(({ timestamp }, i) => [String(i + 1), timestamp]),
    )
    expect(app.read('app-counts-changelog')).toHaveLength(10)
  })

  it('leave a cache early when it is full', async () => {
    app = new TestApp({ commitIntervalMs: 5_000, cacheBytes: 500 }).topics({ in: 1, out: 1 })
    await app.start(countByKey())
    await app.produce('in', ...Array.from({ length: 200 }, (_, i) => ({ key: `k${i}`, value: '' })))
    const uncommitted = () => app.cluster.records('out', 0, 'read_uncommitted').length
    await until('updates are forwarded though no commit is due', () => uncommitted() > 100)
    await app.close()

    expect(app.latest('out').size).toBe(200)
  })
})
