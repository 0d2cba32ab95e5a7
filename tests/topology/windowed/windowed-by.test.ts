import { partitionFor } from '../../../lib/core/murmur2.ts'
import { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import { Change } from '../../../topology/change.ts'
import type { KGroupedStream } from '../../../topology/kgrouped-stream.ts'
import { parts } from '../../../topology/stream-parts.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { windows } from '../../../topology/windows.ts'
import { strings } from '../support/strings.ts'
import { windowedTopology } from './support.ts'

const tumbling = windows.tumbling({ sizeMs: 10, graceMs: 5 })
const sliding = windows.sliding({ timeDifferenceMs: 10, graceMs: 5 })
const session = windows.session({ inactivityGapMs: 10, graceMs: 5 })

const grouped = (builder = new StreamsBuilder()) => builder.stream('in', strings).groupByKey()

describe('what is not allowed', () => {
  it.each<[what: string, call: (stream: KGroupedStream<string, string>) => unknown, message: RegExp]>([
    ['no windows', (stream) => stream.windowedBy(undefined as never), /needs windows to aggregate in/],
    [
      'windows of a join',
      (stream) => stream.windowedBy(windows.join({ withinMs: 5 }) as never),
      /needs windows to aggregate in/,
    ],
    [
      'another way to emit',
      (stream) => stream.windowedBy(tumbling, { emit: 'at-once' as never }),
      /'on-window-update' or 'on-window-close', not 'at-once'/,
    ],
    [
      'unlimited windows that close',
      (stream) => stream.windowedBy(windows.unlimited(), { emit: 'on-window-close' }),
      /never close/,
    ],
    [
      'time windows kept for less than size and grace',
      (stream) => stream.windowedBy(tumbling).count({ retentionMs: 14 }),
      /retentionMs must be .* at least 15, .* but is 14/,
    ],
    [
      'sliding windows kept for less than twice the time difference and grace',
      (stream) => stream.windowedBy(sliding).count({ retentionMs: 24 }),
      /at least 25/,
    ],
    [
      'sessions kept for less than gap and grace',
      (stream) => stream.windowedBy(session).count({ retentionMs: 14.5 }),
      /at least 15, .* but is 14\.5/,
    ],
    ['a reducer that is none', (stream) => stream.windowedBy(tumbling).reduce(7 as never), /needs a function/],
    [
      'no aggregator',
      (stream) => stream.windowedBy(tumbling).aggregate(() => '', undefined as never, strings),
      /needs a function/,
    ],
    [
      'sessions without a merger',
      (stream) =>
        stream.windowedBy(session).aggregate(
          () => '',
          () => '',
          strings as never,
          undefined as never,
        ),
      /needs a function, but got object/,
    ],
  ])('%s', (_, call, message) => {
    expect(() => call(grouped())).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  })

  it('an aggregate without a serde: the error names the node', () => {
    const build = () =>
      windowedTopology((stream) =>
        stream.windowedBy(tumbling).aggregate(
          () => 0,
          (n) => n + 1,
          { name: 'collect' } as never,
        ),
      )

    expect(build).toThrow(
      expect.objectContaining({ code: 'STREAMS_MISSING_SERDE', message: expect.stringContaining("'collect'") }),
    )
  })
})

describe('names', () => {
  it('of the store and the node are as given', () => {
    const { stores, nodes } = windowedTopology((stream) =>
      stream.windowedBy(tumbling).count({ store: 'per-minute', name: 'count-them' }),
    ).physical().subtopologies[0]!

    expect(stores.map(({ name }) => name)).toEqual(['per-minute'])
    expect(nodes).toContainEqual(expect.objectContaining({ name: 'count-them', stores: ['per-minute'] }))
  })

  // As in Java, where count() with settings takes one number more than without, but not in sliding windows.
  it.each([
    ['tumbling', tumbling, {}, 'KSTREAM-AGGREGATE-STATE-STORE-0000000001'],
    ['tumbling', tumbling, { retentionMs: 100 }, 'KSTREAM-AGGREGATE-STATE-STORE-0000000002'],
    ['sliding', sliding, { retentionMs: 100 }, 'KSTREAM-AGGREGATE-STATE-STORE-0000000001'],
    ['session', session, { value: serdes.long() }, 'KSTREAM-AGGREGATE-STATE-STORE-0000000002'],
  ] as const)('that are generated, %s %#', (_, within, options, store) => {
    const topology = windowedTopology((stream) => stream.windowedBy(within as typeof tumbling).count(options))

    expect(topology.physical().subtopologies[0]!.stores[0]!.name).toBe(store)
  })
})

describe('the table', () => {
  it.each([
    ['time windows', tumbling, { startMs: 10, endMs: 20 }],
    ['sliding windows', sliding, { startMs: 2, endMs: 12 }],
    ['sessions', session, { startMs: 12, endMs: 12 }],
  ] as const)('of %s can be read by windowed keys', async (_, within, window) => {
    const builder = new StreamsBuilder()
    const table = grouped(builder)
      .windowedBy(within as typeof tumbling)
      .count({ store: 'counts' })
    const view = table[parts].view()
    await using driver = new TopologyTestDriver(builder.build())
    const input = driver.createInputTopic('in')
    for (let i = 0; i < 2; i++) await input.pipeInput({ key: 'k', value: 'x', timestamp: 12 })

    expect(view.storeNames).toEqual(['counts'])
    const getter = view.open({ store: (name: string) => driver.getStateStore(name) } as never)
    expect(getter.versioned).toBe(false)
    expect(getter.get(new Windowed('k', window.startMs, window.endMs))).toEqual({ value: 2, timestamp: 12 })
    expect(getter.get(new Windowed('other', window.startMs, window.endMs))).toBeUndefined()
  })

  it.each([
    ['time windows', tumbling, [new Change(1, 0), new Change(2, 1)]],
    ['sliding windows', sliding, [new Change(1, 0), new Change(2, 1)]],
    // A session has no old value, but those that it replaces have.
    ['sessions', session, [new Change(1, null), new Change(null, 1), new Change(2, null)]],
  ] as const)('of %s sends old values if it is asked to', async (_, within, updates) => {
    const builder = new StreamsBuilder()
    const table = grouped(builder)
      .windowedBy(within as typeof tumbling)
      .count()
    expect(table[parts].enableSendingOldValues(false)).toBe(true)
    table.toStream({ name: 'watched' }).to('out')
    const seen: unknown[] = []
    const topology = builder.build()
    const physical = topology.physical()
    const watch = () => ({ process: ({ value }: { readonly value: unknown }) => void seen.push(value) })
    topology.physical = () => ({
      ...physical,
      subtopologies: physical.subtopologies.map((subtopology) => ({
        ...subtopology,
        nodes: subtopology.nodes.map(
          (node) => (node.name === 'watched' ? { ...node, supplier: watch } : node) as never,
        ),
      })),
    })
    await using driver = new TopologyTestDriver(topology)
    const input = driver.createInputTopic('in')
    for (const timestamp of [12, 11]) await input.pipeInput({ key: 'k', value: 'x', timestamp })

    expect(seen.slice(0, updates.length)).toEqual(updates)
  })
})

describe('a sink of windowed keys', () => {
  it.each([
    ['time windows', tumbling],
    ['sessions', session],
  ] as const)('puts all windows of a key into the partition of the key: %s', async (_, within) => {
    await using driver = new TopologyTestDriver(
      windowedTopology((stream) => stream.windowedBy(within as typeof tumbling).count()),
      { partitions: { in: 1, out: 7 } },
    )
    const input = driver.createInputTopic('in')
    const keys = ['a', 'b', 'c', 'd']
    for (const timestamp of [1, 100, 200]) {
      for (const key of keys) await input.pipeInput({ key, value: 'x', timestamp })
    }
    const outputs = driver.createOutputTopic<Windowed<string>, number>('out').readRecordsToList()

    expect(outputs).toHaveLength(12)
    for (const { key, partition } of outputs) expect(partition).toBe(partitionFor(Buffer.from(key!.key), 7))
    expect(new Set(outputs.map(({ partition }) => partition)).size).toBeGreaterThan(1)
  })

  it('leaves the choice to a partitioner, if there is one', async () => {
    const builder = new StreamsBuilder()
    grouped(builder)
      .windowedBy(tumbling)
      .count()
      .toStream()
      .to('out', { partitioner: () => 6 })
    await using driver = new TopologyTestDriver(builder.build(), { partitions: { in: 1, out: 7 } })
    await driver.createInputTopic('in').pipeInput({ key: 'a', value: 'x', timestamp: 1 })

    expect(driver.createOutputTopic('out').readRecord().partition).toBe(6)
  })
})

describe('a windowed table as input of others', () => {
  it('goes through a repartition topic with its windowed keys, and is aggregated again', async () => {
    const builder = new StreamsBuilder()
    const key = serdes.timeWindowed(serdes.string(), 10)
    grouped(builder)
      .windowedBy(tumbling)
      .count()
      .toStream()
      .repartition({ name: 'again', key })
      .groupByKey()
      .reduce((left, right) => Math.max(left, right), { store: 'max' })
      .toStream()
      .to('out')
    await using driver = new TopologyTestDriver(builder.build())
    const input = driver.createInputTopic('in')
    for (const timestamp of [1, 2, 12]) await input.pipeInput({ key: 'a', value: 'x', timestamp })
    const outputs = driver.createOutputTopic<Windowed<string>, number>('out').readRecordsToList()

    expect(outputs.map(({ key, value }) => [key!.key, key!.window, value])).toEqual([
      ['a', { startMs: 0, endMs: 10 }, 1],
      ['a', { startMs: 0, endMs: 10 }, 2],
      ['a', { startMs: 10, endMs: 20 }, 1],
    ])
  })
})
