// How an instance writes: compressed as configured, and with records up to maxRequestBytes. A larger one stops the instance before anything of it is
// sent: what was processed with it is seen by nobody, and after a restart with a higher limit it is processed once.
import { readBatchHeader } from '../../lib/client/protocol/record-batch.ts'
import { serdes } from '../../lib/serde/index.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { TestApp } from '../support/test-app.ts'
import { countsOf, wordCount } from '../support/topologies.ts'
import { until } from '../support/until.ts'

const strings = { key: serdes.string(), value: serdes.string() }
const MEGABYTE = 1_000_000

/** Writes as many characters as the input says. */
function enlarging(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', strings)
    .mapValues((size) => 'x'.repeat(Number(size)), strings)
    .to('out')
  return builder.build()
}

describe('an instance', () => {
  let app: TestApp
  afterEach(() => app.close())

  it.each([
    { processingGuarantee: 'exactly_once', compression: 'lz4' },
    { processingGuarantee: 'exactly_once', compression: 'snappy' },
    { processingGuarantee: 'at_least_once', compression: 'gzip' },
    { processingGuarantee: 'at_least_once', compression: 'zstd' },
    { processingGuarantee: 'exactly_once', compression: undefined },
  ] as const)('compresses all that it writes: $compression, $processingGuarantee', async (settings) => {
    const { compression, ...others } = settings
    app = new TestApp({ ...others, commitIntervalMs: 50, ...(compression !== undefined && { compression }) })
    app.topics({ lines: 1, counts: 1 })
    const codecs = new Map<string, Set<string>>()
    app.cluster.intercept((exchange) => {
      if (exchange.api !== 'produce' || exchange.clientId === 'test') return undefined
      for (const { name, partitions } of exchange.request.topics) {
        const seen = codecs.get(name) ?? new Set()
        codecs.set(name, seen)
        for (const { records } of partitions) seen.add(readBatchHeader(records!, 0)!.codec)
      }
      return undefined
    })
    await app.start(wordCount())
    const lines = Array.from({ length: 50 }, (_, i) => `again and again ${i % 7}`)
    await app.produce('lines', ...lines.map((value) => ({ value })))
    await app.caughtUp('lines', 'app-counts-repartition')

    expect(app.latest('counts')).toEqual(countsOf(lines.flatMap((line) => line.split(' '))))
    expect(Object.fromEntries([...codecs].map(([topic, seen]) => [topic, [...seen]]))).toEqual({
      'app-counts-repartition': [compression ?? 'none'],
      'app-counts-changelog': [compression ?? 'none'],
      counts: [compression ?? 'none'],
    })
  })

  it('is stopped by a record above maxRequestBytes; with a higher limit it goes on, each record once', async () => {
    app = new TestApp({ commitIntervalMs: 60 })
    app.topics({ in: 1 })
    app.cluster.createTopic('out', { partitions: 1, configs: { 'max.message.bytes': String(10 * MEGABYTE) } })
    const first = await app.start(enlarging())
    await app.produce('in', { value: '1' })
    await until('the first is committed', async () => (await app.committed('in'))[0] === 1)
    await app.produce('in', { value: '2' }, { value: String(2 * MEGABYTE) }, { value: '3' })

    expect(await first.failed()).toMatchObject({
      code: 'STREAMS_RECORD_TOO_LARGE',
      topic: 'out',
      limit: { name: 'maxRequestBytes', bytes: 1_048_576 },
      message: expect.stringMatching(/'out' has 200\d{4} bytes; maxRequestBytes allows 1048576\. Raise it/),
    })
    expect(first.state).toBe('ERROR')
    await first.close()
    expect((await app.committed('in'))[0]).toBeLessThanOrEqual(2)

    await app.start(enlarging(), 'a', { maxRequestBytes: 10 * MEGABYTE })
    await app.caughtUp('in')
    expect(app.read('out').map(({ value }) => value!.length)).toEqual([1, 2, 2 * MEGABYTE, 3])
  })

  it('is stopped by a record that only the topic finds too large, with the name of its setting', async () => {
    app = new TestApp({ commitIntervalMs: 60, maxRequestBytes: 10 * MEGABYTE })
    app.topics({ in: 1, out: 1 })
    const instance = await app.start(enlarging())
    await app.produce('in', { value: '2' }, { value: String(2 * MEGABYTE) })

    expect(await instance.failed()).toMatchObject({
      code: 'STREAMS_RECORD_TOO_LARGE',
      topic: 'out',
      limit: { name: 'max.message.bytes', bytes: 1_048_588 },
    })
    expect((await app.committed('in'))[0]).toBeLessThanOrEqual(1)
  })

  it('reaches its own changelogs and repartition topics with whatever maxRequestBytes allows', async () => {
    app = new TestApp({ commitIntervalMs: 60, maxRequestBytes: 4 * MEGABYTE })
    app.topics({ in: 1 })
    app.cluster.createTopic('out', { partitions: 1, configs: { 'max.message.bytes': String(10 * MEGABYTE) } })
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .mapValues((size) => 'x'.repeat(Number(size)), strings)
      .groupBy(() => 'all', strings)
      .reduce((_, text) => text, { store: 'last' })
      .toStream()
      .to('out')
    await app.start(builder.build())
    await app.produce('in', { value: String(3 * MEGABYTE) })
    await app.caughtUp('in', 'app-last-repartition')

    const sizes = (topic: string) => app.read(topic).map(({ value }) => value!.length)
    expect(sizes('app-last-repartition')).toEqual([3 * MEGABYTE])
    expect(sizes('app-last-changelog')).toEqual([3 * MEGABYTE])
    expect(sizes('out')).toEqual([3 * MEGABYTE])
  })
})
