import { taskName } from '../../../lib/runtime/task-id.ts'
import { externalSourceTopics, planTopics } from '../../../lib/runtime/topic-plan.ts'
import type { PhysicalTopology, SinkNode, Subtopology, TopicRef } from '../../../topology/physical.ts'

const external = (name: string): TopicRef => ({ name, internal: false })
const internal = (name: string): TopicRef => ({ name, internal: true })

interface Part {
  readonly reads: readonly TopicRef[]
  readonly writes?: readonly TopicRef[]
  readonly stores?: readonly string[]
  readonly reused?: readonly (readonly [store: string, topic: TopicRef])[]
  readonly copartitioned?: readonly TopicRef[]
}

function topologyOf(repartition: Record<string, number | undefined>, ...parts: readonly Part[]): PhysicalTopology {
  return {
    globalStores: [],
    subtopologies: parts.map(
      ({ reads, writes = [], stores = [], reused = [], copartitioned }, id) =>
        ({
          id,
          nodes: writes.map((topic, i) => ({ kind: 'sink', name: `sink-${i}`, topic }) as unknown as SinkNode),
          stores: stores.map((name) => ({ name, logging: true })),
          sourceChangelogs: new Map(reused),
          sourceTopics: reads,
          copartitionGroups: copartitioned === undefined ? [] : [copartitioned],
        }) as unknown as Subtopology,
    ),
    repartitionTopics: Object.entries(repartition).map(([name, partitionCount]) => ({ name, partitionCount })),
  }
}

describe('planning topics', () => {
  it('gives a repartition topic the highest count of the topics that feed it, and each task-wide store its tasks', () => {
    const topology = topologyOf(
      { r: undefined },
      { reads: [external('a'), external('b')], writes: [internal('r')] },
      { reads: [internal('r')], stores: ['counts'] },
    )
    const plan = planTopics(
      topology,
      'app',
      new Map([
        ['a', 3],
        ['b', 5],
      ]),
    )
    expect(plan.repartitionTopics).toEqual(new Map([['app-r', 5]]))
    expect(plan.changelogTopics).toEqual(new Map([['app-counts-changelog', 5]]))
    expect(plan.tasks.map(taskName)).toEqual(['0_0', '0_1', '0_2', '0_3', '0_4', '1_0', '1_1', '1_2', '1_3', '1_4'])
  })

  it('follows chains of repartition topics, in whatever order they are declared', () => {
    const topology = topologyOf(
      { second: undefined, first: undefined },
      { reads: [internal('first')], writes: [internal('second')] },
      { reads: [external('a')], writes: [internal('first')] },
      { reads: [internal('second')] },
    )
    const plan = planTopics(topology, 'app', new Map([['a', 7]]))
    expect(plan.repartitionTopics).toEqual(
      new Map([
        ['app-second', 7],
        ['app-first', 7],
      ]),
    )
  })

  it('keeps a count that was asked for', () => {
    const topology = topologyOf(
      { r: 2 },
      { reads: [external('a')], writes: [internal('r')] },
      { reads: [internal('r')] },
    )
    expect(planTopics(topology, 'app', new Map([['a', 4]])).repartitionTopics).toEqual(new Map([['app-r', 2]]))
  })

  it('gives a repartition topic the count of the topic that it is joined with', () => {
    const topology = topologyOf(
      { r: undefined },
      { reads: [external('a')], writes: [internal('r')] },
      { reads: [internal('r'), external('b')], copartitioned: [internal('r'), external('b')] },
    )
    expect(
      planTopics(
        topology,
        'app',
        new Map([
          ['a', 2],
          ['b', 6],
        ]),
      ).repartitionTopics,
    ).toEqual(new Map([['app-r', 6]]))
  })

  // As a foreign-key join does: each side asks and answers through a topic that has the other side's count.
  it('gives topics that feed each other the counts of what they stand beside, and what comes after them the same', () => {
    const topology = topologyOf(
      { after: undefined, questions: undefined, answers: undefined },
      {
        reads: [external('orders'), internal('answers')],
        writes: [internal('questions'), internal('after')],
        copartitioned: [external('orders'), internal('answers')],
      },
      {
        reads: [external('customers'), internal('questions')],
        writes: [internal('answers')],
        copartitioned: [external('customers'), internal('questions')],
      },
      { reads: [internal('after')] },
    )
    const given = new Map([
      ['orders', 3],
      ['customers', 5],
    ])
    expect(Object.fromEntries(planTopics(topology, 'app', given).repartitionTopics)).toEqual({
      'app-after': 3,
      'app-questions': 5,
      'app-answers': 3,
    })
  })

  it('finds counts also where such topics stand beside repartitioned tables only', () => {
    const topology = topologyOf(
      { left: undefined, right: undefined, questions: undefined, answers: undefined },
      { reads: [external('a')], writes: [internal('left')] },
      { reads: [external('b')], writes: [internal('right')] },
      {
        reads: [internal('left'), internal('answers')],
        writes: [internal('questions')],
        copartitioned: [internal('left'), internal('answers')],
      },
      {
        reads: [internal('right'), internal('questions')],
        writes: [internal('answers')],
        copartitioned: [internal('right'), internal('questions')],
      },
    )
    const counts = Object.fromEntries(
      planTopics(
        topology,
        'app',
        new Map([
          ['a', 2],
          ['b', 5],
        ]),
      ).repartitionTopics,
    )
    expect(counts).toEqual({ 'app-left': 2, 'app-right': 5, 'app-questions': 5, 'app-answers': 2 })
  })

  it('keeps the topics of global stores apart: no task reads them', () => {
    const topology = {
      ...topologyOf({}, { reads: [external('a')] }),
      globalStores: [{ source: { topics: [external('g')] } }],
    } as unknown as PhysicalTopology
    const plan = planTopics(
      topology,
      'app',
      new Map([
        ['a', 2],
        ['g', 4],
      ]),
    )

    expect(plan.sourcePartitions).toEqual(new Map([['a', 2]]))
    expect(plan.globalPartitions).toEqual(new Map([['g', 4]]))
    expect(plan.tasks).toHaveLength(2)
  })

  it('refuses topics that must be co-partitioned and are not, naming both counts', () => {
    const topology = topologyOf(
      {},
      { reads: [external('a'), external('b')], copartitioned: [external('a'), external('b')] },
    )
    const attempt = () =>
      planTopics(
        topology,
        'app',
        new Map([
          ['a', 2],
          ['b', 3],
        ]),
      )
    expect(attempt).toThrow(/'a' has 2, 'b' has 3/)
    expect(attempt).toThrow(expect.objectContaining({ code: 'STREAMS_NOT_COPARTITIONED' }))
  })

  it('asks the cluster only for topics that are not its own, each once', () => {
    const topology = topologyOf(
      { r: undefined },
      { reads: [external('a')], writes: [internal('r')] },
      { reads: [internal('r'), external('a')] },
    )
    expect(externalSourceTopics(topology)).toEqual(['a'])
  })

  it('plans no changelog topic for a store whose changelog is a source topic', () => {
    const topology = topologyOf({}, { reads: [external('a')], stores: ['s', 'own'], reused: [['s', external('a')]] })
    const plan = planTopics(topology, 'app', new Map([['a', 2]]))

    expect([...plan.changelogTopics]).toEqual([['app-own-changelog', 2]])
    expect(plan.sourceChangelogs).toEqual(['a'])
  })
})
