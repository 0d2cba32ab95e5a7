import { stores } from '../../stores/stores.ts'
import { Topology } from '../../topology/topology.ts'
import { strings } from './support/strings.ts'
import { record, start } from './support/test-context.ts'

const create = () => ({ process() {} })

/** A source 'in', a processor 'p' and a sink 'out'. */
function small(): Topology {
  return new Topology()
    .addSource('in', { topics: 'in', ...strings })
    .addProcessor('p', { parents: 'in', create })
    .addSink('out', { parents: ['p'], topic: 'out', ...strings })
}

describe('a topology put together by hand', () => {
  it('becomes sub-topologies of nodes, parents before children', () => {
    const seen = stores.keyValue('seen', strings)
    const topology = small()
      .addSource('other', { topics: ['a', 'b'], ...strings, offsetReset: 'none' })
      .addProcessor('q', { parents: ['in', 'p'], create, stores: [seen] })
      .addSink('direct', { parents: 'other', topic: (value) => String(value), ...strings })

    const { subtopologies, repartitionTopics } = topology.physical()

    expect(repartitionTopics).toEqual([])
    expect(subtopologies.map(({ id, nodes }) => [id, nodes.map(({ name }) => name)])).toEqual([
      [0, ['in', 'p', 'out', 'q']],
      [1, ['other', 'direct']],
    ])
    expect(subtopologies[0]?.nodes.slice(0, 2)).toMatchObject([{ children: ['p', 'q'] }, { children: ['out', 'q'] }])
    expect(subtopologies[0]?.stores).toEqual([seen])
    expect(subtopologies[1]?.sourceTopics).toEqual([
      { name: 'a', internal: false },
      { name: 'b', internal: false },
    ])
    expect(subtopologies[1]?.nodes[0]).toMatchObject({ offsetReset: 'none', keySerde: strings.key })
  })

  it('runs what create() makes', async () => {
    const topology = new Topology()
      .addSource('in', { topics: 'in', ...strings })
      .addProcessor<string, string, string, string>('up', {
        parents: 'in',
        create: (context) => ({ process: (input) => context.forward(input.withValue(input.value.toUpperCase())) }),
      })
    const { supplier } = topology.physical().subtopologies[0]!.nodes[1] as { supplier: () => any }
    const processor = supplier()
    const context = await start(processor)

    processor.process(record('k', 'v'))

    expect(context.pairs).toEqual([['k', 'V']])
  })

  it('connects stores when the processor is added, when the store is, or later', () => {
    const store = stores.keyValue('shared', strings)
    const topology = small()
      .addStateStore(store, 'p')
      .addSource('in2', { topics: 'in2', ...strings })
      .addProcessor('q', { parents: 'in2', create, stores: ['shared'] })
      .addSource('in3', { topics: 'in3', ...strings })
      .addProcessor('r', { parents: 'in3', create })
      .connectProcessorAndStateStores('r', 'shared')

    const [subtopology, ...others] = topology.physical().subtopologies

    expect(others).toEqual([]) // processors that share a store are in one sub-topology
    expect(subtopology?.nodes.filter((node) => node.kind === 'processor')).toMatchObject([
      { name: 'p', stores: ['shared'] },
      { name: 'q', stores: ['shared'] },
      { name: 'r', stores: ['shared'] },
    ])
  })

  it('takes a parent named twice as one', () => {
    const topology = small().addProcessor('q', { parents: ['p', 'p'], create })

    expect(topology.physical().subtopologies[0]?.nodes[1]).toMatchObject({ children: ['out', 'q'] })
  })
})

describe('what a topology rejects', () => {
  const store = stores.keyValue('s', strings)
  it.each<[what: string, code: string, message: RegExp, call: (topology: Topology) => unknown]>([
    ['a second node of one name', 'DUPLICATE_NODE', /'in'/, (t) => t.addProcessor('in', { parents: 'p', create })],
    [
      'a second source of a topic',
      'DUPLICATE_SOURCE_TOPIC',
      /'in' is read by 'in' and by 'in2'/,
      (t) => t.addSource('in2', { topics: 'in', ...strings }),
    ],
    [
      'a topic twice in one source',
      'DUPLICATE_SOURCE_TOPIC',
      /'a'/,
      (t) => t.addSource('in2', { topics: ['a', 'a'], ...strings }),
    ],
    [
      'a source without topics',
      'INVALID_ARGUMENT',
      /'in2' has no topics/,
      (t) => t.addSource('in2', { topics: [], ...strings }),
    ],
    [
      'an unknown parent',
      'UNKNOWN_PARENT',
      /'q' names 'later'.*Add 'later' first/,
      (t) => t.addProcessor('q', { parents: ['p', 'later'], create }),
    ],
    [
      'no parent',
      'INVALID_PARENT',
      /'q' has no parents/,
      (t) => t.addSink('q', { parents: [], topic: 'x', ...strings }),
    ],
    ['a sink as parent', 'INVALID_PARENT', /sink 'out'/, (t) => t.addProcessor('q', { parents: 'out', create })],
    ['a cycle', 'CYCLE', /'q' names itself/, (t) => t.addProcessor('q', { parents: ['p', 'q'], create })],
    [
      'a second store of one name',
      'DUPLICATE_STORE',
      /'s'/,
      (t) => t.addStateStore(store, 'p').addStateStore(stores.keyValue('s', strings), 'p'),
    ],
    [
      'an unknown store',
      'UNKNOWN_STORE',
      /'p' uses the store 'nowhere'/,
      (t) => t.connectProcessorAndStateStores('p', 'nowhere'),
    ],
    [
      'an unknown store of a new processor',
      'UNKNOWN_STORE',
      /'q' uses/,
      (t) => t.addProcessor('q', { parents: 'p', create, stores: ['nowhere'] }),
    ],
    ['no store', 'INVALID_ARGUMENT', /at least one store/, (t) => t.connectProcessorAndStateStores('p')],
    [
      'a store for an unknown processor',
      'UNKNOWN_PROCESSOR',
      /'q', but no such processor/,
      (t) => t.addStateStore(store, 'q'),
    ],
    ['a store for a sink', 'UNKNOWN_PROCESSOR', /'out', which is a sink/, (t) => t.addStateStore(store, 'out')],
    [
      'an invalid topic to read',
      'INVALID_TOPIC_NAME',
      /'a b'/,
      (t) => t.addSource('in2', { topics: 'a b', ...strings }),
    ],
    [
      'an invalid topic to write',
      'INVALID_TOPIC_NAME',
      /'a b'/,
      (t) => t.addSink('q', { parents: 'p', topic: 'a b', ...strings }),
    ],
    ['an invalid node name', 'INVALID_NODE_NAME', /'a b'/, (t) => t.addProcessor('a b', { parents: 'p', create })],
    [
      'a node name that is no string',
      'INVALID_NODE_NAME',
      /must be a string/,
      (t) => t.addProcessor(7 as any, { parents: 'p', create }),
    ],
    [
      'a processor that cannot be made',
      'INVALID_ARGUMENT',
      /needs a function/,
      (t) => t.addProcessor('q', { parents: 'p' } as any),
    ],
    [
      'a source without serde',
      'MISSING_SERDE',
      /'in2' reads topics and has no value serde/,
      (t) => t.addSource('in2', { topics: 'x', key: strings.key } as any),
    ],
    [
      'a sink without serde',
      'MISSING_SERDE',
      /'q' writes to a topic and has no key serde/,
      (t) => t.addSink('q', { parents: 'p', topic: 'x', value: strings.value } as any),
    ],
    ['a store that nobody uses', 'UNUSED_STORE', /'s'/, (t) => t.addStateStore(store).physical()],
  ])('%s', (_, code, message, call) => {
    expect(() => call(small())).toThrow(
      expect.objectContaining({ code: `STREAMS_${code}`, recovery: 'fail', message: expect.stringMatching(message) }),
    )
  })

  it('nothing at all', () => {
    expect(() => new Topology().physical()).toThrow(expect.objectContaining({ code: 'STREAMS_EMPTY_TOPOLOGY' }))
  })
})
