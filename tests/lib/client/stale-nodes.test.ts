// Nodes that know less than the others: one that stood still while another took its place, one that has only just come back. What they say counts only
// with a witness. integration/failover.test.ts shows that a real broker gives such answers.
import { describe, expect, it } from '@jest/globals'
import { memoryCluster } from '../../../lib/client/memory/index.ts'
import type { ResponseOf } from '../../../lib/client/protocol/apis.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'

const LIMIT_MS = 60_000
const topic = 't'
const where = [{ topic, partition: 0 }]

function setUp(nodes: number) {
  const clock = new VirtualClock()
  const cluster = memoryCluster({ clock, nodes })
  cluster.createTopic(topic)
  const client = cluster.connect({ clientId: 'test', clock, logger: silentLogger, requestTimeoutMs: 5_000 })
  const finished = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false
    const done = (): void => {
      settled = true
    }
    promise.then(done, done)
    await clock.advanceUntil(() => settled, LIMIT_MS)
    return promise
  }
  const produce = async (count: number): Promise<void> => {
    const producer = client.producer({ lingerMs: 0 })
    await finished(producer.init())
    for (let i = 0; i < count; i++) producer.send(topic, 0, null, Buffer.from(`${i}`), 0, NO_HEADERS)
    await finished(producer.flush())
  }
  const end = async (): Promise<number | undefined> =>
    (await finished(client.admin.offsets(where, 'latest', 'read_uncommitted'))).get(`${topic}:0`)
  return { clock, cluster, client, finished, produce, end }
}

/** What a leader of the first epoch says about its log. */
function oldEnd(offset: number): ResponseOf<'listOffsets'> {
  const partitions = [{ partitionIndex: 0, errorCode: errorCodes.NONE, timestamp: -1, offset, leaderEpoch: 0 }]
  return { throttleTimeMs: 0, topics: [{ name: topic, partitions }] }
}

describe('the end of a log', () => {
  it('is not what a former leader says, which stood still while the log grew', async () => {
    const { cluster, produce, end } = setUp(3)
    cluster.moveLeader(topic, 0, 1)
    await produce(2)
    expect(await end()).toBe(2)
    cluster.moveLeader(topic, 0, 2)
    await produce(3)
    cluster.moveLeader(topic, 0, 3)
    let stale = 0
    cluster.intercept(({ api, node }) => {
      if (api !== 'listOffsets' || node !== 2) return undefined
      stale++
      return { answer: oldEnd(2) }
    })
    expect(await end()).toBe(5)
    expect(stale).toBe(1)
  })

  it('nor what the leader has said in an earlier term', async () => {
    const { cluster, produce, end } = setUp(3)
    cluster.moveLeader(topic, 0, 1)
    await produce(2)
    let stale = 0
    cluster.intercept(({ api }) => (api === 'listOffsets' && ++stale === 1 ? { answer: oldEnd(1) } : undefined))
    expect(await end()).toBe(2)
    expect(stale).toBe(2)
  })

  it('asks another node, each time another one, until one answers', async () => {
    const { cluster, produce, end } = setUp(3)
    cluster.moveLeader(topic, 0, 1)
    await produce(2)
    const witnesses: number[] = []
    cluster.intercept(({ api, node, request }) => {
      if (api !== 'metadata' || node === 1 || request.topics?.length !== 1) return undefined
      witnesses.push(node)
      return witnesses.length === 1 ? { dropRequest: 'silence' } : undefined
    })
    expect(await end()).toBe(2)
    expect(new Set(witnesses)).toEqual(new Set([2, 3]))
  })

  it('is what the only node says', async () => {
    const { cluster, produce, end } = setUp(1)
    await produce(2)
    let metadata = 0
    cluster.intercept(({ api }) => {
      if (api === 'metadata') metadata++
      return undefined
    })
    expect(await end()).toBe(2)
    expect(metadata).toBe(0)
  })
})

describe('a topic', () => {
  it.each([1, 2, 3])('that node %i does not know yet is not missing', async (ignorant) => {
    const { cluster, client, finished } = setUp(3)
    let unknown = 0
    cluster.intercept(({ api, node }) => {
      if (api !== 'metadata' || node !== ignorant) return undefined
      return {
        onResponse: (response) => {
          const metadata = response as ResponseOf<'metadata'>
          unknown += metadata.topics.length
          const errorCode = errorCodes.UNKNOWN_TOPIC_OR_PARTITION
          return { ...metadata, topics: metadata.topics.map((each) => ({ ...each, errorCode, partitions: [] })) }
        },
      }
    })
    for (let i = 0; i < 6; i++) {
      const described = await finished(client.admin.describeTopics([topic, 'missing']))
      expect([...described.keys()]).toEqual([topic])
    }
    expect(unknown).toBeGreaterThan(0)
  })

  it('is missing when the others do not answer either, and it is not known where asked first', async () => {
    const { cluster, client, finished } = setUp(3)
    cluster.intercept(({ api, node }) => (api === 'metadata' && node !== 1 ? { dropRequest: 'disconnect' } : undefined))
    expect((await finished(client.admin.describeTopics(['missing']))).size).toBe(0)
  })
})

describe('a node that stands still', () => {
  it('keeps nobody for long who could ask another one: for leaders, for coordinators', async () => {
    const { clock, cluster } = setUp(3)
    const context = { clientId: 'test', clock, logger: silentLogger, requestTimeoutMs: 60_000 }
    const client = cluster.connect(context)
    const kept = new Set<string>()
    cluster.intercept(({ api, clientId }) => {
      if (clientId !== 'test' || (api !== 'metadata' && api !== 'findCoordinator') || kept.has(api)) return undefined
      kept.add(api)
      return { dropRequest: 'silence' }
    })
    const fromMs = clock.monotonicMs()
    const producer = client.producer({ transactionalId: 'id' })
    let done = 0
    for (const each of [producer.init(), client.admin.describeTopics([topic])]) void each.then(() => done++)
    await clock.advanceUntil(() => done === 2, 60_000)
    expect([...kept].sort()).toEqual(['findCoordinator', 'metadata'])
    expect(clock.monotonicMs() - fromMs).toBeLessThan(15_000)
  })
})

describe('a leader', () => {
  it.each([1, 2, 3])('is found though node %i knows only the former one', async (ignorant) => {
    const { cluster, client, finished, produce } = setUp(3)
    cluster.moveLeader(topic, 0, 1)
    await produce(1)
    const wire = cluster.open('admin')
    const request = {
      topics: [{ topicId: '0'.repeat(32), name: topic }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    }
    const old = await finished(wire.send(ignorant, 'metadata', request))
    cluster.moveLeader(topic, 0, 2)
    let stale = 0
    cluster.intercept(({ api, node, request: asked }) => {
      if (api !== 'metadata' || node !== ignorant || asked.topics?.length !== 1) return undefined
      stale++
      return { answer: old }
    })
    const producer = client.producer({ lingerMs: 0, deliveryTimeoutMs: 4_000 })
    await finished(producer.init())
    producer.send(topic, 0, null, Buffer.from('x'), 0, NO_HEADERS)
    await finished(producer.flush())
    expect(cluster.partition(topic, 0).logEndOffset).toBe(2)
    if (ignorant === 1) expect(stale).toBeGreaterThan(0)
  })
})
