// What a client and an instance do while nobody answers: calls end in time with an error that tells why, close() does not wait, and the log says once
// that an outage began and once that it is over.
import type { Admin } from '../lib/client/client.ts'
import { backOffMs } from '../lib/client/outage.ts'
import { sleep, systemClock } from '../lib/core/clock.ts'
import { NO_HEADERS } from '../lib/core/record.ts'
import { Reader } from '../tests/contracts/client/fetch-reader.ts'
import { SharingAssignor, TestMember } from '../tests/contracts/client/group-members.ts'
import { describeWithBroker } from './broker/describe.ts'
import type { FaultCounts, FaultProxy } from './fault-proxy.ts'
import { freshName, type TestCluster, until } from './support/cluster.ts'
import { ProxiedBroker } from './support/proxied-broker.ts'
import { realText } from './support/text.ts'
import { WordCountInstance } from './support/word-count-instance.ts'

/** For a machine that does much besides. */
const SLACK_MS = 1_500
const OUTAGE_MS = 5_000

const ways: readonly {
  readonly way: string
  readonly begin: (proxy: FaultProxy) => void
  readonly cause: RegExp
  readonly proof: keyof FaultCounts
}[] = [
  {
    way: 'connections are refused',
    begin: (proxy) => {
      proxy.accepting = 'refuse'
      proxy.cutAll()
    },
    cause: /ECONNRESET/,
    proof: 'refused',
  },
  {
    way: 'connections are accepted and never answered',
    begin: (proxy) => {
      proxy.accepting = 'ignore'
      proxy.cutAll()
    },
    cause: /not connected within \d+ ms/,
    proof: 'ignored',
  },
  {
    way: 'bytes vanish',
    begin: (proxy) => proxy.blackHole(),
    cause: /no answer within|given up, because|not connected within/,
    proof: 'swallowedBytes',
  },
]

const adminCalls: readonly {
  readonly name: string
  readonly what: RegExp
  readonly call: (admin: Admin, topic: string) => Promise<unknown>
}[] = [
  { name: 'describeTopics', what: /Describing 1 topics/, call: (admin, topic) => admin.describeTopics([topic]) },
  {
    name: 'createTopics',
    what: /Creating topic 'never'|Describing the cluster/,
    call: (admin) => admin.createTopics([{ topic: 'never', partitionCount: 1 }]),
  },
  { name: 'deleteTopics', what: /Describing 1 topics/, call: (admin, topic) => admin.deleteTopics([topic]) },
  {
    name: 'createPartitions',
    what: /Raising the partitions of topic '.*' to 2|Describing the cluster/,
    call: (admin, topic) => admin.createPartitions(topic, 2),
  },
  {
    name: 'offsets',
    what: /Reading the offsets|Finding the leader of/,
    call: (admin, topic) => admin.offsets([{ topic, partition: 0 }], 'latest', 'read_committed'),
  },
  {
    name: 'deleteRecords',
    what: /Deleting the records|Finding the leader of/,
    call: (admin, topic) => admin.deleteRecords([{ topic, partition: 0, offset: 0 }]),
  },
  {
    name: 'describeConfigs',
    what: /Reading the configuration of topic/,
    call: (admin, topic) => admin.describeConfigs(topic),
  },
  {
    name: 'alterConfigs',
    what: /Changing the configuration of topic|Describing the cluster/,
    call: (admin, topic) => admin.alterConfigs(topic, { 'retention.ms': '1000' }),
  },
]

let proxied: ProxiedBroker
let cluster: TestCluster

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T | Error; readonly ms: number }> {
  const startMs = systemClock.monotonicMs()
  const result = await work().catch((error: Error) => error)
  return { result, ms: systemClock.monotonicMs() - startMs }
}

/** The parts of a client that speak in the log: how an outage begins, and how it is over. */
const parts: readonly (readonly [RegExp, RegExp])[] = [
  [/^warn: Fetching from node 1 fails/, /^info: Node 1 answers fetches again$/],
  [/^warn: The group coordinator does not answer/, /^info: The group coordinator answers again$/],
  [/^warn: .* fails so far and is tried again$/, /^info: What failed and was tried again succeeds$/],
]

/** How often an address is tried, at most, in that time: at once, then after 50, 100, 200, … ms. */
function attemptsWithin(ms: number): number {
  let attempts = 1
  for (let atMs = 0; atMs <= ms; atMs += backOffMs(attempts)) attempts++
  return attempts
}

describeWithBroker('while nobody answers', () => {
  beforeAll(async () => {
    proxied = await ProxiedBroker.start()
    cluster = proxied.cluster()
  }, 60_000)
  afterEach(() => proxied.proxy.heal())
  afterAll(async () => {
    await cluster?.close()
    await proxied?.close()
  })

  describe.each(ways)('because $way', ({ begin, cause, proof }) => {
    let before: number
    beforeEach(() => {
      before = proxied.proxy.counts[proof]
    })
    afterEach(() => {
      expect(proxied.proxy.counts[proof]).toBeGreaterThan(before)
    })

    it('calls of an admin end within their time, and say what failed, for how long, and why', async () => {
      const REQUEST_TIMEOUT_MS = 2_000
      const client = proxied.client('admin', { requestTimeoutMs: REQUEST_TIMEOUT_MS })
      try {
        const topic = await cluster.createTopic(1)
        // Connected, with all that can be known of the cluster.
        await client.admin.offsets([{ topic, partition: 0 }], 'latest', 'read_committed')
        await client.admin.describeConfigs(topic)
        begin(proxied.proxy)
        const ended = await Promise.all(adminCalls.map(({ call }) => timed(() => call(client.admin, topic))))
        ended.forEach(({ result, ms }, i) => {
          const { name, what } = adminCalls[i]!
          expect({ name, code: (result as Error & { code?: string }).code }).toEqual({
            name,
            code: 'STREAMS_BROKER_UNAVAILABLE',
          })
          expect((result as Error).message).toMatch(what)
          expect((result as Error).message).toMatch(/did not succeed within \d+ ms/)
          expect((result as Error).message).toMatch(cause)
          const isLate = ms > REQUEST_TIMEOUT_MS + SLACK_MS
          expect({ name, isLate }).toEqual({ name, isLate: false })
        })
      } finally {
        await client.close()
      }
    }, 60_000)

    it('a client with work under way closes at once', async () => {
      const client = proxied.client('closing', { requestTimeoutMs: 5_000 })
      const topic = await cluster.createTopic(1)
      const producer = client.producer({ transactionalId: freshName('closing') })
      await producer.init()
      const reader = new Reader(client)
      reader.add(topic)
      const { member } = new TestMember(client, freshName('closing'), new SharingAssignor(topic, 1))
      await member.start()
      const { counts } = proxied.proxy
      begin(proxied.proxy)
      producer.send(topic, 0, null, Buffer.from('never acknowledged'), systemClock.now(), NO_HEADERS)
      const committing = producer
        .commit([{ topic, partition: 0, offset: 1, metadata: '' }], {
          groupId: 'g',
          memberId: '',
          generation: -1,
          instanceId: null,
        })
        .catch((error: Error & { code?: string }) => error.code)
      const asking = client.admin.describeTopics([topic]).catch((error: Error & { code?: string }) => error.code)
      await until('the outage is felt', () => counts[proof] > before)
      const { ms } = await timed(() => client.close())
      expect(ms).toBeLessThan(SLACK_MS)
      expect(await committing).toMatch(/^STREAMS_/)
      expect(await asking).toBe('STREAMS_CLIENT_CLOSED')
    }, 60_000)

    it('an instance closes within its request time-out', async () => {
      const REQUEST_TIMEOUT_MS = 2_000
      const instance = await WordCountInstance.start(cluster, { requestTimeoutMs: REQUEST_TIMEOUT_MS })
      await instance.produce(realText(50_000))
      await until('records are processed', () => instance.streams.metrics().recordsProcessed > 0)
      begin(proxied.proxy)
      const { ms, result } = await timed(() => instance.close())
      expect([result, instance.streams.state]).toEqual([undefined, 'NOT_RUNNING'])
      expect(ms).toBeLessThan(REQUEST_TIMEOUT_MS + SLACK_MS)
    }, 60_000)
  })

  it.each(ways.filter(({ proof }) => proof !== 'ignored'))(
    'because $way, an instance asks again at bounded intervals, and says once what is the matter',
    async ({ begin, proof }) => {
      const { proxy } = proxied
      const instance = await WordCountInstance.start(cluster, { requestTimeoutMs: 8_000, sessionTimeoutMs: 20_000 })
      try {
        const feeding = instance.produce(realText(100_000))
        await until('records are processed', () => instance.streams.metrics().recordsProcessed > 0)
        await feeding
        instance.log.lines.length = 0
        const before = { ...proxy.counts }

        begin(proxy)
        await sleep(systemClock, OUTAGE_MS)
        const attempts = proxy.counts.connections - before.connections
        proxy.heal()
        await instance.expectExact()

        expect(proxy.counts[proof]).toBeGreaterThan(before[proof])
        // A client has seven sets of connections, however many tasks it runs.
        expect(attempts).toBeLessThanOrEqual(7 * attemptsWithin(OUTAGE_MS))
        const said = (line: RegExp) => instance.log.lines.filter((each) => line.test(each)).length
        const spoken = parts.filter(([begun]) => said(begun) > 0)
        await until('what has said that an outage began says that it is over', () =>
          spoken.every(([, over]) => said(over) > 0),
        )
        expect(spoken.length).toBeGreaterThan(0)
        for (const [begun, over] of spoken) {
          expect({ begun, count: said(begun) }).toEqual({ begun, count: 1 })
          expect({ over, count: said(over) }).toEqual({ over, count: 1 })
        }
        expect(said(/^(warn|error)/)).toBe(spoken.length)
      } finally {
        await instance.close()
      }
    },
    120_000,
  )
})
