// Three nodes, of which one after the other dies, is restarted, or stands still: producers, transactions, readers and groups go on by themselves, and each
// record is stored once and read once, in order. Every test proves that the node it took away had the role in question, and that another has it afterwards.
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { GroupMetadata, Producer } from '../lib/client/client.ts'
import { ConnectionError } from '../lib/client/errors.ts'
import { type ConsumedRecord, partitionKey } from '../lib/core/record.ts'
import { Reader, values } from '../tests/contracts/client/fetch-reader.ts'
import { SharingAssignor, TestMember } from '../tests/contracts/client/group-members.ts'
import { describeWithBroker } from './broker/describe.ts'
import { freePorts } from './broker/ports.ts'
import { until } from './support/cluster.ts'
import { FailoverCluster, type ObservedClient, Stopwatch } from './support/failover-cluster.ts'
import { Numbered, storedValues } from './support/numbered.ts'

const RECOVERY_MS = 60_000
const NOBODY: GroupMetadata = { groupId: 'nobody', memberId: '', generation: -1, instanceId: null }

describeWithBroker('a cluster of three nodes', () => {
  let cluster: FailoverCluster
  let onlooker: ObservedClient

  beforeAll(async () => {
    cluster = await FailoverCluster.start()
    onlooker = cluster.client('onlooker')
  }, 120_000)
  afterAll(async () => {
    await cluster?.close()
  }, 60_000)

  async function producer({ client }: ObservedClient, transactionalId?: string): Promise<Producer> {
    const opened = client.producer(transactionalId === undefined ? {} : { transactionalId })
    await opened.init()
    return opened
  }

  it('goes on when the leader of what is written and read is killed in the middle', async () => {
    const topic = await cluster.topic()
    const victim = 2
    const partition = await cluster.partitionLedBy(victim, topic)
    const ids = await cluster.coordinatedBy(1, 'transaction', 4)
    // Nobody listens at the first address, and the second is the victim's: all that the client was told about will be dead.
    const [deadPort] = await freePorts(1)
    const observed = cluster.client('leader', { brokers: [`127.0.0.1:${deadPort}`, cluster.address(victim)] })
    const steady = new Numbered(await producer(observed), topic, partition, 'steady')
    const open = new Numbered(await producer(observed, ids[0]), topic, partition, 'open')
    const flushing = new Numbered(await producer(observed, ids[1]), topic, partition, 'flushing')
    const committing = new Numbered(await producer(observed, ids[2]), topic, partition, 'committing')
    const mixed = new Numbered(await producer(observed, ids[3]), topic, partition, 'mixed')
    // Of this one the answer is lost with the leader that stored its records.
    const lost = cluster.client('lost')
    const unanswered = new Numbered(await producer(lost), topic, partition, 'unanswered')

    const reader = new Reader(observed.client)
    const fetched = reader.add(topic, partition)
    const read: ConsumedRecord[] = []
    const committedMixed: string[] = []
    const mixedRound = async (): Promise<void> => {
      const from = mixed.sent.length
      mixed.send(10)
      await mixed.producer.flush()
      await mixed.producer.abort()
      const kept = mixed.sent.length
      mixed.send(10)
      await mixed.producer.commit([], NOBODY)
      committedMixed.push(...mixed.sent.slice(kept))
      expect(mixed.sent.length - from).toBe(20)
    }
    steady.send(100)
    await steady.producer.flush()
    for (let round = 0; round < 3; round++) await mixedRound()
    open.send(50)
    await open.producer.flush()
    read.push(...(await reader.takeUntil(fetched, (taken) => taken.length >= 100, RECOVERY_MS)))

    const killed = Promise.withResolvers<void>()
    let delivered = false
    lost.wires.interceptNext('produce', async (send) => {
      expect((await send()).topics[0]!.partitions[0]!.errorCode).toBe(0)
      delivered = true
      await killed.promise
      throw new ConnectionError('the answer died with the node')
    })
    unanswered.send(20)
    const storing = unanswered.producer.flush()
    await until('the records are stored', () => delivered)

    await cluster.node(victim).pause()
    steady.send(100)
    const steadily = steady.producer.flush()
    open.send(50)
    flushing.send(50)
    const flushed = flushing.producer.flush()
    committing.send(50)
    const committed = committing.producer.commit([], NOBODY)
    await until('all of that is on its way to the leader', () => observed.wires.underWay('produce', victim) >= 3)
    expect(observed.wires.underWay('fetch', victim)).toBe(1)
    const watch = new Stopwatch()
    await cluster.node(victim).kill('SIGKILL')
    killed.resolve()
    const heir = await cluster.movedFrom(victim, topic, partition)
    watch.lap(`leader ${victim} → ${heir}`)
    await Promise.all([steadily, storing])
    watch.lap('produced')
    await Promise.all([flushed.then(() => flushing.producer.commit([], NOBODY)), committed])
    watch.lap('committed')
    await open.producer.commit([], NOBODY)
    await mixedRound()
    const restarting = cluster.node(victim).restart()
    for (let round = 0; round < 3; round++) {
      steady.send(50)
      await steady.producer.flush()
      await mixedRound()
    }
    await restarting
    watch.lap('restarted')
    await cluster.healed(topic)
    watch.lap('healed')
    await mixedRound()
    steady.send(50)
    await steady.producer.flush()

    const all = [
      ...steady.sent,
      ...open.sent,
      ...flushing.sent,
      ...committing.sent,
      ...committedMixed,
      ...unanswered.sent,
    ]
    read.push(...(await reader.takeUntil(fetched, (taken) => read.length + taken.length >= all.length, RECOVERY_MS)))
    const seen = values(read)
    expect(steady.of(seen)).toEqual(steady.sent)
    expect(mixed.of(seen)).toEqual(committedMixed)
    expect([...seen].sort()).toEqual([...all].sort())
    const offsets = read.map(({ offset }) => offset)
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b))
    const inLog = await storedValues(onlooker.client, topic, partition)
    for (const each of [steady, open, flushing, committing, unanswered]) expect(each.of(inLog)).toEqual(each.sent)
    watch.report('killed leader', observed)
  }, 180_000)

  it('goes on when the coordinator of transactions and of groups is killed in the middle', async () => {
    const topic = await cluster.topic()
    const victim = 3
    const partition = await cluster.partitionLedBy(1, topic)
    const ids = await cluster.coordinatedBy(victim, 'transaction', 6)
    const groups = await cluster.coordinatedBy(victim, 'group', 3)
    const [offsetsGroup, joiningGroup, beatingGroup] = groups as [string, string, string]
    const group = { ...NOBODY, groupId: offsetsGroup }
    const at = (offset: number) => [{ topic, partition, offset, metadata: `${offset}` }]
    const killed = Promise.withResolvers<void>()
    const delivered: string[] = []
    // The node does what it is asked, and dies before its answer is there.
    const loseAnswer = (api: 'endTxn' | 'txnOffsetCommit', { wires }: ObservedClient): void => {
      wires.interceptNext(api, async (send) => {
        await send()
        delivered.push(api)
        await killed.promise
        throw new ConnectionError('the answer died with the node')
      })
    }
    const start = async (index: number, name: string, transactionVersion = 2) => {
      const observed = cluster.client(name, { transactionVersion })
      const numbered = new Numbered(await producer(observed, ids[index]), topic, partition, name)
      numbered.send(20)
      await numbered.producer.flush()
      return { observed, numbered }
    }
    const endedUnheard = await start(0, 'endedUnheard')
    const endLost = await start(1, 'endLost')
    const offsetsUnheard = await start(2, 'offsetsUnheard')
    // Requests that only the first version of transactions knows.
    const offsetsLost = await start(3, 'offsetsLost', 1)
    const adding = await start(4, 'adding', 1)
    await adding.numbered.producer.commit([], NOBODY)
    const starting = cluster.client('starting')

    // A member that stays, and one that has to wait for it with its JoinGroup; a second group has only heartbeats under way.
    const member = (name: string, groupId: string, heartbeatIntervalMs: number, instanceId?: string) => {
      const observed = cluster.client(name)
      const timing = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, heartbeatIntervalMs }
      const options = instanceId === undefined ? timing : { ...timing, instanceId }
      return { observed, told: new TestMember(observed.client, groupId, new SharingAssignor(topic, 3), options) }
    }
    const staying = member('staying', joiningGroup, 5_000)
    const joining = member('joining', joiningGroup, 500)
    const beating = member('beating', beatingGroup, 100, 'static')
    await Promise.all([staying.told.member.start(), beating.told.member.start()])

    loseAnswer('endTxn', endedUnheard.observed)
    loseAnswer('txnOffsetCommit', offsetsUnheard.observed)
    const commits = [
      endedUnheard.numbered.producer.commit([], NOBODY),
      offsetsUnheard.numbered.producer.commit(at(11), group),
    ]
    await until('the coordinator has done what it will not tell', () => delivered.length === 2)
    const joined = joining.told.member.start()
    await until('a member waits for the others', () => {
      const { wires } = joining.observed
      return wires.answered.get('joinGroup MEMBER_ID_REQUIRED') === 1 && wires.underWay('joinGroup', victim) === 1
    })
    await cluster.node(victim).pause()
    commits.push(endLost.numbered.producer.commit([], NOBODY))
    commits.push(offsetsLost.numbered.producer.commit(at(12), { ...group }))
    const started = producer(starting, ids[5])
    adding.numbered.send(20)
    commits.push(adding.numbered.producer.flush().then(() => adding.numbered.producer.commit([], NOBODY)))
    await until('all of that is on its way to the coordinator', () => {
      return (
        endLost.observed.wires.underWay('endTxn', victim) === 1 &&
        offsetsLost.observed.wires.underWay('addOffsetsToTxn', victim) === 1 &&
        starting.wires.underWay('initProducerId', victim) === 1 &&
        adding.observed.wires.underWay('addPartitionsToTxn', victim) === 1 &&
        joining.observed.wires.underWay('joinGroup', victim) === 1 &&
        beating.observed.wires.underWay('heartbeat', victim) === 1
      )
    })
    const watch = new Stopwatch()
    await cluster.node(victim).kill('SIGKILL')
    killed.resolve()
    await until('the coordinators have moved', async () => {
      const type = (name: string) => (ids.includes(name) ? 'transaction' : 'group')
      const nodes = await Promise.all([...ids, ...groups].map((name) => cluster.coordinatorOf(type(name), name)))
      return !nodes.includes(victim)
    })
    watch.lap('coordinators moved')
    await Promise.all(commits)
    watch.lap('committed')
    const late = new Numbered(await started, topic, partition, 'late')
    late.send(20)
    await late.producer.commit([], NOBODY)
    watch.lap('initialised')
    await joined
    await until(
      'both members share',
      () => staying.told.owned.size + joining.told.owned.size === 3 && joining.told.owned.size > 0,
    )
    watch.lap('joined')
    const restarting = cluster.node(victim).restart()
    await until('heartbeats are answered', async () => (await beating.told.member.confirm()).generation === 1)
    watch.lap('heartbeats')
    await restarting
    await cluster.healed(topic)

    const log = await storedValues(onlooker.client, topic, partition)
    for (const { numbered } of [endedUnheard, endLost, offsetsUnheard, offsetsLost, adding]) {
      expect(numbered.of(log)).toEqual(numbered.sent)
    }
    expect(late.of(log)).toEqual(late.sent)
    expect(log).toHaveLength(140)
    const asked = member('asking', offsetsGroup, 100)
    const committed = await asked.told.member.committed([{ topic, partition }])
    expect([11, 12]).toContain(committed.get(partitionKey(topic, partition))!.offset)
    for (const { told } of [staying, joining, beating]) {
      expect(told.fatal).toBeUndefined()
      expect(told.events.filter((event) => event.startsWith('lost'))).toEqual([])
    }
    watch.report(
      'killed coordinator',
      endedUnheard.observed,
      endLost.observed,
      offsetsLost.observed,
      starting,
      joining.observed,
      beating.observed,
    )
  }, 180_000)

  it('gets nothing stale from a leader that stood still while another took its place', async () => {
    const topic = await cluster.topic()
    const victim = 1
    const partition = await cluster.partitionLedBy(victim, topic)
    const where = [{ topic, partition }]
    const key = partitionKey(topic, partition)
    // Gives up waiting for an answer soon, and so gets away from the node by itself.
    const brisk = cluster.client('brisk', { requestTimeoutMs: 3_000 })
    const steady = new Numbered(await producer(brisk), topic, partition, 'steady')
    const reader = new Reader(brisk.client)
    const fetched = reader.add(topic, partition)
    // Wait longer than the node sleeps. All that they know is from before.
    const patient = cluster.client('patient', { brokers: [cluster.address(victim)] })
    const slow = new Numbered(await producer(patient), topic, partition, 'slow')
    steady.send(100)
    slow.send(10)
    await Promise.all([steady.producer.flush(), slow.producer.flush()])
    const read = await reader.to(fetched, 110, RECOVERY_MS)

    const watch = new Stopwatch()
    await cluster.node(victim).pause()
    steady.send(50)
    await steady.producer.flush()
    watch.lap('produced elsewhere')
    const heir = await cluster.movedFrom(victim, topic, partition)
    read.push(...(await reader.to(fetched, 160, RECOVERY_MS)))
    watch.lap(`read from ${heir}`)
    steady.send(50)
    await steady.producer.flush()
    const later = await cluster.topic()

    const end = patient.client.admin.offsets(where, 'latest', 'read_uncommitted')
    const described = patient.client.admin.describeTopics([later])
    slow.send(10)
    const sent = slow.producer.flush()
    const late = new Reader(patient.client)
    const tail = late.add(topic, partition, 210)
    await until('all of that is on its way to the sleeping node', () => {
      const { wires } = patient
      return (
        wires.underWay('listOffsets', victim) === 1 &&
        wires.underWay('produce', victim) === 1 &&
        wires.underWay('fetch', victim) === 1 &&
        wires.underWay('metadata') === 1
      )
    })
    await cluster.node(victim).resume()
    expect((await end).get(key)).toBeGreaterThanOrEqual(210)
    expect((await described).has(later)).toBe(true)
    await sent
    watch.lap('all answered')
    expect(values(await late.to(tail, 220, RECOVERY_MS))).toEqual(slow.sent.slice(10))
    await cluster.healed(topic)
    steady.send(10)
    await steady.producer.flush()
    read.push(...(await reader.to(fetched, 230, RECOVERY_MS)))
    watch.report('paused leader', brisk, patient)

    expect(read.map(({ offset }) => offset)).toEqual(Array.from({ length: 230 }, (_, i) => i))
    expect(steady.of(values(read))).toEqual(steady.sent)
    expect(slow.of(values(read))).toEqual(slow.sent)
  }, 180_000)

  it('follows a leader that goes in order and comes back, also with knowledge that is out of date', async () => {
    const topic = await cluster.topic()
    const victim = 2
    const partition = await cluster.partitionLedBy(victim, topic)
    const [groupId] = (await cluster.coordinatedBy(victim, 'group', 1)) as [string]
    const busy = cluster.client('busy')
    const steady = new Numbered(await producer(busy), topic, partition, 'steady')
    const reader = new Reader(busy.client)
    const fetched = reader.add(topic, partition)
    const members = [0, 1].map((i) => {
      const { client } = cluster.client(`member-${i}`)
      const options = { instanceId: `${i}`, sessionTimeoutMs: 30_000, heartbeatIntervalMs: 300 }
      return new TestMember(client, groupId, new SharingAssignor(topic, 3), options)
    })
    await Promise.all(members.map(({ member }) => member.start()))
    await until('both share', () => members.every(({ owned }) => owned.size > 0))
    const commit = async (offset: number): Promise<void> => {
      for (const { member, partitions } of members) {
        await member.commit(partitions.map((each) => ({ topic, partition: each, offset, metadata: '' })))
      }
    }
    steady.send(100)
    await Promise.all([steady.producer.flush(), commit(1)])

    const watch = new Stopwatch()
    const stopping = cluster.node(victim).kill('SIGTERM')
    while (cluster.node(victim).running) {
      steady.send(10)
      await steady.producer.flush()
    }
    await stopping
    const heir = await cluster.movedFrom(victim, topic, partition)
    watch.lap(`leader ${victim} → ${heir}`)
    await commit(2)
    watch.lap('offsets committed')
    // What these know of the partition they have learned while the node was away.
    const [writer, late, asker] = [cluster.client('writer'), cluster.client('late'), cluster.client('asker')]
    const written = new Numbered(await producer(writer), topic, partition, 'written')
    written.send(5)
    await written.producer.flush()
    const where = [{ topic, partition }]
    for (const { client } of [late, asker]) await client.admin.offsets(where, 'latest', 'read_uncommitted')

    await cluster.node(victim).restart()
    await cluster.healed(topic)
    expect(await cluster.leaderOf(topic, partition)).toBe(victim)
    watch.lap('back')
    written.send(5)
    await written.producer.flush()
    expect(writer.wires.answered.get('produce NOT_LEADER_OR_FOLLOWER')).toBeGreaterThan(0)
    steady.send(100)
    await steady.producer.flush()
    const end = steady.sent.length + written.sent.length
    expect(
      (await asker.client.admin.offsets(where, 'latest', 'read_uncommitted')).get(partitionKey(topic, partition)),
    ).toBe(end)
    expect(asker.wires.answered.get('listOffsets FENCED_LEADER_EPOCH')).toBeGreaterThan(0)
    const lateReader = new Reader(late.client)
    const all = await lateReader.to(lateReader.add(topic, partition), end, RECOVERY_MS)
    expect(late.wires.answered.get('fetch FENCED_LEADER_EPOCH')).toBeGreaterThan(0)
    const read = await reader.to(fetched, end, RECOVERY_MS)
    await commit(3)
    watch.report('orderly restart', busy, writer, late, asker)

    expect(values(read)).toEqual(values(all))
    expect(read.map(({ offset }) => offset)).toEqual(Array.from({ length: end }, (_, i) => i))
    expect(steady.of(values(read))).toEqual(steady.sent)
    expect(written.of(values(read))).toEqual(written.sent)
    for (const { fatal, events } of members) {
      expect(fatal).toBeUndefined()
      expect(events.filter((event) => event.startsWith('lost'))).toEqual([])
    }
  }, 180_000)
})
