// What the recorded cases of joins with tables do not show: caches, promises, partition counts, wrong arguments.

import { serdes } from '../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../lib/testing/index.ts'
import type { KTable } from '../../topology/ktable.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { strings } from './support/strings.ts'

const S = serdes.string()
const plus = (left: string | null, right: string | null) => `${left}+${right}`

function joined(
  make: (left: KTable<string, string>, right: KTable<string, string>) => KTable<string, string>,
): Topology {
  const builder = new StreamsBuilder()
  make(builder.table('left', strings), builder.table('right', strings)).toStream().to('out', strings)
  return builder.build()
}

async function run(
  topology: Topology,
  records: readonly (readonly [topic: string, key: string, value: string | null])[],
  options: { cacheBytes?: number } = {},
): Promise<readonly (readonly [unknown, unknown])[]> {
  await using driver = new TopologyTestDriver(topology, options)
  for (const [timestamp, [topic, key, value]] of records.entries())
    await driver.createInputTopic<string, string | null>(topic).pipeInput({ key, value, timestamp })
  return driver.createOutputTopic('out', strings).readKeyValuesToList()
}

const BOTH = [
  ['left', 'a', 'l1'],
  ['right', 'a', 'r1'],
  ['left', 'a', 'l2'],
  ['right', 'a', null],
  ['left', 'a', null],
] as const

describe('a join of two tables', () => {
  it('may be asynchronous', async () => {
    const later = async (left: string | null, right: string | null) => plus(left, right)
    const chain = joined((left, right) =>
      left
        .mapValues(async (value) => value.toUpperCase(), { value: S })
        .outerJoin(right, later)
        .mapValues((value) => `<${value}>`, { value: S }),
    )

    expect(await run(chain, BOTH)).toEqual([
      ['a', '<L1+null>'],
      ['a', '<L1+r1>'],
      ['a', '<L2+r1>'],
      ['a', '<L2+null>'],
      ['a', null],
    ])
  })

  it('gives the same with caches, which the driver empties after each record', async () => {
    const kept = joined((left, right) => left.leftJoin(right, plus, { ...strings, store: 'kept' }))
    const plain = await run(kept, BOTH)

    expect(await run(kept, BOTH, { cacheBytes: 1_000_000 })).toEqual(plain)
    expect(plain.length).toBeGreaterThan(3)
  })

  it('deletes where the joiner returns null, and stops where it forgets to return', async () => {
    const nothing = joined((left, right) => left.join(right, () => null as string | null))
    expect(await run(nothing, BOTH)).toEqual([
      ['a', null],
      ['a', null],
      ['a', null],
    ])
    const forgetful = joined((left, right) => left.join(right, (() => {}) as any, { name: 'forgetful' }))
    await expect(run(forgetful, BOTH)).rejects.toMatchObject({ code: 'STREAMS_CALLBACK_RESULT', node: 'forgetful' })
  })

  it('of a table with itself sees both sides change at once', async () => {
    const builder = new StreamsBuilder()
    const table = builder.table('left', strings)
    table.join(table, plus).toStream().to('out', strings)

    expect(
      await run(builder.build(), [
        ['left', 'a', 'x'],
        ['left', 'a', 'y'],
      ]),
    ).toEqual([
      ['a', 'x+x'],
      ['a', 'x+x'],
      ['a', 'y+y'],
      ['a', 'y+y'],
    ])
  })

  it('keeps its result under a generated name for store: true, and can be grouped', async () => {
    const topology = joined((left, right) => left.join(right, plus, { ...strings, store: true }))
    await using driver = new TopologyTestDriver(topology)
    await driver.createInputTopic<string, string>('left').pipeInput({ key: 'a', value: 'l', timestamp: 1 })
    await driver.createInputTopic<string, string>('right').pipeInput({ key: 'a', value: 'r', timestamp: 2 })

    const [name] = [...driver.getAllStateStores().keys()].filter((each) => each.startsWith('KTABLE-MERGE-STATE-STORE-'))
    expect(driver.getTimestampedKeyValueStore<string, string>(name!)?.get('a')).toEqual({ value: 'l+r', timestamp: 2 })
  })

  it.each([
    [
      'another builder’s table',
      (_: StreamsBuilder, t: KTable<string, string>) => t.join(new StreamsBuilder().table('x', strings), plus),
    ],
    ['a stream', (b: StreamsBuilder, t: KTable<string, string>) => t.join(b.stream('s', strings) as any, plus)],
    ['nothing', (_: StreamsBuilder, t: KTable<string, string>) => t.outerJoin(undefined as any, plus)],
    [
      'no joiner',
      (b: StreamsBuilder, t: KTable<string, string>) => t.leftJoin(b.table('x', strings), undefined as any),
    ],
    [
      'another builder’s table with a stream',
      (b: StreamsBuilder) => b.stream('s', strings).join(new StreamsBuilder().table('x', strings), plus),
    ],
    [
      'another builder’s global table',
      (b: StreamsBuilder) =>
        b.stream('s', strings).join(new StreamsBuilder().globalTable('x', strings), (v) => v, plus),
    ],
    [
      'a global table without a key selector',
      (b: StreamsBuilder) => b.stream('s', strings).join(b.globalTable('x', strings), undefined as any, plus),
    ],
    [
      'a versioned table without a store name',
      (b: StreamsBuilder) => b.table('x', { ...strings, versioned: { historyRetentionMs: 1 } }),
    ],
  ])('refuses %s', (_, call) => {
    const builder = new StreamsBuilder()
    expect(() => call(builder, builder.table('t', strings))).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT' }),
    )
  })

  it('names its topics and their partition counts if these differ', async () => {
    const driver = new TopologyTestDriver(
      joined((left, right) => left.join(right, plus)),
      {
        partitions: { left: 2, right: 3 },
      },
    )
    const error = await driver
      .createInputTopic<string, string>('left')
      .pipeInput({ key: 'a', value: 'b', timestamp: 1 })
      .catch((cause: unknown) => cause)
    expect(error).toMatchObject({
      code: 'STREAMS_NOT_COPARTITIONED',
      partitionCounts: new Map([
        ['left', 2],
        ['right', 3],
      ]),
    })
    expect(String(error)).toContain("'left' has 2, 'right' has 3")
    await driver.close()
  })
})

describe('a join of a stream with a table', () => {
  it('may be asynchronous, and works over a table that is only computed', async () => {
    const builder = new StreamsBuilder()
    const table = builder
      .table('right', strings)
      .filter(async (value) => value !== 'hidden')
      .mapValues(async (value) => value.toUpperCase(), { value: S })
    builder
      .stream('left', strings)
      .leftJoin(table, async (left, right) => plus(left, right))
      .to('out', strings)

    const records = [
      ['right', 'a', 'r'],
      ['left', 'a', '1'],
      ['right', 'a', 'hidden'],
      ['left', 'a', '2'],
      ['left', 'b', '3'],
    ] as const
    expect(await run(builder.build(), records)).toEqual([
      ['a', '1+R'],
      ['a', '2+null'],
      ['b', '3+null'],
    ])
  })

  it('reads a join of tables that is kept nowhere', async () => {
    const builder = new StreamsBuilder()
    const tables = builder.table('right', strings).outerJoin(builder.table('more', strings), plus)
    builder.stream('left', strings).join(tables, plus).to('out', strings)

    const records = [
      ['left', 'a', '0'],
      ['more', 'a', 'm'],
      ['left', 'a', '1'],
      ['right', 'a', 'r'],
      ['left', 'a', '2'],
    ] as const
    expect(await run(builder.build(), records)).toEqual([
      ['a', '1+null+m'],
      ['a', '2+r+m'],
    ])
  })

  it('gives a repartition topic as many partitions as the table has', async () => {
    const builder = new StreamsBuilder()
    const table = builder.table('right', strings)
    builder
      .stream('left', strings)
      .selectKey((value) => value, { key: S })
      .join(table, plus, { name: 'enrich' })
      .to('out', strings)
    await using driver = new TopologyTestDriver(builder.build(), { partitions: { left: 1, right: 3, out: 1 } })
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
    for (const key of keys)
      await driver.createInputTopic<string, string>('right').pipeInput({ key, value: `r${key}`, timestamp: 1 })
    for (const key of keys)
      await driver.createInputTopic<string, string>('left').pipeInput({ key: 'x', value: key, timestamp: 2 })

    expect(driver.createOutputTopic('out', strings).readKeyValuesToMap()).toEqual(
      new Map(keys.map((key) => [key, `${key}+r${key}`])),
    )
  })

  it('drops, and counts, null values and null keys', async () => {
    const builder = new StreamsBuilder()
    const table = builder.table('right', strings)
    const global = builder.globalTable('global', strings)
    const stream = builder.stream('left', strings)
    stream.join(table, plus).to('out', strings)
    stream.leftJoin(global, () => null, plus).to('out2', strings)
    stream.join(global, () => null, plus).to('out3', strings)
    await using driver = new TopologyTestDriver(builder.build())
    const input = driver.createInputTopic<string | null, string | null>('left')
    await input.pipeInput({ key: null, value: 'v', timestamp: 1 })
    await input.pipeInput({ key: 'k', value: null, timestamp: 2 })
    await input.pipeInput({ key: 'k', value: 'v', timestamp: 3 })

    expect(driver.metrics().recordsDropped).toMatchObject({ 'null-key': 1, 'null-value': 3, 'null-join-key': 2 })
    // A left join takes a record without a table's key as one without a match, whatever its own key.
    expect(driver.createOutputTopic('out2', strings).readValuesToList()).toEqual(['v+null', 'v+null'])
    expect(driver.producedTopicNames()).not.toContain('out3')
  })
})

describe('a versioned table', () => {
  const versioned = { ...strings, store: 'prices', versioned: { historyRetentionMs: 100 } }

  it('makes late updates count for the past only, and says how many it did not take', async () => {
    const builder = new StreamsBuilder()
    const prices = builder.table('right', versioned)
    prices.join(builder.table('more', strings), plus).toStream().to('out', strings)
    builder.stream('left', strings).leftJoin(prices, plus).to('seen', strings)
    await using driver = new TopologyTestDriver(builder.build())
    const price = driver.createInputTopic<string, string>('right')
    const ask = driver.createInputTopic<string, string>('left')
    await driver.createInputTopic<string, string>('more').pipeInput({ key: 'a', value: 'm', timestamp: 0 })
    await price.pipeInput({ key: 'a', value: 'p200', timestamp: 200 })
    await price.pipeInput({ key: 'a', value: 'p150', timestamp: 150 })
    await price.pipeInput({ key: 'a', value: 'p50', timestamp: 50 })
    for (const timestamp of [149, 150, 199, 200]) await ask.pipeInput({ key: 'a', value: String(timestamp), timestamp })

    expect(driver.createOutputTopic('out', strings).readValuesToList()).toEqual(['p200+m'])
    expect(driver.createOutputTopic('seen', strings).readValuesToList()).toEqual([
      '149+null',
      '150+p150',
      '199+p150',
      '200+p200',
    ])
    expect(driver.metrics().recordsDropped).toMatchObject({ 'out-of-order': 1, expired: 1 })
  })

  it.each<[string, object, string[]]>([
    ['without a store, though Java’s forgets it', { store: true }, ['x+X']],
    ['but not in a store without history, where the late update is the current one', { store: 'kept' }, ['y+Y']],
  ])('keeps its current value in a join below mapValues %s', async (_, kept, expected) => {
    const builder = new StreamsBuilder()
    const prices = builder.table('right', versioned).mapValues((value) => value, { ...strings, ...kept })
    prices
      .joinOnForeignKey(builder.table('more', strings), (value) => value, plus, strings)
      .toStream()
      .to('out', strings)
    await using driver = new TopologyTestDriver(builder.build())
    const price = driver.createInputTopic<string, string>('right')
    const more = driver.createInputTopic<string, string>('more')
    await price.pipeInput({ key: 'a', value: 'x', timestamp: 200 })
    await price.pipeInput({ key: 'a', value: 'y', timestamp: 150 })
    await more.pipeInput({ key: 'x', value: 'X', timestamp: 201 })
    await more.pipeInput({ key: 'y', value: 'Y', timestamp: 202 })

    const values = driver.createOutputTopic('out', strings).readValuesToList()
    expect(values.filter((value) => value !== null)).toEqual(expected)
  })
})
