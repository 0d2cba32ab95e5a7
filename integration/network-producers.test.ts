// Producers over a network with faults: every record is stored once and in order, whatever becomes of connections, requests and answers.
import { sleep, systemClock } from '../lib/core/clock.ts'
import { describeWithBroker } from './broker/describe.ts'
import type { FaultProxy } from './fault-proxy.ts'
import type { TestCluster } from './support/cluster.ts'
import { until } from './support/cluster.ts'
import { ProxiedBroker } from './support/proxied-broker.ts'
import {
  expectedNumbers,
  numbersByPartition,
  PARTITION_COUNT,
  SteadyProducer,
  SteadyTransactions,
} from './support/steady-producers.ts'

const REQUEST_TIMEOUT_MS = 4_000
const CONNECTION_TIMEOUT_MS = 500
/** How long a fault lasts that lasts. */
const OUTAGE_MS = 500

interface FaultCase {
  readonly fault: string
  readonly cause: (proxy: FaultProxy) => Promise<void>
  /** What proves that it happened. */
  readonly proof: (proxy: FaultProxy) => number
}

const during = async (proxy: FaultProxy): Promise<void> => {
  await sleep(systemClock, OUTAGE_MS)
  proxy.heal()
}

const cases: readonly FaultCase[] = [
  ...(['reset', 'fin'] as const).map((how) => ({
    fault: `connections are cut again and again (${how})`,
    proof: (proxy: FaultProxy) => proxy.counts.cut,
    cause: async (proxy: FaultProxy) => {
      for (let i = 0; i < 7; i++) {
        proxy.cutAll(how)
        await sleep(systemClock, 70)
      }
    },
  })),
  {
    fault: 'new connections are refused',
    proof: ({ counts }) => counts.refused,
    cause: async (proxy) => {
      proxy.accepting = 'refuse'
      proxy.cutAll()
      await during(proxy)
    },
  },
  {
    fault: 'connections are accepted and never answered',
    proof: ({ counts }) => counts.ignored,
    cause: async (proxy) => {
      proxy.accepting = 'ignore'
      proxy.cutAll()
      await during(proxy)
    },
  },
  {
    fault: 'everything is 100 ms late',
    proof: ({ counts }) => counts.delayedChunks,
    cause: (proxy) => {
      proxy.worsen({ toBroker: { delayMs: 100 }, toClient: { delayMs: 100 } })
      return during(proxy)
    },
  },
  {
    fault: 'requests arrive long after they were given up, and sent again',
    proof: ({ counts }) => counts.delayedChunks,
    cause: async (proxy) => {
      proxy.worsen({ toBroker: { delayMs: 400 } })
      await sleep(systemClock, 200)
      // The clients turn to new connections, which are well; what they sent before still arrives.
      proxy.worsen({ toBroker: { delayMs: 0 } })
      proxy.halfCloseAll('client')
    },
  },
  {
    fault: '50 000 bytes a second pass',
    proof: ({ counts }) => counts.throttledPieces,
    cause: (proxy) => {
      proxy.worsen({ toBroker: { bytesPerSecond: 50_000 }, toClient: { bytesPerSecond: 50_000 } })
      return during(proxy)
    },
  },
  ...(['client', 'broker'] as const).map((towards) => ({
    fault: `connections are half-closed towards the ${towards}`,
    proof: ({ counts }: FaultProxy) => counts.halfClosed,
    cause: async (proxy: FaultProxy) => {
      for (let i = 0; i < 5; i++) {
        proxy.halfCloseAll(towards)
        await sleep(systemClock, 100)
      }
    },
  })),
  {
    fault: 'bytes vanish',
    proof: ({ counts }) => counts.swallowedBytes,
    cause: (proxy) => {
      proxy.blackHole()
      return during(proxy)
    },
  },
  ...(['toBroker', 'toClient'] as const).map((direction) => ({
    fault: `a connection is cut in the midst of a message ${direction === 'toBroker' ? 'to the broker' : 'to the client'}`,
    proof: ({ counts }: FaultProxy) => counts.cut,
    cause: async (proxy: FaultProxy) => {
      for (let byteCount = 1; byteCount < 400; byteCount += 80) {
        const before = proxy.counts.cut
        proxy.worsen({ [direction]: { cutAfterBytes: byteCount } })
        await until('a connection was cut', () => proxy.counts.cut > before)
      }
    },
  })),
]

describeWithBroker('producers', () => {
  let proxied: ProxiedBroker
  let cluster: TestCluster
  beforeAll(async () => {
    proxied = await ProxiedBroker.start()
    cluster = proxied.cluster()
  }, 60_000)
  afterAll(async () => {
    await cluster?.close()
    await proxied?.close()
  })

  it.each(cases)(
    'store every record once, in order, while $fault',
    async ({ cause, proof }) => {
      const { proxy } = proxied
      const client = proxied.client('producers', {
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
        connectionTimeoutMs: CONNECTION_TIMEOUT_MS,
      })
      try {
        const topics = await Promise.all([cluster.createTopic(PARTITION_COUNT), cluster.createTopic(PARTITION_COUNT)])
        const plain = new SteadyProducer(client, topics[0])
        const transactional = new SteadyTransactions(client, topics[1], 10_000)
        await Promise.all([plain.start(), transactional.start()])
        await until('both have sent', () => plain.sent > 100 && transactional.committed > 100)

        const before = proof(proxy)
        await cause(proxy)
        expect(proof(proxy)).toBeGreaterThan(before)
        const committedBefore = transactional.committed
        await until('transactions go on', () => transactional.committed > committedBefore + 100, 20_000)
        await Promise.all([plain.stop(), transactional.stop()])

        expect(numbersByPartition(await cluster.readCommitted(topics[0]))).toEqual(expectedNumbers(plain.sent))
        expect(numbersByPartition(await cluster.readCommitted(topics[1]))).toEqual(
          expectedNumbers(transactional.committed),
        )
      } finally {
        proxy.heal()
        await client.close()
      }
    },
    120_000,
  )
})
