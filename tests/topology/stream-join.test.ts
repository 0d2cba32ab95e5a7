// Joins of two streams, beyond what Java's recorded cases show: bad calls, names, callbacks that take time, the clock, null keys through repartition topics.
import { serdes } from '../../lib/serde/index.ts'
import { type TestDriverOptions, TopologyTestDriver } from '../../lib/testing/index.ts'
import type { KStream } from '../../topology/kstream.ts'
import type { StreamJoinOptions } from '../../topology/stream-join-options.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { windows } from '../../topology/windows.ts'
import { strings } from './support/strings.ts'

type Joiner = (left: string | null, right: string | null, key: string) => string | Promise<string>
type Options = Partial<StreamJoinOptions<string, string, string, string>>
type Verb = 'join' | 'leftJoin' | 'outerJoin'

const slash: Joiner = (left, right) => `${left}/${right}`
const within = windows.join({ withinMs: 10, graceMs: 5 })

function joined(verb: Verb, joiner: Joiner = slash, options: Options = {}): StreamsBuilder {
  const builder = new StreamsBuilder()
  const [left, right] = [builder.stream('left', strings), builder.stream('right', strings)]
  const join: KStream<string, string>['outerJoin'] = left[verb as 'outerJoin'].bind(left)
  join(right, joiner, { within, value: serdes.string(), ...options }).to('out')
  return builder
}

/** Pipes `side key value timestamp`, and gives what came out as `key value @timestamp`. */
async function run(
  builder: StreamsBuilder,
  steps: readonly string[],
  options: TestDriverOptions = {},
): Promise<string[]> {
  await using driver = new TopologyTestDriver(builder.build(), options)
  for (const step of steps) await pipe(driver, step)
  return results(driver)
}

async function pipe(driver: TopologyTestDriver, step: string): Promise<void> {
  const [topic, key, value, timestamp] = step.split(' ') as [string, string, string, string]
  const orNull = (text: string) => (text === 'null' ? null : text)
  await driver
    .createInputTopic(topic)
    .pipeInput({ key: orNull(key), value: orNull(value), timestamp: Number(timestamp) })
}

function results(driver: TopologyTestDriver): string[] {
  const records = driver.createOutputTopic<string, string>('out').readRecordsToList()
  return records.map(({ key, value, timestamp }) => `${key} ${value} @${timestamp}`)
}

describe('a join of two streams is refused', () => {
  const builder = new StreamsBuilder()
  const stream = builder.stream('in', strings)
  const elsewhere = new StreamsBuilder().stream('in', strings)

  it.each<[string, () => unknown, string, RegExp]>([
    [
      'without a stream',
      () => stream.join(undefined as never, slash, { within }),
      'STREAMS_INVALID_ARGUMENT',
      /join\(\)/,
    ],
    [
      'with a table, on both sides',
      () => stream.outerJoin(builder.table('table', strings) as never, slash, { within }),
      'STREAMS_INVALID_ARGUMENT',
      /outerJoin\(\).*another KStream/,
    ],
    [
      'with a stream of another builder',
      () => stream.leftJoin(elsewhere, slash, { within }),
      'STREAMS_INVALID_ARGUMENT',
      /leftJoin\(\).*another StreamsBuilder/,
    ],
    [
      'without a joiner',
      () => stream.outerJoin(stream, undefined as never, { within }),
      'STREAMS_INVALID_ARGUMENT',
      /outerJoin\(\) *.*function/,
    ],
    [
      'with records let go at a time that is none',
      () => stream.leftJoin(stream, slash, { within, emitUnmatched: 'soon' as never }),
      'STREAMS_INVALID_ARGUMENT',
      /'as-java' or 'when-due', not 'soon'/,
    ],
    ['without a time', () => stream.join(stream, slash, {} as never), 'STREAMS_INVALID_ARGUMENT', /within/],
    ['without options', () => (stream.join as any)(stream, slash), 'STREAMS_INVALID_ARGUMENT', /within/],
    [
      'within other windows',
      () => stream.join(stream, slash, { within: windows.tumbling({ sizeMs: 1 }) as never }),
      'STREAMS_INVALID_ARGUMENT',
      /within/,
    ],
    [
      'with a name that is none',
      () => stream.join(stream, slash, { within, name: 'a b' }),
      'STREAMS_INVALID_NODE_NAME',
      /a b/,
    ],
    [
      'with a store name that is none',
      () => stream.join(stream, slash, { within, store: 'a/b' }),
      'STREAMS_INVALID_STORE_NAME',
      /a\/b/,
    ],
    [
      'with an end before its start',
      () => windows.join({ beforeMs: -5, afterMs: 4 }),
      'STREAMS_INVALID_ARGUMENT',
      /ends before it starts/,
    ],
  ])('%s', (_, call, code, message) => {
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  it.each<
    [string, (stream: KStream<string, string>, other: KStream<string, string>) => KStream<string, string>, RegExp]
  >([
    [
      'the left values',
      (stream, other) => stream.mapValues((v) => v).join(other, slash, { within }),
      /KSTREAM-JOINTHIS.*no value serde.*made by.*mapValues.*\{ left: serde \} to join\(\)/,
    ],
    [
      'the right values',
      (stream, other) =>
        stream.join(
          other.mapValues((v) => v),
          slash,
          { within },
        ),
      /KSTREAM-JOINOTHER.*\{ right: serde \} to join\(\)/,
    ],
    [
      'a repartition topic',
      (stream, other) => stream.selectKey((v) => v).join(other, slash, { within, name: 'j' }),
      /j-left-repartition.*no key serde.*\{ key: serde \} to join\(\)/,
    ],
  ])('when it is built, if the serde is not known of %s', (_, join, message) => {
    const broken = new StreamsBuilder()
    join(broken.stream('left', strings), broken.stream('right', strings))
    expect(() => broken.build()).toThrow(
      expect.objectContaining({ code: 'STREAMS_MISSING_SERDE', message: expect.stringMatching(message) }),
    )
  })
})

describe('what a join declares', () => {
  it('topics of both sides with equal partition counts', () => {
    const { subtopologies } = joined('join').build().physical()
    expect(
      subtopologies.map(({ copartitionGroups }) => copartitionGroups.map((group) => group.map(({ name }) => name))),
    ).toEqual([[['left', 'right']]])
  })

  it('stores by name, in memory, without changelogs, with settings for these', () => {
    const options = {
      store: { left: 'lefts', right: 'rights' },
      persistent: false,
      logging: false,
      changelogConfigs: { 'segment.bytes': '1000000' },
    }
    const { subtopologies } = joined('outerJoin', slash, options).build().physical()
    const stores = subtopologies[0]!.stores.map(
      ({ name, kind, persistent, logging, retentionMs, changelogConfigs }) => ({
        name,
        kind,
        persistent,
        logging,
        retentionMs,
        changelogConfigs,
      }),
    )
    const common = { persistent: false, logging: false, changelogConfigs: { 'segment.bytes': '1000000' } }
    expect(stores.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: 'lefts', kind: 'window', retentionMs: 25, ...common },
      { name: 'lefts-outer-shared-join-store', kind: 'buffer', retentionMs: undefined, ...common },
      { name: 'rights', kind: 'window', retentionMs: 25, ...common },
    ])
  })

  it('one repartition topic for all unnamed joins of a stream, one more for each named one', () => {
    const builder = new StreamsBuilder()
    const rekeyed = builder.stream('left', strings).selectKey((v) => v, { key: serdes.string() })
    const right = builder.stream('right', strings)
    for (const name of [undefined, undefined, 'a', 'b'])
      rekeyed.join(right, slash, { within, ...(name !== undefined && { name }) })
    const topics = builder
      .build()
      .physical()
      .repartitionTopics.map(({ name }) => name)
    expect(topics).toEqual(['KSTREAM-KEY-SELECT-0000000001-repartition', 'a-left-repartition', 'b-left-repartition'])
  })
})

describe('a joiner', () => {
  const steps = ['left a L1 0', 'right a R1 1', 'right a R2 2', 'left a L2 3', 'left b L3 4', 'left a L4 40']
  const expected = ['a L1/R1 @1', 'a L1/R2 @2', 'a L2/R1 @3', 'a L2/R2 @3', 'b L3/null @4']

  it('gets left, right and key', async () => {
    const keyed = await run(
      joined('join', (left, right, key) => `${key}:${left}${right}`),
      steps.slice(0, 2),
    )
    expect(keyed).toEqual(['a a:L1R1 @1'])
  })

  it('may take its time: results come in the same order', async () => {
    let calls = 0
    const slow: Joiner = async (left, right) => {
      for (let turns = ++calls % 3; turns > 0; turns--) await Promise.resolve()
      return `${left}/${right}`
    }
    expect(await run(joined('leftJoin'), steps)).toEqual(expected)
    expect(await run(joined('leftJoin', slow), steps)).toEqual(expected)
    expect(calls).toBe(expected.length)
  })

  it('with what comes after it taking time: a record meets only those before it', async () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('left', strings)
    stream
      .join(stream, slash, { within, value: serdes.string() })
      .mapValues(async (value) => value, { value: serdes.string() })
      .to('out')
    expect(await run(builder, ['left a 1 0', 'left a 2 1'])).toEqual(['a 1/1 @0', 'a 2/1 @1', 'a 1/2 @1', 'a 2/2 @1'])
  })

  it.each<[Verb, string[]]>([
    ['join', ['left a L 0', 'right a R 0']],
    ['leftJoin', ['left null L 0']],
    ['outerJoin', ['left a L 0', 'right b R 16']],
  ])('of a %s that returns undefined is an error', async (verb, steps) => {
    const forgetful = joined(verb, (() => undefined) as never, { name: 'j' })
    await expect(run(forgetful, steps)).rejects.toMatchObject({
      code: 'STREAMS_CALLBACK_RESULT',
      message: expect.stringMatching(/j-.*join.*joined value/),
    })
  })

  it('may make nulls', async () => {
    expect(await run(joined('join', (() => null) as never), ['left a L 0', 'right a R 0'])).toEqual(['a null @0'])
  })
})

describe('records without a match', () => {
  it('are dropped by an inner join, and counted if they have no key or no value', async () => {
    await using driver = new TopologyTestDriver(joined('join').build())
    for (const step of ['left a L 0', 'left null L 1', 'right a null 2', 'right b R 3', 'left c L 1000'])
      await pipe(driver, step)
    expect(results(driver)).toEqual([])
    expect(driver.metrics().recordsDropped).toMatchObject({ 'null-key': 1, 'null-value': 1 })
  })

  it('with null keys pass through the repartition topics of an outer join, and through those above it', async () => {
    const builder = new StreamsBuilder()
    const keyOf = (value: string) => (value.startsWith('-') ? (null as never) : value[0]!)
    const left = builder
      .stream('left', strings)
      .selectKey(keyOf, { key: serdes.string() })
      .repartition()
      .selectKey((v) => keyOf(v), { key: serdes.string() })
    const right = builder.stream('right', strings).selectKey(keyOf, { key: serdes.string() })
    left.outerJoin(right, slash, { within, value: serdes.string() }).to('out')
    expect(await run(builder, ['left x -l 0', 'right x -r 1', 'left x a1 2', 'right x a2 3'])).toEqual([
      'null -l/null @0',
      'null null/-r @1',
      'a a1/a2 @3',
    ])
  })

  it('come with the first record that is late enough, or, as in Java, when the last one that was looked at is due', async () => {
    const steps = ['left a L0 0', 'left b L1 5', 'left c L2 8', 'left x X 16', 'left y Y 21', 'left z Z 24']
    const when = async (emitUnmatched: NonNullable<Options['emitUnmatched']>) => {
      await using driver = new TopologyTestDriver(joined('leftJoin', slash, { emitUnmatched }).build())
      const seen: string[][] = []
      for (const step of steps) {
        await pipe(driver, step)
        const before = seen.flat().length
        seen.push(results(driver).slice(before))
      }
      return seen.slice(3)
    }
    expect(await when('when-due')).toEqual([['a L0/null @0'], ['b L1/null @5'], ['c L2/null @8']])
    expect(await when('as-java')).toEqual([['a L0/null @0'], [], ['b L1/null @5', 'c L2/null @8']])
  })

  it('are looked for at most once in an interval of the clock', async () => {
    await using driver = new TopologyTestDriver(joined('leftJoin').build(), {
      emitIntervalMs: 1_000,
      initialWallClockTimeMs: 5_000,
    })
    for (const step of ['left a L0 0', 'left b L1 100', 'left c L2 200']) await pipe(driver, step)
    expect(results(driver)).toEqual(['a L0/null @0'])
    await driver.advanceWallClockTime(999)
    await pipe(driver, 'left d L3 300')
    expect(results(driver)).toEqual(['a L0/null @0'])
    await driver.advanceWallClockTime(1)
    // A late record does not look.
    await pipe(driver, 'left e L4 299')
    await pipe(driver, 'left f L5 300')
    expect(results(driver).slice(1)).toEqual(['b L1/null @100', 'c L2/null @200'])
  })
})
