// Several instances of one application share its tasks: they join, leave and fail while records flow, and the result is that of one.

import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import { guarantees } from '../support/guarantees.ts'
import { type PlainRecord, TestApp, type TestInstance } from '../support/test-app.ts'
import { countByKey, countsOf, keysNotRising, wordCount } from '../support/topologies.ts'
import { until } from '../support/until.ts'

const PARTITIONS = 6
const lines = Array.from({ length: 240 }, (_, i): PlainRecord & { value: string } => ({
  value: `w${(i * i) % 23} w${(i * 3) % 19} w${i % 7}`,
  partition: i % PARTITIONS,
}))
const words = lines.flatMap(({ value }) => value.split(' '))

/** Feeds lines in small portions, until told to stop; then the rest. */
class Feed {
  readonly #app: TestApp
  #next = 0
  #running: Promise<void> = Promise.resolve()

  constructor(app: TestApp) {
    this.#app = app
  }

  /** Goes on in the background up to this share of all lines. */
  upTo(share: number): void {
    const end = Math.ceil(lines.length * share)
    this.#running = this.#running.then(async () => {
      for (; this.#next < end; this.#next += 5)
        await this.#app.produce('lines', ...lines.slice(this.#next, this.#next + 5))
    })
  }

  done(): Promise<void> {
    return this.#running
  }
}

describe.each(guarantees)(
  '$processingGuarantee by $transactionScope: instances of one application',
  ({ processingGuarantee, transactionScope }) => {
    let app: TestApp
    beforeEach(() => {
      app = new TestApp({ processingGuarantee, transactionScope, sessionTimeoutMs: 1_500 }).topics({
        lines: PARTITIONS,
        counts: PARTITIONS,
      })
    })
    afterEach(() => app.close())

    // What comes from the group alone is tested with one of them.
    const itOnce = (name: string, test: () => Promise<void>) => {
      if (processingGuarantee === 'exactly_once' && transactionScope === 'task') it(name, test)
    }
    const tasksOf = (instance: TestInstance) => new Set(instance.restored.map(({ partition }) => partition))

    async function expectExact(): Promise<void> {
      await app.caughtUp('lines', 'app-counts-repartition')
      expect(app.latest('counts')).toEqual(countsOf(words))
      expect(keysNotRising(app, 'counts')).toEqual([])
    }

    it('join and leave while records flow', async () => {
      const feed = new Feed(app)
      feed.upTo(0.3)
      const a = await app.start(wordCount(), 'a')
      const b = await app.start(wordCount(), 'b')
      await until('b has stores', () => tasksOf(b).size >= 3)
      feed.upTo(0.6)
      const c = await app.start(wordCount(), 'c')
      await until('c has stores', () => tasksOf(c).size >= 1)
      await a.close()
      feed.upTo(1)
      await feed.done()
      await b.close()
      await expectExact()

      for (const instance of [a, b, c]) expect(instance.errors).toEqual([])
      expect(c.state).toBe('RUNNING')
    })

    itOnce('start at the same time and share the tasks evenly', async () => {
      const instances = await Promise.all(['a', 'b', 'c'].map((name) => app.start(wordCount(), name)))
      const feed = new Feed(app)
      feed.upTo(1)
      await feed.done()
      await expectExact()
      // 12 tasks: 6 that split lines and 6 that count. Each instance has had work of both kinds.
      for (const { streams } of instances) expect(streams.metrics().recordsProcessed).toBeGreaterThan(words.length / 10)
    })

    it('one fails, the others take its tasks', async () => {
      let fails = false
      const a = await app.start(countByKeyOf('lines'), 'a')
      const b = await app.start(
        countByKeyOf('lines', () => {
          if (fails) throw new Error('b has had enough')
        }),
        'b',
      )
      await until('b has stores', () => tasksOf(b).size >= 2)
      await app.produce('lines', ...lines.slice(0, 120).map(byKey))
      await app.caughtUp('lines')
      fails = true
      await app.produce('lines', ...lines.slice(120).map(byKey))
      await b.failed()
      await app.caughtUp('lines')

      expect(app.latest('counts')).toEqual(countsOf(lines.map((line) => byKey(line).key)))
      if (processingGuarantee === 'exactly_once') expect(keysNotRising(app, 'counts')).toEqual([])
      expect(a.errors).toEqual([])
    })

    itOnce('a static member that went without leaving comes back to its own tasks, and restores nothing', async () => {
      let fails = false
      const a = await app.start(countByKeyOf('lines'), 'a', { sessionTimeoutMs: 3_000 })
      const broken = countByKeyOf('lines', () => {
        if (fails) throw new Error('gone')
      })
      const b = await app.start(broken, 'b', { sessionTimeoutMs: 3_000 })
      await until('b has stores', () => tasksOf(b).size >= 3)
      await app.produce('lines', ...lines.slice(0, 120).map(byKey))
      await app.caughtUp('lines')
      const ofA = a.restored.length
      fails = true
      await app.produce('lines', ...lines.slice(120).map(byKey))
      await b.failed()
      const back = await app.start(countByKeyOf('lines'), 'b', { sessionTimeoutMs: 3_000 })
      await app.caughtUp('lines')

      expect(tasksOf(back)).toEqual(new Set(b.restored.slice(-3).map(({ partition }) => partition)))
      expect(a.restored).toHaveLength(ofA)
      if (processingGuarantee === 'exactly_once') {
        expect(back.streams.metrics().recordsRestored).toBe(0)
        expect(keysNotRising(app, 'counts')).toEqual([])
      }
      expect(app.latest('counts')).toEqual(countsOf(lines.map((line) => byKey(line).key)))
    })

    itOnce('a second one under the same instance id fences the first, whose error names the id', async () => {
      const a = await app.start(wordCount(), 'a', { groupInstanceId: 'twin' })
      const b = await app.start(wordCount(), 'b', { groupInstanceId: 'twin' })
      const error = await a.failed()
      expect(error).toMatchObject({ code: 'STREAMS_FENCED_INSTANCE', message: expect.stringContaining("'twin'") })
      const feed = new Feed(app)
      feed.upTo(1)
      await feed.done()
      await expectExact()
      expect(b.errors).toEqual([])
    })

    it('commits are refused because a rebalance has moved the generation on: they are repeated under the new one', async () => {
      const a = await app.start(wordCount(), 'a')
      const feed = new Feed(app)
      feed.upTo(0.5)
      const api = processingGuarantee === 'exactly_once' ? 'txnOffsetCommit' : 'offsetCommit'
      let refused = 0
      app.cluster.intercept((exchange) => {
        if (exchange.api !== api || refused === 6) return undefined
        refused++
        return { answer: errorResponse(exchange, errorCodes.ILLEGAL_GENERATION) }
      })
      const b = await app.start(wordCount(), 'b')
      feed.upTo(1)
      await feed.done()
      await app.caughtUp('lines', 'app-counts-repartition')

      expect(refused).toBe(6)
      if (processingGuarantee === 'exactly_once') await expectExact()
      for (const instance of [a, b]) expect(instance.errors).toEqual([])
    })
  },
)

const byKey = ({ value, partition }: PlainRecord & { value: string }) => ({
  key: `${partition}-${value.split(' ')[2]}`,
  value,
  partition: partition!,
})

function countByKeyOf(topic: string, onRecord: () => void = () => {}) {
  return countByKey({ input: topic, output: 'counts', onRecord })
}
