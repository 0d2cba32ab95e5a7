// What goes wrong between a member and its coordinator, in virtual time. What goes right is in tests/contracts/client/group-contract.ts.
import { describe, expect, it } from '@jest/globals'
import { type AnyResponse, type Exchange, errorResponse } from '../../../lib/client/memory/index.ts'
import type { ApiName } from '../../../lib/client/protocol/apis.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { GroupBench } from './group-bench.ts'

/** Answers the next `count` requests of an api with an error. */
function refuse(bench: GroupBench, api: ApiName, name: keyof typeof errorCodes, count = 1): () => number {
  let refused = 0
  bench.cluster.intercept((exchange: Exchange) => {
    if (exchange.api !== api || refused >= count) return undefined
    refused++
    return { answer: errorResponse(exchange, errorCodes[name]) as AnyResponse }
  })
  return () => refused
}

describe('a coordinator that is away', () => {
  it('for less than the session costs nothing', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    const mend = bench.cluster.intercept(() => ({ dropRequest: 'disconnect' }))
    await bench.clock.advance(6_500)
    mend()
    await bench.clock.advance(60_000)

    expect(one.events).toEqual(['assigned +0,1,2,3 ='])
    expect(bench.log.lines.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringMatching(/^warn: Finding the coordinator of group '.*' fails so far and is tried again$/),
    ])
    expect(bench.log.lines.at(-1)).toBe('info: What failed and was tried again succeeds')
  })

  it('for a moment, as when a connection breaks, is not worth a line in the log', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    const before = bench.log.lines.length
    let cuts = 0
    bench.cluster.intercept(({ api }) =>
      api === 'heartbeat' && cuts++ === 0 ? { dropRequest: 'disconnect' } : undefined,
    )
    await bench.clock.advance(30_000)
    expect(cuts).toBeGreaterThan(1)
    expect(one.events).toEqual(['assigned +0,1,2,3 ='])
    expect(bench.log.lines.slice(before)).toEqual([])
  })

  it('for longer: all is lost, once, when the session must have expired; it joins again as soon as it can', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    const mend = bench.cluster.intercept(() => ({ dropRequest: 'disconnect' }))
    await bench.clock.advance(9_000)
    expect(one.events).toEqual(['assigned +0,1,2,3 ='])
    await bench.clock.advance(5_000)
    expect(one.events).toEqual(['assigned +0,1,2,3 =', 'lost 0,1,2,3'])
    await bench.clock.advance(10 * 60_000)
    expect(one.events).toHaveLength(2)
    expect(one.fatal).toBeUndefined()

    mend()
    await bench.until(() => one.events.length > 2, 45_000)

    expect(one.events).toEqual(['assigned +0,1,2,3 =', 'lost 0,1,2,3', 'assigned +0,1,2,3 ='])
    expect(bench.log.lines.filter((line) => line.includes('coordinator does not answer'))).toHaveLength(1)
  })

  it('without a sign that the connection is dead: the session ends on time all the same', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    bench.cluster.intercept(() => ({ dropRequest: 'silence' }))
    await bench.until(() => one.events.length > 1, 10_100)
    expect(one.events.at(-1)).toBe('lost 0,1,2,3')
  })

  it('while a JoinGroup is parked for longer than the session: nothing is lost if it can be joined again', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    const busy = await bench.started('busy')
    await bench.until(() => busy.owned.size === 2)
    let release = (): void => {}
    busy.onCall = () => new Promise((resolve) => (release = resolve))
    busy.member.rejoin('to be kept busy by its listener')
    await bench.until(() => busy.events.at(-1)!.endsWith('=2,3'))
    const parked = bench.cluster.intercept(({ api, clientId }) =>
      api === 'joinGroup' && clientId === 'one' ? { dropResponse: 'disconnect' } : undefined,
    )
    one.member.rejoin('to be parked')
    await bench.clock.advance(20_000)

    release()
    busy.onCall = async () => {}
    await bench.clock.advance(100)
    parked()
    await bench.during(one.member.settled())

    expect(one.events.filter((event) => event.startsWith('lost'))).toEqual([])
    expect([one.owned.size, busy.owned.size]).toEqual([2, 2])
  })

  it.each(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'] as const)(
    '%s: is looked for again, whatever was asked',
    async (name) => {
      const bench = new GroupBench()
      const apis = ['joinGroup', 'syncGroup', 'heartbeat', 'offsetCommit', 'offsetFetch'] as const
      const refused = apis.map((api) => refuse(bench, api, name, 3))
      const one = await bench.started('one')
      await bench.clock.advance(10_000)
      await bench.during(one.member.commit([{ topic: 't', partition: 0, offset: 7, metadata: '' }]))
      const committed = await bench.during(one.member.committed([{ topic: 't', partition: 0 }]))

      expect([...committed.values()]).toEqual([{ offset: 7, metadata: '' }])
      expect(refused.map((count) => count())).toEqual([3, 3, 3, 3, 3])
      expect(one.events).toEqual(['assigned +0,1,2,3 ='])
    },
  )

  it('that moves to another node is followed', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    for (const node of [1, 2, 3]) {
      bench.cluster.moveCoordinator('group', 'g', node)
      await bench.clock.advance(10_000)
      await bench.during(one.member.commit([{ topic: 't', partition: 0, offset: node, metadata: '' }]))
    }
    expect(one.events).toEqual(['assigned +0,1,2,3 ='])
  })

  it('at the start: start fails at the request time-out', async () => {
    const bench = new GroupBench()
    bench.cluster.intercept(() => ({ dropRequest: 'disconnect' }))
    const one = bench.member('one')
    await expect(bench.during(one.member.start())).rejects.toMatchObject({
      code: 'STREAMS_BROKER_UNAVAILABLE',
      message: expect.stringContaining("Group 'g' could not be joined within 30000 ms"),
    })
    expect(one.events).toEqual([])
  })

  it('at the end: close gives up after 3 s', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    bench.cluster.intercept(() => ({ dropRequest: 'silence' }))
    const fromMs = bench.clock.now()
    await bench.during(one.member.close({ leaveGroup: true }))
    expect(bench.clock.now() - fromMs).toBeLessThanOrEqual(3_000)
  })
})

describe('a group that has dropped the member', () => {
  it.each([
    { name: 'UNKNOWN_MEMBER_ID', newId: true },
    { name: 'ILLEGAL_GENERATION', newId: false },
  ] as const)('$name on a heartbeat: all is lost, and it joins again', async ({ name, newId }) => {
    const bench = new GroupBench()
    const one = await bench.started('one', { instanceId: 'static' })
    const before = one.member.group.memberId
    refuse(bench, 'heartbeat', name)

    await bench.until(() => one.events.length === 3)

    expect(one.events).toEqual(['assigned +0,1,2,3 =', 'lost 0,1,2,3', 'assigned +0,1,2,3 ='])
    expect(one.member.group.memberId !== before).toBe(newId)
  })

  it.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'] as const)('%s on SyncGroup: the same', async (name) => {
    const bench = new GroupBench()
    const one = await bench.started('one', { instanceId: 'static' })
    refuse(bench, 'syncGroup', name)
    one.member.rejoin('the test wants it')

    await bench.until(() => one.events.length === 3)

    expect(one.events).toEqual(['assigned +0,1,2,3 =', 'lost 0,1,2,3', 'assigned +0,1,2,3 ='])
  })

  it('while the listener lets go of partitions: onLost follows, with everything that was owned', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    let release = (): void => {}
    one.onCall = (call) => (call === 'revoked' ? new Promise((resolve) => (release = resolve)) : Promise.resolve())
    const two = bench.member('two')
    void two.member.start()
    await bench.until(() => one.events.at(-1) === 'revoked 2,3')
    refuse(bench, 'heartbeat', 'UNKNOWN_MEMBER_ID')
    await bench.clock.advance(4_000)
    // What waits for the group inside the listener call must not wait for ever.
    await expect(one.member.settled()).rejects.toMatchObject({ code: 'STREAMS_STALE_MEMBER' })
    expect(one.events.at(-1)).toBe('revoked 2,3')

    release()
    await bench.until(() => one.events.length > 3)

    expect(one.events.slice(0, 3)).toEqual(['assigned +0,1,2,3 =', 'revoked 2,3', 'lost 0,1,2,3'])
    expect(one.events).not.toContain('overlapping calls')
  })

  it('while the next assignment waits for onLost of the loss before: what onLost waits for does not wait for ever', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    let release = (): void => {}
    one.onCall = (call) => (call === 'lost' ? new Promise((resolve) => (release = resolve)) : Promise.resolve())
    refuse(bench, 'heartbeat', 'UNKNOWN_MEMBER_ID')
    await bench.until(() => one.events.at(-1) === 'lost 0,1,2,3')
    const generation = one.member.group.generation
    await bench.until(() => one.member.group.generation > generation)
    const refused = refuse(bench, 'heartbeat', 'UNKNOWN_MEMBER_ID')
    await bench.until(() => refused() > 0)
    await bench.clock.advance(4_000)
    await expect(one.member.settled()).rejects.toMatchObject({ code: 'STREAMS_STALE_MEMBER' })
    expect(one.events.at(-1)).toBe('lost 0,1,2,3')

    release()
    await bench.until(() => one.owned.size === 4)
    expect(one.events).not.toContain('overlapping calls')
  })

  it('REBALANCE_IN_PROGRESS on SyncGroup: joins again and keeps what it has', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    refuse(bench, 'syncGroup', 'REBALANCE_IN_PROGRESS', 2)
    one.member.rejoin('the test wants it')
    await bench.during(one.member.settled())
    expect(one.events).toEqual(['assigned +0,1,2,3 =', 'assigned + =0,1,2,3'])
  })
})

describe('the partitions of a member', () => {
  const all = [0, 1, 2, 3].map((partition) => ({ topic: 't', partition }))

  it('are its own until the group drops it, and not again before it was told of the loss and of the assignment', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    expect(one.member.owns(all)).toBe(true)
    expect(one.member.owns([{ topic: 't', partition: 4 }])).toBe(false)

    // It is busy with the loss, and becomes a member again meanwhile.
    const gate = Promise.withResolvers<void>()
    one.onCall = (call) => (call === 'lost' ? gate.promise : Promise.resolve())
    const mend = bench.cluster.intercept(() => ({ dropRequest: 'disconnect' }))
    await bench.until(() => one.events.at(-1) === 'lost 0,1,2,3')
    expect(one.member.owns(all)).toBe(false)
    const { generation } = one.member.group
    mend()
    await bench.until(() => one.member.group.generation > generation)
    expect(one.member.owns(all)).toBe(false)
    gate.resolve()
    await bench.until(() => one.events.at(-1) === 'assigned +0,1,2,3 =')
    expect(one.member.owns(all)).toBe(true)
  })

  it('are its own until it has given them up', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    const gate = Promise.withResolvers<void>()
    one.onCall = (call) => (call === 'revoked' ? gate.promise : Promise.resolve())
    const joining = bench.started('two')
    await bench.until(() => one.events.at(-1)!.startsWith('revoked'))
    expect(one.member.owns(all)).toBe(true)
    gate.resolve()
    await joining
    await bench.until(() => one.partitions.length === 2)
    expect(one.member.owns(all)).toBe(false)
  })
})

// It knows the group as of its last complete round, and takes the id that was given out since for another process's.
describe('the lease of a member', () => {
  it('ends when the session must be over', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    await bench.clock.advance(60_000)
    expect(one.member.hasLease).toBe(true)
    bench.cluster.intercept(() => ({ dropRequest: 'silence' }))
    await bench.clock.advance(10_000)
    expect(one.member.hasLease).toBe(false)
  })

  it('counts from when a request left: the answer may have lain unread for longer than the session', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    const { generation } = one.member.group
    const mend = bench.cluster.intercept(({ api }) => (api === 'syncGroup' ? { responseDelayMs: 12_000 } : undefined))
    one.member.rejoin('to be answered late')
    await bench.until(() => one.member.group.generation > generation)
    mend()
    await bench.until(() => one.member.owns([{ topic: 't', partition: 0 }]))
    expect(one.member.hasLease).toBe(false)
    await bench.during(one.member.confirm())
    expect(one.member.hasLease).toBe(true)
  })
})

describe('a coordinator that has taken over and fences the member', () => {
  it('is asked for a new id: no other process has the instance id', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one', { instanceId: 'static' })
    const mend = bench.cluster.intercept(() => ({ dropRequest: 'disconnect' }))
    await bench.until(() => one.events.at(-1) === 'lost 0,1,2,3')
    const refused = [refuse(bench, 'joinGroup', 'FENCED_INSTANCE_ID'), refuse(bench, 'syncGroup', 'FENCED_INSTANCE_ID')]
    mend()
    await bench.until(() => one.owned.size === 4)

    expect(refused.map((count) => count())).toEqual([1, 1])
    expect(one.fatal).toBeUndefined()
  })

  it('is asked again by a member that starts: what its predecessor had asked for came after it', async () => {
    const bench = new GroupBench()
    const refused = refuse(bench, 'syncGroup', 'FENCED_INSTANCE_ID')
    const one = await bench.started('one', { instanceId: 'static' })
    await bench.until(() => one.owned.size === 4)

    expect(refused()).toBe(1)
    expect(one.fatal).toBeUndefined()
  })

  it('and goes on doing so has the last word', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one', { instanceId: 'static' })
    const mend = bench.cluster.intercept(() => ({ dropRequest: 'disconnect' }))
    await bench.until(() => one.events.at(-1) === 'lost 0,1,2,3')
    const refused = refuse(bench, 'joinGroup', 'FENCED_INSTANCE_ID', 10)
    mend()
    await bench.until(() => one.fatal !== undefined)

    expect(refused()).toBe(4)
    expect(one.fatal).toMatchObject({ code: 'STREAMS_FENCED_INSTANCE' })
  })

  it('is believed if it was there all the time', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one', { instanceId: 'static' })
    refuse(bench, 'joinGroup', 'FENCED_INSTANCE_ID')
    one.member.rejoin('the test wants it')
    await bench.until(() => one.fatal !== undefined)

    expect(one.fatal).toMatchObject({ code: 'STREAMS_FENCED_INSTANCE' })
  })
})

describe('errors that no retry cures', () => {
  it.each([
    { name: 'GROUP_AUTHORIZATION_FAILED', says: /not authorized: READ on group/, code: 'STREAMS_AUTHORIZATION' },
    { name: 'INVALID_SESSION_TIMEOUT', says: /10000 ms is not allowed.*group.min.session.timeout.ms/ },
    { name: 'GROUP_MAX_SIZE_REACHED', says: /group.max.size/ },
    { name: 'INVALID_GROUP_ID', says: /INVALID_GROUP_ID/ },
  ] as const)('$name at the start: start rejects, onFatal is not called', async ({ name, says, ...refused }) => {
    const bench = new GroupBench()
    refuse(bench, 'joinGroup', name)
    const one = bench.member('one')
    await expect(bench.during(one.member.start())).rejects.toMatchObject({
      code: 'STREAMS_BROKER_RESPONSE',
      ...refused,
      errorName: name,
      message: expect.stringMatching(says),
    })
    expect(one.events).toEqual([])
    await expect(one.member.settled()).rejects.toMatchObject({ errorName: name })
  })

  it.each(['heartbeat', 'joinGroup', 'syncGroup'] as const)('in %s, later: onFatal', async (api) => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    refuse(bench, api, 'GROUP_AUTHORIZATION_FAILED')
    one.member.rejoin('the test wants it')
    await bench.until(() => one.fatal !== undefined)
    expect(one.events.at(-1)).toBe('fatal STREAMS_AUTHORIZATION')
    expect(one.events.filter((event) => event.startsWith('fatal'))).toHaveLength(1)
    await bench.during(one.member.close({ leaveGroup: true }))
  })

  it.each([
    { api: 'offsetCommit', name: 'TOPIC_AUTHORIZATION_FAILED', code: 'STREAMS_AUTHORIZATION' },
    { api: 'offsetCommit', name: 'OFFSET_METADATA_TOO_LARGE', code: 'STREAMS_BROKER_RESPONSE' },
    { api: 'offsetCommit', name: 'ILLEGAL_GENERATION', code: 'STREAMS_STALE_MEMBER' },
    { api: 'offsetCommit', name: 'REBALANCE_IN_PROGRESS', code: 'STREAMS_STALE_MEMBER' },
    { api: 'offsetCommit', name: 'UNKNOWN_TOPIC_OR_PARTITION', code: 'STREAMS_BROKER_RESPONSE' },
    { api: 'offsetFetch', name: 'GROUP_AUTHORIZATION_FAILED', code: 'STREAMS_AUTHORIZATION' },
  ] as const)('$name in $api is the caller’s', async ({ api, name, code }) => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    refuse(bench, api, name)
    const partition = { topic: 't', partition: 0 }
    const asked: Promise<unknown> =
      api === 'offsetCommit'
        ? one.member.commit([{ ...partition, offset: 1, metadata: '' }])
        : one.member.committed([partition])
    await expect(bench.during(asked)).rejects.toMatchObject({ code, message: expect.stringContaining(name) })
    expect(one.fatal).toBeUndefined()
  })
})

describe('members of another protocol in the group', () => {
  const MINUTE_MS = 60_000

  it('are waited for, also when the coordinator goes away in the meantime; said once at the beginning, once at the end', async () => {
    const bench = new GroupBench()
    let fault: 'refused' | 'cut' | undefined = 'refused'
    const met = { refused: 0, cut: 0 }
    bench.cluster.intercept((exchange: Exchange) => {
      if (exchange.api !== 'joinGroup' || fault === undefined) return undefined
      met[fault]++
      if (fault === 'cut') return { dropRequest: 'disconnect' }
      return { answer: errorResponse(exchange, errorCodes.INCONSISTENT_GROUP_PROTOCOL) as AnyResponse }
    })
    const one = bench.member('one')
    const start = bench.during(one.member.start())
    // For longer than a coordinator is waited for that does not answer.
    await bench.clock.advance(MINUTE_MS - 10_000)
    fault = 'cut'
    await bench.clock.advance(2_000)
    fault = undefined
    await start
    expect(met.refused).toBeGreaterThan(40)
    expect(met.cut).toBeGreaterThan(0)

    expect(one.events).toEqual(['assigned +0,1,2,3 ='])
    expect(bench.log.lines.filter((line) => line.includes('another protocol'))).toEqual([
      expect.stringMatching(
        /^warn: The group has members of another protocol: joins when they have left it, or have died/,
      ),
      'info: The members of another protocol are gone from the group',
    ])
  })

  it('that stay are the end of the start, after a minute', async () => {
    const bench = new GroupBench()
    refuse(bench, 'joinGroup', 'INCONSISTENT_GROUP_PROTOCOL', Number.POSITIVE_INFINITY)
    let error: unknown
    bench
      .member('one')
      .member.start()
      .catch((reason) => {
        error = reason
      })
    await bench.clock.advance(MINUTE_MS - 1_000)
    expect(error).toBeUndefined()
    await bench.clock.advance(3_000)
    expect(error).toMatchObject({ code: 'STREAMS_BROKER_RESPONSE', errorName: 'INCONSISTENT_GROUP_PROTOCOL' })
  })
})

describe('partitions that were held back', () => {
  it('are free as soon as their owner has let go: it joins again at once', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    const two = await bench.started('two')
    await bench.until(() => one.events.includes('revoked 2,3'), 10)
    // The other one, who waits for them, asks four times a second.
    await bench.until(() => two.owned.size === 2, 300)
  })

  it('and whose owner never lets go, since it is gone: another rebalance follows after a session time-out', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one', { instanceId: 'one', sessionTimeoutMs: 60_000 })
    one.onCall = (call) => (call === 'revoked' ? new Promise(() => {}) : Promise.resolve())
    const two = await bench.started('two')
    await bench.until(() => one.events.at(-1) === 'revoked 2,3')
    await one.member.close({ leaveGroup: false })

    await bench.until(() => two.owned.size === 4, 150_000)

    expect(bench.log.lines).toContain('info: Joins again: partitions were held back and never freed')
  })
})

describe('settled', () => {
  it('asks the group at once, and shares nothing with a heartbeat that left before', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    const fromMs = bench.clock.now()
    const group = await bench.during(one.member.settled())
    expect(group).toEqual(one.member.group)
    expect(bench.clock.now() - fromMs).toBeLessThan(10)
  })

  it('waits for a rebalance that the member has not heard of', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    const two = bench.member('two')
    void two.member.start()
    await bench.clock.advance(50)

    const group = await bench.during(one.member.settled(), 1_000)

    expect(group.generation).toBeGreaterThan(1)
  })

  it('sends no heartbeat behind a parked JoinGroup, also when a heartbeat under way brings the news', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    const sent: string[] = []
    bench.cluster.intercept(({ api, clientId }) => {
      if (clientId === 'one' && (api === 'heartbeat' || api === 'joinGroup')) sent.push(api)
      return undefined
    })
    void bench.member('two').member.start()
    await bench.until(() => sent.includes('heartbeat'))
    const settling = one.member.settled()
    await bench.during(settling)
    expect(sent.slice(0, 3)).toEqual(['heartbeat', 'joinGroup', 'joinGroup'])
  })

  it('waits while the coordinator is away', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    const mend = bench.cluster.intercept(() => ({ dropRequest: 'disconnect' }))
    let settled = false
    const settling = one.member.settled().finally(() => (settled = true))
    await bench.clock.advance(5_000)
    expect(settled).toBe(false)
    mend()
    expect(await bench.during(settling)).toEqual(one.member.group)
  })

  it('after a loss resolves with the generation that follows it, and onLost has been called', async () => {
    const bench = new GroupBench()
    const one = await bench.started('one')
    refuse(bench, 'heartbeat', 'UNKNOWN_MEMBER_ID')

    const group = await bench.during(one.member.confirm())

    expect(one.events.slice(0, 2)).toEqual(['assigned +0,1,2,3 =', 'lost 0,1,2,3'])
    expect(group.generation).toBeGreaterThan(1)
  })
})
