// What every session store does, whatever is between it and the rows.
import fc from 'fast-check'
import { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { SessionStore } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import { collect, FakeTask } from '../../stores/fake-task.ts'
import type { Backend } from './backends.ts'
import { inSomeOrder } from './in-some-order.ts'

export interface SessionVariant {
  readonly caching: boolean
  readonly logging: boolean
  readonly timeOrdered: boolean
  readonly makeBackend: () => Backend
}

type Store = SessionStore<string, string>
type Session = readonly [key: string, startMs: number, endMs: number, aggregate: string]

// Segments are a minute long at least: a retention of a bit more than two, and times over ten.
const RETENTION_MS = 130_000
const SEGMENT_MS = 65_000
const LAST_MS = 600_000
const ALL = { earliestEndMs: 0, latestStartMs: Number.MAX_SAFE_INTEGER }

const session = (key: string, startMs: number, endMs: number) => new Windowed(key, startMs, endMs)
const flat = (entries: readonly (readonly [Windowed<string>, string])[]): Session[] =>
  entries.map(([{ key, window }, aggregate]) => [key, window.startMs, window.endMs, aggregate])
const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const byEnd = ([, start, end]: Session, [, otherStart, otherEnd]: Session) => end - otherEnd || start - otherStart

/** A list of sessions, and the time by which they expire. */
class Model {
  sessions: readonly Session[] = []
  observedMs = -1

  copy(): Model {
    return Object.assign(new Model(), { sessions: this.sessions, observedMs: this.observedMs })
  }

  put(key: string, startMs: number, endMs: number, aggregate: string | null): void {
    this.observedMs = Math.max(this.observedMs, endMs)
    const others = this.sessions.filter(([k, start, end]) => k !== key || start !== startMs || end !== endMs)
    this.sessions = aggregate === null ? others : [...others, [key, startMs, endMs, aggregate]]
  }

  get living(): Session[] {
    return this.sessions.filter(([, , endMs]) => endMs > this.observedMs - RETENTION_MS)
  }

  find(key: string, earliestEndMs: number, latestStartMs: number): Session[] {
    return this.living
      .filter(([k, startMs, endMs]) => k === key && endMs >= earliestEndMs && startMs <= latestStartMs)
      .sort(byEnd)
  }

  all(): Session[] {
    const segment = ([, , endMs]: Session) => Math.floor(endMs / SEGMENT_MS)
    return this.living.sort((a, b) => segment(a) - segment(b) || compare(a[0], b[0]) || byEnd(a, b))
  }
}

export function sessionContract({ caching, logging, timeOrdered, makeBackend }: SessionVariant): void {
  const settings = { caching, logging, timeOrdered, retentionMs: RETENTION_MS }
  let backend: Backend
  let task: FakeTask
  let store: Store

  beforeEach(async () => {
    backend = makeBackend()
    task = new FakeTask(await backend.open('0_0'))
    store = build()
  })

  afterEach(() => backend.destroy())

  function build(retentionMs = RETENTION_MS, name = 'store'): Store {
    const strings = { key: serdes.string(), value: serdes.string() }
    return task.build(stores.session(name, { ...strings, ...settings, retentionMs }))
  }

  const put = (key: string, startMs: number, endMs: number, aggregate: string | null) =>
    store.put(session(key, startMs, endMs), aggregate)
  const all = async () => flat(await collect(store.findAllSessions(ALL)))

  describe('sessions of a key', () => {
    it('are put, read, replaced and removed one by one', () => {
      expect(store.fetchSession('a', 1, 5)).toBeUndefined()
      put('a', 1, 5, 'x')
      put('a', 1, 6, 'y')
      put('a', 2, 5, 'z')
      expect([store.fetchSession('a', 1, 5), store.fetchSession('a', 1, 6), store.fetchSession('a', 2, 5)]).toEqual([
        'x',
        'y',
        'z',
      ])
      put('a', 1, 5, 'X')
      store.remove(session('a', 1, 6))
      put('a', 2, 5, null)
      expect(flat(store.fetch('a'))).toEqual([['a', 1, 5, 'X']])
      store.remove(session('a', 7, 8))
    })

    it('are found by their end and start, in order of end, then start', async () => {
      put('a', 10, 20, '1')
      put('a', 0, 90_000, '2')
      await task.commit(store)
      put('a', 5, 20, '3')
      put('a', 30, 30, '4')
      put('b', 10, 20, 'other')
      const found = (earliestEndMs: number, latestStartMs: number) =>
        flat(store.findSessions('a', { earliestEndMs, latestStartMs })).map(([, , , aggregate]) => aggregate)
      expect(found(0, 100)).toEqual(['3', '1', '4', '2'])
      expect(found(20, 5)).toEqual(['3', '2'])
      expect(found(21, 30)).toEqual(['4', '2'])
      expect(found(0, -1)).toEqual([])
      expect(found(90_001, 100)).toEqual([])
      expect(found(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toHaveLength(4)
      const backward = store.backwardFindSessions('a', { earliestEndMs: 0, latestStartMs: 100 })
      expect(flat(backward).map(([, , , aggregate]) => aggregate)).toEqual(['2', '4', '1', '3'])
    })
  })

  it('finds sessions of all keys, by segment, key, end and start', async () => {
    put('b', 1, 5, '1')
    put('a', 1, 70_000, '2')
    await task.commit(store)
    put('a', 3, 4, '3')
    put('ab', 1, 5, '4')
    const expected = [
      ['a', 3, 4, '3'],
      ['ab', 1, 5, '4'],
      ['b', 1, 5, '1'],
      ['a', 1, 70_000, '2'],
    ]
    expect(await all()).toEqual(expected)
    expect(flat(await collect(store.backwardFindAllSessions(ALL)))).toEqual(expected.toReversed())
    const found = async (range: Partial<typeof ALL>, keys = {}) =>
      flat(await collect(store.findAllSessions({ ...ALL, ...range }, keys)))
    expect(await found({ earliestEndMs: 5 })).toEqual(expected.slice(1))
    expect(await found({ latestStartMs: 2 })).toEqual(expected.slice(1))
    expect(await found({}, { from: 'ab' })).toEqual(expected.slice(1, 3))
    expect(await found({}, { to: 'a' })).toEqual([expected[0], expected[3]])
  })

  describe('time', () => {
    it('takes sessions out of sight by their end, to the millisecond', async () => {
      put('a', 0, 100, 'gone')
      put('a', 0, 101, 'there')
      put('b', 0, 100 + RETENTION_MS, 'later')
      expect(store.fetchSession('a', 0, 100)).toBeUndefined()
      expect(flat(store.fetch('a'))).toEqual([['a', 0, 101, 'there']])
      expect(await all()).toEqual([
        ['a', 0, 101, 'there'],
        ['b', 0, 100 + RETENTION_MS, 'later'],
      ])
    })

    it('removes the rows of old sessions, and of no others', async () => {
      for (let endMs = 0; endMs < 300_000; endMs += 10_000) {
        for (const key of ['a', 'b', 'c']) put(key, 0, endMs, 'x'.repeat(500))
      }
      await task.commit(store)
      put('a', 0, 5_000_000, 'later')
      await task.commit(store)
      await task.commit(store)
      task = new FakeTask(await backend.open('0_0'))
      store = build()
      // One session, its entry by time if it has one, and the time.
      expect(await collect(task.database.rows('store').range({}))).toHaveLength(timeOrdered ? 3 : 2)
      expect(await all()).toEqual([['a', 0, 5_000_000, 'later']])
    })

    it('may be as long as numbers go', () => {
      const forever = build(Number.MAX_SAFE_INTEGER)
      forever.put(session('a', 0, 0), 'first')
      forever.put(session('a', 5, Number.MAX_SAFE_INTEGER - 1), 'last')
      expect(flat(forever.fetch('a')).map(([, , , aggregate]) => aggregate)).toEqual(['first', 'last'])
    })
  })

  if (timeOrdered) {
    it('finds sessions of all keys by their end, also those that have just expired', async () => {
      put('b', 1, 5, '1')
      put('a', 2, 5, '2')
      await task.commit(store)
      put('a', 1, 70_000, '3')
      put('c', 1, 5, '4')
      put('a', 1, 4, '5')
      put('a', 1, 4, null)
      const found = async (fromMs: number, toMs: number) =>
        flat(await collect(store.findByEnd({ fromMs, toMs }))).map(([, , , aggregate]) => aggregate)
      expect(await found(0, LAST_MS)).toEqual(['1', '4', '2', '3'])
      expect(await found(6, LAST_MS)).toEqual(['3'])
      expect(await found(0, 5)).toEqual(['1', '4', '2'])
      // As in Java: so what has closed can still be emitted after a jump in time, as long as its segment is there.
      put('z', 0, 70_000 + RETENTION_MS, '6')
      expect(flat(store.fetch('a'))).toEqual([])
      expect(await found(0, 80_000)).toEqual(['3'])
    })
  } else {
    it('refuses to find by end what it was not built for', async () => {
      await expect(collect(store.findByEnd({ fromMs: 0, toMs: 1 }))).rejects.toThrow('not built with `timeOrdered`')
    })
  }

  it.each([
    [-1, 5],
    [5, 4],
    [0.5, 4],
    [0, Number.NaN],
    [0, Number.MAX_SAFE_INTEGER + 1],
  ])('refuses a session from %p to %p', (startMs, endMs) => {
    const refused = expect.objectContaining({ code: 'STREAMS_INVALID_STORE_ARGUMENT', store: 'store' })
    expect(() => put('a', startMs, endMs, '1')).toThrow(refused)
    expect(() => store.remove(session('a', startMs, endMs))).toThrow(refused)
  })

  it('refuses undefined, and keys that are none', () => {
    expect(() => put('a', 1, 2, undefined as any)).toThrow('undefined was put; null removes')
    for (const key of [null, undefined] as any[]) {
      expect(() => put(key, 1, 2, 'x')).toThrow(`${key} cannot be a key`)
      expect(() => store.fetch(key)).toThrow(`${key} cannot be a key`)
    }
  })

  it('forgets what it had restored when its rows are emptied under it', async () => {
    const restore = (key: string, endMs: number) => {
      const bytes = Buffer.alloc(key.length + 16)
      bytes.write(key)
      bytes.writeBigInt64BE(BigInt(endMs), key.length)
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
      ['a', 0, 20, 'z'],
      ['b', 0, 10, 'z'],
    ])
    task = new FakeTask(await backend.open('0_0'))
    store = build()
    put('c', 1, 30, '1')
    expect(await all()).toHaveLength(3)
    put('c', 600_000, 600_000, '1')
    expect((await all()).map(([key]) => key)).not.toContain('a')
  })

  it('is what was put, through commits, rollbacks and reopens, and is restored from its changelog', async () => {
    const key = fc.constantFrom('', 'a', 'a\0', 'b', '日本')
    const endMs = fc.oneof(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 0, max: LAST_MS / 500 }).map((n) => n * 500),
    )
    const lastsMs = fc.constantFrom(0, 1, 3, 1_000)
    const aggregate = fc.option(fc.constantFrom('', '1', 'long'.repeat(200)), { freq: 5 })
    const doing = fc.oneof(
      { weight: 24, arbitrary: fc.constant('put' as const) },
      { weight: 3, arbitrary: fc.constantFrom('commit' as const, 'flush' as const) },
      { weight: 1, arbitrary: fc.constantFrom('rollback' as const, 'reopen' as const) },
    )
    const program = fc.array(fc.record({ do: doing, key, endMs, lastsMs, aggregate }), { maxLength: 60, size: 'max' })
    let runs = 0
    let expiries = 0
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const name = `run-${++runs}`
        const limit = runs % 2 === 0 ? 1_000_000 : 3_000
        task = new FakeTask(await backend.open(name), limit)
        store = build()
        let model = new Model()
        let committed = model.copy()
        for (const [i, one] of steps.entries()) {
          task.at(i)
          const startMs = Math.max(0, one.endMs - one.lastsMs)
          if (one.do === 'put') {
            put(one.key, startMs, one.endMs, one.aggregate)
            model.put(one.key, startMs, one.endMs, one.aggregate)
          } else if (one.do === 'flush') {
            store.flush()
          } else if (one.do === 'commit') {
            await task.commit(store)
            committed = model.copy()
          } else {
            task = await task.startOver(store, one.do === 'reopen' ? () => backend.open(name) : undefined)
            store = build()
            model = committed.copy()
          }
          const found = store.findSessions(one.key, { earliestEndMs: startMs, latestStartMs: one.endMs })
          expect(flat(found)).toEqual(model.find(one.key, startMs, one.endMs))
          expect(flat(store.fetch(one.key))).toEqual(model.find(one.key, 0, Number.POSITIVE_INFINITY))
        }
        expect(inSomeOrder(await all())).toEqual(inSomeOrder(model.all()))
        await task.commit(store)
        expect(inSomeOrder(await all())).toEqual(inSomeOrder(model.all()))
        expect(task.budget.usedBytes).toBe(0)
        expiries += model.sessions.length - model.living.length
        if (!logging) return expect(task.changelog).toEqual([])

        const { changelog } = task
        task = new FakeTask(await backend.open(`${name}-restored`))
        store = build()
        await task.restore(store, changelog)
        expect(inSomeOrder(await all())).toEqual(inSomeOrder(model.all()))
        if (!timeOrdered) return
        const inTime = flat(await collect(store.findByEnd({ fromMs: 0, toMs: LAST_MS })))
        const oldestMs = model.observedMs - RETENTION_MS + 1
        expect(inTime.filter(([, , endMs]) => endMs >= oldestMs)).toEqual(
          model.living.sort((a, b) => byEnd(a, b) || compare(a[0], b[0])),
        )
      }),
      { seed: 4_712, numRuns: 25 },
    )
    // Must have happened.
    expect(expiries).toBeGreaterThan(10)
  })
}
