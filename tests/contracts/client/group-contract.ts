// What a group member does with its group, on any cluster: joins, shares, follows rebalances without stopping work that stays, commits, ends.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Client, GroupAssignor, OffsetCommit } from '../../../lib/client/client.ts'
import { Coordinators } from '../../../lib/client/coordinators.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { wireClient } from '../../../lib/client/wire-client.ts'
import { partitionKey } from '../../../lib/core/record.ts'
import { LogLines } from '../../lib/client/log-lines.ts'
import { type FaultRule, faultyWires } from './faults.ts'
import { SharingAssignor, TestMember, type TestMemberOptions } from './group-members.ts'
import { type ClusterHarness, contextFor, freshName, until } from './harness.ts'

export function groupContract(harness: () => Promise<ClusterHarness>): void {
  describe('a group member', () => contract(harness))
}

function contract(harness: () => Promise<ClusterHarness>): void {
  let cluster: ClusterHarness
  beforeAll(async () => {
    cluster = await harness()
  })
  afterAll(() => cluster.close())

  const clients: Client[] = []
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
  })

  const newClient = (): Client => {
    const client = cluster.client('member')
    clients.push(client)
    return client
  }
  const clientWith = (rule: FaultRule): Client => {
    const client = wireClient(faultyWires(cluster.wires, rule), contextFor('member'))
    clients.push(client)
    return client
  }

  /** A fresh topic and group, and a way to make members of it. */
  async function group(partitionCount: number) {
    const topic = await cluster.topic({ partitions: partitionCount })
    const groupId = freshName('group')
    const assignor = (userData = '') => new SharingAssignor(topic, partitionCount, userData)
    const member = (options?: TestMemberOptions, from: Client = newClient(), by: GroupAssignor = assignor()) =>
      new TestMember(from, groupId, by, options)
    const started = async (options?: TestMemberOptions, from?: Client, by?: GroupAssignor) => {
      const made = member(options, from, by)
      await made.member.start()
      return made
    }
    const at = (partition: number, offset: number, metadata = ''): OffsetCommit => ({
      topic,
      partition,
      offset,
      metadata,
    })
    return { topic, groupId, assignor, member, started, at }
  }

  // One may have its share of a generation that another, whose partitions stay, has not heard of yet.
  const shared = async (what: string, sizes: readonly number[], ...members: TestMember[]): Promise<void> => {
    const ascending = (numbers: readonly number[]): string => [...numbers].sort((a, b) => a - b).join()
    const all = sizes.reduce((sum, size) => sum + size, 0)
    await until(what, async () => {
      const distinct = new Set(members.flatMap(({ partitions }) => partitions))
      const generations = new Set(members.map(({ member }) => member.group.generation))
      const shares = members.map(({ owned }) => owned.size)
      return distinct.size === all && generations.size === 1 && ascending(shares) === ascending(sizes)
    })
  }

  describe('joining', () => {
    it('a single member gets everything, in its first generation', async () => {
      const { groupId, started, assignor } = await group(3)

      const one = await started({}, newClient(), assignor('mine'))

      expect(one.events).toEqual(['assigned +0,1,2 ='])
      expect(one.userData).toBe('mine')
      expect(one.member.group).toMatchObject({ groupId, generation: 1, instanceId: null })
      expect(one.groups).toEqual([one.member.group])
    })

    it('user data of all members reaches the leader, and its answer each of them', async () => {
      const { started, assignor } = await group(2)
      const one = await started({}, newClient(), assignor('a'))
      const two = await started({}, newClient(), assignor('b'))

      await until('both know both', async () => [one, two].every(({ userData }) => ['a,b', 'b,a'].includes(userData)))
    })

    it('a second member takes its share: only what moves is revoked, and the rest is never interrupted', async () => {
      const { started, at } = await group(4)
      const one = await started()
      const commits: Promise<void>[] = []
      one.onCall = async (call) => {
        if (call === 'revoked') commits.push(one.member.commit([at(0, 1), at(1, 1), at(2, 1), at(3, 1)]))
        await Promise.all(commits)
      }

      const two = await started()
      await shared('two each', [2, 2], one, two)

      const revoked = one.events.filter((event) => event.startsWith('revoked'))
      expect(revoked).toHaveLength(1)
      expect(two.events.filter((event) => event.startsWith('revoked'))).toEqual([])
      expect(commits).toHaveLength(1)
      expect(one.events.at(-1)).toBe(`assigned + =${one.partitions}`)
      expect(await one.member.settled()).toEqual(one.groups.at(-1))
    })

    it('a rebalance on demand carries new user data', async () => {
      const { started, assignor } = await group(1)
      const own = assignor('before')
      const one = await started({}, newClient(), own)
      own.userData = 'after'

      one.member.rejoin('the test wants it')

      await until('the new user data', async () => one.userData === 'after')
      expect(one.events).toEqual(['assigned +0 =', 'assigned + =0'])
    })

    it('a member that leads neither loses what it owns by a rebalance on demand', async () => {
      const { started } = await group(4)
      const one = await started()
      const two = await started()
      await shared('two each', [2, 2], one, two)
      const before = [one.events.length, two.events.length]

      two.member.rejoin('the test wants it')

      await until(
        'another generation for both',
        async () => one.events.length > before[0]! && two.events.length > before[1]!,
      )
      expect(one.events.at(-1)).toBe(`assigned + =${one.partitions}`)
      expect(two.events.at(-1)).toBe(`assigned + =${two.partitions}`)
    })
  })

  describe('ending', () => {
    it('a member that leaves frees its partitions at once', async () => {
      const { started } = await group(4)
      const one = await started({ sessionTimeoutMs: 30_000 })
      const two = await started({ sessionTimeoutMs: 30_000 })
      await shared('two each', [2, 2], one, two)

      await one.member.close({ leaveGroup: true })

      await until('the other has all', async () => two.owned.size === 4, 5_000)
      expect(one.events.filter((event) => event.startsWith('lost'))).toEqual([])
    })

    it('a member that dies is missed after its session time-out', async () => {
      const { started } = await group(4)
      const one = await started({ sessionTimeoutMs: 1_000 })
      const two = await started({ sessionTimeoutMs: 1_000 })
      await shared('two each', [2, 2], one, two)

      await two.member.close({ leaveGroup: false })

      await until('the other has all', async () => one.owned.size === 4)
    })

    it('the leader dies: another one leads', async () => {
      const { started, assignor } = await group(4)
      const assignors = [assignor(), assignor(), assignor()]
      const members: TestMember[] = []
      for (const each of assignors) members.push(await started({ sessionTimeoutMs: 1_000 }, newClient(), each))
      await shared('all share', [2, 1, 1], ...members)
      const [first, ...others] = members

      await first!.member.close({ leaveGroup: false })

      await shared('the others share', [2, 2], ...others)
      expect(assignors[1]!.ledCount + assignors[2]!.ledCount).toBeGreaterThan(0)
    })

    it('leaves at once in the middle of a rebalance, with its JoinGroup parked', async () => {
      const { started } = await group(4)
      const busy = await started()
      let release = (): void => {}
      busy.onCall = () => new Promise((resolve) => (release = resolve))
      const parked = await started()
      const late = (await group(4)).member()
      await until('the first is kept busy by its listener', async () =>
        busy.events.some((event) => event.startsWith('revoked')),
      )
      parked.member.rejoin('to be parked until the busy one has joined')

      const fromMs = cluster.clock.monotonicMs()
      await parked.member.close({ leaveGroup: true })

      expect(cluster.clock.monotonicMs() - fromMs).toBeLessThan(2_000)
      release()
      await until('the first has all again', async () => busy.owned.size === 4)
      await late.member.close({ leaveGroup: true })
    })

    it('tells nobody any more after close, and refuses commits', async () => {
      const { started, at } = await group(1)
      const one = await started()
      await one.member.close({ leaveGroup: true })
      await one.member.close({ leaveGroup: true })
      await expect(one.member.commit([at(0, 1)])).rejects.toMatchObject({ code: 'STREAMS_STALE_MEMBER' })
      await expect(one.member.settled()).rejects.toMatchObject({ code: 'STREAMS_STALE_MEMBER' })
      expect(one.events).toEqual(['assigned +0 ='])
    })
  })

  describe('a static member', () => {
    it('that restarts gets its partitions back at once, and nobody else hears of it', async () => {
      const { started } = await group(4)
      const one = await started({ instanceId: 'one', sessionTimeoutMs: 30_000 })
      const two = await started({ instanceId: 'two', sessionTimeoutMs: 30_000 })
      await shared('two each', [2, 2], one, two)
      await one.member.settled()
      const eventsBefore = one.events.length

      await two.member.close({ leaveGroup: false })
      const again = await started({ instanceId: 'two', sessionTimeoutMs: 30_000 })

      expect(again.partitions).toEqual(two.partitions)
      expect(again.member.group.generation).toBe(one.member.group.generation)
      expect((await one.member.settled()).generation).toBe(again.member.group.generation)
      expect(one.events).toHaveLength(eventsBefore)
    })

    it('that restarts and was the leader: gets its partitions back, and later rebalances find a leader', async () => {
      const { started } = await group(4)
      const leader = await started({ instanceId: 'one', sessionTimeoutMs: 30_000 })
      const two = await started({ instanceId: 'two', sessionTimeoutMs: 30_000 })
      await shared('two each', [2, 2], leader, two)
      await two.member.settled()
      const eventsBefore = two.events.length

      await leader.member.close({ leaveGroup: false })
      const again = await started({ instanceId: 'one', sessionTimeoutMs: 30_000 })
      expect(again.partitions).toEqual(leader.partitions)
      expect(two.events).toHaveLength(eventsBefore)

      const three = await started({ instanceId: 'three', sessionTimeoutMs: 30_000 })
      await shared('all share', [2, 1, 1], again, two, three)
    })

    it('is fenced by another with the same instance id', async () => {
      const { started, at } = await group(2)
      const first = await started({ instanceId: 'same' })

      const second = await started({ instanceId: 'same' })

      await until('the first knows', async () => first.fatal !== undefined)
      expect(first.fatal).toMatchObject({ code: 'STREAMS_FENCED_INSTANCE', instanceId: 'same' })
      await expect(first.member.commit([at(0, 1)])).rejects.toMatchObject({ code: 'STREAMS_FENCED_INSTANCE' })
      expect(second.partitions).toEqual([0, 1])
      await second.member.commit([at(0, 2)])
    })

    it('that is fenced learns it from a commit before the next heartbeat', async () => {
      const { started, at } = await group(2)
      const first = await started({ instanceId: 'same', sessionTimeoutMs: 30_000, heartbeatIntervalMs: 29_000 })
      await started({ instanceId: 'same' })

      await expect(first.member.commit([at(0, 1)])).rejects.toMatchObject({ code: 'STREAMS_FENCED_INSTANCE' })

      await until('the listener knows', async () => first.events.at(-1) === 'fatal STREAMS_FENCED_INSTANCE')
    })

    it('that dies while it had to let go of partitions: they reach their new owner when it is back', async () => {
      const { started } = await group(4)
      const one = await started({ instanceId: 'one', sessionTimeoutMs: 30_000 })
      one.onCall = (call) => (call === 'revoked' ? new Promise(() => {}) : Promise.resolve())
      const two = await started({ instanceId: 'two', sessionTimeoutMs: 30_000 })
      await until('the first is letting go', async () => one.events.some((event) => event.startsWith('revoked')))
      await one.member.close({ leaveGroup: false })

      const again = await started({ instanceId: 'one', sessionTimeoutMs: 30_000 })

      await shared('two each', [2, 2], again, two)
    })
  })

  describe('commits', () => {
    it('come back with their metadata, and only where there are any', async () => {
      const { topic, started, at } = await group(3)
      const one = await started()

      await one.member.commit([at(0, 17, 'notes ✓'), at(2, 0)])
      await one.member.commit([])

      const committed = await one.member.committed([0, 1, 2].map((partition) => ({ topic, partition })))
      expect(committed).toEqual(
        new Map([
          [partitionKey(topic, 0), { offset: 17, metadata: 'notes ✓' }],
          [partitionKey(topic, 2), { offset: 0, metadata: '' }],
        ]),
      )
      expect(await one.member.committed([])).toEqual(new Map())
    })

    it('go on while the JoinGroup is parked', async () => {
      const { topic, started, at } = await group(6)
      const worker = await started()
      const busy = await started()
      await shared('three each', [3, 3], worker, busy)
      await worker.member.settled()
      let release = (): void => {}
      busy.onCall = () => new Promise((resolve) => (release = resolve))
      busy.member.rejoin('to be kept busy by its listener')
      await until('it is busy', async () => busy.events.at(-1) === `assigned + =${busy.partitions}`)
      await worker.member.settled()

      worker.member.rejoin('to be parked until the busy one has joined')
      const offsets = worker.partitions.map((partition) => at(partition, 5))
      for (let i = 0; i < 5; i++) await worker.member.commit(offsets)

      release()
      busy.onCall = async () => {}
      await worker.member.settled()
      await worker.member.commit(offsets)
      const committed = await worker.member.committed([{ topic, partition: worker.partitions[0]! }])
      expect([...committed.values()]).toEqual([{ offset: 5, metadata: '' }])
    })

    it('of a partition that the member does not own are refused', async () => {
      const { started, at } = await group(2)
      const one = await started()
      const two = await started()
      await shared('one each', [1, 1], one, two)

      await expect(one.member.commit([at(two.partitions[0]!, 1)])).rejects.toMatchObject({
        code: 'STREAMS_STALE_MEMBER',
      })
    })

    it('of a member that the group went on without are refused, and it learns that all is lost', async () => {
      const { topic, started, at } = await group(2)
      const zombie = await started({ sessionTimeoutMs: 30_000, heartbeatIntervalMs: 29_000, rebalanceTimeoutMs: 500 })
      const other = await started({ rebalanceTimeoutMs: 500 })
      await until('the other has all', async () => other.owned.size === 2)
      await other.member.commit([at(0, 100)])

      await expect(zombie.member.commit([at(0, 1)])).rejects.toMatchObject({ code: 'STREAMS_STALE_MEMBER' })

      const committed = await other.member.committed([{ topic, partition: 0 }])
      expect([...committed.values()]).toEqual([{ offset: 100, metadata: '' }])
      await until('it has lost all and joined again', async () => zombie.events.length === 3)
      expect(zombie.events.slice(0, 2)).toEqual(['assigned +0,1 =', 'lost 0,1'])
    })

    it('are refused by settled generations: a confirmation waits for the rebalance that the group has begun', async () => {
      const { started, at } = await group(2)
      const unaware = await started({
        sessionTimeoutMs: 30_000,
        heartbeatIntervalMs: 29_000,
        rebalanceTimeoutMs: 20_000,
      })
      const generation = unaware.member.group.generation
      const joining = started({}, newClient())
      await until('the rebalance has begun', () => isRebalancing(unaware))

      const group1 = await unaware.member.confirm()

      expect(group1.generation).toBeGreaterThan(generation)
      const two = await joining
      await shared('one each', [1, 1], unaware, two)
      await unaware.member.commit([at(unaware.partitions[0]!, 3)])
    })

    it('that a transaction still holds are waited for', async () => {
      const { topic, groupId, started } = await group(1)
      const one = await started()
      const wire = cluster.wires.open('produce')
      try {
        const transactionalId = freshName('txn')
        const coordinators = new Coordinators(wire, contextFor('raw'))
        const node = await coordinators.find('transaction', transactionalId)
        const producer = await wire.send(node, 'initProducerId', {
          transactionalId,
          transactionTimeoutMs: 60_000,
          producerId: -1,
          producerEpoch: -1,
        })
        expect(producer.errorCode).toBe(errorCodes.NONE)
        const { producerId, producerEpoch } = producer
        const ids = { transactionalId, producerId, producerEpoch }
        await wire.send(node, 'addOffsetsToTxn', { ...ids, groupId })
        const { memberId, generation: generationId, instanceId: groupInstanceId } = one.member.group
        await wire.send(await coordinators.find('group', groupId), 'txnOffsetCommit', {
          ...ids,
          groupId,
          memberId,
          generationId,
          groupInstanceId,
          topics: [
            {
              name: topic,
              partitions: [
                {
                  partitionIndex: 0,
                  committedOffset: 42,
                  committedLeaderEpoch: -1,
                  committedMetadata: 'in a transaction',
                },
              ],
            },
          ],
        })

        let read = false
        const committed = one.member.committed([{ topic, partition: 0 }]).finally(() => (read = true))
        await one.member.settled()
        expect(read).toBe(false)
        await wire.send(node, 'endTxn', { ...ids, committed: true })

        expect([...(await committed).values()]).toEqual([{ offset: 42, metadata: 'in a transaction' }])
      } finally {
        await wire.close()
      }
    })

    async function isRebalancing({ member }: TestMember): Promise<boolean> {
      const wire = cluster.wires.open('group')
      try {
        const { groupId, memberId, generation: generationId, instanceId: groupInstanceId } = member.group
        const node = await new Coordinators(wire, contextFor('raw')).find('group', groupId)
        const answer = await wire.send(node, 'heartbeat', { groupId, memberId, generationId, groupInstanceId })
        return answer.errorCode === errorCodes.REBALANCE_IN_PROGRESS
      } finally {
        await wire.close()
      }
    }
  })

  describe('when something goes wrong', () => {
    it.each(['joinGroup', 'syncGroup'] as const)('an answer to %s that gets lost is asked for again', async (api) => {
      const { started } = await group(2)
      let lost = 0
      const one = await started(
        {},
        clientWith((name, request) => {
          // A new member's first JoinGroup only brings it its id.
          const counts = name === api && (request as { memberId: string }).memberId !== ''
          return counts && ++lost <= 2 ? 'lose-response' : 'pass'
        }),
      )

      expect(lost).toBeGreaterThanOrEqual(2)
      expect(one.partitions).toEqual([0, 1])
    })

    it('heartbeats that get lost cost nothing as long as the session lasts', async () => {
      const { started } = await group(2)
      let count = 0
      const one = await started(
        { sessionTimeoutMs: 3_000 },
        clientWith((name) => (name === 'heartbeat' && ++count % 2 === 1 ? 'lose-request' : 'pass')),
      )

      await until('some heartbeats', async () => count > 10)

      expect(one.events).toEqual(['assigned +0,1 ='])
    })

    it('a member cut off for longer than its session loses all, and joins again when it can', async () => {
      const { started } = await group(2)
      let cut = false
      const one = await started(
        { sessionTimeoutMs: 1_000 },
        clientWith(() => (cut ? 'lose-request' : 'pass')),
      )
      cut = true
      await until('all is lost', async () => one.owned.size === 0)
      expect(one.events).toEqual(['assigned +0,1 =', 'lost 0,1'])
      const two = await started({ sessionTimeoutMs: 1_000 })
      await until('the other has all', async () => two.owned.size === 2)
      cut = false

      await shared('one each', [1, 1], one, two)
      expect(one.fatal).toBeUndefined()
    })

    it('members with another assignor are refused after a while, and told why', async () => {
      const { topic, groupId, started } = await group(1)
      const one = await started()

      const another = new SharingAssignor(topic, 1, '', 'another')
      const other = new TestMember(newClient(), groupId, another, { strangersPatienceMs: 300 })

      await expect(other.member.start()).rejects.toMatchObject({
        code: 'STREAMS_BROKER_RESPONSE',
        errorName: 'INCONSISTENT_GROUP_PROTOCOL',
        message: expect.stringMatching(/other members of group '.*' use another assignor or protocol than 'another'/),
      })
      expect(one.fatal).toBeUndefined()
      expect(other.events).toEqual([])
    })

    it('members with another assignor get in when the others have left, or have died and their sessions are over', async () => {
      const { topic, groupId, started } = await group(1)
      const leaving = await started()
      const dead = await started({ sessionTimeoutMs: 1_000 })
      const another = new SharingAssignor(topic, 1, '', 'another')
      const log = new LogLines()
      const client = wireClient(cluster.wires, { ...contextFor('another'), logger: log })
      clients.push(client)
      const other = new TestMember(client, groupId, another)

      const start = other.member.start()
      await until('it is refused', async () => log.lines.some((line) => line.startsWith('warn: The group has members')))
      await dead.member.close({ leaveGroup: false })
      await leaving.member.close({ leaveGroup: true })
      await start

      expect(other.events).toEqual(['assigned +0 ='])
      expect(log.lines).toContain('info: The members of another protocol are gone from the group')
      expect(log.lines.filter((line) => line.startsWith('warn'))).toHaveLength(1)
    })

    it('nobody is reachable: start fails at the request time-out', async () => {
      const client = wireClient(cluster.unreachable, contextFor('member', 500))
      clients.push(client)
      const { member } = await group(1)
      const one = member({}, client)

      await expect(one.member.start()).rejects.toMatchObject({ code: 'STREAMS_BROKER_UNAVAILABLE' })

      const fromMs = cluster.clock.monotonicMs()
      await one.member.close({ leaveGroup: true })
      expect(cluster.clock.monotonicMs() - fromMs).toBeLessThan(4_000)
    })

    it('a listener that throws at the start makes start fail', async () => {
      const { member } = await group(1)
      const one = member()
      one.onCall = () => Promise.reject(new Error('no room'))
      await expect(one.member.start()).rejects.toThrow('no room')
    })

    it('a listener that throws later ends the member', async () => {
      const { started, at } = await group(2)
      const one = await started({ sessionTimeoutMs: 1_000 })
      one.onCall = () => Promise.reject(new Error('no room'))
      one.member.rejoin('to be told something')
      await until('the end', async () => one.fatal !== undefined)
      expect(one.events.at(-1)).toBe('fatal no room')
      await expect(one.member.commit([at(0, 1)])).rejects.toThrow('no room')
    })

    it('a leader whose assignor throws ends, and says why', async () => {
      const { member, assignor } = await group(1)
      const own = assignor()
      own.beforeAssign = () => Promise.reject(new Error('a source topic is missing'))
      await expect(member({}, newClient(), own).member.start()).rejects.toThrow('a source topic is missing')
    })

    it('a leader that takes longer than its session to decide stays in the group', async () => {
      const { started, assignor } = await group(1)
      const own = assignor()
      own.beforeAssign = () => new Promise((resolve) => cluster.clock.setTimer(1_500, resolve))
      const one = await started({ sessionTimeoutMs: 1_000 }, newClient(), own)
      expect(one.events).toEqual(['assigned +0 ='])
      expect(one.member.group.generation).toBe(1)
    })

    it('a listener that takes longer than the session to let go stays in the group', async () => {
      const { started } = await group(2)
      const slow = await started({ sessionTimeoutMs: 1_000 })
      slow.onCall = (call) =>
        call === 'revoked' ? new Promise((resolve) => cluster.clock.setTimer(1_500, resolve)) : Promise.resolve()
      const two = await started()
      await shared('one each', [1, 1], slow, two)
      expect(slow.events.filter((event) => event.startsWith('lost'))).toEqual([])
    })
  })
}
