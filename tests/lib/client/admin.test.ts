// An admin among moving leaders and lost answers; what it owes in calm is in tests/contracts/client/admin-contract.ts.
import { describe, expect, it } from '@jest/globals'
import { errorResponse, memoryCluster } from '../../../lib/client/memory/index.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'

const LIMIT_MS = 60_000

function setUp() {
  const clock = new VirtualClock()
  const cluster = memoryCluster({ clock, nodes: 3, latencyMs: 2 })
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
  return { cluster, admin: client.admin, client, finished }
}

const partitions = [0, 1, 2, 3, 4, 5].map((partition) => ({ topic: 't', partition }))

describe('an admin', () => {
  it('asks each leader once for all its partitions', async () => {
    const { cluster, admin, finished } = setUp()
    cluster.createTopic('t', { partitions: 6 })
    for (const { partition } of partitions) cluster.moveLeader('t', partition, (partition % 2) + 1)
    const asked: number[] = []
    cluster.intercept(({ api, node }) => {
      if (api === 'listOffsets') asked.push(node)
      return undefined
    })
    expect((await finished(admin.offsets(partitions, 'latest', 'read_committed'))).size).toBe(6)
    expect(asked.sort()).toEqual([1, 2])
  })

  it('follows a leader that moves, and asks only for what is missing', async () => {
    const { cluster, admin, finished } = setUp()
    cluster.createTopic('t', { partitions: 6 })
    await finished(admin.offsets(partitions, 'latest', 'read_committed'))
    for (const { partition } of partitions) cluster.moveLeader('t', partition, 1)
    cluster.moveLeader('t', 4, 3)
    await finished(admin.offsets(partitions, 'latest', 'read_committed'))
    cluster.moveLeader('t', 4, 2)

    const asked: number[] = []
    cluster.intercept(({ api, request }) => {
      if (api === 'listOffsets') asked.push(request.topics.reduce((sum, topic) => sum + topic.partitions.length, 0))
      return undefined
    })
    expect((await finished(admin.offsets(partitions, 'latest', 'read_committed'))).size).toBe(6)
    expect(asked.sort()).toEqual([1, 1, 5])
  })

  it.each(['createTopics', 'deleteTopics', 'createPartitions', 'incrementalAlterConfigs', 'deleteRecords'] as const)(
    'repeats %s when the answer is lost, and when the controller has moved',
    async (api) => {
      const { cluster, admin, finished } = setUp()
      let count = 0
      cluster.intercept((exchange) => {
        if (exchange.api !== api) return undefined
        count++
        if (count === 1) return { dropResponse: 'disconnect' }
        const moved = api === 'deleteRecords' ? errorCodes.NOT_LEADER_OR_FOLLOWER : errorCodes.NOT_CONTROLLER
        return count === 2 ? { answer: errorResponse(exchange, moved) } : undefined
      })
      await finished(admin.createTopics([{ topic: 't', partitionCount: 2, configs: { 'retention.ms': '-1' } }]))
      await finished(admin.createPartitions('t', 4))
      await finished(admin.alterConfigs('t', { 'retention.ms': '9' }))
      await finished(admin.deleteRecords([{ topic: 't', partition: 3, offset: 0 }]))
      expect((await finished(admin.describeConfigs('t'))).get('retention.ms')).toBe('9')
      expect((await finished(admin.describeTopics(['t']))).get('t')?.partitionCount).toBe(4)
      await finished(admin.deleteTopics(['t']))
      expect((await finished(admin.describeTopics(['t']))).size).toBe(0)
      expect(count).toBe(3)
    },
  )

  it('says which topic it may not change', async () => {
    const { cluster, admin, finished } = setUp()
    cluster.intercept((exchange) =>
      exchange.api === 'createTopics'
        ? { answer: errorResponse(exchange, errorCodes.TOPIC_AUTHORIZATION_FAILED) }
        : undefined,
    )
    const refused = admin.createTopics([{ topic: 'secret', partitionCount: 1 }])
    await expect(finished(refused)).rejects.toMatchObject({
      code: 'STREAMS_AUTHORIZATION',
      message: expect.stringContaining("CREATE on topic 'secret'"),
    })
  })
})

describe('a client', () => {
  it('closes what is still open, once', async () => {
    const { cluster, client, finished } = setUp()
    cluster.createTopic('t')
    const [closed, open] = [client.producer({}), client.producer({ transactionalId: 'x' })]
    await finished(closed.init())
    await finished(open.init())
    await finished(closed.close())
    await finished(client.close())
    await finished(client.close())
    expect(() => client.fetcher({ isolation: 'read_committed', purpose: 'fetch', onReady() {} })).toThrow('closed')
    for (const producer of [closed, open]) {
      await expect(finished(producer.flush())).rejects.toMatchObject({ code: 'STREAMS_CLIENT_CLOSED' })
    }
  })

  it('ends what it has not been able to do', async () => {
    const { cluster, client, finished } = setUp()
    cluster.intercept(() => ({ dropRequest: 'disconnect' }))
    const asking = client.admin.clusterId()
    asking.catch(() => {})
    await finished(client.close())
    await expect(finished(asking)).rejects.toMatchObject({ code: 'STREAMS_CLIENT_CLOSED' })
  })
})
