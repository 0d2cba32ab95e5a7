// What every versioned store does, whatever is between it and the rows.
import fc from 'fast-check'
import { serdes } from '../../../lib/serde/index.ts'
import type { VersionedKeyValueStore, VersionedPut } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import { collect, FakeTask } from '../../stores/fake-task.ts'
import type { Backend } from './backends.ts'

export interface VersionedVariant {
  readonly logging: boolean
  readonly makeBackend: () => Backend
}

type Store = VersionedKeyValueStore<string, string>
type Held = readonly [value: string, fromMs: number, toMs: number | undefined]

// 24 segments of 2500 ms.
const RETENTION_MS = 60_000
const LAST_MS = 300_000

/** What was put for each key, by time; the latest of a key never expires. */
class Model {
  versions = new Map<string, readonly (readonly [timeMs: number, value: string | null])[]>()
  observedMs = -1

  copy(): Model {
    return Object.assign(new Model(), { versions: new Map(this.versions), observedMs: this.observedMs })
  }

  get oldestMs(): number {
    return this.observedMs - RETENTION_MS
  }

  put(key: string, value: string | null, timeMs: number): VersionedPut {
    if (timeMs < this.oldestMs) return 'expired'
    this.observedMs = Math.max(this.observedMs, timeMs)
    const before = this.versions.get(key) ?? []
    const others = before.filter(([otherMs]) => otherMs !== timeMs)
    this.versions.set(
      key,
      [...others, [timeMs, value] as const].sort(([a], [b]) => a - b),
    )
    return before.some(([otherMs]) => otherMs > timeMs) ? 'out-of-order' : 'latest'
  }

  held(key: string): Held[] {
    const versions = this.versions.get(key) ?? []
    return versions.flatMap(([fromMs, value], i) => (value === null ? [] : [[value, fromMs, versions[i + 1]?.[0]]]))
  }

  latest(key: string): Held | undefined {
    return this.held(key).find(([, , toMs]) => toMs === undefined)
  }

  at(key: string, timeMs: number): Held | undefined {
    const held = this.held(key).find(
      ([, fromMs, toMs]) => fromMs <= timeMs && timeMs < (toMs ?? Number.POSITIVE_INFINITY),
    )
    return timeMs >= this.oldestMs || held?.[2] === undefined ? held : undefined
  }

  within(key: string, fromMs: number, toMs: number): Held[] {
    const lowerMs = Math.max(fromMs, this.oldestMs)
    return this.held(key).filter(
      ([, startMs, endMs]) => startMs <= toMs && (endMs === undefined || (endMs > lowerMs && lowerMs <= toMs)),
    )
  }
}

export function versionedContract({ logging, makeBackend }: VersionedVariant): void {
  let backend: Backend
  let task: FakeTask
  let store: Store

  beforeEach(async () => {
    backend = makeBackend()
    task = new FakeTask(await backend.open('0_0'))
    store = build()
  })

  afterEach(() => backend.destroy())

  function build(historyRetentionMs = RETENTION_MS, name = 'store'): Store {
    const strings = { key: serdes.string(), value: serdes.string() }
    return task.build(stores.versioned(name, { ...strings, historyRetentionMs, logging }))
  }

  const held = (record: ReturnType<Store['get']>): Held | undefined =>
    record === undefined ? undefined : [record.value, record.timestamp, record.validToMs]
  const versions = (key: string, fromMs = 0, toMs = LAST_MS) => store.versions(key, { fromMs, toMs }).map(held)

  it('answers what held at a time, and until when', () => {
    expect(store.get('a')).toBeUndefined()
    expect(store.put('a', 'x', 10)).toBe('latest')
    expect(store.put('a', 'y', 20)).toBe('latest')
    expect(store.put('a', null, 30)).toBe('latest')
    expect(store.get('a')).toBeUndefined()
    expect(store.put('a', 'z', 40)).toBe('latest')
    expect(held(store.get('a'))).toEqual(['z', 40, undefined])
    expect([9, 10, 19, 20, 29, 30, 39, 40, 1_000_000].map((timeMs) => held(store.getAsOf('a', timeMs)))).toEqual([
      undefined,
      ['x', 10, 20],
      ['x', 10, 20],
      ['y', 20, 30],
      ['y', 20, 30],
      undefined,
      undefined,
      ['z', 40, undefined],
      ['z', 40, undefined],
    ])
    expect(versions('a')).toEqual([
      ['x', 10, 20],
      ['y', 20, 30],
      ['z', 40, undefined],
    ])
    expect(versions('a', 20, 39)).toEqual([['y', 20, 30]])
    expect(versions('a', 30, 39)).toEqual([])
    expect(versions('b')).toEqual([])
  })

  it('takes versions out of order into their place', () => {
    store.put('a', 'y', 20)
    expect(store.put('a', 'w', 5)).toBe('out-of-order')
    expect(store.put('a', 'x', 10)).toBe('out-of-order')
    expect(store.put('a', null, 15)).toBe('out-of-order')
    expect(store.put('a', 'X', 10)).toBe('out-of-order')
    expect(versions('a')).toEqual([
      ['w', 5, 10],
      ['X', 10, 15],
      ['y', 20, undefined],
    ])
  })

  it('knows of a deletion of what was not there', () => {
    expect(store.put('a', null, 20)).toBe('latest')
    expect(store.put('a', null, 20)).toBe('latest')
    expect(store.put('a', 'x', 10)).toBe('out-of-order')
    expect(versions('a')).toEqual([['x', 10, 20]])
    expect(store.put('a', null, 90_000)).toBe('latest')
    expect(store.put('a', 'y', 50_000)).toBe('out-of-order')
    expect(versions('a')).toEqual([['y', 50_000, 90_000]])
  })

  it('replaces what holds from the same time', () => {
    store.put('a', 'x', 10)
    expect(store.put('a', 'y', 10)).toBe('latest')
    expect(versions('a')).toEqual([['y', 10, undefined]])
    store.put('a', 'z', 20)
    expect(store.put('a', null, 20)).toBe('latest')
    expect(versions('a')).toEqual([['y', 10, 20]])
    expect(store.put('a', 'w', 15)).toBe('out-of-order')
    expect(versions('a')).toEqual([
      ['y', 10, 15],
      ['w', 15, 20],
    ])
  })

  it('forgets, as Java does, the deletion of a first version from its own time on', () => {
    store.put('a', 'x', 10)
    store.put('a', null, 10)
    expect(store.put('a', 'w', 5)).toBe('latest')
    expect(versions('a')).toEqual([['w', 5, undefined]])
  })

  it('deletes, and says what held', () => {
    store.put('a', 'x', 10)
    store.put('a', 'y', 20)
    expect(held(store.delete('a', 15))).toEqual(['x', 10, 20])
    expect(held(store.delete('a', 25))).toEqual(['y', 20, undefined])
    expect(store.delete('a', 30)).toBeUndefined()
    expect(versions('a')).toEqual([
      ['x', 10, 15],
      ['y', 20, 25],
    ])
    store.put('b', 'later', 200_000)
    expect(store.delete('a', 26)).toBeUndefined()
  })

  describe('history', () => {
    it('goes back so far, to the millisecond, but the latest value stays', () => {
      store.put('a', 'x', 10)
      store.put('a', 'y', 20)
      store.put('b', 'old', 5)
      store.put('c', 'later', 19 + RETENTION_MS)
      expect(held(store.getAsOf('a', 19))).toEqual(['x', 10, 20])
      expect(store.getAsOf('a', 18)).toBeUndefined()
      expect(versions('a')).toEqual([
        ['x', 10, 20],
        ['y', 20, undefined],
      ])
      expect(versions('a', 0, 18)).toEqual([])
      expect(held(store.getAsOf('b', 5))).toEqual(['old', 5, undefined])
      expect(versions('b', 0, 18)).toEqual([['old', 5, undefined]])
      expect(store.put('a', 'w', 18)).toBe('expired')
      expect(store.put('a', 'w', 19)).toBe('out-of-order')
      store.put('c', 'later still', 21 + RETENTION_MS)
      expect(versions('a')).toEqual([['y', 20, undefined]])
    })

    it('is remembered with the versions', async () => {
      store.put('a', 'x', 10)
      store.put('b', 'later', 100_000)
      await task.commit(store)
      task = new FakeTask(await backend.open('0_0'))
      store = build()
      expect(store.put('c', 'late', 39_999)).toBe('expired')
      expect(store.put('c', 'in time', 40_000)).toBe('latest')
    })

    it('goes when it has expired: its rows, and no others', async () => {
      for (let timeMs = 0; timeMs < 100_000; timeMs += 500) {
        for (const key of ['a', 'b']) store.put(key, 'x'.repeat(50), timeMs)
      }
      store.put('b', null, 100_000)
      await task.commit(store)
      store.put('c', 'later', 5_000_000)
      await task.commit(store)
      await task.commit(store)
      task = new FakeTask(await backend.open('0_0'))
      store = build()
      // Two latest values, and the time.
      expect(await collect(task.database.rows('store').range({}))).toHaveLength(3)
      expect(held(store.get('a'))).toEqual(['x'.repeat(50), 99_500, undefined])
      expect(store.get('b')).toBeUndefined()
    })

    it('may be as long as numbers go, or nothing', () => {
      const forever = build(Number.MAX_SAFE_INTEGER, 'forever')
      forever.put('a', 'first', 0)
      forever.put('a', 'now', 1_800_000_000_000)
      expect(forever.put('a', 'last', Number.MAX_SAFE_INTEGER)).toBe('latest')
      expect(held(forever.getAsOf('a', 5))).toEqual(['first', 0, 1_800_000_000_000])
      expect(forever.versions('a', { fromMs: 0, toMs: Number.POSITIVE_INFINITY })).toHaveLength(3)
      const short = build(0, 'short')
      short.put('a', 'x', 10)
      short.put('a', 'y', 11)
      expect(short.put('a', 'w', 10)).toBe('expired')
      expect(held(short.getAsOf('a', 11))).toEqual(['y', 11, undefined])
      expect(short.getAsOf('a', 10)).toBeUndefined()
    })
  })

  it('refuses times and values that are none', () => {
    for (const timeMs of [-1, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1]) {
      const refused = expect.objectContaining({ code: 'STREAMS_INVALID_STORE_ARGUMENT', store: 'store' })
      expect(() => store.put('a', 'x', timeMs)).toThrow(refused)
      expect(() => store.delete('a', timeMs)).toThrow(refused)
    }
    expect(() => store.put('a', undefined as any, 1)).toThrow('undefined was put; null deletes')
    expect(() => store.put(null as any, 'x', 1)).toThrow('null cannot be a key')
  })

  it('logs each put with its own time, also one that is not stored', () => {
    task.at(7)
    store.put('a', 'x', 100_000)
    store.put('a', 'expired', 5)
    store.delete('a', 6)
    const logged = task.changelog.map(({ key, value, timestamp }) => [`${key}`, value && `${value}`, timestamp])
    expect(logged).toEqual(
      logging
        ? [
            ['a', 'x', 100_000],
            ['a', 'expired', 5],
            ['a', null, 6],
          ]
        : [],
    )
  })

  it('forgets what it had restored when its rows are emptied under it', async () => {
    const restore = (key: string, timestamp: number) =>
      store.restore({ key: Buffer.from(key), value: Buffer.from('z'), timestamp, offset: 0, headers: [] })
    restore('a', 200_000)
    task.database.rollback()
    await task.database.wipe('store')
    store.discard?.()
    restore('b', 10)
    restore('a', 20)
    expect(['a', 'b'].map((key) => versions(key))).toEqual([[['z', 20, undefined]], [['z', 10, undefined]]])
    expect(store.put('a', 'w', 5)).toBe('out-of-order')
  })

  it('is what was put, through commits, rollbacks and reopens, and is restored from its changelog', async () => {
    const key = fc.constantFrom('', 'a', 'a\0', 'b')
    const timeMs = fc.oneof(
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 0, max: LAST_MS / 1_000 }).map((n) => n * 1_000),
    )
    const value = fc.option(fc.constantFrom('', '1', 'long'.repeat(300)), { freq: 4 })
    const doing = fc.oneof(
      { weight: 24, arbitrary: fc.constant('put' as const) },
      { weight: 3, arbitrary: fc.constant('commit' as const) },
      { weight: 1, arbitrary: fc.constantFrom('rollback' as const, 'reopen' as const) },
    )
    const program = fc.array(fc.record({ do: doing, key, timeMs, value }), { maxLength: 80, size: 'max' })
    let runs = 0
    const outcomes: Record<VersionedPut, number> = { latest: 0, 'out-of-order': 0, expired: 0 }
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const name = `run-${++runs}`
        task = new FakeTask(await backend.open(name))
        store = build()
        let model = new Model()
        let committed = model.copy()
        // Every other run roughly in order of time.
        const rough = (ms: number) => Math.floor(ms / 50_000)
        const sorted = runs % 2 === 0 ? steps : [...steps].sort((a, b) => rough(a.timeMs) - rough(b.timeMs))
        for (const one of sorted) {
          if (one.do === 'put') {
            // A latest value that is deleted from its own time on: see above.
            const same = model.latest(one.key)?.[1] === one.timeMs
            const put = same && one.value === null ? 'instead' : one.value
            const outcome = store.put(one.key, put, one.timeMs)
            expect(outcome).toBe(model.put(one.key, put, one.timeMs))
            outcomes[outcome]++
          } else if (one.do === 'commit') {
            await task.commit(store)
            committed = model.copy()
          } else {
            task = await task.startOver(store, one.do === 'reopen' ? () => backend.open(name) : undefined)
            store = build()
            model = committed.copy()
          }
          expect(held(store.getAsOf(one.key, one.timeMs))).toEqual(model.at(one.key, one.timeMs))
        }
        const check = () => {
          for (const each of ['', 'a', 'a\0', 'b']) {
            expect(held(store.get(each))).toEqual(model.latest(each))
            for (const { timeMs: at } of steps) {
              expect(held(store.getAsOf(each, at))).toEqual(model.at(each, at))
              expect(versions(each, at, at + 5_000)).toEqual(model.within(each, at, at + 5_000))
            }
            expect(versions(each)).toEqual(model.within(each, 0, LAST_MS))
          }
        }
        await task.commit(store)
        check()
        if (!logging) return expect(task.changelog).toEqual([])
        const { changelog } = task
        task = new FakeTask(await backend.open(`${name}-restored`))
        store = build()
        await task.restore(store, changelog)
        check()
      }),
      { seed: 4_713, numRuns: 40 },
    )
    // All must have happened.
    expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(100)
  })
}
