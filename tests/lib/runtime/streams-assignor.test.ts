// What members tell the leader and are told, and how partitions become tasks. How tasks are shared out is in task-assignment.test.ts.
import { describe, expect, it } from '@jest/globals'
import type { GroupMemberInfo } from '../../../lib/client/client.ts'
import { StreamsAssignor } from '../../../lib/runtime/streams-assignor.ts'
import { planTopics } from '../../../lib/runtime/topic-plan.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { PhysicalTopology } from '../../../topology/physical.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'

const NOTHING = Buffer.alloc(0)

/** Sub-topology 0 reads `orders` and `returns`, and feeds the repartition topic that 1 counts. */
function topologyOf(): PhysicalTopology {
  const strings = { key: serdes.string(), value: serdes.string() }
  const builder = new StreamsBuilder()
  builder
    .stream(['orders', 'returns'], strings)
    .groupBy((value) => value, { name: 'by-value', ...strings })
    .count()
  return builder.build().physical()
}

interface Setting {
  readonly instanceId?: string
  readonly stored?: readonly string[]
  readonly counts?: Readonly<Record<string, number>>
}

function assignorOf({ instanceId, stored = [], counts = { orders: 2, returns: 2 } }: Setting = {}): StreamsAssignor {
  const topology = topologyOf()
  return new StreamsAssignor({
    topology,
    applicationId: 'app',
    plan: async () => planTopics(topology, 'app', new Map(Object.entries(counts))),
    storedTasks: () => stored,
    ...(instanceId === undefined ? {} : { instanceId }),
  })
}

function memberOf(
  memberId: string,
  assignor: StreamsAssignor | undefined,
  owned: GroupMemberInfo['ownedPartitions'] = [],
) {
  const subscription = assignor?.subscription() ?? { topics: [], userData: Buffer.from('not { JSON') }
  return { memberId, instanceId: null, ownedPartitions: owned, ...subscription } as unknown as GroupMemberInfo
}

const named = (partitions: GroupMemberInfo['ownedPartitions']) =>
  partitions.map(({ topic, partition }) => `${topic}-${partition}`)

describe('the streams assignor', () => {
  it('subscribes to the source topics of all sub-topologies, by their names on the cluster, with what lies on its disk', () => {
    const { topics, userData } = assignorOf({ stored: ['1_0'], instanceId: 'i-1' }).subscription()
    expect(topics).toEqual(['app-by-value-repartition', 'orders', 'returns'])
    expect(JSON.parse(`${userData}`)).toEqual({ version: 1, stored: ['1_0'], instance: 'i-1' })
  })

  it('gives a task the partitions of its number, of the topics that have so many', async () => {
    const assignor = assignorOf({ counts: { orders: 3, returns: 1 } })
    const assigned = (await assignor.assign([memberOf('a', assignor)])).get('a')!
    expect(named(assigned.partitions)).toEqual([
      'orders-0',
      'returns-0',
      'orders-1',
      'orders-2',
      'app-by-value-repartition-0',
      'app-by-value-repartition-1',
      'app-by-value-repartition-2',
    ])
    expect(assignor.tasksOf(assigned.partitions)).toEqual(
      [0, 1].flatMap((subtopology) => [0, 1, 2].map((partition) => ({ subtopology, partition }))),
    )
  })

  it('knows a task by any of its partitions, and none by a topic that it does not read', () => {
    const assignor = assignorOf()
    expect(assignor.tasksOf([{ topic: 'returns', partition: 1 }])).toEqual([{ subtopology: 0, partition: 1 }])
    expect(assignor.tasksOf([{ topic: 'others', partition: 1 }])).toEqual([])
  })

  it('leaves tasks where they run, and brings others to their state', async () => {
    const [leader, other] = [assignorOf({ stored: ['1_1'] }), assignorOf()]
    const running = ['orders', 'returns'].map((topic) => ({ topic, partition: 1 }))
    const assigned = await leader.assign([memberOf('a', leader), memberOf('b', other, running)])
    expect(named(assigned.get('a')!.partitions)).toEqual(['orders-0', 'returns-0', 'app-by-value-repartition-1'])
    expect(named(assigned.get('b')!.partitions)).toEqual(['orders-1', 'returns-1', 'app-by-value-repartition-0'])
  })

  it('serves a member whose data it cannot read, as one that has nothing', async () => {
    const leader = assignorOf()
    const assigned = await leader.assign([memberOf('a', leader), memberOf('b', undefined)])
    expect([...assigned.values()].map(({ partitions }) => partitions.length > 0)).toEqual([true, true])
    expect(leader.learn(NOTHING)).toEqual([])
    expect(leader.learn(Buffer.from('{"instances":7,"departed":"all"}'))).toEqual([])
    expect(leader.learn(Buffer.from('null'))).toEqual([])
  })

  it('tells every member which instances are gone since the generation before, whoever led that one', async () => {
    const [one, two, three] = ['i-1', 'i-2', 'i-3'].map((instanceId) => assignorOf({ instanceId })) as [
      StreamsAssignor,
      StreamsAssignor,
      StreamsAssignor,
    ]
    const first = await one.assign([memberOf('a', one), memberOf('b', two), memberOf('c', three)])
    expect(two.learn(first.get('b')!.userData)).toEqual([])
    expect(three.learn(first.get('c')!.userData)).toEqual([])

    const second = await two.assign([memberOf('b', two), memberOf('c', three)])
    for (const [memberId, assignor] of [
      ['b', two],
      ['c', three],
    ] as const) {
      expect(assignor.learn(second.get(memberId)!.userData)).toEqual(['i-1'])
    }
    // Told once: who heard of it has ended what it left open.
    expect(three.learn((await three.assign([memberOf('c', three), memberOf('b', two)])).get('c')!.userData)).toEqual([])
  })

  it('does not take an instance for gone that comes back as another member', async () => {
    const [one, two] = [assignorOf({ instanceId: 'i-1' }), assignorOf({ instanceId: 'i-2' })]
    one.learn((await one.assign([memberOf('a', one), memberOf('b', two)])).get('a')!.userData)
    const next = await one.assign([memberOf('a', one), memberOf('b-again', two)])
    expect(one.learn(next.get('a')!.userData)).toEqual([])
  })
})
