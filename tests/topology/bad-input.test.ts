// What the DSL does with bad input, as docs/dsl.md says; what is wrong with names, parents and stores is in topology.test.ts and streams-builder.test.ts.
import { serdes } from '../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../lib/testing/topology-test-driver.ts'
import { stores } from '../../stores/stores.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { timestamps } from '../../topology/timestamps.ts'
import { windows } from '../../topology/windows.ts'
import { strings } from './support/strings.ts'

describe('two stores of one name', () => {
  it.each<[what: string, verbs: (builder: StreamsBuilder) => unknown]>([
    [
      'of two aggregations',
      (builder) => {
        const grouped = builder.stream('in', strings).groupByKey()
        grouped.count({ store: 's' })
        grouped.count({ store: 's' })
      },
    ],
    [
      'of a table and a global table',
      (builder) => {
        builder.table('a', { ...strings, store: 's' })
        builder.globalTable('b', { ...strings, store: 's' })
      },
    ],
    [
      'of an aggregation and a processor',
      (builder) => {
        const stream = builder.stream('in', strings)
        stream.groupByKey().count({ store: 's' })
        stream.process({ stores: [stores.keyValue('s', strings)], create: () => ({ process() {} }) })
      },
    ],
  ])('%s are rejected by build()', (_, verbs) => {
    const builder = new StreamsBuilder()
    verbs(builder)

    expect(() => builder.build()).toThrow(expect.objectContaining({ code: 'STREAMS_DUPLICATE_STORE', store: 's' }))
  })
})

it('a processor that asks for a store which it did not list stops the start', async () => {
  const builder = new StreamsBuilder()
  builder.addStateStore(stores.keyValue('s', strings))
  const stream = builder.stream('in', strings)
  stream.process({ stores: ['s'], create: () => ({ process() {} }) })
  stream.process({ create: (context) => ({ process: () => void context.store('s') }), name: 'curious' })
  stream.process({
    name: 'at-once',
    create: (context) => {
      context.store('s')
      return { process() {} }
    },
  })
  const driver = new TopologyTestDriver(builder.build())

  await expect(driver.start()).rejects.toMatchObject({
    code: 'STREAMS_UNCONNECTED_STORE',
  })
  await driver.close()
})

describe('a key that its serde cannot write', () => {
  const notText = 5 as unknown as string

  it.each<[where: string, code: string, verbs: (builder: StreamsBuilder) => unknown]>([
    [
      'a sink',
      'STREAMS_RECORD_SERIALIZATION',
      (builder) =>
        builder
          .stream('in', strings)
          .selectKey(() => notText, strings)
          .to('out'),
    ],
    [
      'a repartition topic',
      'STREAMS_RECORD_SERIALIZATION',
      (builder) =>
        builder
          .stream('in', strings)
          .groupBy(() => notText, strings)
          .count(),
    ],
    [
      'a global lookup',
      'STREAMS_SERIALIZATION',
      (builder) =>
        builder
          .stream('in', strings)
          .join(
            builder.globalTable('table', strings),
            () => notText,
            (left) => left,
          )
          .foreach(() => {}),
    ],
    [
      'a foreign key',
      'STREAMS_RECORD_SERIALIZATION',
      (builder) =>
        builder.table('in', strings).joinOnForeignKey(
          builder.table('table', strings),
          () => notText,
          (left) => left,
        ),
    ],
    [
      'a value in a store',
      'STREAMS_SERIALIZATION',
      (builder) =>
        builder
          .stream('in', strings)
          .groupByKey()
          .aggregate(
            () => '',
            () => notText,
            { value: serdes.string() },
          ),
    ],
  ])('at %s stops the instance', async (_, code, verbs) => {
    const builder = new StreamsBuilder()
    verbs(builder)
    const driver = new TopologyTestDriver(builder.build())

    await expect(driver.createInputTopic('in').pipeInput({ key: 'k', value: 'v', timestamp: 0 })).rejects.toMatchObject(
      {
        code,
        message: expect.stringMatching(/number/),
      },
    )
    await driver.close()
  })
})

describe('a timestamp', () => {
  it('below 0 from an extractor drops the record, counted', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', { ...strings, timestamp: (record) => Number(record.value) }).to('out')
    await using driver = new TopologyTestDriver(builder.build())

    await driver.createInputTopic('in').pipeKeyValueList([
      ['a', '-1'],
      ['b', '7'],
    ])

    expect(driver.createOutputTopic('out').readKeyValuesToList()).toEqual([['b', '7']])
    expect(driver.metrics().recordsDropped['negative-timestamp']).toBe(1)
  })

  it.each([['NaN'], ['1.5'], ['Infinity']])('that is %s stops the instance', async (value) => {
    const builder = new StreamsBuilder()
    builder.stream('in', { ...strings, timestamp: (record) => Number(record.value) }).to('out')
    const driver = new TopologyTestDriver(builder.build())

    await expect(driver.createInputTopic('in').pipeInput({ key: 'k', value })).rejects.toMatchObject({
      code: 'STREAMS_INVALID_TIMESTAMP',
    })
    await driver.close()
  })

  it('may be taken from the clock or left as it is', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', { ...strings, timestamp: timestamps.wallClock }).to('out')
    await using driver = new TopologyTestDriver(builder.build(), { initialWallClockTimeMs: 77 })

    await driver.createInputTopic('in').pipeInput({ key: 'k', value: 'v', timestamp: 5 })

    expect(driver.createOutputTopic('out').readRecord().timestamp).toBe(77)
  })
})

describe('a record older than window and grace', () => {
  it.each<[where: string, verbs: (builder: StreamsBuilder) => unknown]>([
    [
      'a tumbling window',
      (builder) => {
        const windowed = builder
          .stream('in', strings)
          .groupByKey()
          .windowedBy(windows.tumbling({ sizeMs: 10 }))
        windowed.count().toStream().to('out')
      },
    ],
    [
      'a sliding window',
      (builder) => {
        const windowed = builder
          .stream('in', strings)
          .groupByKey()
          .windowedBy(windows.sliding({ timeDifferenceMs: 10 }))
        windowed.count().toStream().to('out')
      },
    ],
    [
      'a session',
      (builder) => {
        const windowed = builder
          .stream('in', strings)
          .groupByKey()
          .windowedBy(windows.session({ inactivityGapMs: 10 }))
        windowed.count().toStream().to('out')
      },
    ],
  ])('in %s is dropped, counted as late', async (_, verbs) => {
    const builder = new StreamsBuilder()
    verbs(builder)
    await using driver = new TopologyTestDriver(builder.build())
    const input = driver.createInputTopic('in')
    await input.pipeInput({ key: 'clock', value: 'v', timestamp: 1000 })
    const before = driver.producedTopicNames().includes('out') ? driver.createOutputTopic('out') : undefined
    before?.readRecordsToList()

    await input.pipeInput({ key: 'late', value: 'v', timestamp: 5 })

    expect(driver.metrics().recordsDropped.late).toBe(1)
    expect(before?.readRecordsToList() ?? []).toEqual([])
  })
})
