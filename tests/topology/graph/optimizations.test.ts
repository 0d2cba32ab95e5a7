// What the optimizations do to topologies, beyond Java's recorded cases; above all where they must not do anything.
import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import type { KStream } from '../../../topology/kstream.ts'
import type { BuildOptions } from '../../../topology/options.ts'
import type { Processor, ProcessorContext } from '../../../topology/processor.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import type { Topology } from '../../../topology/topology.ts'
import { windows } from '../../../topology/windows.ts'
import { strings } from '../support/strings.ts'

const keyed = { key: serdes.string() }
const valued = { value: serdes.string() }
const within = windows.join({ withinMs: 10 })
const first = (value: string) => value[0]!

/** Keys that `first` would not give. */
function lastCharacters(context: ProcessorContext<string, string>): Processor<string, string, string, string> {
  return { process: (record) => context.forward(record.withKey(record.value.slice(-1))) }
}

function repartitionTopics(topology: Topology): string[] {
  return topology
    .physical()
    .repartitionTopics.map(({ name }) => name)
    .sort()
}

function build(
  make: (builder: StreamsBuilder) => void,
  optimization: NonNullable<BuildOptions['optimization']>,
): Topology {
  const builder = new StreamsBuilder()
  make(builder)
  return builder.build({ optimization })
}

function count(stream: KStream<string, string>, store: string): void {
  stream.groupByKey().count({ store }).toStream().to(`out-${store}`)
}

function countBranches(builder: StreamsBuilder): void {
  const { long, short } = builder
    .stream('in', strings)
    .selectKey(first, keyed)
    .split({ long: (value) => value.length > 1, short: 'default' })
  count(long, 'one')
  count(short, 'two')
}

async function counted(topology: Topology, ...stores: readonly string[]): Promise<unknown[]> {
  await using driver = new TopologyTestDriver(topology)
  const topic = driver.createInputTopic('in')
  for (const value of ['ab', 'ac', 'b', 'ad']) await topic.pipeInput({ key: 'k', value, timestamp: 0 })
  return stores.map((store) => driver.createOutputTopic(`out-${store}`).readKeyValuesToList())
}

describe('merge.repartition.topics', () => {
  const below = ['merge.repartition.topics'] as const

  it.each<[string, (builder: StreamsBuilder) => void, string[], string[]]>([
    [
      'verbs below one change of keys share the topic of the first',
      (b) => {
        const rekeyed = b.stream('in', strings).selectKey(first, keyed)
        count(rekeyed, 'one')
        count(
          rekeyed.filter((value) => value.length > 1),
          'two',
        )
      },
      ['one-repartition', 'two-repartition'],
      ['one-repartition'],
    ],
    [
      'what changes values in between keeps its own',
      (b) => {
        const rekeyed = b.stream('in', strings).selectKey(first, keyed)
        count(
          rekeyed.mapValues((value) => value.trim(), valued),
          'one',
        )
        count(rekeyed, 'two')
      },
      ['one-repartition', 'two-repartition'],
      ['one-repartition', 'two-repartition'],
    ],
    [
      'what gives other keys in between too, be it a processor',
      (b) => {
        const rekeyed = b.stream('in', strings).selectKey(first, keyed)
        count(rekeyed.process({ create: lastCharacters, ...strings }), 'one')
        count(rekeyed, 'two')
      },
      ['one-repartition', 'two-repartition'],
      ['one-repartition', 'two-repartition'],
    ],
    [
      'a topic that was asked for stays',
      (b) => {
        const rekeyed = b.stream('in', strings).selectKey(first, keyed)
        count(rekeyed, 'one')
        rekeyed.repartition({ name: 'own' }).to('out-own')
      },
      ['one-repartition', 'own-repartition'],
      ['one-repartition', 'own-repartition'],
    ],
    [
      'each change of keys has a topic of its own',
      (b) => {
        count(b.stream('in', strings).selectKey(first, keyed), 'one')
        count(b.stream('in', strings).selectKey(first, keyed), 'two')
      },
      ['one-repartition', 'two-repartition'],
      ['one-repartition', 'two-repartition'],
    ],
    [
      'streams with changed keys that merge have one behind the merge',
      (b) => {
        const [left, right] = ['in', 'in-2'].map((topic) => b.stream(topic, strings).selectKey(first, keyed))
        const merged = left!.merge(right!)
        count(merged, 'one')
        count(merged, 'two')
      },
      ['one-repartition', 'two-repartition'],
      ['one-repartition'],
    ],
    [
      'but not with one of them alone that has a verb above the merge too: the other one needs its topic, which Java forgets',
      (b) => {
        const [left, right] = ['in', 'in-2'].map((topic) => b.stream(topic, strings).selectKey(first, keyed))
        count(left!, 'left')
        const merged = left!.merge(right!)
        count(merged, 'one')
        count(merged, 'two')
      },
      ['left-repartition', 'one-repartition', 'two-repartition'],
      ['left-repartition', 'one-repartition', 'two-repartition'],
    ],
    [
      'a stream with the keys of its topic that merges with changed ones goes past the topic',
      (b) => {
        const rekeyed = b.stream('in', strings).selectKey(first, keyed)
        count(b.stream('in-2', strings).merge(rekeyed), 'one')
        count(rekeyed, 'two')
      },
      ['one-repartition', 'two-repartition'],
      ['one-repartition'],
    ],
    [
      'but not one with other keys, nor one of the same change on another way: those need their topic, which Java forgets',
      (b) => {
        const rekeyed = b.stream('in', strings).selectKey(first, keyed)
        count(rekeyed.merge(b.stream('in-2', strings).selectKey(first, keyed)), 'one')
        count(rekeyed.merge(rekeyed.filter((value) => value !== '')), 'two')
        count(rekeyed.merge(rekeyed.selectKey((value) => value, keyed)), 'three')
        count(rekeyed, 'four')
      },
      ['four-repartition', 'one-repartition', 'three-repartition', 'two-repartition'],
      ['four-repartition', 'one-repartition', 'three-repartition', 'two-repartition'],
    ],
    [
      'nor one that a partitioner has spread',
      (b) => {
        const rekeyed = b.stream('in', strings).selectKey(first, keyed)
        const spread = b.stream('in-2', strings).repartition({ name: 'own', partitioner: () => 0 })
        count(rekeyed.merge(spread), 'one')
        count(rekeyed, 'two')
      },
      ['one-repartition', 'own-repartition', 'two-repartition'],
      ['one-repartition', 'own-repartition', 'two-repartition'],
    ],
    [
      'several branches of a split, which Java refuses',
      countBranches,
      ['one-repartition', 'two-repartition'],
      ['one-repartition'],
    ],
  ])('%s', (_, make, before, after) => {
    expect(repartitionTopics(build(make, 'none'))).toEqual(before)
    expect(repartitionTopics(build(make, below))).toEqual(after)
  })

  it.each<[string, (builder: StreamsBuilder) => void]>([
    [
      'a filter before one of two verbs',
      (b) => {
        const rekeyed = b.stream('in', strings).selectKey(first, keyed)
        count(rekeyed, 'one')
        count(
          rekeyed.filter((value) => value.length > 1),
          'two',
        )
      },
    ],
    ['branches', countBranches],
    [
      'a processor that gives other keys',
      (b) => {
        const rekeyed = b.stream('in', strings).selectKey(first, keyed)
        count(rekeyed.process({ create: lastCharacters, ...strings }), 'one')
        count(rekeyed, 'two')
      },
    ],
  ])('gives the same results with %s', async (_, make) => {
    const results = await counted(build(make, 'none'), 'one', 'two')
    expect(results.flat().length).toBeGreaterThan(3)
    expect(await counted(build(make, 'all'), 'one', 'two')).toEqual(results)
  })

  it('wants streams that go past the topic partitioned like it', () => {
    const topology = build((b) => {
      const rekeyed = b.stream('in', strings).selectKey(first, keyed)
      const byForeignKey = b
        .table('left', strings)
        .joinOnForeignKey(b.table('right', strings), first, (l, r) => l + r, { ...strings, name: 'fk' })
      count(byForeignKey.toStream().merge(b.stream('in-2', strings).merge(rekeyed)), 'one')
      count(rekeyed, 'two')
    }, 'all')
    expect(repartitionTopics(topology)).not.toContain('two-repartition')
    const groups = topology.physical().subtopologies.flatMap(({ copartitionGroups }) => copartitionGroups)
    const withIt = groups
      .map((group) => group.map(({ name }) => name))
      .find((group) => group.includes('one-repartition'))
    expect(withIt).toEqual(expect.arrayContaining(['in-2', 'left']))
    expect(withIt).not.toContain('right') // joined by keys of its own
  })

  it('moves what must be partitioned alike to the topic that is left', () => {
    const topology = build((b) => {
      const rekeyed = b.stream('in', strings).selectKey(first, keyed)
      count(rekeyed, 'one')
      rekeyed
        .filter((value) => value !== '')
        .join(b.stream('other', strings), (l, r) => l + r, { within, name: 'j', ...valued })
        .to('out-j')
    }, 'all')
    const groups = topology.physical().subtopologies.flatMap(({ copartitionGroups }) => copartitionGroups)
    expect(groups.map((group) => group.map(({ name }) => name).sort())).toEqual([['one-repartition', 'other']])
  })
})

describe('single.store.self.join', () => {
  const stores = (topology: Topology) =>
    topology.physical().subtopologies.flatMap((each) => each.stores.map(({ name }) => name))
  const join = (l: string, r: string) => `${l}/${r}`

  it.each<[string, (builder: StreamsBuilder) => void, number]>([
    [
      'a stream with itself has one store',
      (b) => {
        const stream = b.stream('in', strings)
        stream.join(stream, join, { within, ...valued }).to('out')
      },
      1,
    ],
    [
      'as two streams of one topic have',
      (b) =>
        b
          .stream('in', strings)
          .join(b.stream('in', strings), join, { within, ...valued })
          .to('out'),
      1,
    ],
    [
      'two streams of it have two',
      (b) => {
        const stream = b.stream('in', strings)
        stream
          .join(
            stream.filter(() => true),
            join,
            { within, ...valued },
          )
          .to('out')
      },
      2,
    ],
  ])('%s', (_, make, expected) => {
    expect(stores(build(make, 'all')).length).toBe(expected)
    expect(stores(build(make, 'none')).length).toBe(2)
    expect(stores(build(make, ['merge.repartition.topics', 'reuse.ktable.source.topics'])).length).toBe(2)
  })
})

describe('a builder that is built again', () => {
  it('gives each time what was asked for, and takes more verbs', () => {
    const builder = new StreamsBuilder()
    const rekeyed = builder.stream('in', strings).selectKey(first, keyed)
    count(rekeyed, 'one')
    count(rekeyed, 'two')
    rekeyed.join(rekeyed, (l, r) => l + r, { within, ...valued }).to('out')
    const plain = builder.build().describe()
    const optimized = builder.build({ optimization: 'all' }).describe()

    expect(optimized).not.toBe(plain)
    expect(builder.build({ optimization: 'all' }).describe()).toBe(optimized)
    expect(builder.build().describe()).toBe(plain)
    count(rekeyed, 'three')
    expect(repartitionTopics(builder.build({ optimization: 'all' }))).toEqual(['one-repartition'])
    expect(repartitionTopics(builder.build())).toContain('three-repartition')
  })
})
