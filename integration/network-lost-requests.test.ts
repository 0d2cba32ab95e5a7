// Each kind of request that a client of the application sends, lost on its way or its answer lost, by a broken connection or by silence: the
// client asks again, and nothing is stored, read or committed twice.
import type { Client, GroupMetadata, Producer } from '../lib/client/client.ts'
import type { ApiName } from '../lib/client/protocol/apis.ts'
import { systemClock } from '../lib/core/clock.ts'
import { NO_HEADERS } from '../lib/core/record.ts'
import { Reader, values } from '../tests/contracts/client/fetch-reader.ts'
import { SharingAssignor, TestMember } from '../tests/contracts/client/group-members.ts'
import { describeWithBroker } from './broker/describe.ts'
import type { Fate, Rule } from './fault-proxy.ts'
import { freshName, type TestCluster, until } from './support/cluster.ts'
import { ProxiedBroker } from './support/proxied-broker.ts'

/** A silent answer costs a half of it, or all; the rest has to do on a busy machine. */
const REQUEST_TIMEOUT_MS = 6_000
const REBALANCE_TIMEOUT_MS = 1_000
/** A JoinGroup or SyncGroup may be parked for the rebalance time-out, and is given 5 s more. */
const SESSION_TIMEOUT_MS = 12_000
const LIMIT_MS = 30_000

interface Work {
  readonly client: Client
  readonly topic: string
  readonly cluster: TestCluster
  readonly lost: Rule
}

const ways: readonly { readonly how: string; readonly fates: readonly Fate[] }[] = [
  { how: 'by a connection that breaks', fates: ['lose-request', 'lose-response'] },
  { how: 'in silence', fates: ['swallow-request', 'swallow-response'] },
]

interface LostRequest {
  readonly api: ApiName
  /** How many of them pass first. */
  readonly after?: number
  readonly work: (work: Work) => Promise<void>
  /** Default: the cluster's. */
  readonly transactionVersion?: 1 | 2
}

const requests: readonly LostRequest[] = [
  { api: 'initProducerId', work: transactions },
  { api: 'addPartitionsToTxn', after: 1, work: transactions, transactionVersion: 1 },
  { api: 'addOffsetsToTxn', after: 1, work: transactions, transactionVersion: 1 },
  { api: 'txnOffsetCommit', after: 1, work: transactions },
  { api: 'endTxn', after: 1, work: transactions },
  { api: 'produce', after: 1, work: transactions },
  { api: 'produce', after: 1, work: idempotentSends },
  { api: 'findCoordinator', work: membership },
  { api: 'joinGroup', after: 1, work: membership },
  { api: 'syncGroup', work: membership },
  { api: 'heartbeat', after: 1, work: membership },
  { api: 'offsetCommit', work: membership },
  { api: 'offsetFetch', work: membership },
  { api: 'metadata', work: reading },
  { api: 'fetch', after: 1, work: reading },
]

const rounds = ['a', 'b', 'c'].map((letter) => Array.from({ length: 20 }, (_, i) => `${letter}${i}`))

function send(producer: Producer, topic: string, round: readonly string[]): void {
  for (const value of round) producer.send(topic, 0, null, Buffer.from(value), systemClock.now(), NO_HEADERS)
}

async function idempotentSends({ client, topic, cluster }: Work): Promise<void> {
  const producer = client.producer({})
  await producer.init()
  for (const round of rounds) {
    send(producer, topic, round)
    await producer.flush()
  }
  expect(values(await cluster.readCommitted(topic))).toEqual(rounds.flat())
}

async function transactions({ client, topic, cluster }: Work): Promise<void> {
  const producer = client.producer({ transactionalId: freshName('lost') })
  await producer.init()
  const group: GroupMetadata = { groupId: freshName('lost'), memberId: '', generation: -1, instanceId: null }
  for (const [i, round] of rounds.entries()) {
    send(producer, topic, round)
    await producer.commit([{ topic, partition: 0, offset: i + 1, metadata: '' }], group)
  }
  expect(values(await cluster.readCommitted(topic))).toEqual(rounds.flat())
  expect((await cluster.progress(group.groupId, topic)).committed).toEqual([rounds.length])
}

async function membership({ client, topic, lost }: Work): Promise<void> {
  const groupId = freshName('lost')
  const { member, events } = new TestMember(client, groupId, new SharingAssignor(topic, 1), {
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
  })
  await member.start()
  const offset = { topic, partition: 0, offset: 7, metadata: 'seven' }
  await member.commit([offset])
  expect([...(await member.committed([{ topic, partition: 0 }])).values()]).toEqual([{ offset: 7, metadata: 'seven' }])
  await until('the request was lost', () => lost.acted === 1, LIMIT_MS)
  const { generation } = await member.confirm()
  expect(generation).toBe(member.group.generation)
  expect(events).toEqual(['assigned +0 ='])
  await member.close({ leaveGroup: true })
}

async function reading({ client, topic, cluster }: Work): Promise<void> {
  const reader = new Reader(client)
  const partition = reader.add(topic)
  const taken: (string | null)[] = []
  for (const round of rounds) {
    await cluster.produceLines(topic, round)
    taken.push(...values(await reader.to(partition, taken.length + round.length, LIMIT_MS)))
  }
  expect(taken).toEqual(rounds.flat())
}

describeWithBroker('a request that is lost', () => {
  let proxied: ProxiedBroker
  let cluster: TestCluster
  beforeAll(async () => {
    proxied = await ProxiedBroker.start()
    cluster = proxied.cluster()
    // The broker makes its own topics when it is asked for a coordinator first: not in the time of a request that is lost.
    await cluster.client.producer({ transactionalId: freshName('first') }).init()
    await cluster.progress(freshName('first'), await cluster.createTopic(1))
  }, 120_000)
  afterAll(async () => {
    await cluster?.close()
    await proxied?.close()
  })

  /** One kind of request, lost once, in the midst of work that needs it. */
  async function outcome(fate: Fate, { api, after = 0, work, transactionVersion = 2 }: LostRequest): Promise<string> {
    const clientId = freshName(api)
    const client = proxied.client(clientId, { requestTimeoutMs: REQUEST_TIMEOUT_MS, transactionVersion })
    const lost = proxied.proxy.rule({ api, fate, after, clientId })
    const what = `${work.name}, ${api}, ${fate}`
    try {
      const topic = await cluster.createTopic(1)
      await work({ client, topic, cluster, lost })
      return `${what}: happened ${lost.acted}`
    } catch (error) {
      return `${what}: happened ${lost.acted}, then ${error}`
    } finally {
      await client.close()
    }
  }

  // All kinds at once, each with a client of its own: most of the time is spent waiting for answers that do not come.
  it.each(ways)(
    '$how is sent again',
    async ({ fates }) => {
      const all = fates.flatMap((fate) => requests.map((request) => ({ fate, request })))
      const outcomes = await Promise.all(all.map(({ fate, request }) => outcome(fate, request)))
      expect(outcomes).toEqual(
        all.map(({ fate, request: { api, work } }) => `${work.name}, ${api}, ${fate}: happened 1`),
      )
    },
    120_000,
  )
})
