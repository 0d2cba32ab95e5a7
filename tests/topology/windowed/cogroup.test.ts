import type { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import { Change } from '../../../topology/change.ts'
import type { CogroupedKStream } from '../../../topology/cogrouped-kstream.ts'
import { parts } from '../../../topology/stream-parts.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { windows } from '../../../topology/windows.ts'
import { strings } from '../support/strings.ts'
import { nameOf } from '../support/window-task.ts'

const kept = { store: 'all', ...strings }

function cogroup(builder: StreamsBuilder, aggregator = (all: string, value: string) => `${all}>${value}`) {
  const [left, right] = ['left', 'right'].map((topic) => builder.stream(topic, strings).groupByKey())
  return left!.cogroup((all: string, value) => `${all}<${value}`).cogroup(right!, aggregator)
}

type Piped = readonly [topic: string, value: string | null, timestamp: number, key?: string | null]

async function run(build: (cogrouped: CogroupedKStream<string, string>) => unknown, records: readonly Piped[]) {
  const builder = new StreamsBuilder()
  build(cogroup(builder))
  await using driver = new TopologyTestDriver(builder.build())
  for (const [topic, value, timestamp, key = 'k'] of records) {
    await driver.createInputTopic<string | null, string | null>(topic).pipeInput({ key, value, timestamp })
  }
  const outputs = driver.createOutputTopic<any, string>('out').readRecordsToList()
  return { outputs, dropped: driver.metrics().recordsDropped }
}

describe('a cogroup', () => {
  it('folds the values of all streams into one aggregate, each with its own aggregator', async () => {
    const { outputs, dropped } = await run(
      (cogrouped) =>
        cogrouped
          .aggregate(() => '', kept)
          .toStream()
          .to('out'),
      [
        ['left', 'a', 5],
        ['right', 'b', 3],
        ['left', 'c', 9],
        ['right', 'x', 1, null],
        ['left', null, 1],
      ],
    )

    expect(outputs.map(({ value, timestamp }) => [value, timestamp])).toEqual([
      ['<a', 5],
      ['<a>b', 5],
      ['<a>b<c', 9],
    ])
    expect(dropped).toMatchObject({ 'null-key': 1, 'null-value': 1 })
  })

  it.each([
    [
      'tumbling windows',
      (cogrouped: CogroupedKStream<string, string>) =>
        cogrouped.windowedBy(windows.tumbling({ sizeMs: 10 })).aggregate(() => '', kept),
      ['k@0-10 <a', 'k@0-10 <a>b', 'k@10-20 >c'],
    ],
    [
      'sliding windows',
      (cogrouped: CogroupedKStream<string, string>) =>
        cogrouped.windowedBy(windows.sliding({ timeDifferenceMs: 10, graceMs: 5 })).aggregate(() => '', kept),
      ['k@0-10 <a', 'k@6-16 >b', 'k@0-10 <a>b', 'k@6-16 >b>c', 'k@9-19 >c', 'k@2-12 <a>b>c'],
    ],
    [
      'sessions',
      (cogrouped: CogroupedKStream<string, string>) =>
        cogrouped.windowedBy(windows.session({ inactivityGapMs: 4 })).aggregate(
          () => '',
          (left, right) => left + right,
          kept,
        ),
      ['k@5-5 <a', 'k@5-5 null', 'k@5-8 <a>b', 'k@5-8 null', 'k@5-12 <a>b>c'],
    ],
  ] as const)('in %s', async (_, aggregate, expected) => {
    const { outputs } = await run(
      (cogrouped) => aggregate(cogrouped).toStream().to('out'),
      [
        ['left', 'a', 5],
        ['right', 'b', 8],
        ['right', 'c', 12],
      ],
    )

    expect(outputs.map(({ key, value }) => `${nameOf(key as Windowed<string>)} ${value}`)).toEqual(expected)
  })

  it('takes asynchronous callbacks', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('left', strings)
      .groupByKey()
      .cogroup(async (all: string, value) => all + value)
      .aggregate(async () => '', kept)
      .toStream()
      .to('out')
    await using driver = new TopologyTestDriver(builder.build())
    const input = driver.createInputTopic('left')
    for (const value of ['a', 'b']) await input.pipeInput({ key: 'k', value, timestamp: 1 })

    expect(driver.createOutputTopic('out').readValuesToList()).toEqual(['a', 'ab'])
  })

  it('can be aggregated more than once, each time from the same repartition topic', () => {
    const builder = new StreamsBuilder()
    const cogrouped = builder
      .stream('left', strings)
      .groupBy((value) => value, strings)
      .cogroup((n: number) => n + 1)
      .cogroup(builder.stream('right', strings).groupByKey(), (n) => n + 10)
    cogrouped.aggregate(() => 0, { store: 'once', value: serdes.long() })
    cogrouped.windowedBy(windows.tumbling({ sizeMs: 10 })).aggregate(() => 0, { store: 'again', value: serdes.long() })
    const { repartitionTopics, subtopologies } = builder.build().physical()

    expect(repartitionTopics.map(({ name }) => name)).toEqual(['once-repartition'])
    expect(subtopologies.flatMap(({ stores }) => stores.map(({ name }) => name)).sort()).toEqual(['again', 'once'])
  })

  it('shares a named repartition topic with other aggregations of the grouped stream', async () => {
    const builder = new StreamsBuilder()
    const byValue = builder.stream('left', strings).groupBy((value) => value, { name: 'by-value', ...strings })
    byValue
      .cogroup((n: number) => n + 1)
      .aggregate(() => 0, { store: 'cogrouped', value: serdes.long() })
      .toStream()
      .to('out')
    byValue.count({ store: 'counted' }).toStream().to('counts')
    const topology = builder.build()
    await using driver = new TopologyTestDriver(topology)
    await driver.createInputTopic('left').pipeInput({ key: 'k', value: 'x', timestamp: 1 })

    expect(topology.physical().repartitionTopics.map(({ name }) => name)).toEqual(['by-value-repartition'])
    for (const topic of ['out', 'counts']) {
      expect(driver.createOutputTopic(topic).readKeyValuesToList()).toEqual([['x', 1]])
    }
  })

  it('can keep its history', async () => {
    const builder = new StreamsBuilder()
    cogroup(builder).aggregate(() => '', { ...kept, versioned: { historyRetentionMs: 100 } })
    await using driver = new TopologyTestDriver(builder.build())
    await driver.createInputTopic('left').pipeInput({ key: 'k', value: 'a', timestamp: 5 })
    await driver.createInputTopic('right').pipeInput({ key: 'k', value: 'b', timestamp: 9 })
    const store = driver.getVersionedKeyValueStore<string, string>('all')!

    expect(store.getAsOf('k', 8)).toMatchObject({ value: '<a', timestamp: 5 })
    expect(store.get('k')).toMatchObject({ value: '<a>b', timestamp: 9 })
  })

  it('demands equal partition counts of what it reads', () => {
    const builder = new StreamsBuilder()
    cogroup(builder).aggregate(() => '', kept)

    expect(builder.build().physical().subtopologies[0]!.copartitionGroups).toEqual([
      [
        { name: 'left', internal: false },
        { name: 'right', internal: false },
      ],
    ])
  })

  it('names its nodes after the name that it is given', () => {
    const builder = new StreamsBuilder()
    cogroup(builder).aggregate(() => '', { name: 'carts', ...kept })
    const names = builder
      .build()
      .physical()
      .subtopologies[0]!.nodes.map(({ name }) => name)

    expect(names.filter((name) => name.startsWith('carts'))).toEqual([
      'carts-cogroup-agg-0',
      'carts-cogroup-agg-1',
      'carts-cogroup-merge',
    ])
  })

  it('makes a table that can be read by others, and sends old values', async () => {
    const builder = new StreamsBuilder()
    const table = cogroup(builder).aggregate(() => '', kept)
    const seen: Change<string>[] = []
    table
      .groupBy((value, key) => [key, value], strings)
      .aggregate(
        () => '',
        (all, value) => `${all}+${value}`,
        (all, value) => `${all}-${value}`,
        strings,
      )
      .toStream()
      .foreach((value) => void seen.push(new Change(value, null)))
    await using driver = new TopologyTestDriver(builder.build())
    await driver.createInputTopic('left').pipeInput({ key: 'k', value: 'a', timestamp: 1 })
    await driver.createInputTopic('right').pipeInput({ key: 'k', value: 'b', timestamp: 2 })

    const view = table[parts].view().open({ store: (name: string) => driver.getStateStore(name) } as never)
    expect(view.get('k')).toEqual({ value: '<a>b', timestamp: 2 })
    // The first update takes the initial aggregate out of a group that has nothing yet.
    expect(seen.map(({ newValue }) => newValue)).toEqual(['+<a', '+<a-<a+<a>b'])
  })
})

describe('what is not allowed in a cogroup', () => {
  it.each<[what: string, call: (builder: StreamsBuilder) => unknown, message: RegExp]>([
    [
      'an aggregator that is none',
      (builder) =>
        builder
          .stream('in', strings)
          .groupByKey()
          .cogroup(undefined as never),
      /needs a function/,
    ],
    [
      'a stream that is not grouped',
      (builder) => cogroup(builder).cogroup(builder.stream('more', strings) as never, () => ''),
      /needs a grouped stream/,
    ],
    [
      'a stream twice',
      (builder) => {
        const grouped = builder.stream('in', strings).groupByKey()
        return grouped.cogroup(() => '').cogroup(grouped, () => '')
      },
      /part of the cogroup already/,
    ],
    [
      'a stream of another builder',
      (builder) => cogroup(builder).cogroup(new StreamsBuilder().stream('in', strings).groupByKey(), () => ''),
      /different StreamsBuilders/,
    ],
    ['no initializer', (builder) => cogroup(builder).aggregate(undefined as never, kept), /needs a function/],
    [
      'windows that are none',
      (builder) => cogroup(builder).windowedBy(windows.join({ withinMs: 1 }) as never),
      /needs windows to aggregate in/,
    ],
    [
      'sessions without a merger',
      (builder) =>
        cogroup(builder)
          .windowedBy(windows.session({ inactivityGapMs: 1 }))
          .aggregate(() => '', kept as never, kept),
      /needs a function/,
    ],
    [
      'windows kept for too short a time',
      (builder) =>
        cogroup(builder)
          .windowedBy(windows.tumbling({ sizeMs: 10, graceMs: 1 }))
          .aggregate(() => '', { ...kept, retentionMs: 10 }),
      /at least 11/,
    ],
    [
      'two repartition topics of one name',
      (builder) => {
        const [left, right] = ['a', 'b'].map((topic) => builder.stream(topic, strings).groupBy((value) => value))
        return left!
          .cogroup(() => '')
          .cogroup(right!, () => '')
          .aggregate(() => '', kept)
      },
      /give all but one of them a name/,
    ],
  ])('%s', (_, call, message) => {
    expect(() => call(new StreamsBuilder())).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  })
})
