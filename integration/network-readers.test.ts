// Fetchers and group members on a network with faults: they go on by themselves, no record is lost or read twice, and who has lost its
// membership is told so and comes back.
import type { ConsumedRecord } from '../lib/core/record.ts'
import { Reader } from '../tests/contracts/client/fetch-reader.ts'
import { SharingAssignor, TestMember } from '../tests/contracts/client/group-members.ts'
import { describeWithBroker } from './broker/describe.ts'
import type { Fate, FaultProxy } from './fault-proxy.ts'
import { freshName, type TestCluster, until } from './support/cluster.ts'
import { ProxiedBroker } from './support/proxied-broker.ts'

const REQUEST_TIMEOUT_MS = 2_000
const LIMIT_MS = 30_000
const PARTITION_COUNT = 4

let proxied: ProxiedBroker
let cluster: TestCluster

describeWithBroker('on a bad network', () => {
  beforeAll(async () => {
    proxied = await ProxiedBroker.start()
    cluster = proxied.cluster()
  }, 120_000)
  afterEach(() => proxied.proxy.heal())
  afterAll(async () => {
    await cluster?.close()
    await proxied?.close()
  })

  describe('a fetcher reads every record once, in order,', () => {
    const lines = Array.from({ length: 2_000 }, (_, i) => `${i} `.padEnd(100, 'x'))
    const cutsOfFetches = (fate: Fate) => (proxy: FaultProxy) => {
      const rule = proxy.rule({ api: 'fetch', fate, clientId: 'reader', after: 1, times: 5 })
      return () => rule.acted === 5
    }
    const cases: readonly { fault: string; begin: (proxy: FaultProxy) => () => boolean }[] = [
      { fault: 'when answers are cut in their headers', begin: cutsOfFetches({ cutResponseAfterBytes: 11 }) },
      { fault: 'when answers are cut among their records', begin: cutsOfFetches({ cutResponseAfterBytes: 900 }) },
      { fault: 'when answers come late', begin: cutsOfFetches({ delayResponseMs: 150 }) },
      {
        fault: 'when an answer never comes',
        begin: (proxy) => {
          const rule = proxy.rule({ api: 'fetch', fate: 'swallow-response', clientId: 'reader', after: 2 })
          return () => rule.acted === 1
        },
      },
      {
        fault: 'through a narrow line',
        begin: (proxy) => {
          proxy.worsen({ toClient: { bytesPerSecond: 500_000 } })
          return () => proxy.counts.throttledPieces > 5
        },
      },
      {
        fault: 'when all its bytes have vanished for a while',
        begin: (proxy) => {
          const before = proxy.counts.swallowedBytes
          proxy.blackHole()
          return () => proxy.counts.swallowedBytes > before
        },
      },
    ]

    it.each(cases)(
      '$fault',
      async ({ begin }) => {
        const client = proxied.client('reader', { requestTimeoutMs: REQUEST_TIMEOUT_MS })
        try {
          const topic = await cluster.createTopic(1)
          // A small buffer: the records come in several answers.
          const reader = new Reader(client, { maxBufferedBytesPerPartition: 20_000 })
          const partition = reader.add(topic)
          await cluster.produceLines(topic, lines.slice(0, 1_000))
          const taken: ConsumedRecord[] = await reader.takeUntil(partition, (some) => some.length > 0, LIMIT_MS)

          const happened = begin(proxied.proxy)
          const reading = reader.takeUntil(partition, (some) => taken.length + some.length >= lines.length, LIMIT_MS)
          await until('the fault happened', happened)
          proxied.proxy.heal()
          await cluster.produceLines(topic, lines.slice(1_000))
          taken.push(...(await reading))

          expect(taken.map(({ value }) => value!.toString())).toEqual(lines)
          expect(taken.map(({ offset }) => offset)).toEqual(lines.map((_, i) => i))
        } finally {
          await client.close()
        }
      },
      60_000,
    )
  })

  describe('of two members of a group', () => {
    const SESSION_TIMEOUT_MS = 1_500
    const clientIds = ['first', 'second'] as const

    async function withMembers(
      use: (members: readonly TestMember[], start: (i: number) => Promise<void>) => Promise<void>,
    ) {
      const topic = await cluster.createTopic(PARTITION_COUNT)
      const groupId = freshName('group')
      const clients = clientIds.map((id) => proxied.client(id, { requestTimeoutMs: REQUEST_TIMEOUT_MS }))
      const members = clients.map(
        (client) =>
          new TestMember(client, groupId, new SharingAssignor(topic, PARTITION_COUNT), {
            sessionTimeoutMs: SESSION_TIMEOUT_MS,
            rebalanceTimeoutMs: 3_000,
          }),
      )
      try {
        await use(members, (i) => members[i]!.member.start())
        for (const { fatal, events } of members) {
          expect(fatal).toBeUndefined()
          expect(events).not.toContain('overlapping calls')
        }
      } finally {
        await Promise.all(clients.map((client) => client.close()))
      }
    }

    const shared = (members: readonly TestMember[]) => (): boolean =>
      members.every(({ partitions }) => partitions.length === PARTITION_COUNT / 2) &&
      new Set(members.flatMap(({ partitions }) => partitions)).size === PARTITION_COUNT

    it.each([
      { what: 'whose heartbeats vanish', fate: 'swallow-request', taken: true },
      {
        what: 'whose heartbeats are answered too late',
        fate: { delayResponseMs: 2 * SESSION_TIMEOUT_MS },
        taken: false,
      },
    ] as const)(
      'the one $what is told that it has lost its partitions, and comes back',
      async ({ fate, taken }) => {
        await withMembers(async (members, start) => {
          await start(0)
          await start(1)
          await until('both share', shared(members), LIMIT_MS)
          const [first, second] = members as [TestMember, TestMember]
          const owned = first.partitions.join()

          const rule = proxied.proxy.rule({
            api: 'heartbeat',
            fate,
            clientId: 'first',
            times: Number.POSITIVE_INFINITY,
          })
          await until('it is told', () => first.events.includes(`lost ${owned}`), LIMIT_MS)
          if (taken) await until('the other takes over', () => second.partitions.length === PARTITION_COUNT, LIMIT_MS)
          expect(rule.acted).toBeGreaterThan(0)
          proxied.proxy.heal()

          await until('both share again', shared(members), LIMIT_MS)
          expect(second.events.filter((event) => event.startsWith('lost'))).toEqual([])
        })
      },
      60_000,
    )

    it.each(['joinGroup', 'syncGroup'] as const)(
      'each meets cuts during %s, and the group still comes to share',
      async (api) => {
        await withMembers(async (members, start) => {
          await start(0)
          const rules = (['lose-response', 'lose-request'] as const).flatMap((fate) =>
            clientIds.map((clientId) => proxied.proxy.rule({ api, fate, clientId })),
          )
          await start(1)
          await until('both share', shared(members), LIMIT_MS)
          expect(rules.map(({ acted }) => acted)).toEqual([1, 1, 1, 1])
        })
      },
      60_000,
    )
  })
})
