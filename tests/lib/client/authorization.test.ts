// A permission that is missing is named, whichever request was refused for want of it; integration/security has the same from a real broker.
import { describe, expect, it } from '@jest/globals'
import type { Client, GroupMember, GroupMetadata } from '../../../lib/client/client.ts'
import { errorResponse, memoryCluster } from '../../../lib/client/memory/index.ts'
import type { ApiName, ResponseOf } from '../../../lib/client/protocol/apis.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'

const LIMIT_MS = 60_000
const PARTITION = { topic: 'clicks', partition: 0 }
const OFFSET = { ...PARTITION, offset: 0, metadata: '' }
const NOBODY: GroupMetadata = { groupId: 'readers', memberId: '', generation: -1, instanceId: null }

type Kind = 'TOPIC' | 'GROUP' | 'TRANSACTIONAL_ID' | 'CLUSTER'

async function produce(client: Client, transactionalId?: string): Promise<unknown> {
  const producer = client.producer(transactionalId === undefined ? {} : { transactionalId })
  await producer.init()
  producer.send('clicks', 0, null, Buffer.from('v'), 0, NO_HEADERS)
  return transactionalId === undefined ? producer.flush() : producer.commit([OFFSET], NOBODY)
}

const transact = (client: Client) => produce(client, 'writer-1')

async function read(client: Client): Promise<unknown> {
  const outcome = Promise.withResolvers<unknown>()
  const onReady = (): void => {
    try {
      outcome.resolve(fetched.next())
    } catch (error) {
      outcome.reject(error)
    }
  }
  const fetched = client.fetcher({ isolation: 'read_committed', purpose: 'fetch', onReady }).add(PARTITION, 0)
  return outcome.promise
}

function member(client: Client): GroupMember {
  const nothing = async (): Promise<void> => {}
  return client.groupMember({
    groupId: 'readers',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    assignor: {
      name: 'millrace',
      subscription: () => ({ topics: ['clicks'], userData: Buffer.alloc(0) }),
      assign: async (members) =>
        new Map(members.map(({ memberId }) => [memberId, { partitions: [PARTITION], userData: Buffer.alloc(0) }])),
    },
    listener: { onRevoked: nothing, onAssigned: nothing, onLost: nothing, onFatal: () => {} },
  })
}

const join = (client: Client) => member(client).start()

async function commit(client: Client): Promise<void> {
  const joined = member(client)
  await joined.start()
  await joined.commit([OFFSET])
}

const committed = (client: Client) => member(client).committed([PARTITION])

const cases: readonly (readonly [ApiName, Kind, missing: string, (client: Client) => Promise<unknown>])[] = [
  ['metadata', 'TOPIC', "DESCRIBE on topic 'clicks'", ({ admin }) => admin.describeTopics(['clicks'])],
  ['metadata', 'TOPIC', "DESCRIBE on topic 'clicks'", read],
  ['metadata', 'TOPIC', "DESCRIBE on topic 'clicks'", (client) => produce(client)],
  [
    'listOffsets',
    'TOPIC',
    "DESCRIBE on topic 'clicks'",
    ({ admin }) => admin.offsets([PARTITION], 'latest', 'read_committed'),
  ],
  ['fetch', 'TOPIC', "READ on topic 'clicks'", read],
  ['produce', 'TOPIC', "WRITE on topic 'clicks'", (client) => produce(client)],
  ['produce', 'TOPIC', "WRITE on topic 'clicks'", transact],
  ['produce', 'CLUSTER', "IDEMPOTENT_WRITE on cluster 'kafka-cluster'", (client) => produce(client)],
  ['produce', 'TRANSACTIONAL_ID', "WRITE on transactional id 'writer-1'", transact],
  ['initProducerId', 'CLUSTER', "IDEMPOTENT_WRITE on cluster 'kafka-cluster'", (client) => produce(client)],
  ['initProducerId', 'TRANSACTIONAL_ID', "WRITE on transactional id 'writer-1'", transact],
  ['findCoordinator', 'TRANSACTIONAL_ID', "DESCRIBE on transactional id 'writer-1'", transact],
  ['addPartitionsToTxn', 'TOPIC', "WRITE on topic 'clicks'", transact],
  ['addPartitionsToTxn', 'TRANSACTIONAL_ID', "WRITE on transactional id 'writer-1'", transact],
  ['addOffsetsToTxn', 'TRANSACTIONAL_ID', "WRITE on transactional id 'writer-1'", transact],
  ['addOffsetsToTxn', 'GROUP', "READ on group 'readers'", transact],
  ['txnOffsetCommit', 'TRANSACTIONAL_ID', "WRITE on transactional id 'writer-1'", transact],
  ['txnOffsetCommit', 'GROUP', "READ on group 'readers'", transact],
  ['txnOffsetCommit', 'TOPIC', "READ on topic 'clicks'", transact],
  ['endTxn', 'TRANSACTIONAL_ID', "WRITE on transactional id 'writer-1'", transact],
  ['findCoordinator', 'GROUP', "DESCRIBE on group 'readers'", join],
  ['joinGroup', 'GROUP', "READ on group 'readers'", join],
  ['syncGroup', 'GROUP', "READ on group 'readers'", join],
  ['offsetCommit', 'GROUP', "READ on group 'readers'", commit],
  ['offsetCommit', 'TOPIC', "READ on topic 'clicks'", commit],
  ['offsetFetch', 'GROUP', "DESCRIBE on group 'readers'", committed],
  ['offsetFetch', 'TOPIC', "DESCRIBE on topic 'clicks'", committed],
  [
    'createTopics',
    'TOPIC',
    "CREATE on topic 'new'",
    ({ admin }) => admin.createTopics([{ topic: 'new', partitionCount: 1 }]),
  ],
  [
    'createTopics',
    'CLUSTER',
    "CREATE on cluster 'kafka-cluster'",
    ({ admin }) => admin.createTopics([{ topic: 'new', partitionCount: 1 }]),
  ],
  ['deleteTopics', 'TOPIC', "DELETE on topic 'clicks'", ({ admin }) => admin.deleteTopics(['clicks'])],
  ['createPartitions', 'TOPIC', "ALTER on topic 'clicks'", ({ admin }) => admin.createPartitions('clicks', 2)],
  ['deleteRecords', 'TOPIC', "DELETE on topic 'clicks'", ({ admin }) => admin.deleteRecords([OFFSET])],
  ['describeConfigs', 'TOPIC', "DESCRIBE_CONFIGS on topic 'clicks'", ({ admin }) => admin.describeConfigs('clicks')],
  [
    'incrementalAlterConfigs',
    'TOPIC',
    "ALTER_CONFIGS on topic 'clicks'",
    ({ admin }) => admin.alterConfigs('clicks', { 'retention.ms': '1' }),
  ],
]

// The one request that is answered for the group as a whole and for each of its topics.
function topicRefused(errorCode: number): ResponseOf<'offsetFetch'> {
  const partition = { partitionIndex: 0, committedOffset: -1, committedLeaderEpoch: -1, metadata: null, errorCode }
  return { throttleTimeMs: 0, errorCode: 0, topics: [{ name: 'clicks', partitions: [partition] }] }
}

describe('a request that is not authorized', () => {
  it.each(cases)('%s, refused for its %s: the error says %s', async (api, kind, missing, attempt) => {
    const clock = new VirtualClock()
    const cluster = memoryCluster({ clock, latencyMs: 2 })
    cluster.createTopic('clicks', { partitions: 1 })
    const client = cluster.connect({ clientId: 'test', clock, logger: silentLogger, requestTimeoutMs: 10_000 })
    let asked = 0
    cluster.intercept((exchange) => {
      if (exchange.api !== api) return undefined
      asked++
      const errorCode = errorCodes[`${kind}_AUTHORIZATION_FAILED`]
      return {
        answer:
          api === 'offsetFetch' && kind === 'TOPIC' ? topicRefused(errorCode) : errorResponse(exchange, errorCode),
      }
    })

    const outcome = attempt(client).then(
      () => undefined,
      (error) => error,
    )
    let settled = false
    void outcome.then(() => {
      settled = true
    })
    await clock.advanceUntil(() => settled, LIMIT_MS)

    const error = await outcome
    const [operation, , name] = /^(\w+) on (.*) '(.*)'$/.exec(missing)!.slice(1)
    expect(error).toMatchObject({ code: 'STREAMS_AUTHORIZATION', recovery: 'fail', operation, resourceName: name })
    expect(error.errorName).toBe(`${kind}_AUTHORIZATION_FAILED`)
    expect(error.message).toContain(`not authorized: ${missing}`)
    expect(asked).toBe(1)
    await client.close()
  })
})
