// Tasks that the group takes away while they are about to run: what they still do is committed with their offsets, or not at all.
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

const batch = (name: string) =>
  Array.from({ length: PARTITIONS * EACH }, (_, i) => ({ value: `${name}${i}`, partition: i % PARTITIONS }))

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
})
