import { describe, expect, it } from '@jest/globals'
import { ClusterMetadata } from '../../../lib/client/cluster-metadata.ts'
import type { ResponseOf } from '../../../lib/client/protocol/apis.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { ScriptedWire } from './scripted-wire.ts'

interface Topic {
  readonly errorCode?: number
  readonly leaders?: readonly number[]
}

function response(topics: Readonly<Record<string, Topic>>): ResponseOf<'metadata'> {
  return {
    throttleTimeMs: 0,
    brokers: [{ nodeId: 1, host: 'broker', port: 9092, rack: null }],
    clusterId: 'cluster',
    controllerId: 7,
    topics: Object.entries(topics).map(([name, { errorCode = 0, leaders = [] }]) => ({
      errorCode,
      name,
      topicId: 'a'.repeat(32),
      isInternal: false,
      partitions: leaders.map((leaderId, partitionIndex) => ({
        errorCode: leaderId < 0 ? errorCodes.LEADER_NOT_AVAILABLE : 0,
        partitionIndex,
        leaderId,
        leaderEpoch: 0,
        replicaNodes: [],
        isrNodes: [],
        offlineReplicas: [],
      })),
      topicAuthorizedOperations: 0,
    })),
  }
}

function setUp() {
  const clock = new VirtualClock()
  const wire = new ScriptedWire()
  const context = { clientId: 'test', clock, logger: silentLogger, requestTimeoutMs: 20_000 }
  const metadata = new ClusterMetadata(wire, context)
  /** Answers every request alike until the promise has settled. */
  const settle = async <T>(asked: Promise<T>, topics: Readonly<Record<string, Topic>>): Promise<T> => {
    let settled = false
    const done = (): void => {
      settled = true
    }
    asked.then(done, done)
    await clock.advance(0)
    for (let turns = 0; !settled && turns < 1_000; turns++) {
      if (wire.sent.length > 0) wire.take('metadata').answer(response(topics))
      await clock.advance(10)
    }
    return asked
  }
  return { clock, wire, metadata, settle }
}

describe('cluster metadata', () => {
  it('asks once, for all that ask together, and remembers', async () => {
    const { wire, metadata, settle } = setUp()
    const leaders = Promise.all([metadata.leader('a', 0), metadata.leader('a', 1), metadata.leader('b', 0)])
    expect(await settle(leaders, { a: { leaders: [1, 2] }, b: { leaders: [3] } })).toEqual([1, 2, 3])

    expect(await metadata.leader('a', 1)).toBe(2)
    expect(metadata.cachedLeader('b', 0)).toBe(3)
    expect(await metadata.partitionCount('a')).toBe(2)
    expect(wire.sent).toEqual([])
  })

  it('asks again after it was told to forget, one topic or all', async () => {
    const { wire, metadata, settle } = setUp()
    await settle(Promise.all([metadata.leader('a', 0), metadata.leader('b', 0)]), {
      a: { leaders: [1] },
      b: { leaders: [1] },
    })

    metadata.invalidate('a')
    expect([metadata.cachedLeader('a', 0), metadata.cachedLeader('b', 0)]).toEqual([undefined, 1])
    expect(await settle(metadata.leader('a', 0), { a: { leaders: [2] } })).toBe(2)
    metadata.invalidate()
    expect(metadata.cachedLeader('b', 0)).toBeUndefined()
    expect(wire.sent).toEqual([])
  })

  it('waits until a partition has a leader', async () => {
    const { clock, wire, metadata } = setUp()
    const leader = metadata.leader('a', 0)
    await clock.advance(0)
    wire.take('metadata').answer(response({ a: { leaders: [-1] } }))
    await clock.advance(20)
    wire.take('metadata').answer(response({ a: { leaders: [4] } }))
    expect(await leader).toBe(4)
  })

  it('is patient with a topic that is not known yet, for five seconds', async () => {
    const { clock, metadata, settle } = setUp()
    const unknown = { a: { errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION } }
    const error = await settle(metadata.leader('a', 0), unknown).catch((error) => error)

    expect(error).toMatchObject({ code: 'STREAMS_UNKNOWN_TOPIC', topic: 'a' })
    expect(error.message).toContain('broker:9092')
    expect(clock.now()).toBeGreaterThanOrEqual(5_000)
    expect(clock.now()).toBeLessThan(8_000)
  })

  it('is patient with a partition that is not known yet, then says which there are', async () => {
    const { metadata, settle } = setUp()
    await expect(settle(metadata.leader('a', 5), { a: { leaders: [1, 1] } })).rejects.toMatchObject({
      code: 'STREAMS_BROKER_RESPONSE',
      message: "Topic 'a' has no partition 5: its partitions are 0 to 1.",
    })
  })

  it('tells at once that a topic may not be described', async () => {
    const { clock, metadata, settle } = setUp()
    const refused = { a: { errorCode: errorCodes.TOPIC_AUTHORIZATION_FAILED } }
    await expect(settle(metadata.partitionCount('a'), refused)).rejects.toMatchObject({
      errorName: 'TOPIC_AUTHORIZATION_FAILED',
      message: expect.stringContaining("'a'"),
    })
    expect(clock.now()).toBeLessThan(100)
  })

  it('describes afresh, without those that do not exist', async () => {
    const { metadata, settle } = setUp()
    const missing = { errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION }
    const first = await settle(metadata.describe(['a', 'b']), { a: { leaders: [1] }, b: missing })
    const second = await settle(metadata.describe(['a', 'b']), { a: missing, b: { leaders: [1, 1] } })

    expect([...first.values()]).toMatchObject([{ topic: 'a', topicId: 'a'.repeat(32), partitionCount: 1 }])
    expect([...second.values()]).toMatchObject([{ topic: 'b', topicId: 'a'.repeat(32), partitionCount: 2 }])
  })

  it('counts partitions anew when its knowledge is five minutes old', async () => {
    const { clock, metadata, settle } = setUp()
    expect(await settle(metadata.partitionCount('a'), { a: { leaders: [1] } })).toBe(1)
    await clock.advance(299_000)
    expect(await metadata.partitionCount('a')).toBe(1)
    await clock.advance(2_000)
    expect(await settle(metadata.partitionCount('a'), { a: { leaders: [1, 1] } })).toBe(2)
  })

  it('asks again when a connection breaks', async () => {
    const { clock, wire, metadata } = setUp()
    const id = metadata.clusterId()
    await clock.advance(0)
    wire.take('metadata').fail()
    await clock.advance(20)
    wire.take('metadata').answer(response({}))
    expect(await id).toBe('cluster')
    expect(await metadata.clusterId()).toBe('cluster')
    expect(wire.sent).toEqual([])
  })

  it('asks about many topics in requests of bounded size', async () => {
    const { wire, clock, metadata } = setUp()
    const names = Array.from({ length: 1_200 }, (_, i) => `t${i}`)
    const described = metadata.describe(names)
    const sizes: number[] = []
    for (let turn = 0; turn < 3; turn++) {
      await clock.advance(0)
      const sent = wire.take('metadata')
      sizes.push(sent.request.topics!.length)
      sent.answer(response(Object.fromEntries(sent.request.topics!.map(({ name }) => [name!, { leaders: [1] }]))))
    }
    expect((await described).size).toBe(1_200)
    expect(sizes).toEqual([500, 500, 200])
  })
})
