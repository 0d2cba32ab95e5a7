import { serdes } from '../../lib/serde/index.ts'
import type { StoreBuilder } from '../../stores/store.ts'
import { stores } from '../../stores/stores.ts'
import type { KStream } from '../../topology/kstream.ts'
import type { PhysicalTopology, TopologyNode } from '../../topology/physical.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { strings } from './support/strings.ts'
import { record } from './support/test-context.ts'

/** Builds what `verbs` makes of a stream of strings. */
function build(verbs: (stream: KStream<string, string>, builder: StreamsBuilder) => unknown): PhysicalTopology {
  const builder = new StreamsBuilder()
  verbs(builder.stream('in', { ...strings, name: 'in' }), builder)
  return builder.build().physical()
}

function nodes(topology: PhysicalTopology): TopologyNode[] {
  return topology.subtopologies.flatMap((subtopology) => subtopology.nodes)
}

function node(topology: PhysicalTopology, name: string): TopologyNode {
  return nodes(topology).find((each) => each.name === name)!
}

describe('serdes along a stream', () => {
  it.each<[verb: string, verbs: (stream: KStream<string, string>) => unknown]>([
    ['filter', (stream) => stream.filter(() => true).to('out')],
    ['filterNot', (stream) => stream.filterNot(() => true).to('out')],
    ['peek', (stream) => stream.peek(() => {}).to('out')],
    ['repartition', (stream) => stream.repartition().to('out')],
    ['merge, of streams with the same serdes', (stream) => stream.merge(stream.filter(() => true)).to('out')],
    [
      'reduce and toStream',
      (stream) =>
        stream
          .groupByKey()
          .reduce((left) => left)
          .toStream()
          .to('out'),
    ],
  ])('%s keeps both', (_, verbs) => {
    const sink = nodes(build(verbs)).find(({ name }) => name.startsWith('KSTREAM-SINK'))

    expect(sink).toMatchObject({ keySerde: strings.key, valueSerde: strings.value })
  })

  it.each<[verb: string, side: string, verbs: (stream: KStream<string, string>) => KStream<any, any>]>([
    ['map', 'key', (stream) => stream.map((v, k) => [k, v], { name: 'made', value: strings.value })],
    ['map', 'value', (stream) => stream.map((v, k) => [k, v], { name: 'made', key: strings.key })],
    ['mapValues', 'value', (stream) => stream.mapValues((v) => v, { name: 'made' })],
    ['flatMap', 'key', (stream) => stream.flatMap(() => [], { name: 'made', value: serdes.string() })],
    ['flatMap', 'value', (stream) => stream.flatMap(() => [], { name: 'made', key: serdes.string() })],
    ['flatMapValues', 'value', (stream) => stream.flatMapValues(() => [''], { name: 'made' })],
    ['selectKey', 'key', (stream) => stream.selectKey((v) => v, { name: 'made' })],
    ['process', 'key', (stream) => stream.process({ name: 'made', create: pass, value: serdes.string() })],
    ['process', 'value', (stream) => stream.process({ name: 'made', create: pass, key: serdes.string() })],
    [
      'merge',
      'value',
      (stream) =>
        stream.merge(
          stream.mapValues((v) => v),
          { name: 'made' },
        ),
    ],
  ])('%s without a %s serde: build() says who made the type, and where to give a serde', (verb, side, verbs) => {
    expect(() => build((stream) => verbs(stream).to('out', { name: 'exit' }))).toThrow(
      expect.objectContaining({
        code: 'STREAMS_MISSING_SERDE',
        node: 'exit',
        option: side,
        message:
          `Node 'exit' writes topic 'out' and has no ${side} serde. ` +
          `Its ${side}s were made by 'made' (${verb}), which was given none. ` +
          `Pass { ${side}: serde } to to(), or there.`,
      }),
    )
  })

  it('takes the serde from the verb that needs it', () => {
    const topology = build((stream) =>
      stream.map((v) => [v.length, v.length]).to('out', { name: 'exit', key: serdes.long(), value: serdes.long() }),
    )

    expect(node(topology, 'exit')).toMatchObject({ keySerde: serdes.long(), valueSerde: serdes.long() })
  })

  it('needs none for values that are neither written nor stored', () => {
    expect(() => build((stream) => stream.map(() => [1, 2]).foreach(() => {}))).not.toThrow()
  })

  it.each<[what: string, side: string, verbs: (stream: KStream<string, string>) => unknown]>([
    ["keeps the store 'n'", 'key', (stream) => stream.process({ create: pass }).groupByKey().count({ store: 'n' })],
    ['writes the repartition topic', 'value', (stream) => stream.map((v) => [v, v]).repartition({ key: strings.key })],
    [
      'writes the repartition topic',
      'value',
      (stream) =>
        stream
          .mapValues((v) => v)
          .groupBy((v) => v, { key: strings.key })
          .count(),
    ],
    [
      "keeps the store 'agg'",
      'value',
      (stream) =>
        stream.groupByKey().aggregate(
          () => 0,
          (n) => n,
          { store: 'agg' } as any,
        ),
    ],
  ])('what %s needs a %s serde', (_what, side, verbs) => {
    expect(() => build(verbs)).toThrow(expect.objectContaining({ code: 'STREAMS_MISSING_SERDE', option: side }))
  })

  it('takes the key serde of an aggregation for its repartition topic too', () => {
    const topology = build((stream) => stream.groupBy((v) => v).count({ store: 'n', key: serdes.string() }))

    expect(node(topology, 'n-repartition-sink')).toMatchObject({ keySerde: serdes.string() })
    expect(node(topology, 'n-repartition-source')).toMatchObject({
      keySerde: serdes.string(),
      valueSerde: strings.value,
    })
  })
})

const pass = (context: any) => ({ process: (input: any) => context.forward(input) })

describe('repartitioning', () => {
  it.each<[verbs: string, stream: (stream: KStream<string, string>) => KStream<string, string>, topics: string[]]>([
    ['nothing', (stream) => stream, []],
    ['filter', (stream) => stream.filter(() => true), []],
    ['mapValues', (stream) => stream.mapValues((v) => v, { value: serdes.string() }), []],
    ['flatMapValues', (stream) => stream.flatMapValues((v) => [v], { value: serdes.string() }), []],
    ['selectKey', (stream) => stream.selectKey((v) => v, strings), ['n-repartition']],
    ['map', (stream) => stream.map((v) => [v, v], strings), ['n-repartition']],
    ['flatMap', (stream) => stream.flatMap((v) => [[v, v]], strings), ['n-repartition']],
    ['process', (stream) => stream.process({ create: pass, ...strings }), ['n-repartition']],
    ['selectKey and a filter', (stream) => stream.selectKey((v) => v, strings).filter(() => true), ['n-repartition']],
    ['a merge with selectKey', (stream) => stream.merge(stream.selectKey((v) => v, strings)), ['n-repartition']],
    [
      'selectKey and repartition',
      (stream) => stream.selectKey((v) => v).repartition({ name: 'own', ...strings }),
      ['own-repartition'],
    ],
    ['an aggregation', (stream) => stream.groupByKey().count({ store: 'm' }).toStream().mapValues(String, strings), []],
  ])('after %s', (_, verbs, topics) => {
    const topology = build((stream) => verbs(stream).groupByKey(strings).count({ store: 'n' }))

    expect(topology.repartitionTopics.map(({ name }) => name)).toEqual(topics)
  })

  it('gives each aggregation of an unnamed grouping a topic of its own, those of a named one a common topic', () => {
    const twice = (name?: string) =>
      build((stream) => {
        const grouped = stream.groupBy((v) => v, { key: serdes.string(), ...(name !== undefined && { name }) })
        grouped.count({ store: 'a' })
        grouped.reduce((left) => left, { store: 'b' })
      })

    expect(twice().repartitionTopics.map(({ name }) => name)).toEqual(['a-repartition', 'b-repartition'])
    expect(twice('common').repartitionTopics.map(({ name }) => name)).toEqual(['common-repartition'])
    expect(node(twice('common'), 'common-repartition-source')).toMatchObject({
      children: ['KSTREAM-AGGREGATE-0000000002', 'KSTREAM-REDUCE-0000000006'],
    })
  })

  it('ends one sub-topology and starts the next, read from the earliest', () => {
    const partitioner = () => 0
    const topology = build((stream) => stream.repartition({ name: 'wide', partitionCount: 12, partitioner }))
    const topic = { name: 'wide-repartition', internal: true }

    expect(topology.repartitionTopics).toEqual([{ name: 'wide-repartition', partitionCount: 12 }])
    expect(topology.subtopologies.map(({ id, sourceTopics }) => ({ id, sourceTopics }))).toEqual([
      { id: 0, sourceTopics: [{ name: 'in', internal: false }] },
      { id: 1, sourceTopics: [topic] },
    ])
    expect(node(topology, 'wide-repartition-sink')).toMatchObject({ topic, partitioner })
    expect(node(topology, 'wide-repartition-source')).toMatchObject({ topics: [topic], offsetReset: 'earliest' })
  })

  it('demands equal partition counts of topics whose keys meet in one aggregation', () => {
    const topology = build((stream, builder) => {
      const both = stream.merge(builder.stream(['a', 'b'], strings))
      both.groupByKey().count()
      both.repartition({ name: 'r' }).groupByKey().count()
    })

    expect(topology.subtopologies.map(({ copartitionGroups }) => copartitionGroups)).toEqual([
      [['in', 'a', 'b'].map((name) => ({ name, internal: false }))],
      [],
    ])
  })

  it.each([0, -1, 1.5, Number.NaN, '3'])('rejects partitionCount %p', (partitionCount) => {
    expect(() => build((stream) => stream.repartition({ partitionCount: partitionCount as number }))).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', method: 'repartition' }),
    )
  })
})

describe('stores of aggregations', () => {
  const storeOf = (verbs: (stream: KStream<string, string>) => unknown): StoreBuilder =>
    build(verbs).subtopologies.flatMap((subtopology) => subtopology.stores)[0]!

  it('are cached, logged and persistent by default', () => {
    expect(storeOf((stream) => stream.groupByKey().count({ store: 'n' }))).toMatchObject({
      name: 'n',
      caching: true,
      logging: true,
      persistent: true,
      changelogConfigs: {},
    })
  })

  it('take their settings', () => {
    const settings = { caching: false, logging: false, persistent: false }
    const logged = { changelogConfigs: { 'retention.ms': '1' } }

    expect(storeOf((stream) => stream.groupByKey().count(settings))).toMatchObject(settings)
    expect(storeOf((stream) => stream.groupByKey().reduce((left) => left, logged))).toMatchObject(logged)
  })

  it('are queried by the name that was given; a generated one is none', () => {
    const builder = new StreamsBuilder()
    const grouped = builder.stream('in', strings).groupByKey()

    expect(grouped.count({ store: 'n' }).storeName).toBe('n')
    expect(grouped.count().storeName).toBeUndefined()
  })

  it('must have different names', () => {
    const twice = (stream: KStream<string, string>) => {
      stream.groupByKey().count({ store: 'n' })
      stream.groupByKey().count({ store: 'n' })
    }

    expect(() => build(twice)).toThrow(expect.objectContaining({ code: 'STREAMS_DUPLICATE_STORE', store: 'n' }))
  })

  it('must have names that can name a topic', () => {
    expect(() => build((stream) => stream.groupByKey().count({ store: 'a b' }))).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_STORE_NAME', store: 'a b' }),
    )
  })
})

describe('process()', () => {
  it('uses the stores that it declares', () => {
    const seen = stores.keyValue('seen', strings)
    const topology = build((stream) => stream.process({ name: 'dedup', stores: [seen], create: pass }))

    expect(node(topology, 'dedup')).toMatchObject({ kind: 'processor', stores: ['seen'] })
    expect(topology.subtopologies[0]?.stores).toEqual([seen])
  })

  it('makes a new processor for each task', () => {
    let made = 0
    const create = (context: any) => {
      made++
      return pass(context)
    }
    const { supplier } = node(
      build((stream) => stream.process({ name: 'p', create })),
      'p',
    ) as { supplier: () => any }

    for (let task = 0; task < 2; task++) supplier().init({})

    expect(made).toBe(2)
  })

  it('rejects a store that was never added', () => {
    expect(() => build((stream) => stream.process({ name: 'p', stores: ['nowhere'], create: pass }))).toThrow(
      expect.objectContaining({ code: 'STREAMS_UNKNOWN_STORE', store: 'nowhere', node: 'p' }),
    )
  })
})

describe('to()', () => {
  it('hands value, key and record to a function that chooses the topic', () => {
    const seen: unknown[] = []
    const topology = build((stream) => stream.to((...args) => `t-${seen.push(args)}`, { name: 'exit' }))
    const { topic } = node(topology, 'exit') as { topic: (...args: unknown[]) => string }
    const input = record('k', 'v')

    expect(topic('k', 'v', input)).toBe('t-1')
    expect(seen).toEqual([['v', 'k', input]])
  })

  it('describes such a function by its name', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in', strings)
    stream.to(function byCountry() {
      return 'x'
    })
    stream.to(() => 'x')

    const text = builder.build().describe()

    expect(text).toContain('(extractor class: byCountry)')
    expect(text).toContain('(extractor class: anonymous)')
  })

  it('passes a partitioner on, and rejects an invalid topic in build()', () => {
    const partitioner = () => 1

    expect(
      node(
        build((stream) => stream.to('out', { partitioner, name: 'exit' })),
        'exit',
      ),
    ).toMatchObject({
      topic: { name: 'out', internal: false },
      partitioner,
    })
    expect(() => build((stream) => stream.to('no good'))).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_TOPIC_NAME', topic: 'no good' }),
    )
  })
})

describe('arguments that the types rule out', () => {
  it.each([
    'filter',
    'filterNot',
    'map',
    'mapValues',
    'flatMap',
    'flatMapValues',
    'selectKey',
    'peek',
    'foreach',
    'groupBy',
  ])('%s() without a function', (method) => {
    expect(() => build((stream) => (stream as any)[method]())).toThrow(
      expect.objectContaining({
        code: 'STREAMS_INVALID_ARGUMENT',
        method,
        message: expect.stringContaining('undefined'),
      }),
    )
  })

  it.each([
    { method: 'process', call: (stream: any) => stream.process() },
    { method: 'reduce', call: (stream: any) => stream.groupByKey().reduce(null) },
    { method: 'aggregate', call: (stream: any) => stream.groupByKey().aggregate(() => 0) },
    { method: 'merge', call: (stream: any) => stream.merge() },
    { method: 'merge', call: (stream: any) => stream.merge(new StreamsBuilder().stream('in', strings)) },
  ])('$method()', ({ method, call }) => {
    expect(() => build(call)).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', method }))
  })

  it('a node name that is taken, or not allowed', () => {
    expect(() => build((stream) => stream.filter(() => true, { name: 'in' }))).toThrow(
      expect.objectContaining({ code: 'STREAMS_DUPLICATE_NODE', node: 'in' }),
    )
    for (const call of [
      (stream: KStream<string, string>) => stream.filter(() => true, { name: 'a b' }),
      (stream: KStream<string, string>) => stream.process({ name: 'a b', create: pass }),
      (stream: KStream<string, string>) => stream.repartition({ name: 'a b' }),
      (stream: KStream<string, string>) => stream.groupByKey({ name: 'a b' }),
    ]) {
      expect(() => build(call)).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_NODE_NAME', node: 'a b' }))
    }
  })
})
