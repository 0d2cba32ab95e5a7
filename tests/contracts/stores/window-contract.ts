// What every window store does, whatever its entries look like and whatever is between it and the rows.
import fc from 'fast-check'
import { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { Serde } from '../../../lib/serde/serde.ts'
import type { StoreBuilder, TimestampedWindowStore, WindowStore } from '../../../stores/store.ts'
import type { WindowStoreOptions } from '../../../stores/stores.ts'
import { collect, FakeTask } from '../../stores/fake-task.ts'
import type { Backend } from './backends.ts'
import { inSomeOrder } from './in-some-order.ts'
import { WindowModel } from './window-model.ts'

export interface WindowVariant {
  readonly caching: boolean
  readonly logging: boolean
  readonly retainDuplicates: boolean
  readonly timeOrdered: boolean
  readonly makeBackend: () => Backend
  declare<K, V>(name: string, options: WindowStoreOptions<K, V>): StoreBuilder<WindowStore<K, any>>
  /** What is put, and read, for a value with a timestamp. */
  entry(value: unknown, timestamp: number): any
}

type Store = WindowStore<string, any> & Partial<Pick<TimestampedWindowStore<string, any>, 'fetchByTime'>>

// Segments are a minute long at least: a retention of a bit more than two, and times over ten.
const RETENTION_MS = 130_000
const SIZE_MS = 1_000
const LAST_MS = 600_000

export function windowContract(variant: WindowVariant): void {
  const { caching, logging, retainDuplicates, timeOrdered } = variant
  const settings = { caching, logging, retainDuplicates, timeOrdered, retentionMs: RETENTION_MS, windowSizeMs: SIZE_MS }
  let backend: Backend
  let task: FakeTask
  let store: Store

  beforeEach(async () => {
    backend = variant.makeBackend()
    task = new FakeTask(await backend.open('0_0'))
    store = build(serdes.string())
  })

  afterEach(() => backend.destroy())

  function build<V>(value: Serde<V>, options: Partial<WindowStoreOptions<string, V>> = {}, name = 'store'): Store {
    return task.build(variant.declare(name, { key: serdes.string(), value, ...settings, ...options }))
  }

  const e = (value: string, timestamp = 7) => variant.entry(value, timestamp)
  const put = (key: string, value: string | null, startMs: number) =>
    store.put(key, value === null ? null : e(value), startMs)
  const range = (fromMs: number, toMs: number) => ({ fromMs, toMs })
  const all = async () => (await collect(store.all())).map(([{ key, window }, entry]) => [key, window.startMs, entry])

  describe('windows of a key', () => {
    it('are put, read and deleted one by one', () => {
      expect(store.fetch('a', 10)).toBeUndefined()
      put('a', '1', 10)
      put('a', '2', 20)
      put('b', '3', 10)
      expect(store.fetch('a', 10)).toEqual(e('1'))
      expect(store.fetch('a', 20)).toEqual(e('2'))
      expect(store.fetch('a', 15)).toBeUndefined()
      expect(store.fetch('b', 10)).toEqual(e('3'))
      put('a', null, 10)
      expect(store.fetch('a', 10)).toEqual(retainDuplicates ? e('1') : undefined)
    })

    it('are read in ranges of their start, both ends inclusive, ascending and descending', () => {
      for (const startMs of [30, 10, 20, 4_000, 0]) put('a', String(startMs), startMs)
      put('b', 'other', 20)
      const entry = (startMs: number) => [startMs, e(String(startMs))]
      expect(store.fetch('a', range(10, 30))).toEqual([10, 20, 30].map(entry))
      expect(store.backwardFetch('a', range(10, 30))).toEqual([30, 20, 10].map(entry))
      expect(store.fetch('a', range(11, 19))).toEqual([])
      expect(store.fetch('a', range(30, 10))).toEqual([])
      expect(store.fetch('a', range(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY))).toEqual(
        [0, 10, 20, 30, 4_000].map(entry),
      )
      expect(store.fetch('c', range(0, LAST_MS))).toEqual([])
    })

    it('may be put in again', () => {
      put('a', '1', 10)
      put('a', '2', 10)
      expect(store.fetch('a', range(0, 100))).toEqual(
        retainDuplicates
          ? [
              [10, e('1')],
              [10, e('2')],
            ]
          : [[10, e('2')]],
      )
    })
  })

  describe('windows of all keys', () => {
    beforeEach(async () => {
      put('b', '1', 10)
      put('a', '2', 70_000)
      await task.commit(store)
      put('a', '3', 20)
      put('ab', '4', 10)
      put('a', '5', 5_000)
    })

    const expected = [
      ['a', 20],
      ['a', 5_000],
      ['ab', 10],
      ['b', 10],
      ['a', 70_000],
    ]
    const shown = async (entries: AsyncIterable<readonly [Windowed<string>, any]>) =>
      (await collect(entries)).map(([{ key, window }]) => [key, window.startMs])

    it('are read by segment, key and start', async () => {
      expect(await shown(store.all())).toEqual(expected)
      expect(await shown(store.backwardAll())).toEqual(expected.toReversed())
    })

    it('are read in ranges of start and key', async () => {
      expect(await shown(store.fetchAll(range(10, 20)))).toEqual([expected[0], expected[2], expected[3]])
      expect(await shown(store.backwardFetchAll(range(10, 20)))).toEqual([expected[3], expected[2], expected[0]])
      expect(await shown(store.fetchAll(range(0, LAST_MS), { from: 'ab' }))).toEqual([expected[2], expected[3]])
      expect(await shown(store.fetchAll(range(0, LAST_MS), { to: 'a' }))).toEqual([
        expected[0],
        expected[1],
        expected[4],
      ])
      expect(await shown(store.fetchAll(range(0, LAST_MS), { from: 'ab', to: 'ab' }))).toEqual([expected[2]])
      expect(await shown(store.fetchAll(range(20, 10)))).toEqual([])
    })

    it('have their ends from the size of windows', async () => {
      const [[first]] = (await collect(store.all())) as [[Windowed<string>, unknown]]
      expect(first).toEqual(new Windowed('a', 20, 20 + SIZE_MS))
    })
  })

  describe('time', () => {
    const oldestMs = 300_000 - RETENTION_MS + (timeOrdered ? 0 : 1)

    it('takes windows out of sight, to the millisecond', async () => {
      put('a', 'gone', oldestMs - 1)
      put('a', 'there', oldestMs)
      expect(store.fetch('a', oldestMs - 1)).toEqual(e('gone'))
      put('b', 'later', 300_000)
      expect(store.fetch('a', oldestMs - 1)).toBeUndefined()
      expect(store.fetch('a', range(0, LAST_MS))).toEqual([[oldestMs, e('there')]])
      expect(await all()).toEqual([
        ['a', oldestMs, e('there')],
        ['b', 300_000, e('later')],
      ])
    })

    it('goes by what was put, also by a delete, and never back', () => {
      put('a', '1', 10)
      put('b', null, 10 + RETENTION_MS + 1)
      expect(store.fetch('a', 10)).toEqual(retainDuplicates ? e('1') : undefined)
      put('b', '2', 300_000)
      put('b', '3', 290_000)
      expect(store.fetch('a', 10)).toBeUndefined()
    })

    it('is remembered with the windows', async () => {
      put('a', '1', 100_000)
      put('b', '2', 150_000)
      await task.commit(store)
      const database = await backend.open('0_0')
      task = new FakeTask(database)
      store = build(serdes.string())
      put('b', '3', 140_000)
      expect(store.fetch('a', 100_000)).toEqual(e('1'))
      put('a', 'late', 10)
      expect(store.fetch('a', 10)).toBeUndefined()
    })

    it('removes the rows of old windows, and of no others', async () => {
      const rows = async () => (await collect(task.database.rows('store').range({}))).length
      for (let startMs = 0; startMs < 300_000; startMs += 10_000) {
        for (const key of ['a', 'b', 'c']) put(key, 'x'.repeat(500), startMs)
      }
      await task.commit(store)
      put('a', 'later', 5_000_000)
      await task.commit(store)
      // A second commit, for what follows the first one in the background.
      await task.commit(store)
      task = new FakeTask(await backend.open('0_0'))
      store = build(serdes.string())
      // One window, its entry by time if it has one, and the time.
      expect(await rows()).toBe(timeOrdered ? 3 : 2)
      expect(await all()).toEqual([['a', 5_000_000, e('later')]])
    })

    it('may be as long as numbers go', () => {
      const forever = build(serdes.string(), {
        retentionMs: Number.MAX_SAFE_INTEGER,
        windowSizeMs: Number.MAX_SAFE_INTEGER,
      })
      forever.put('a', e('first'), 0)
      forever.put('a', e('now'), 1_800_000_000_000)
      forever.put('a', e('last'), Number.MAX_SAFE_INTEGER - 1)
      expect(forever.fetch('a', 0)).toEqual(e('first'))
      expect(forever.fetch('a', range(0, Number.MAX_SAFE_INTEGER))).toHaveLength(3)
      expect(forever.fetch('a', range(1, Number.POSITIVE_INFINITY))).toHaveLength(2)
    })

    it('may be short', () => {
      const short = build(serdes.string(), { retentionMs: 1, windowSizeMs: 0 })
      short.put('a', e('1'), 10)
      expect(short.fetch('a', 10)).toEqual(e('1'))
      short.put('a', e('2'), 12)
      expect(short.fetch('a', range(0, 100))).toEqual([[12, e('2')]])
    })
  })

  if (timeOrdered) {
    it('reads all keys by time', async () => {
      put('b', '1', 10)
      put('a', '2', 70_000)
      await task.commit(store)
      put('a', '3', 10)
      put('ab', '4', 5_000)
      put('gone', '5', 20)
      put('gone', null, 20)
      const shown = async (fromMs: number, toMs: number) =>
        (await collect(store.fetchByTime!(range(fromMs, toMs)))).map(([{ key, window }]) => [key, window.startMs])
      const inTime = [
        ['a', 10],
        ['b', 10],
        ['ab', 5_000],
        ['a', 70_000],
      ]
      expect(await shown(0, LAST_MS)).toEqual(inTime)
      expect(await shown(10, 10)).toEqual(inTime.slice(0, 2))
      expect(await shown(11, 69_999)).toEqual(inTime.slice(2, 3))
      put('z', '6', 10 + RETENTION_MS + 1)
      expect(await shown(0, 69_999)).toEqual(inTime.slice(2, 3))
    })
  } else {
    it('refuses to read by time what it was not built for', async () => {
      await expect(collect(store.fetchByTime!(range(0, 1)))).rejects.toThrow('it was not built with `timeOrdered`')
    })
  }

  describe('bad input', () => {
    it.each([-1, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1])('refuses a window that starts at %p', (startMs) => {
      expect(() => put('a', '1', startMs)).toThrow(
        expect.objectContaining({ code: 'STREAMS_INVALID_STORE_ARGUMENT', store: 'store' }),
      )
    })

    it('refuses undefined, and keys that are none', () => {
      expect(() => store.put('a', undefined, 1)).toThrow('undefined was put; null deletes')
      for (const key of [null, undefined] as any[]) {
        expect(() => store.put(key, e('1'), 1)).toThrow(`${key} cannot be a key`)
        expect(() => store.fetch(key, 1)).toThrow(`${key} cannot be a key`)
      }
      expect(store.fetch('a', range(0, 10))).toEqual([])
    })
  })

  it('waits for a serde that has to prepare', async () => {
    const prepared: string[] = []
    const careful: Serde<string> = {
      ...serdes.string(),
      prepare: async (topic, bytes) => {
        await Promise.resolve()
        prepared.push(`${topic}: ${bytes}`)
      },
    }
    const other = build(careful, {}, 'other')
    other.put('k', e('v'), 1)
    await collect(other.all())
    expect(prepared).toEqual(['app-other-changelog: v'])
  })

  it('forgets what it had restored when its rows are emptied under it', async () => {
    put('a', 'x', 590_000)
    put('b', 'y', 10)
    task.record = undefined
    const restore = (key: string, startMs: number) => {
      const bytes = Buffer.alloc(key.length + 12)
      bytes.write(key)
      bytes.writeBigInt64BE(BigInt(startMs), key.length)
      store.restore({ key: bytes, value: Buffer.from('z'), timestamp: 7, offset: 0, headers: [] })
    }
    restore('a', 600_000)
    task.database.rollback()
    await task.database.wipe('store')
    store.discard?.()
    restore('b', 10)
    restore('a', 20)
    // Not to be read before.
    await task.commit(store)
    expect(await all()).toEqual([
      ['a', 20, e('z')],
      ['b', 10, e('z')],
    ])
    task = new FakeTask(await backend.open('0_0'))
    store = build(serdes.string())
    put('c', '1', 30)
    expect(await all()).toHaveLength(3)
    put('c', '1', 600_000)
    expect((await all()).map(([key]) => key)).not.toContain('a')
  })

  it('is what was put, through commits, rollbacks and reopens, and is restored from its changelog', async () => {
    const key = fc.constantFrom('', 'a', 'a\0', 'b', '日本')
    const startMs = fc.oneof(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 0, max: LAST_MS / 500 }).map((n) => n * 500),
    )
    const value = fc.option(fc.constantFrom('', '1', 'long'.repeat(200)), { freq: 5 })
    const doing = fc.oneof(
      { weight: 24, arbitrary: fc.constant('put' as const) },
      { weight: 3, arbitrary: fc.constantFrom('commit' as const, 'flush' as const) },
      { weight: 1, arbitrary: fc.constantFrom('rollback' as const, 'reopen' as const) },
    )
    let runs = 0
    let expiries = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ do: doing, key, startMs, value }), { maxLength: 60, size: 'max' }),
        async (steps) => {
          const name = `run-${++runs}`
          const limit = runs % 2 === 0 ? 1_000_000 : 3_000
          task = new FakeTask(await backend.open(name), limit)
          store = build(serdes.string())
          let model = new WindowModel({ retentionMs: RETENTION_MS, retainDuplicates, timeOrdered })
          let committed = model.copy()
          for (const [i, one] of steps.entries()) {
            task.at(i)
            if (one.do === 'put') {
              put(one.key, one.value, one.startMs)
              model.put(one.key, one.value === null ? null : e(one.value), one.startMs)
            } else if (one.do === 'flush') {
              store.flush()
            } else if (one.do === 'commit') {
              await task.commit(store)
              committed = model.copy()
            } else {
              task = await task.startOver(store, one.do === 'reopen' ? () => backend.open(name) : undefined)
              store = build(serdes.string())
              model = committed.copy()
            }
            const span = range(one.startMs - 2_000, one.startMs + 90_000)
            expect(store.fetch(one.key, one.startMs)).toEqual(
              model.fetch(one.key, span.fromMs + 2_000, one.startMs)[0]?.[1],
            )
            expect(store.fetch(one.key, span)).toEqual(model.fetch(one.key, span.fromMs, span.toMs))
          }
          expect(inSomeOrder(await all())).toEqual(inSomeOrder(model.all()))
          await task.commit(store)
          expect(inSomeOrder(await all())).toEqual(inSomeOrder(model.all()))
          expect(task.budget.usedBytes).toBe(0)
          expiries += model.expiries
          if (!logging) return expect(task.changelog).toEqual([])

          const { changelog } = task
          task = new FakeTask(await backend.open(`${name}-restored`))
          store = build(serdes.string())
          await task.restore(store, changelog)
          expect(inSomeOrder(await all())).toEqual(inSomeOrder(model.all()))
          if (timeOrdered) {
            const byTime = await collect(store.fetchByTime!(range(0, LAST_MS)))
            expect(byTime.map(([{ key, window }]) => [window.startMs, key])).toEqual(model.byTime())
          }
        },
      ),
      { seed: 4_711, numRuns: 25 },
    )
    // Must have happened.
    expect(expiries).toBeGreaterThan(10)
  })
}
