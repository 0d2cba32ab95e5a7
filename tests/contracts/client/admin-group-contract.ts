// What an admin owes its user about groups and the offsets that they have committed.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Admin, Client, OffsetTarget } from '../../../lib/client/client.ts'
import type { GroupNotEmptyError } from '../../../lib/client/errors.ts'
import { wireClient } from '../../../lib/client/wire-client.ts'
import { NO_HEADERS, type TopicPartition } from '../../../lib/core/record.ts'
import { type Failure, failure, fill } from './admin-support.ts'
import { SharingAssignor, TestMember, type TestMemberOptions } from './group-members.ts'
import { type ClusterHarness, contextFor, freshName, until } from './harness.ts'

export function adminGroupContract(open: () => Promise<ClusterHarness>): void {
  describe('groups', () => {
    let harness: ClusterHarness
    let admin: Admin

    beforeAll(async () => {
      harness = await open()
      admin = harness.admin
    })
    afterAll(() => harness.close())

    const clients: Client[] = []
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.close()))
    })

    const of = (topic: string, count: number): TopicPartition[] =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition }))

    async function join(groupId: string, topic: string, partitionCount: number, options?: TestMemberOptions) {
      const client = harness.client('joined')
      clients.push(client)
      const member = new TestMember(client, groupId, new SharingAssignor(topic, partitionCount, 'mine'), options)
      await member.member.start()
      return member
    }

    /** `topic-partition@offset`, with the metadata if there is any. */
    async function committed(groupId: string): Promise<readonly string[]> {
      return [...(await admin.committedOffsets(groupId))].map(([key, { topic, partition, offset, metadata }]) => {
        expect(key).toBe(`${topic}:${partition}`)
        return `${topic}-${partition}@${offset}${metadata === '' ? '' : ` ${metadata}`}`
      })
    }

    it('describes a running group: who is in it, and who reads what', async () => {
      const [groupId, topic] = [freshName('group'), await harness.topic({ partitions: 3 })]
      const first = await join(groupId, topic, 3, { instanceId: 'static-1' })
      const second = await join(groupId, topic, 3)
      await until(
        'both have partitions',
        async () => first.owned.size + second.owned.size === 3 && second.owned.size > 0,
      )
      let described = await admin.describeGroup(groupId)
      await until('the group is stable', async () => {
        described = await admin.describeGroup(groupId)
        return described?.state === 'Stable'
      })

      expect(described).toMatchObject({ groupId, protocolType: 'consumer', protocol: 'sharing' })
      const nodes = (await admin.describeCluster()).nodes.map(({ nodeId }) => nodeId)
      expect(nodes).toContain(described?.coordinator)
      const members = [...described!.members].sort((a) => (a.instanceId === null ? 1 : -1))
      expect(members).toMatchObject([
        { memberId: first.member.group.memberId, instanceId: 'static-1', clientId: 'contract' },
        { memberId: second.member.group.memberId, instanceId: null, clientId: 'contract' },
      ])
      expect(members.map(({ host }) => host)).toEqual(['127.0.0.1', '127.0.0.1'])
      for (const [index, each] of [first, second].entries()) {
        const { partitions, assignment } = members[index]!
        expect(partitions).toEqual(each.partitions.map((partition) => ({ topic, partition })))
        expect(assignment.includes('mine')).toBe(true)
      }
      await first.member.close({ leaveGroup: true })
      await second.member.close({ leaveGroup: true })
    })

    it('lists groups with their states, and knows none that is not there', async () => {
      const [running, stopped, simple] = [freshName('running'), freshName('stopped'), freshName('simple')]
      const topic = await harness.topic()
      const member = await join(running, topic, 1)
      const left = await join(stopped, topic, 1)
      await left.member.commit([{ topic, partition: 0, offset: 0, metadata: '' }])
      await left.member.close({ leaveGroup: true })
      await admin.alterOffsets(simple, [{ topic, partition: 0, offset: 0 }])

      const listed = (await admin.listGroups()).filter(({ groupId }) => [running, stopped, simple].includes(groupId))
      expect(listed).toEqual([
        { groupId: running, protocolType: 'consumer', state: 'Stable' },
        { groupId: simple, protocolType: '', state: 'Empty' },
        { groupId: stopped, protocolType: 'consumer', state: 'Empty' },
      ])
      expect(await admin.describeGroup(stopped)).toMatchObject({ state: 'Empty', protocol: '', members: [] })
      expect(await admin.describeGroup(freshName('missing'))).toBeUndefined()
      expect((await admin.committedOffsets(freshName('missing'))).size).toBe(0)
      await member.member.close({ leaveGroup: true })
    })

    it('describes a group whose members write bytes of their own', async () => {
      const groupId = freshName('foreign')
      const wire = harness.wires.open('group')
      const coordinator = (await wire.send('any', 'findCoordinator', { key: groupId, keyType: 0 })).nodeId
      const request = {
        groupId,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        memberId: '',
        groupInstanceId: null,
        protocolType: 'connect',
        protocols: [{ name: 'own', metadata: Buffer.from('?') }],
      }
      const { memberId } = await wire.send(coordinator, 'joinGroup', request)
      const joined = await wire.send(coordinator, 'joinGroup', { ...request, memberId })
      const assignments = [{ memberId, assignment: Buffer.from('!') }]
      const { generationId } = joined
      await wire.send(coordinator, 'syncGroup', { groupId, generationId, memberId, groupInstanceId: null, assignments })

      const described = await admin.describeGroup(groupId)
      expect(described).toMatchObject({ state: 'Stable', protocolType: 'connect', protocol: 'own' })
      expect(described!.members.map(({ partitions, assignment }) => [partitions, String(assignment)])).toEqual([
        [[], '!'],
      ])
      const refused = await failure(() => admin.deleteOffsets(groupId, [{ topic: 'any', partition: 0 }]))
      expect(refused.code).toBe('STREAMS_GROUP_NOT_EMPTY')
      await wire.send(coordinator, 'leaveGroup', { groupId, members: [{ memberId, groupInstanceId: null }] })
      await wire.close()
    })

    it('reads all offsets of a group, with metadata, in order', async () => {
      const groupId = freshName('group')
      const topics = [await harness.topic({ partitions: 3 }), await harness.topic()].sort()
      const [a, b] = topics as [string, string]
      const partitions = await admin.describeTopics(topics)
      const three = partitions.get(a)!.partitionCount === 3 ? a : b
      const one = three === a ? b : a
      await admin.alterOffsets(groupId, [
        { topic: three, partition: 2, offset: 20, metadata: 'größe' },
        { topic: one, partition: 0, offset: 7 },
        { topic: three, partition: 0, offset: 0 },
      ])
      const expected = [`${three}-0@0`, `${three}-2@20 größe`, `${one}-0@7`].sort()
      expect(await committed(groupId)).toEqual(expected)
      // What is not named keeps its offset.
      await admin.alterOffsets(groupId, [{ topic: one, partition: 0, offset: 8, metadata: 'new' }])
      expect(await committed(groupId)).toEqual([`${three}-0@0`, `${three}-2@20 größe`, `${one}-0@8 new`].sort())
      await admin.alterOffsets(groupId, [])
    })

    it('shows offsets of a transaction once it has ended', async () => {
      const [groupId, topic] = [freshName('group'), await harness.topic()]
      const producer = harness.client('transactions').producer({ transactionalId: freshName('tx') })
      await producer.init()
      producer.send(topic, 0, null, Buffer.from('x'), 1, NO_HEADERS)
      const member = { groupId, memberId: '', generation: -1, instanceId: null }
      await producer.commit([{ topic, partition: 0, offset: 5, metadata: 'tx' }], member)
      await until('the offset is committed', async () => (await committed(groupId)).join() === `${topic}-0@5 tx`)
      await producer.close()
    })

    async function filled(timestamps: readonly number[]): Promise<{ groupId: string; topic: string }> {
      const [groupId, topic] = [freshName('group'), await harness.topic({ partitions: 2 })]
      const client = harness.client('filler')
      await Promise.all([fill(client, topic, timestamps), fill(client, topic, timestamps.slice(0, 1), 1)])
      await client.close()
      await admin.deleteRecords([{ topic, partition: 0, offset: 1 }])
      await admin.alterOffsets(
        groupId,
        [3, 1].map((offset, partition) => ({ topic, partition, offset, metadata: 'old' })),
      )
      return { groupId, topic }
    }

    // Partition 0 holds the offsets 1 to 4 with the times 2000 to 5000, partition 1 the offset 0 at 1000; 3 and 1 are committed.
    it.each<{ to: OffsetTarget; offsets: readonly [number, number] }>([
      { to: 'earliest', offsets: [1, 0] },
      { to: 'latest', offsets: [5, 1] },
      { to: { timeMs: 0 }, offsets: [1, 0] },
      { to: { timeMs: 3_000 }, offsets: [2, 1] },
      { to: { timeMs: 3_001 }, offsets: [3, 1] },
      { to: { timeMs: 9_000 }, offsets: [5, 1] },
      { to: { offset: 1 }, offsets: [1, 1] },
      { to: { shiftBy: -1 }, offsets: [2, 0] },
      { to: { shiftBy: 1 }, offsets: [4, 1] },
      { to: { shiftBy: -100 }, offsets: [1, 0] },
      { to: { shiftBy: 0 }, offsets: [3, 1] },
    ])('moves a group to $to', async ({ to, offsets }) => {
      const { groupId, topic } = await filled([1_000, 2_000, 3_000, 4_000, 5_000])
      const moved = await admin.resetOffsets(groupId, of(topic, 2), to)
      expect([...moved]).toEqual(offsets.map((offset, partition) => [`${topic}:${partition}`, offset]))
      expect(await committed(groupId)).toEqual(offsets.map((offset, partition) => `${topic}-${partition}@${offset}`))
    })

    it('moves only the partitions that are named', async () => {
      const { groupId, topic } = await filled([1_000, 2_000, 3_000, 4_000, 5_000])
      await admin.resetOffsets(groupId, [{ topic, partition: 1 }], 'earliest')
      expect(await committed(groupId)).toEqual([`${topic}-0@3 old`, `${topic}-1@0`])
    })

    it('refuses to move where nothing is, and then moves nothing', async () => {
      const { groupId, topic } = await filled([1_000, 2_000, 3_000])
      const before = await committed(groupId)
      const other = await harness.topic()
      const [outside, gone, unknown] = await Promise.all([
        failure(() => admin.resetOffsets(groupId, of(topic, 2), { offset: 3 })),
        failure(() => admin.resetOffsets(groupId, [{ topic, partition: 0 }], { offset: 0 })),
        failure(() =>
          admin.resetOffsets(
            groupId,
            [
              { topic, partition: 0 },
              { topic: other, partition: 0 },
            ],
            { shiftBy: 1 },
          ),
        ),
      ])
      expect([outside.code, outside.message]).toEqual([
        'STREAMS_INVALID_ARGUMENT',
        expect.stringContaining(`${topic}-1, which goes from 0 to 1`),
      ])
      expect(gone.message).toContain(`${topic}-0, which goes from 1 to 3`)
      expect([unknown.code, unknown.message]).toEqual([
        'STREAMS_INVALID_ARGUMENT',
        expect.stringContaining(`no offset of ${other}-0`),
      ])
      expect(await committed(groupId)).toEqual(before)
    })

    it('forgets offsets, and what is gone already is no error', async () => {
      const { groupId, topic } = await filled([1_000, 2_000, 3_000])
      await admin.deleteOffsets(groupId, [{ topic, partition: 0 }])
      expect(await committed(groupId)).toEqual([`${topic}-1@1 old`])
      await admin.deleteOffsets(groupId, of(topic, 2))
      await admin.deleteOffsets(groupId, of(topic, 2))
      await admin.deleteOffsets(groupId, [])
      await admin.deleteOffsets(freshName('missing'), of(topic, 2))
      expect(await committed(groupId)).toEqual([])
    })

    it('deletes a group with its offsets, and one that is gone is no error', async () => {
      const { groupId } = await filled([1_000, 2_000, 3_000])
      await admin.deleteGroup(groupId)
      await admin.deleteGroup(groupId)
      expect(await committed(groupId)).toEqual([])
      expect(await admin.describeGroup(groupId)).toBeUndefined()
      expect((await admin.listGroups()).some((group) => group.groupId === groupId)).toBe(false)
    })

    it('leaves a group with members alone, and says who they are', async () => {
      const [groupId, topic, other] = [
        freshName('group'),
        await harness.topic({ partitions: 2 }),
        await harness.topic(),
      ]
      const first = await join(groupId, topic, 2)
      const second = await join(groupId, topic, 2)
      await until('both read', async () => first.owned.size === 1 && second.owned.size === 1)
      await first.member.settled()
      await first.member.commit([{ topic, partition: first.partitions[0]!, offset: 0, metadata: 'kept' }])
      const before = await committed(groupId)

      const one = [{ topic, partition: 0 }]
      const refused = await Promise.all<Failure>([
        failure(() => admin.alterOffsets(groupId, [{ topic, partition: 0, offset: 0 }])),
        failure(() => admin.resetOffsets(groupId, one, 'earliest')),
        failure(() => admin.deleteOffsets(groupId, one)),
        failure(() => admin.deleteGroup(groupId)),
      ])
      for (const error of refused) {
        expect([error.code, error.message]).toEqual([
          'STREAMS_GROUP_NOT_EMPTY',
          expect.stringContaining(
            `the group has 2 members (client 'contract' at 127.0.0.1, client 'contract' at 127.0.0.1)`,
          ),
        ])
        const { groupId: named, members } = error as GroupNotEmptyError
        expect(named).toBe(groupId)
        expect(members.map(({ memberId }) => memberId).sort()).toEqual(
          [first, second].map(({ member }) => member.group.memberId).sort(),
        )
      }
      // The offsets of a topic that nobody of them reads may go.
      await admin.deleteOffsets(groupId, [{ topic: other, partition: 0 }])
      expect(await committed(groupId)).toEqual(before)

      await first.member.close({ leaveGroup: true })
      await second.member.close({ leaveGroup: true })
      await admin.resetOffsets(groupId, one, 'latest')
      await admin.deleteGroup(groupId)
    })

    it('says which topic or partition is not there', async () => {
      const [groupId, topic, missing] = [freshName('group'), await harness.topic(), freshName('missing')]
      await admin.alterOffsets(groupId, [{ topic, partition: 0, offset: 1 }])
      const impatient = wireClient(harness.wires, contextFor('impatient', 1_000))
      const [alteredTopic, alteredPartition, resetTopic, deletedTopic] = await Promise.all([
        failure(() => impatient.admin.alterOffsets(groupId, [{ topic: missing, partition: 0, offset: 0 }])),
        failure(() => impatient.admin.alterOffsets(groupId, [{ topic, partition: 9, offset: 0 }])),
        failure(() => impatient.admin.resetOffsets(groupId, [{ topic: missing, partition: 0 }], 'earliest')),
        failure(() => impatient.admin.deleteOffsets(groupId, [{ topic: missing, partition: 0 }])),
      ])
      for (const error of [alteredTopic, resetTopic, deletedTopic]) {
        expect([error.code, error.message]).toEqual(['STREAMS_UNKNOWN_TOPIC', expect.stringContaining(missing)])
      }
      expect([alteredPartition.errorName, alteredPartition.message]).toEqual([
        'UNKNOWN_TOPIC_OR_PARTITION',
        expect.stringContaining(`'${topic}' has no partition 9`),
      ])
      expect(await committed(groupId)).toEqual([`${topic}-0@1`])
      await impatient.close()
    })

    it('refuses metadata that is longer than brokers keep, naming the partition', async () => {
      const [groupId, topic] = [freshName('group'), await harness.topic()]
      const long = await failure(() =>
        admin.alterOffsets(groupId, [{ topic, partition: 0, offset: 0, metadata: 'm'.repeat(5_000) }]),
      )
      expect([long.errorName, long.message]).toEqual([
        'OFFSET_METADATA_TOO_LARGE',
        expect.stringContaining(`${topic}-0`),
      ])
    })

    it.each<{ what: string; call: (admin: Admin) => Promise<unknown>; said: string }>([
      { what: 'no group id', call: (a) => a.describeGroup(''), said: 'describeGroup(): groupId' },
      { what: 'no group id', call: (a) => a.committedOffsets(''), said: 'committedOffsets(): groupId' },
      { what: 'no group id', call: (a) => a.deleteGroup(''), said: 'deleteGroup(): groupId' },
      {
        what: 'a negative offset',
        call: (a) => a.alterOffsets('g', [{ topic: 't', partition: 0, offset: -1 }]),
        said: 'not -1',
      },
      { what: 'half an offset', call: (a) => a.resetOffsets('g', [], { offset: 0.5 }), said: 'not 0.5' },
      { what: 'a negative time', call: (a) => a.resetOffsets('g', [], { timeMs: -2 }), said: 'not -2' },
      { what: 'no number to shift by', call: (a) => a.resetOffsets('g', [], { shiftBy: Number.NaN }), said: 'not NaN' },
    ])('refuses $what: $said', async ({ call, said }) => {
      const error = await failure(() => call(admin))
      expect([error.code, error.message]).toEqual(['STREAMS_INVALID_ARGUMENT', expect.stringContaining(said)])
    })
  })
}
