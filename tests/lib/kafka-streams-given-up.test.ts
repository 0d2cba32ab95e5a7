// Tasks that the group takes away while they are about to run: what they still do is committed with their offsets, or not at all.
import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import { serdes } from '../../lib/serde/index.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { TestApp } from '../support/test-app.ts'
import { until } from '../support/until.ts'

const PARTITIONS = 6
const EACH = 20
const strings = { key: serdes.string(), value: serdes.string() }

/** Hands records on. A task starts when what is returned for it has settled. */
function pipe(beforeStart: (taskId: string) => Promise<void> | undefined): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', strings)
    .process({
      create: (context) => ({
        init: () => beforeStart(context.taskId),
        process: (record) => context.forward(record),
      }),
    })
    .to('out', strings)
  return builder.build()
}

/** The last value of each key. */
function lastOfEach(): Topology {
  const builder = new StreamsBuilder()
  const { key, value } = strings
  builder
    .stream('in', strings)
    .groupByKey({ key, value })
    .reduce((_, next) => next, { store: 'last' })
    .toStream()
    .to('out', strings)
  return builder.build()
}

const batch = (name: string, padding = '') =>
  Array.from({ length: PARTITIONS * EACH }, (_, i) => ({
    key: `${name}${i}`,
    value: `${name}${i}${padding}`,
    partition: i % PARTITIONS,
  }))

describe.each(['task', 'instance'] as const)('with one transaction for each %s', (transactionScope) => {
  it('a task that begins to run while the others of its rebalance commit does nothing that is done again', async () => {
    const app = new TestApp({ transactionScope, groupInstanceId: null, sessionTimeoutMs: 1_000 }).topics({
      in: PARTITIONS,
      out: 1,
    })
    try {
      const gate = Promise.withResolvers<void>()
      const isHeld = (taskId: string) => Number(taskId.split('_')[1]) % 2 === 1
      const lazy = { clientId: 'first', commitIntervalMs: 50_000, transactionTimeoutMs: 60_000 }
      const first = app.open(
        pipe((taskId) => (isHeld(taskId) ? gate.promise : undefined)),
        'first',
        lazy,
      )
      const started = first.streams.start()
      // What comes first is committed at once, what follows only for the rebalance.
      await app.produce('in', ...batch('a'))
      await until('it has committed', () => first.streams.metrics().commits > 0)
      await app.produce('in', ...batch('b'))
      await until('half of the tasks are done', () => first.streams.metrics().recordsProcessed === PARTITIONS * EACH)

      const moved: string[] = []
      let joins = 0
      let committing = false
      app.cluster.intercept(({ api, clientId }) => {
        if (clientId === 'first' && api === 'joinGroup') joins++
        if (clientId !== 'first' || (api !== 'endTxn' && api !== 'endTxnV5')) return undefined
        committing = true
        return { responseDelayMs: 300 }
      })
      const second = app.start(
        pipe((taskId) => void moved.push(taskId)),
        'second',
        { clientId: 'second' },
      )
      // The commit may wait for the tasks that are starting.
      await until('it hears of the other', () => joins > 0)
      await Promise.race([until('it commits for the rebalance', () => committing), sleep(systemClock, 1_000)])
      gate.resolve()
      await Promise.all([started, second])
      await until('tasks of both kinds have moved', () => moved.some(isHeld) && !moved.every(isHeld))
      await first.close()
      await app.caughtUp('in')

      const values = app.read('out').map(({ value }) => value!)
      expect([...values].sort()).toEqual([...batch('a'), ...batch('b')].map(({ value }) => value).sort())
      expect(committing).toBe(true)
    } finally {
      await app.close()
    }
  })

  it('a task whose last commit was refused waits for the others without another one', async () => {
    const settings = { transactionScope, groupInstanceId: null, uncommittedBytes: 100_000, cacheBytes: 0 }
    const app = new TestApp(settings).topics({ in: PARTITIONS, out: 1 })
    const lazy = { clientId: 'first', commitIntervalMs: 50_000, transactionTimeoutMs: 60_000 }
    try {
      const first = await app.start(lastOfEach(), 'first', lazy)
      const laneCount = transactionScope === 'task' ? PARTITIONS : 1
      await app.produce('in', ...batch('a'))
      await until('each lane has committed', () => first.streams.metrics().commits >= laneCount)
      await app.produce('in', ...batch('b'))
      await until('all is processed', () => first.streams.metrics().recordsProcessed === 2 * PARTITIONS * EACH)

      let refused = ''
      let goOn = false
      const mend = app.cluster.intercept((exchange) => {
        const { api, clientId, request } = exchange
        if (clientId !== 'first' || !api.startsWith('txnOffsetCommit')) return undefined
        const { transactionalId } = request as { transactionalId: string }
        if (refused !== '' && transactionalId !== refused)
          return goOn ? undefined : { answer: errorResponse(exchange, errorCodes.COORDINATOR_LOAD_IN_PROGRESS) }
        if (refused !== '') return undefined
        refused = transactionalId
        return { answer: errorResponse(exchange, errorCodes.INVALID_TXN_STATE) }
      })
      const second = app.start(lastOfEach(), 'second', { clientId: 'second' })
      await until('a last commit is refused', () => first.logged('without their last commit') !== undefined)
      // From here on a commit is due: more lies in memory than may.
      const before = first.streams.metrics().recordsProcessed
      await app.produce('in', ...batch('c', 'c'.repeat(2_000)))
      await until('those that stay go on', () => first.streams.metrics().recordsProcessed > before)
      goOn = true
      await second
      mend()
      expect(first.state).not.toBe('ERROR')
      await first.close()
      await app.caughtUp('in')

      expect(first.errors).toEqual([])
      const seen = app.read('out').map(({ key }) => key!)
      expect([...seen].sort()).toEqual([...batch('a'), ...batch('b'), ...batch('c')].map(({ key }) => key).sort())
    } finally {
      await app.close()
    }
  })
})
