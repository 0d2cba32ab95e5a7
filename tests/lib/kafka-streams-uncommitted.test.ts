// Writes that are not committed yet are held in memory: they bring a commit forward, and processing waits for one that is slow.
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { TestApp } from '../support/test-app.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

const RECORD_BYTES = 1_000
const UNCOMMITTED_BYTES = 100_000

/** Keeps every value; nothing is sent, so nothing else slows it down. */
function keepAll(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', strings)
    .groupByKey(strings)
    .reduce((_, value) => value, { store: 'kept', logging: false })
  return builder.build()
}

describe('uncommitted writes', () => {
  let app: TestApp
  beforeEach(() => {
    // No commit but the first is due by time.
    app = new TestApp({
      uncommittedBytes: UNCOMMITTED_BYTES,
      commitIntervalMs: 800_000,
      transactionTimeoutMs: 900_000,
      cacheBytes: 0,
    })
    app.topics({ in: 1 })
  })
  afterEach(() => app.close())

  const records = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ key: `k${i}`, value: 'x'.repeat(RECORD_BYTES) }))

  it('bring the commit forward', async () => {
    await app.start(keepAll())
    for (const part of [100, 200, 300]) {
      await app.produce('in', ...records(100))
      await until('the commit keeps up', async () => (await app.committed('in'))[0]! > part - 100)
    }
  })

  it('are also what waits for the changelog, at least once: a key that changes all the time is one row and many records', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .groupByKey(strings)
      .reduce((_, value) => value, { store: 'last' })
    await app.start(builder.build(), 'a', { processingGuarantee: 'at_least_once' })
    const key = 'k'.repeat(RECORD_BYTES)
    for (const part of [100, 200, 300]) {
      await app.produce('in', ...Array.from({ length: 100 }, (_, i) => ({ key, value: String(i) })))
      await until('the commit keeps up', async () => (await app.committed('in'))[0]! > part - 100)
    }
  })

  it('hold processing back while a commit is slow', async () => {
    const instance = await app.start(keepAll())
    let processed: number | undefined
    app.cluster.intercept(({ api }) => {
      if (api !== 'txnOffsetCommit' || processed !== undefined) return undefined
      processed = instance.streams.metrics().recordsProcessed
      return { requestDelayMs: 300 }
    })
    let atRelease: number | undefined
    app.cluster.intercept(({ api }) => {
      if (api === 'endTxn') atRelease ??= instance.streams.metrics().recordsProcessed
      return undefined
    })
    await app.produce('in', ...records(5_000))
    await until('the slow commit ends', () => atRelease !== undefined)

    expect(processed).toBeDefined()
    // Two generations of at most twice the bound, and what one slice adds to each.
    expect(atRelease).toBeLessThan(2_500)
    await until('all is processed', () => instance.streams.metrics().recordsProcessed === 5_000)
    await instance.close()
    expect(await app.committed('in')).toEqual([5_000])
  })
})
