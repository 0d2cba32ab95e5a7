// What the DSL does with bad input, as docs/dsl.md says; what is wrong with names, parents and stores is in topology.test.ts and streams-builder.test.ts.
import { silentLogger } from '../../lib/core/log.ts'
import type { StreamRecord } from '../../lib/core/record.ts'
import { serdes } from '../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../lib/testing/topology-test-driver.ts'
import { stores } from '../../stores/stores.ts'
import type { ProcessorContext } from '../../topology/processor.ts'
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

// With every error one has to find the record and the code: node, topic, partition and offset.
describe('what stops the instance names the node and the record', () => {
  const place = { topic: 'in', partition: 0, offset: 1 }
  const boom = () => {
    throw new Error('boom')
  }
  // The second record is the one that fails.
  const onSecond = (fail: () => unknown) => (value: any) => (value === 'first' ? value : fail())
  const processing =
    (process: (context: ProcessorContext<string, string>, record: StreamRecord<string, string>) => unknown) =>
    (builder: StreamsBuilder) => {
      builder
        .stream('in', strings)
        .process({
          ...strings,
          name: 'culprit',
          create: (context) => ({
            process: (record) => (record.offset === 0 ? undefined : process(context, record)) as void | Promise<void>,
          }),
        })
        .filter(() => true, { name: 'child' })
        .to('out')
    }

  it.each<[what: string, code: string, verbs: (builder: StreamsBuilder) => unknown]>([
    [
      'a callback that throws',
      'STREAMS_PROCESSING',
      (builder) => builder.stream('in', strings).mapValues(onSecond(boom), { name: 'culprit' }),
    ],
    [
      'a callback that rejects',
      'STREAMS_PROCESSING',
      (builder) =>
        builder
          .stream('in', strings)
          .mapValues(async (value) => onSecond(boom)(value), { name: 'culprit', ...strings }),
    ],
    [
      'a processor that throws when its children are done',
      'STREAMS_PROCESSING',
      processing((context, record) => {
        context.forward(record)
        boom()
      }),
    ],
    [
      'a processor that rejects when its children are done',
      'STREAMS_PROCESSING',
      processing(async (context, record) => {
        await context.forward(record)
        boom()
      }),
    ],
    [
      'a child that throws',
      'STREAMS_PROCESSING',
      (builder) =>
        builder
          .stream('in', strings)
          .filter(() => true, { name: 'parent' })
          .foreach(onSecond(boom), { name: 'culprit' }),
    ],
    [
      'a callback that returns nothing',
      'STREAMS_CALLBACK_RESULT',
      (builder) =>
        builder.stream('in', strings).mapValues(
          onSecond(() => undefined),
          { name: 'culprit' },
        ),
    ],
    [
      'a value that a store cannot take',
      'STREAMS_SERIALIZATION',
      (builder) =>
        builder
          .stream('in', strings)
          .groupByKey()
          .aggregate(
            () => '',
            (_, value) => onSecond(() => 5)(value) as string,
            { name: 'culprit', ...strings },
          ),
    ],
    [
      'a key that a sink cannot write',
      'STREAMS_RECORD_SERIALIZATION',
      (builder) =>
        builder
          .stream('in', strings)
          .selectKey(
            onSecond(() => 5),
            strings,
          )
          .to('out', { name: 'culprit' }),
    ],
    [
      'a partitioner that throws',
      'STREAMS_PROCESSING',
      (builder) =>
        builder
          .stream('in', strings)
          .to('out', { name: 'culprit', partitioner: (_, __, value) => onSecond(boom)(value) && 0 }),
    ],
    [
      'a partitioner that chooses what is not there',
      'STREAMS_CALLBACK_RESULT',
      (builder) =>
        builder
          .stream('in', strings)
          .to('out', { name: 'culprit', partitioner: (_, __, value) => (value === 'first' ? undefined : 7) }),
    ],
    [
      'a topic that is none',
      'STREAMS_CALLBACK_RESULT',
      (builder) =>
        builder
          .stream('in', strings)
          .to((value) => (value === 'first' ? 'out' : (undefined as any)), { name: 'culprit' }),
    ],
    [
      'a topic that cannot be one',
      'STREAMS_CALLBACK_RESULT',
      (builder) =>
        builder.stream('in', strings).to((value) => (value === 'first' ? 'out' : 'a b'), { name: 'culprit' }),
    ],
    [
      'something else than a record',
      'STREAMS_INVALID_ARGUMENT',
      processing((context, { key, value }) => context.forward({ key, value } as any)),
    ],
    ['no record', 'STREAMS_INVALID_ARGUMENT', processing((context) => context.forward(undefined as any))],
    [
      'a record before the epoch',
      'STREAMS_INVALID_ARGUMENT',
      processing((context, record) => context.forward(record.withTimestamp(-1))),
    ],
    [
      'a source that finds no time',
      'STREAMS_INVALID_TIMESTAMP',
      (builder) =>
        builder.stream('in', {
          ...strings,
          name: 'culprit',
          timestamp: ({ value }) => (value === 'first' ? 0 : Number.NaN),
        }),
    ],
    [
      'a source that throws for a time',
      'STREAMS_TIMESTAMP_EXTRACTOR',
      (builder) =>
        builder.stream('in', {
          ...strings,
          name: 'culprit',
          timestamp: ({ value }) => (value === 'first' ? 0 : boom()),
        }),
    ],
  ])('%s', async (_, code, verbs) => {
    const builder = new StreamsBuilder()
    verbs(builder)
    const driver = new TopologyTestDriver(builder.build())
    const input = driver.createInputTopic('in')
    await input.pipeInput({ key: 'k', value: 'first', timestamp: 0 })

    const error = await input.pipeInput({ key: 'k', value: 'second', timestamp: 0 }).catch((reason) => reason)

    expect(error).toMatchObject({ code, message: expect.stringContaining("'culprit'") })
    expect(error.message).toContain('in-0 offset 1')
    if ('place' in error) expect(error).toMatchObject({ node: 'culprit', place })
    await driver.close()
  })

  it('in a punctuation there is no record', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', strings).process({
      name: 'culprit',
      create: (context) => {
        context.schedule({ everyMs: 10, time: 'wall-clock' }, boom)
        return { process() {} }
      },
    })
    const driver = new TopologyTestDriver(builder.build())

    await expect(driver.advanceWallClockTime(10)).rejects.toMatchObject({
      code: 'STREAMS_PROCESSING',
      node: 'culprit',
      message: "Node 'culprit' of task 0_0 failed on no input record, but in a punctuation: boom",
    })
    await driver.close()
  })

  it.each([undefined, {}, { proces() {} }])('a create() that returns %p, which is no processor', async (made: any) => {
    const builder = new StreamsBuilder()
    builder.stream('in', strings).process({ name: 'culprit', create: () => made })
    const driver = new TopologyTestDriver(builder.build())

    await expect(driver.start()).rejects.toMatchObject({
      code: 'STREAMS_PROCESSOR_INIT',
      message: expect.stringMatching(/'culprit'.*create\(\) returned.*a method process\(record\)/),
    })
    await driver.close()
  })
})

it('what is dropped is counted each time, and logged once for each cause and node, with the place of the first', async () => {
  const warnings: unknown[] = []
  const logger = { ...silentLogger, warn: (details: unknown) => void warnings.push(details) }
  const builder = new StreamsBuilder()
  const stream = builder.stream('in', {
    ...strings,
    name: 'source',
    timestamp: ({ timestamp, value }) => (value === 'no time' ? -1 : timestamp),
  })
  stream.toTable({ name: 'table' })
  stream.groupByKey().count({ name: 'counting' })
  await using driver = new TopologyTestDriver(builder.build(), { logger })
  const input = driver.createInputTopic('in')

  await input.pipeKeyValueList([
    ['k', 'v'],
    [null, 'v'],
    [null, 'v'],
    ['k', 'no time'],
  ])

  expect(driver.metrics().recordsDropped).toMatchObject({ 'null-key': 4, 'negative-timestamp': 1 })
  const place = { topic: 'in', partition: 0 }
  expect(warnings).toEqual([
    { cause: 'null-key', node: 'table', ...place, offset: 1 },
    { cause: 'null-key', node: 'counting', ...place, offset: 1 },
    { cause: 'negative-timestamp', node: 'source', ...place, offset: 3 },
  ])
})
