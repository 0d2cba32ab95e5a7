// What a transaction over several tasks, and a commit that nobody answers for, leave behind.
import type { Exchange, Fault } from '../../lib/client/memory/index.ts'
import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import { silentLogger } from '../../lib/core/log.ts'
import { KafkaStreams } from '../../lib/kafka-streams.ts'
import { serdes } from '../../lib/serde/index.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { TestApp } from '../support/test-app.ts'
import { countByKey, countsOf, keysNotRising } from '../support/topologies.ts'
import { until } from '../support/until.ts'

const keys = Array.from({ length: 120 }, (_, i) => `k${(i * 5) % 17}`)
const records = keys.map((key, i) => ({ key, value: `v${i}`, partition: ((i * 5) % 17) % 2 }))

/** Counts without a changelog: what is lost from the store is lost. */
function countUnlogged(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: serdes.string(), value: serdes.string() })
    .groupByKey()
    .count({ store: 'counts', logging: false })
    .toStream()
    .mapValues(String, { value: serdes.string() })
    .to('out')
  return builder.build()
}

describe.each(['task', 'instance'] as const)('with one transaction for each %s', (transactionScope) => {
  let app: TestApp
  afterEach(() => app.close())

  const outcomes: readonly { readonly name: string; readonly fault: Fault }[] = [
    { name: 'took place', fault: { dropResponse: 'disconnect' } },
    { name: 'did not take place', fault: { dropRequest: 'disconnect' } },
  ]

  it.each(outcomes)(
    'a commit that nobody answers for, and that $name, is neither lost nor counted twice',
    async ({ fault }) => {
      app = new TestApp({ transactionScope, requestTimeoutMs: 400 }).topics({ in: 2, out: 2 })
      await app.produce('in', ...records.slice(0, 40))
      const instance = await app.start(countUnlogged())
      await app.caughtUp('in')
      // Longer than the producer goes on asking.
      const mend = app.cluster.intercept(({ api }: Exchange) => (api === 'endTxn' ? fault : undefined))
      await app.produce('in', ...records.slice(40, 80))
      await until('it starts over', () => instance.logged('start over') !== undefined)
      mend()
      await app.produce('in', ...records.slice(80))
      await app.caughtUp('in')

      expect(instance.logged('start over')?.fields).toMatchObject({ code: 'STREAMS_COMMIT_OUTCOME_UNKNOWN' })
      expect(app.latest('out')).toEqual(countsOf(keys))
      expect(keysNotRising(app, 'out')).toEqual([])
      expect(instance.state).toBe('RUNNING')
    },
  )

  it('what an instance that dies has left open holds up nobody', async () => {
    app = new TestApp({ transactionScope, sessionTimeoutMs: 1_000, requestTimeoutMs: 800 }).topics({ in: 2, out: 2 })
    const heir = await app.start(countByKey(), 'heir')
    // It sends, and does not commit. The broker would wait for a minute before it ends the transaction by itself.
    const slow = { clientId: 'doomed', cacheBytes: 0, commitIntervalMs: 50_000, transactionTimeoutMs: 60_000 }
    const doomed = await app.start(countByKey(), 'doomed', slow)
    await until('each has a task', () => doomed.restored.length === 1 && heir.streams.state === 'RUNNING')
    // What comes first is committed at once, what follows after the interval.
    await app.produce('in', ...records.slice(0, 40))
    await until('it has committed', () => doomed.streams.metrics().commits > 0)
    await app.produce('in', ...records.slice(40))
    const { partition } = doomed.restored[0]!
    const isOpen = () => {
      const { lastStableOffset, logEndOffset } = app.cluster.partition('out', partition)
      return lastStableOffset < logEndOffset
    }
    await until('its transaction is open', isOpen)
    app.cluster.intercept(({ clientId }) => (clientId === 'doomed' ? { dropRequest: 'disconnect' } : undefined))
    await app.caughtUp('in')

    expect(app.latest('out')).toEqual(countsOf(keys))
    expect(keysNotRising(app, 'out')).toEqual([])
    expect(heir.errors).toEqual([])
  })

  it('tasks that are handed over without their last commit leave nothing behind in the transaction of the others', async () => {
    const lazy = { cacheBytes: 0, commitIntervalMs: 50_000, transactionTimeoutMs: 60_000 }
    app = new TestApp({ transactionScope, groupInstanceId: null }).topics({ in: 2, out: 2 })
    const first = await app.start(countByKey(), 'first', lazy)
    // What comes first is committed at once, what follows only for the rebalance.
    await app.produce('in', ...records.slice(0, 40))
    const laneCount = transactionScope === 'task' ? 2 : 1
    await until('each lane has committed', () => first.streams.metrics().commits >= laneCount)
    await app.produce('in', ...records.slice(40))
    await until('all are counted', () => first.streams.metrics().recordsProcessed === records.length)
    let refused = 0
    const mend = app.cluster.intercept((exchange) => {
      if (exchange.api !== 'txnOffsetCommit' || refused > 0) return undefined
      refused++
      return { answer: errorResponse(exchange, errorCodes.INVALID_TXN_STATE) }
    })
    const second = await app.start(countByKey(), 'second')
    await until('the second has a task', () => second.restored.length > 0)
    mend()
    expect(refused).toBe(1)
    expect(first.logged('without their last commit')).toBeDefined()
    await first.close()
    await app.caughtUp('in')

    expect(app.latest('out')).toEqual(countsOf(keys))
    expect(keysNotRising(app, 'out')).toEqual([])
    expect(second.errors).toEqual([])
  })
})

describe('the hint that another scope costs less', () => {
  it.each([
    { transactionScope: 'task', partitions: 16, hints: 0 },
    { transactionScope: 'task', partitions: 17, hints: 1 },
    { transactionScope: 'instance', partitions: 17, hints: 0 },
  ] as const)(
    'is given $hints times with $partitions tasks and a transaction for each $transactionScope',
    async ({ transactionScope, partitions, hints }) => {
      const app = new TestApp().topics({ in: partitions, out: 1 })
      const said: object[] = []
      const logger = {
        ...silentLogger,
        info: (fields: object, message: string) => {
          if (message.includes("transactionScope: 'instance' costs the brokers less")) said.push(fields)
        },
      }
      const streams = (name: string) =>
        new KafkaStreams(countByKey(), {
          applicationId: 'app',
          client: app.cluster,
          stateDir: `${app.folder}/${name}`,
          transactionScope,
          logger,
        })
      const first = streams('first')
      const second = streams('second')
      let started = 0
      first.on('restored', () => started++)
      let moved = 0
      second.on('restored', () => moved++)
      try {
        await first.start()
        expect(said).toHaveLength(hints)
        if (hints === 0) return
        expect(said[0]).toEqual({
          tasks: 17,
          commitIntervalMs: 255,
          transactionsPerSecond: 67,
          transactionsPerSecondByInstance: 10,
        })
        // Tasks go, and come back: it was said.
        await second.start()
        await until('some have moved', () => moved > 0)
        await second.close()
        await until('they have come back', () => started >= partitions + moved)
        expect(said).toHaveLength(hints)
      } finally {
        await Promise.all([first.close(), second.close()])
        await app.close()
      }
    },
  )
})
