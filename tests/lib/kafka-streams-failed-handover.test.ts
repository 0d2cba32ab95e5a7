// At least once, all tasks of an instance commit together: what fails in the commit before some of them move may be the failure of one that stays.
import { serdes } from '../../lib/serde/index.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { TestApp } from '../support/test-app.ts'
import { until } from '../support/until.ts'

const PARTITIONS = 2
const EACH = 10
const strings = { key: serdes.string(), value: serdes.string() }

/** Counts keys, and writes the counts when a cache lets go of them, which is with a commit. */
function counts(beforeWrite: () => void): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', strings)
    .groupByKey(strings)
    .count({ store: 'counts' })
    .toStream()
    .peek(beforeWrite)
    .to('out', { key: serdes.string(), value: serdes.long() })
  return builder.build()
}

const batch = (name: string) =>
  Array.from({ length: PARTITIONS * EACH }, (_, i) => ({ key: `${name}${i}`, value: '', partition: i % PARTITIONS }))

it('an instance whose commit fails for good while tasks move away stops, and leaves none of the others standing still', async () => {
  const app = new TestApp({
    processingGuarantee: 'at_least_once',
    groupInstanceId: null,
    sessionTimeoutMs: 1_000,
  }).topics({ in: PARTITIONS, out: 1 })
  try {
    let isBroken = false
    const breaking = counts(() => {
      if (isBroken) throw new Error('no such number')
    })
    const first = await app.start(breaking, 'first', { commitIntervalMs: 50_000 })
    // What comes first is committed at once, what follows only for the rebalance.
    await app.produce('in', ...batch('a'))
    await until('it has committed', () => first.streams.metrics().commits > 0)
    isBroken = true
    await app.produce('in', ...batch('b'))
    await until('all is counted', () => first.streams.metrics().recordsProcessed === 2 * PARTITIONS * EACH)
    expect(first.errors).toEqual([])

    await app.start(
      counts(() => {}),
      'second',
    )
    expect(await first.failed()).toMatchObject({ code: 'STREAMS_PROCESSING' })
    expect(first.logged('tasks are closed without their last commit')).toBeDefined()

    await app.caughtUp('in')
    const written = new Set(app.read('out').map(({ key }) => key))
    expect(written).toEqual(new Set([...batch('a'), ...batch('b')].map(({ key }) => key)))
  } finally {
    await app.close()
  }
})
