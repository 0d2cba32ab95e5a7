// Topics that do not fit the topology, records that cannot be read, positions that are not in the log.
import { serdes } from '../../lib/serde/index.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { TestApp } from '../support/test-app.ts'
import { countByKey, wordCount } from '../support/topologies.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

function pipe(...topics: readonly string[]) {
  const builder = new StreamsBuilder()
  builder.stream(topics, strings).to('out')
  return builder.build()
}

describe('topics at the start', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp({ requestTimeoutMs: 2_000 })
  })
  afterEach(() => app.close())

  it('a missing source topic is named, with all others that are missing', async () => {
    app.topics({ in: 1, out: 1 })
    const instance = app.open(pipe('in', 'nowhere', 'neither'))
    await expect(instance.streams.start()).rejects.toMatchObject({
      code: 'STREAMS_MISSING_SOURCE_TOPIC',
      topics: ['nowhere', 'neither'],
      message: expect.stringContaining("'nowhere', 'neither'"),
    })
    expect(instance.state).toBe('ERROR')
  })

  it('a missing sink topic is named, with its node', async () => {
    app.topics({ in: 1 })
    await expect(app.open(pipe('in')).streams.start()).rejects.toMatchObject({
      code: 'STREAMS_MISSING_SINK_TOPIC',
      topic: 'out',
      message: expect.stringContaining('KSTREAM-SINK-0000000001'),
    })
  })

  it('a sink topic chosen by record that is missing stops the instance at that record', async () => {
    app.topics({ in: 1, out: 1 })
    const builder = new StreamsBuilder()
    builder.stream('in', strings).to((value) => value)
    const instance = await app.start(builder.build())
    await app.produce('in', { value: 'out' }, { value: 'elsewhere' })
    expect(await instance.failed()).toMatchObject({ code: 'STREAMS_MISSING_SINK_TOPIC', topic: 'elsewhere' })
    expect((await app.committed('in'))[0]).toBeLessThanOrEqual(1)
  })

  it('merged inputs of different partition counts under one store are not co-partitioned', async () => {
    app.topics({ in: 2, other: 3, out: 1 })
    const builder = new StreamsBuilder()
    const other = builder.stream('other', strings)
    builder
      .stream('in', strings)
      .merge(other)
      .groupByKey(strings)
      .count({ store: 'counts' })
      .toStream()
      .mapValues(String, strings)
      .to('out')
    const start = app.open(builder.build()).streams.start()
    await expect(start).rejects.toMatchObject({ code: 'STREAMS_NOT_COPARTITIONED' })
    await expect(start).rejects.toThrow(/'other' has 3|'in' has 2/)
  })

  it('an internal topic with another partition count is named, with both counts', async () => {
    app.topics({ in: 2, out: 1, 'app-counts-changelog': 3 })
    await expect(app.open(countByKey()).streams.start()).rejects.toMatchObject({
      code: 'STREAMS_INTERNAL_TOPIC_PARTITIONS',
      topic: 'app-counts-changelog',
      expected: 2,
      actual: 3,
      message: expect.stringMatching(
        /'app-counts-changelog' has 3 partitions, and should have 2: source topic 'in' has 2/,
      ),
    })
  })

  it('creates its internal topics and nothing else', async () => {
    app.topics({ lines: 2, counts: 1 })
    await app.start(wordCount())
    expect(app.ends('app-counts-repartition')).toHaveLength(2)
    expect(app.ends('app-counts-changelog')).toHaveLength(2)
    expect(app.ends('counts-changelog')).toHaveLength(0)
  })

  it('a cluster that cannot host transactions: a clear error within the request time-out, for exactly once only', async () => {
    const single = new TestApp({ requestTimeoutMs: 600 }, { transactionLogReplicationFactor: 3 }).topics({
      in: 1,
      out: 1,
    })
    try {
      const startedMs = performance.now()
      await expect(single.open(pipe('in')).streams.start()).rejects.toMatchObject({
        code: 'STREAMS_BROKER_UNAVAILABLE',
        message: expect.stringMatching(/transaction/),
      })
      expect(performance.now() - startedMs).toBeLessThan(8_000)
      const other = await single.start(pipe('in'), 'a', { processingGuarantee: 'at_least_once' })
      expect(other.state).toBe('RUNNING')
    } finally {
      await single.close()
    }
  })
})

describe('topics that change while an instance runs', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp({ metadataMaxAgeMs: 30 }).topics({ in: 2, out: 1 })
  })
  afterEach(() => app.close())

  it('new partitions of a stateless part are read', async () => {
    const instance = await app.start(pipe('in'))
    app.cluster.createPartitions('in', 4)
    await app.produce('in', { value: 'new', partition: 3 })
    await app.caughtUp('in')
    expect(app.read('out').map(({ value }) => value)).toEqual(['new'])
    expect(instance.errors).toEqual([])
  })

  it('new partitions under a store stop the instance: the error names the internal topic and both counts', async () => {
    const instance = await app.start(countByKey())
    app.cluster.createPartitions('in', 3)
    expect(await instance.failed()).toMatchObject({
      code: 'STREAMS_INTERNAL_TOPIC_PARTITIONS',
      topic: 'app-counts-changelog',
      expected: 3,
      actual: 2,
    })
    // And so does the next start.
    await expect(app.open(countByKey()).streams.start()).rejects.toMatchObject({
      code: 'STREAMS_INTERNAL_TOPIC_PARTITIONS',
    })
  })

  it('a source topic that is deleted stops the instance by name', async () => {
    const instance = await app.start(pipe('in'))
    app.cluster.deleteTopic('in')
    const error = await instance.failed()
    expect(error.message).toContain("'in'")
    expect(error).toMatchObject({ code: expect.stringMatching(/STREAMS_(MISSING_SOURCE|UNKNOWN)_TOPIC/) })
  })

  it('a committed offset beyond the log is reset, loudly', async () => {
    await app.produce('in', ...['1', '2', '3'].map((value) => ({ value })))
    const first = await app.start(pipe('in'))
    await app.caughtUp('in')
    await first.close()
    // Committed offsets go with the topic: they are kept here, as on a cluster that lost the end of a log.
    app.cluster.deleteRecordsBefore('in', 0, 3)
    await app.produce('in', { value: '4' }, { value: '5' })
    app.cluster.deleteRecordsBefore('in', 0, 4)
    const second = await app.start(pipe('in'))
    await app.caughtUp('in')

    expect(second.logged('not in the log any more')).toMatchObject({
      level: 'error',
      fields: { topic: 'in', partition: 0, committed: 3, logStart: 4, goesOnAt: 4 },
    })
    expect(app.read('out').map(({ value }) => value)).toEqual(['1', '2', '3', '5'])
  })

  it('without a committed offset, `none` refuses to choose', async () => {
    await expect(app.open(pipe('in'), 'a', { offsetReset: 'none' }).streams.start()).rejects.toMatchObject({
      code: 'STREAMS_NO_COMMITTED_OFFSET',
      message: expect.stringContaining('in-'),
    })
  })

  it('`latest` starts after what is there', async () => {
    await app.produce('in', { value: 'old' })
    await app.start(pipe('in'), 'a', { offsetReset: 'latest' })
    await app.produce('in', { value: 'new' })
    await app.caughtUp('in')
    expect(app.read('out').map(({ value }) => value)).toEqual(['new'])
  })
})

describe.each(['exactly_once', 'at_least_once'] as const)('%s: a record that cannot be read', (processingGuarantee) => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp({ processingGuarantee }).topics({ in: 2, out: 1 })
  })
  afterEach(() => app.close())

  function numbers() {
    const builder = new StreamsBuilder()
    builder
      .stream('in', { key: serdes.string(), value: serdes.json<{ n: number }>() })
      .mapValues(({ n }) => String(n), { value: serdes.string() })
      .to('out')
    return builder.build()
  }

  it('stops the instance with topic, partition and offset; what is before it is done, nothing past it is committed', async () => {
    await app.produce('in', ...['{"n":1}', '{"n":2}', '{oops', '{"n":3}'].map((value) => ({ value, partition: 1 })))
    const instance = app.open(numbers())
    const errors: unknown[] = []
    await instance.streams.start().catch((error) => errors.push(error))
    await until('it is in ERROR', () => instance.state === 'ERROR')
    const error = errors[0] ?? (await instance.failed())

    expect(error).toMatchObject({
      code: 'STREAMS_RECORD_DESERIALIZATION',
      place: { topic: 'in', partition: 1, offset: 2 },
      message: expect.stringMatching(/value of the record at in-1 offset 2/),
      cause: expect.anything(),
    })
    expect((await app.committed('in'))[1]).toBeLessThanOrEqual(2)
    expect(app.read('out').map(({ value }) => value)).not.toContain('3')
    // Every start meets it again, until it is dealt with.
    const again = app.open(numbers())
    const second: unknown[] = []
    await again.streams.start().catch((e) => second.push(e))
    await until('it is in ERROR again', () => again.state === 'ERROR')
    expect(second[0] ?? again.errors[0]).toMatchObject({ place: { offset: 2 } })
  })

  it('a key as well as a value', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', { key: serdes.long(), value: serdes.string() }).to('out')
    const instance = await app.start(builder.build())
    await app.produce('in', { key: 'not eight bytes', value: '' })
    expect(await instance.failed()).toMatchObject({
      message: expect.stringMatching(/key of the record at in-0 offset 0/),
    })
  })

  it('a value that a sink cannot write stops the instance with the sink’s name', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', strings).to('out', { value: serdes.long() as never })
    const instance = await app.start(builder.build())
    await app.produce('in', { key: 'a', value: 'no number' })
    expect(await instance.failed()).toMatchObject({
      code: 'STREAMS_RECORD_SERIALIZATION',
      message: expect.stringMatching(/KSTREAM-SINK-0000000001.*'out'/),
    })
    expect((await app.committed('in'))[0]).toBeLessThanOrEqual(0)
  })
})
