import { serdes } from '../../lib/serde/index.ts'
import { stores } from '../../stores/stores.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { strings } from './support/strings.ts'

describe('stream()', () => {
  it('makes one source of the same topics read twice, with the children of both', () => {
    const builder = new StreamsBuilder()
    builder.stream('in', strings).to('out-1')
    builder.stream('in', strings).to('out-2')

    const [subtopology, ...others] = builder.build().physical().subtopologies

    expect(others).toEqual([])
    expect(subtopology?.nodes.map(({ name }) => name)).toEqual([
      'KSTREAM-SOURCE-0000000000',
      'KSTREAM-SINK-0000000001',
      'KSTREAM-SINK-0000000003',
    ])
    expect(subtopology?.nodes[0]).toMatchObject({
      children: ['KSTREAM-SINK-0000000001', 'KSTREAM-SINK-0000000003'],
    })
  })

  it('sees equal sets of topics whatever their order and repetitions', () => {
    const builder = new StreamsBuilder()
    builder.stream(['a', 'b'], strings).to('out-1')
    builder.stream(['b', 'a', 'b'], strings).to('out-2')

    expect(builder.build().physical().subtopologies).toHaveLength(1)
  })

  it('passes its settings on', () => {
    const builder = new StreamsBuilder()
    const timestamp = () => 7
    builder.stream('in', { ...strings, timestamp, offsetReset: 'latest', name: 'entry' })

    expect(builder.build().physical().subtopologies[0]?.nodes).toEqual([
      {
        kind: 'source',
        name: 'entry',
        topics: [{ name: 'in', internal: false }],
        keySerde: strings.key,
        valueSerde: strings.value,
        timestampExtractor: timestamp,
        offsetReset: 'latest',
        children: [],
      },
    ])
  })

  it.each([
    { option: 'key', other: { key: serdes.uuid() } },
    { option: 'value', other: { value: serdes.uuid() } },
    { option: 'timestamp', other: { timestamp: () => 1 } },
    { option: 'offsetReset', other: { offsetReset: 'latest' as const } },
  ])('rejects one topic read with two settings of $option', ({ option, other }) => {
    const builder = new StreamsBuilder()
    builder.stream('in', { ...strings, name: 'first' })
    builder.stream('in', { ...strings, ...other, name: 'second' })

    expect(() => builder.build()).toThrow(
      expect.objectContaining({ code: 'STREAMS_CONFLICTING_SOURCE', option, topics: ['in'] }),
    )
    expect(() => builder.build()).toThrow(/'first' and 'second' both read 'in'/)
  })

  it('rejects sets of topics that overlap in part', () => {
    const builder = new StreamsBuilder()
    builder.stream(['a', 'b'], { ...strings, name: 'first' })
    builder.stream(['b', 'c'], { ...strings, name: 'second' })

    expect(() => builder.build()).toThrow(
      expect.objectContaining({ code: 'STREAMS_DUPLICATE_SOURCE_TOPIC', topic: 'b', nodes: ['first', 'second'] }),
    )
  })

  it.each(['', '.', '..', 'a b', 'ä', 'a/b', 'x'.repeat(250)])("rejects the topic name '%s'", (topic) => {
    const builder = new StreamsBuilder()

    expect(() => builder.stream(topic, strings)).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_TOPIC_NAME', topic }),
    )
    expect(() => builder.stream('in', { ...strings, name: topic })).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_NODE_NAME', node: topic }),
    )
  })

  it('allows every character that Kafka allows, up to 249', () => {
    expect(() => new StreamsBuilder().stream(`aZ0._-${'x'.repeat(243)}`, strings)).not.toThrow()
  })

  it.each([
    {
      what: 'no topics',
      call: (builder: any) => builder.stream([], strings),
      message: /stream\(\): needs at least one/,
    },
    {
      what: 'an unknown offset reset',
      call: (builder: any) => builder.stream('in', { ...strings, offsetReset: 'first' }),
      message: /offsetReset must be one of earliest, latest, none, but is 'first'/,
    },
  ])('rejects $what', ({ call, message }) => {
    expect(() => call(new StreamsBuilder())).toThrow(message)
  })

  it.each([
    { option: 'key', options: { value: strings.value } },
    { option: 'value', options: { key: strings.key } },
    { option: 'key', options: undefined },
  ])('rejects a missing $option serde in build()', ({ option, options }) => {
    const builder = new StreamsBuilder()
    builder.stream('in', options as unknown as typeof strings)

    expect(() => builder.build()).toThrow(
      expect.objectContaining({
        code: 'STREAMS_MISSING_SERDE',
        node: 'KSTREAM-SOURCE-0000000000',
        option,
        message: `Node 'KSTREAM-SOURCE-0000000000' reads 'in' and has no ${option} serde. Pass { ${option}: serde } to stream().`,
      }),
    )
  })
})

describe('addStateStore()', () => {
  it('adds one store for several processors, which then share a sub-topology', () => {
    const builder = new StreamsBuilder()
    const limits = stores.keyValue('limits', strings)
    builder.addStateStore(limits)
    for (const topic of ['a', 'b']) {
      builder.stream(topic, strings).process({ stores: ['limits'], create: () => ({ process() {} }) })
    }

    const [subtopology, ...others] = builder.build().physical().subtopologies

    expect(others).toEqual([])
    expect(subtopology?.stores).toEqual([limits])
    expect(subtopology?.sourceTopics.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('rejects two stores of one name, but takes one builder twice', () => {
    const builder = new StreamsBuilder()
    const limits = stores.keyValue('limits', strings)
    builder.addStateStore(limits).addStateStore(limits)
    const stream = builder.stream('in', strings)
    stream.process({ stores: ['limits'], create: () => ({ process() {} }) })
    expect(() => builder.build()).not.toThrow()

    stream.process({ stores: [stores.keyValue('limits', strings)], create: () => ({ process() {} }) })

    expect(() => builder.build()).toThrow(expect.objectContaining({ code: 'STREAMS_DUPLICATE_STORE', store: 'limits' }))
  })

  it('rejects a store that nobody uses', () => {
    const builder = new StreamsBuilder()
    builder.addStateStore(stores.keyValue('limits', strings))
    builder.stream('in', strings)

    expect(() => builder.build()).toThrow(expect.objectContaining({ code: 'STREAMS_UNUSED_STORE', store: 'limits' }))
  })

  it('rejects a store name that cannot name a topic', () => {
    const limits = { ...stores.keyValue('limits', strings), name: 'the limits' }

    expect(() => new StreamsBuilder().addStateStore(limits)).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_STORE_NAME', store: 'the limits' }),
    )
  })
})

describe('build()', () => {
  it('rejects a topology that reads nothing', () => {
    expect(() => new StreamsBuilder().build()).toThrow(expect.objectContaining({ code: 'STREAMS_EMPTY_TOPOLOGY' }))
  })

  it('may be called again after more verbs, and changes nothing that was built', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in', strings)
    stream.to('out')
    const first = builder.build()
    const text = first.describe()
    stream.to('more')

    const second = builder.build()

    expect(first.describe()).toBe(text)
    expect(second.describe()).toContain('topic: more')
    expect(builder.build().describe()).toBe(second.describe())
  })

  it('gives a topology that the Processor API can extend', () => {
    const builder = new StreamsBuilder()
    builder.stream('in', { ...strings, name: 'entry' })

    const topology = builder.build().addSink('exit', { parents: 'entry', topic: 'out', ...strings })

    expect(topology.physical().subtopologies[0]?.nodes.map(({ name }) => name)).toEqual(['entry', 'exit'])
  })
})
