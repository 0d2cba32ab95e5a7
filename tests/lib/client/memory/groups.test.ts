import { errorName } from '../../../../lib/client/protocol/error-codes.ts'
import type { Wire } from '../../../../lib/client/wire.ts'
import { Bench, isSettled } from './support.ts'

const SESSION_MS = 10_000
const REBALANCE_MS = 30_000
const GROUP = 'g'

/** A member of a group as its client sees it; each has its own connection. */
class Member {
  readonly bench: Bench
  readonly wire: Wire
  readonly instanceId: string | null
  memberId = ''
  generation = -1
  leader = ''
  members: readonly string[] = []
  assignment = ''

  constructor(bench: Bench, instanceId: string | null = null) {
    this.bench = bench
    this.wire = bench.cluster.open('group', instanceId ?? 'client')
    this.instanceId = instanceId
  }

  get isLeader(): boolean {
    return this.leader === this.memberId
  }

  async join(metadata = 'm', protocols: readonly string[] = ['stream']): Promise<string> {
    const response = await this.wire.send(1, 'joinGroup', {
      groupId: GROUP,
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: REBALANCE_MS,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      protocolType: 'consumer',
      protocols: protocols.map((name) => ({ name, metadata: Buffer.from(metadata) })),
    })
    const error = errorName(response.errorCode)
    if (error === 'MEMBER_ID_REQUIRED' || error === 'NONE') this.memberId = response.memberId
    if (error !== 'NONE') return error
    this.generation = response.generationId
    this.leader = response.leader
    this.members = response.members.map(({ memberId, metadata: of }) => `${memberId}:${of}`)
    return error
  }

  /** Joins as a client does: once more if it is given an id first. */
  async enter(metadata?: string): Promise<string> {
    const error = await this.join(metadata)
    return error === 'MEMBER_ID_REQUIRED' ? this.join(metadata) : error
  }

  async sync(assignments: Readonly<Record<string, string>> = {}): Promise<string> {
    const response = await this.wire.send(1, 'syncGroup', {
      groupId: GROUP,
      generationId: this.generation,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      assignments: Object.entries(assignments).map(([memberId, text]) => ({ memberId, assignment: Buffer.from(text) })),
    })
    this.assignment = response.assignment.toString()
    return errorName(response.errorCode)
  }

  async heartbeat(generation = this.generation): Promise<string> {
    const { memberId, instanceId: groupInstanceId } = this
    const request = { groupId: GROUP, generationId: generation, memberId, groupInstanceId }
    return errorName((await this.wire.send(1, 'heartbeat', request)).errorCode)
  }

  async leave(memberId = this.memberId): Promise<string> {
    const members = [{ memberId, groupInstanceId: this.instanceId }]
    const response = await this.bench.wire.send(1, 'leaveGroup', { groupId: GROUP, members })
    return errorName(response.members[0]!.errorCode)
  }

  async commit(generationId = this.generation): Promise<string> {
    const offset = { partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: '' }
    const response = await this.bench.wire.send(1, 'offsetCommit', {
      groupId: GROUP,
      generationId,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      topics: [{ name: 't', partitions: [offset] }],
    })
    return errorName(response.topics[0]!.partitions[0]!.errorCode)
  }
}

function bench(options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const made = new Bench(options)
  made.cluster.createTopic('t')
  return made
}

/** A stable group of members in their first common generation; the first leads. */
async function stable(made: Bench, ...instanceIds: readonly (string | null)[]): Promise<Member[]> {
  const members = instanceIds.map((instanceId) => new Member(made, instanceId))
  const [leader, ...others] = members as [Member, ...Member[]]
  await leader.enter()
  await leader.sync()
  const entering: Promise<string>[] = []
  for (const other of others) {
    entering.push(other.enter())
    await made.clock.advance(0)
  }
  if (others.length > 0) {
    await Promise.all([leader.join(), ...entering])
    await syncAll(members)
  }
  return members
}

async function syncAll(members: readonly Member[]): Promise<string[]> {
  const assignments = Object.fromEntries(members.map(({ memberId }, index) => [memberId, `part ${index}`]))
  return Promise.all(members.map((member) => member.sync(member.isLeader ? assignments : {})))
}

describe('a dynamic member', () => {
  it('is given an id first, then joins with it', async () => {
    const made = bench()
    const member = new Member(made)
    expect(await member.join()).toBe('MEMBER_ID_REQUIRED')
    expect(member.memberId).toMatch(/^client-[0-9a-f]{32}$/)
    expect(await member.join()).toBe('NONE')
    expect(member).toMatchObject({ generation: 1, leader: member.memberId, members: [`${member.memberId}:m`] })
    expect(await member.sync({ [member.memberId]: 'all' })).toBe('NONE')
    expect(member.assignment).toBe('all')
  })

  it('has its session time-out to use the id', async () => {
    const made = bench()
    const member = new Member(made)
    await member.join()
    await made.clock.advance(SESSION_MS)
    expect(await member.join()).toBe('UNKNOWN_MEMBER_ID')
  })

  it.each([
    ['an id that the group does not know', { memberId: 'ghost' }, 'UNKNOWN_MEMBER_ID'],
    ['no group id', { groupId: '' }, 'INVALID_GROUP_ID'],
    ['too short a session time-out', { sessionTimeoutMs: 499 }, 'INVALID_SESSION_TIMEOUT'],
    ['too long a session time-out', { sessionTimeoutMs: 1_800_001 }, 'INVALID_SESSION_TIMEOUT'],
    ['no protocol type', { protocolType: '' }, 'INCONSISTENT_GROUP_PROTOCOL'],
    ['no protocols', { protocols: [] }, 'INCONSISTENT_GROUP_PROTOCOL'],
  ])('with %s is refused', async (_what, change, error) => {
    const response = await bench().wire.send(1, 'joinGroup', {
      groupId: GROUP,
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: REBALANCE_MS,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'stream', metadata: Buffer.alloc(0) }],
      ...change,
    })
    expect(errorName(response.errorCode)).toBe(error)
  })

  it('is refused where it shares no protocol with the others, and agrees on one where it does', async () => {
    const made = bench()
    const [first] = (await stable(made, null)) as [Member]
    expect(await new Member(made).join('m', ['other'])).toBe('INCONSISTENT_GROUP_PROTOCOL')
    const second = new Member(made)
    await second.join('m', ['other', 'stream'])
    const joined = second.join('m', ['other', 'stream'])
    await made.clock.advance(0)
    await first.join()
    expect(await joined).toBe('NONE')
  })
})

describe('a rebalance', () => {
  it('parks who joins until all have joined, and tells the leader of all', async () => {
    const made = bench()
    const [first] = (await stable(made, null)) as [Member]
    const second = new Member(made)
    const entering = second.enter('second')
    expect(await isSettled(made.clock, entering)).toBe(false)
    expect(await first.heartbeat()).toBe('REBALANCE_IN_PROGRESS')
    expect(await first.join('first')).toBe('NONE')
    expect(await entering).toBe('NONE')
    expect(first).toMatchObject({ generation: 2, leader: first.memberId })
    expect(first.members).toEqual([`${first.memberId}:first`, `${second.memberId}:second`])
    expect(second).toMatchObject({ generation: 2, leader: first.memberId, members: [] })
  })

  it('parks SyncGroup until the leader has decided', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    const joined = second.join('changed')
    await made.clock.advance(0)
    await first.join()
    await joined
    const synced = second.sync()
    expect(await isSettled(made.clock, synced)).toBe(false)
    await first.sync({ [second.memberId]: 'everything' })
    expect(await synced).toBe('NONE')
    expect([first.assignment, second.assignment]).toEqual(['', 'everything'])
    // Asked again, the answer is the same.
    expect(await second.sync()).toBe('NONE')
    expect(second.assignment).toBe('everything')
  })

  it('drops dynamic members that have not joined within the rebalance time-out', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    const joined = second.join('changed')
    for (let passed = 0; passed < REBALANCE_MS; passed += 5000) {
      expect(await isSettled(made.clock, joined)).toBe(false)
      if (passed < REBALANCE_MS) await first.heartbeat()
      await made.clock.advance(5000)
    }
    expect(await joined).toBe('NONE')
    expect(second).toMatchObject({ generation: 3, leader: second.memberId })
    expect(await first.heartbeat()).toBe('UNKNOWN_MEMBER_ID')
  })

  it('drops members that have not sent SyncGroup within the rebalance time-out', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    const joined = second.join('changed')
    await made.clock.advance(0)
    await first.join()
    await joined
    const synced = second.sync()
    for (let passed = 0; passed < REBALANCE_MS; passed += 5000) {
      await first.heartbeat()
      await made.clock.advance(5000)
    }
    expect(await synced).toBe('REBALANCE_IN_PROGRESS')
    expect(await first.heartbeat()).toBe('UNKNOWN_MEMBER_ID')
    expect(await second.join()).toBe('NONE')
    expect(second.isLeader).toBe(true)
  })

  it('begins anew when a member joins before the leader has decided', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    const joined = second.join('changed')
    await made.clock.advance(0)
    await first.join()
    await joined
    const synced = second.sync()
    await made.clock.advance(0)
    const third = new Member(made)
    const entering = third.enter()
    expect(await synced).toBe('REBALANCE_IN_PROGRESS')
    expect(await first.sync()).toBe('REBALANCE_IN_PROGRESS')
    const all = Promise.all([first.join(), second.join(), entering])
    await all
    expect([first, second, third].map(({ generation }) => generation)).toEqual([4, 4, 4])
  })

  it('answers a repeated JoinGroup from the current generation', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    expect(await second.join()).toBe('NONE')
    expect(second.generation).toBe(2)
    expect(await first.heartbeat()).toBe('NONE')
    // Before the assignment too, and then for the leader as well.
    const joined = second.join('changed')
    await made.clock.advance(0)
    await first.join()
    await joined
    expect(await first.join()).toBe('NONE')
    expect(first).toMatchObject({ generation: 3 })
    expect(first.members).toHaveLength(2)
  })

  it('is what the leader asks for by joining again', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    const joined = first.join()
    expect(await isSettled(made.clock, joined)).toBe(false)
    expect(await second.heartbeat()).toBe('REBALANCE_IN_PROGRESS')
    await second.join()
    expect(await joined).toBe('NONE')
    expect(first.generation).toBe(3)
  })

  it('of an empty group waits for more members if told to', async () => {
    const made = bench({ groupInitialRebalanceDelayMs: 3000 })
    const [first, second] = [new Member(made), new Member(made)]
    const joined = first.enter()
    await made.clock.advance(2000)
    const entering = second.enter()
    await made.clock.advance(1000)
    expect(await isSettled(made.clock, joined)).toBe(false) // a new member: the wait is extended
    await made.clock.advance(3000)
    expect(await joined).toBe('NONE')
    expect(await entering).toBe('NONE')
    expect([first.generation, second.generation]).toEqual([1, 1])
  })
})

describe('a heartbeat', () => {
  it.each([
    ['of the current generation', (member: Member) => member.heartbeat(), 'NONE'],
    ['of another generation', (member: Member) => member.heartbeat(7), 'ILLEGAL_GENERATION'],
    ['of a stranger', (member: Member) => new Member(member.bench).heartbeat(1), 'UNKNOWN_MEMBER_ID'],
  ])('%s', async (_what, beat, error) => {
    const [member] = (await stable(bench(), null)) as [Member]
    expect(await beat(member)).toBe(error)
  })

  it('keeps the session; without it the member is dropped and the others rebalance', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    for (let i = 0; i < 3; i++) {
      await made.clock.advance(SESSION_MS - 1)
      expect([await first.heartbeat(), await second.heartbeat()]).toEqual(['NONE', 'NONE'])
    }
    await made.clock.advance(SESSION_MS - 1)
    expect(await first.heartbeat()).toBe('NONE')
    await made.clock.advance(1)
    expect(await first.heartbeat()).toBe('REBALANCE_IN_PROGRESS')
    expect(await first.join()).toBe('NONE')
    expect(first.members).toHaveLength(1)
    expect(await second.heartbeat()).toBe('UNKNOWN_MEMBER_ID')
  })

  it('is not needed while a request of the member is parked', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    const joined = second.join('changed')
    for (let passed = 0; passed < 25_000; passed += 5000) {
      await made.clock.advance(5000)
      await first.heartbeat()
    }
    await first.join()
    expect(await joined).toBe('NONE')
  })

  it('a group whose last member is gone is empty, and takes new members in its next generation', async () => {
    const made = bench()
    const [member] = (await stable(made, null)) as [Member]
    await made.clock.advance(SESSION_MS)
    expect(await member.heartbeat()).toBe('UNKNOWN_MEMBER_ID')
    const next = new Member(made)
    expect(await next.enter()).toBe('NONE')
    expect(next.generation).toBe(3) // becoming empty was one, too
  })
})

describe('LeaveGroup', () => {
  it('frees the partitions at once', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    expect(await second.leave()).toBe('NONE')
    expect(await first.heartbeat()).toBe('REBALANCE_IN_PROGRESS')
    expect(await first.join()).toBe('NONE')
    expect(first.members).toHaveLength(1)
    expect(await second.leave()).toBe('UNKNOWN_MEMBER_ID')
  })

  it('ends the wait of those who have joined', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    const joined = second.join('changed')
    await made.clock.advance(0)
    await first.leave()
    expect(await joined).toBe('NONE')
    expect(second.isLeader).toBe(true)
  })

  it('answers the parked JoinGroup of who leaves', async () => {
    const made = bench()
    const [, second] = (await stable(made, null, null)) as [Member, Member]
    const joined = second.join('changed')
    await made.clock.advance(0)
    await second.leave()
    expect(await joined).toBe('UNKNOWN_MEMBER_ID')
  })

  it('takes back an id that was given and not used', async () => {
    const made = bench()
    const member = new Member(made)
    await member.join()
    expect(await member.leave()).toBe('NONE')
    expect(await member.join()).toBe('UNKNOWN_MEMBER_ID')
  })

  it('of a group that does not exist is refused', async () => {
    expect(await new Member(bench()).leave('ghost')).toBe('UNKNOWN_MEMBER_ID')
  })

  it('by instance id alone removes a static member', async () => {
    const made = bench()
    const [first, second] = (await stable(made, 'one', 'two')) as [Member, Member]
    expect(await second.leave('')).toBe('NONE')
    expect(await first.heartbeat()).toBe('REBALANCE_IN_PROGRESS')
    expect(await second.leave('')).toBe('UNKNOWN_MEMBER_ID')
  })
})

describe('a static member', () => {
  it('joins at once', async () => {
    const member = new Member(bench(), 'one')
    expect(await member.join()).toBe('NONE')
    expect(member.memberId).toMatch(/^one-[0-9a-f]{32}$/)
  })

  it('comes back into its place in a stable group without a rebalance', async () => {
    const made = bench()
    const [first, second] = (await stable(made, 'one', 'two')) as [Member, Member]
    const returned = new Member(made, 'two')
    expect(await returned.join()).toBe('NONE')
    expect(returned).toMatchObject({ generation: second.generation, leader: first.memberId, members: [] })
    expect(await returned.sync()).toBe('NONE')
    expect(returned.assignment).toBe('part 1')
    expect(await first.heartbeat()).toBe('NONE')
    expect(await returned.heartbeat()).toBe('NONE')
  })

  // To it the leader is its own old id, so it does not decide anew but takes what it had.
  it('comes back as the leader without deciding anew', async () => {
    const made = bench()
    const [first, second] = (await stable(made, 'one', 'two')) as [Member, Member]
    const returned = new Member(made, 'one')
    expect(await returned.join()).toBe('NONE')
    expect(returned).toMatchObject({ leader: first.memberId, members: [] })
    await returned.sync()
    expect(returned.assignment).toBe('part 0')
    expect(await second.heartbeat()).toBe('NONE')
    const joined = returned.join()
    await made.clock.advance(0)
    await second.join()
    await joined
    expect(returned.isLeader).toBe(true)
  })

  it('fences who used the instance id before, in every request', async () => {
    const made = bench()
    const [, second] = (await stable(made, 'one', 'two')) as [Member, Member]
    await new Member(made, 'two').join()
    expect(await second.heartbeat()).toBe('FENCED_INSTANCE_ID')
    expect(await second.sync()).toBe('FENCED_INSTANCE_ID')
    expect(await second.join()).toBe('FENCED_INSTANCE_ID')
    expect(await second.commit()).toBe('FENCED_INSTANCE_ID')
    expect(await second.leave()).toBe('FENCED_INSTANCE_ID')
  })

  it('fences a parked JoinGroup and a parked SyncGroup of before', async () => {
    const made = bench()
    const [first, second] = (await stable(made, 'one', 'two')) as [Member, Member]
    const joined = second.join('changed')
    await made.clock.advance(0)
    const again = new Member(made, 'two')
    const rejoined = again.join()
    expect(await joined).toBe('FENCED_INSTANCE_ID')
    await first.join()
    expect(await rejoined).toBe('NONE')
    const synced = again.sync()
    await made.clock.advance(0)
    const third = new Member(made, 'two')
    // Before the assignment it starts a rebalance: the leader knows the old id only.
    const entering = third.join()
    expect(await synced).toBe('FENCED_INSTANCE_ID')
    expect(await first.heartbeat()).toBe('REBALANCE_IN_PROGRESS')
    await first.join()
    expect(await entering).toBe('NONE')
  })

  it('is kept through a rebalance that it misses, until its session ends', async () => {
    const made = bench()
    const [first, second] = (await stable(made, 'one', 'two')) as [Member, Member]
    const third = new Member(made)
    const entering = third.enter()
    for (let passed = 0; passed < 8000; passed += 4000) {
      await made.clock.advance(4000)
      await first.heartbeat()
      await second.heartbeat()
    }
    const joined = first.join()
    // The member is silent from here on: 10 s, before the rebalance time-out.
    await made.clock.advance(SESSION_MS)
    expect(await joined).toBe('NONE')
    expect(await entering).toBe('NONE')
    expect(first.members).toHaveLength(2)
  })

  it('that misses a rebalance and lives stays a member of the next generation', async () => {
    const made = bench()
    const [first, second] = (await stable(made, 'one', 'two')) as [Member, Member]
    const joined = first.join()
    for (let passed = 0; passed < REBALANCE_MS; passed += 5000) {
      expect(await second.heartbeat()).toBe('REBALANCE_IN_PROGRESS')
      await made.clock.advance(5000)
    }
    expect(await joined).toBe('NONE')
    expect(first.members).toHaveLength(2)
    expect(await second.heartbeat()).toBe('ILLEGAL_GENERATION')
  })
})

describe('offset commits of members', () => {
  it('with the old generation are accepted while the group prepares a rebalance, and refused after', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    const old = second.generation
    const joined = first.join()
    await made.clock.advance(0)
    expect(await second.commit()).toBe('NONE')
    await second.join()
    await joined
    expect(await second.commit(old)).toBe('ILLEGAL_GENERATION')
    expect(await second.commit()).toBe('REBALANCE_IN_PROGRESS') // until the assignment is known
    await syncAll([first, second])
    expect(await second.commit()).toBe('NONE')
  })

  it.each([
    {
      what: 'a stranger',
      committer: { generationId: 2, memberId: 'ghost' },
      plain: 'UNKNOWN_MEMBER_ID',
      txn: 'UNKNOWN_MEMBER_ID',
    },
    {
      what: 'an old generation',
      committer: { generationId: 1 },
      plain: 'ILLEGAL_GENERATION',
      txn: 'ILLEGAL_GENERATION',
    },
    { what: 'a member by generation', committer: { generationId: 2 }, plain: 'NONE', txn: 'NONE' },
    { what: 'nobody', committer: { generationId: -1, memberId: '' }, plain: 'UNKNOWN_MEMBER_ID', txn: 'NONE' },
    {
      what: 'another instance',
      committer: { generationId: 2, groupInstanceId: 'nobody' },
      plain: 'UNKNOWN_MEMBER_ID',
      txn: 'UNKNOWN_MEMBER_ID',
    },
  ])('of $what: $plain, in a transaction $txn', async ({ committer, plain, txn }) => {
    const made = bench()
    const [, member] = (await stable(made, null, null)) as [Member, Member]
    const offset = { partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: '' }
    const request = {
      groupId: GROUP,
      memberId: member.memberId,
      groupInstanceId: null,
      ...committer,
      topics: [{ name: 't', partitions: [offset] }],
    }
    const committed = await made.wire.send(1, 'offsetCommit', request)
    expect(errorName(committed.topics[0]!.partitions[0]!.errorCode)).toBe(plain)
    const { producerId, producerEpoch } = await made.init('x')
    await made.addOffsets('x', { producerId, producerEpoch }, GROUP)
    const pending = await made.wire.send(1, 'txnOffsetCommit', {
      ...request,
      transactionalId: 'x',
      producerId,
      producerEpoch,
    })
    expect(errorName(pending.topics[0]!.partitions[0]!.errorCode)).toBe(txn)
  })

  it('in a transaction are taken between JoinGroup and SyncGroup', async () => {
    const made = bench()
    const [first, second] = (await stable(made, null, null)) as [Member, Member]
    const joined = first.join()
    await made.clock.advance(0)
    await second.join()
    await joined
    const { producerId, producerEpoch } = await made.init('x')
    await made.addOffsets('x', { producerId, producerEpoch }, GROUP)
    const offset = { partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: '' }
    const response = await made.wire.send(1, 'txnOffsetCommit', {
      transactionalId: 'x',
      groupId: GROUP,
      producerId,
      producerEpoch,
      generationId: second.generation,
      memberId: second.memberId,
      groupInstanceId: null,
      topics: [{ name: 't', partitions: [offset] }],
    })
    expect(errorName(response.topics[0]!.partitions[0]!.errorCode)).toBe('NONE')
  })

  it('keep the session', async () => {
    const made = bench()
    const [member] = (await stable(made, null)) as [Member]
    for (let i = 0; i < 3; i++) {
      await made.clock.advance(SESSION_MS - 1)
      expect(await member.commit()).toBe('NONE')
    }
    expect(await member.heartbeat()).toBe('NONE')
  })
})

describe('the coordinator of a group', () => {
  it('is one node; others say NOT_COORDINATOR', async () => {
    const made = bench({ nodes: 2 })
    made.cluster.moveCoordinator('group', GROUP, 2)
    expect(await made.coordinator('group', GROUP)).toBe(2)
    const member = new Member(made, 'one')
    expect(await member.join()).toBe('NOT_COORDINATOR')
    expect(await member.sync()).toBe('NOT_COORDINATOR')
    expect(await member.heartbeat()).toBe('NOT_COORDINATOR')
    expect((await made.wire.send(1, 'leaveGroup', { groupId: GROUP, members: [] })).errorCode).toBe(16)
  })

  it('spreads over the nodes, the same for the same names', async () => {
    const of = async (made: Bench): Promise<number[]> =>
      Promise.all(
        Array.from({ length: 60 }, (_, i) => made.coordinator(i % 2 === 0 ? 'group' : 'transaction', `g${i}`)),
      )
    const nodes = await of(bench({ nodes: 3 }))
    expect(new Set(nodes)).toEqual(new Set([1, 2, 3]))
    expect(await of(bench({ nodes: 3 }))).toEqual(nodes)
  })

  it('asked for in an unknown way is refused', async () => {
    const response = await bench().wire.send('any', 'findCoordinator', { key: 'g', keyType: 2 })
    expect(errorName(response.errorCode)).toBe('INVALID_REQUEST')
  })
})
