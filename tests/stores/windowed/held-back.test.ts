// What a cache holds back of windows and sessions, and what it lets go.
import type { Headers } from '../../../lib/core/record.ts'
import { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { CacheFlush, FlushListener, SessionStore, TimestampedWindowStore } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import { FakeTask } from '../fake-task.ts'

const MINUTE_MS = 60_000
const typed = { key: serdes.string(), value: serdes.string(), caching: true }

type Listener = FlushListener<Windowed<string>, string>

interface Kind {
  readonly what: string
  /** Writes one entry, null for none, at one of three times: the first two live as long as the third is not written. */
  readonly put: (key: string, value: string | null, at: 0 | 1 | 2) => void
  readonly has: (key: string, at: 0 | 1 | 2) => string | undefined
  readonly listen: (sendOldValues: boolean, listener?: Listener) => boolean
  readonly flush: () => void
}

let task: FakeTask
let flushed: CacheFlush<Windowed<string>, string>[]

const keep: Listener = (flush) => void flushed.push(flush)

const TIMES_MS = [0, 1_000, 60 * MINUTE_MS] as const

function windowKind(overrides: object = {}): Kind {
  const store: TimestampedWindowStore<string, string> = task.build(
    stores.timestampedWindow('s', { ...typed, retentionMs: 5 * MINUTE_MS, windowSizeMs: 1_000, ...overrides }),
  )
  return {
    what: 'windows',
    put: (key, value, at) =>
      store.put(key, value === null ? null : { value, timestamp: TIMES_MS[at] + 5 }, TIMES_MS[at]),
    has: (key, at) => store.fetch(key, TIMES_MS[at])?.value,
    listen: (sendOldValues, listener = keep) => store.setFlushListener(listener, { sendOldValues }),
    flush: () => void store.flush(),
  }
}

function sessionKind(overrides: object = {}): Kind {
  const store: SessionStore<string, string> = task.build(
    stores.session('s', { ...typed, retentionMs: 5 * MINUTE_MS, ...overrides }),
  )
  return {
    what: 'sessions',
    put: (key, value, at) => store.put(new Windowed(key, 0, TIMES_MS[at]), value),
    has: (key, at) => store.fetchSession(key, 0, TIMES_MS[at]),
    listen: (sendOldValues, listener = keep) => store.setFlushListener(listener, { sendOldValues }),
    flush: () => void store.flush(),
  }
}

describe.each([
  ['windows', windowKind],
  ['sessions', sessionKind],
])('updates of %s', (_, make) => {
  beforeEach(async () => {
    task = await FakeTask.inMemory()
    flushed = []
  })

  const news = () => flushed.map(({ key, newValue, oldValue }) => [key.key, newValue, oldValue])
  const logged = () => task.changelog.map(({ key, value }) => [`${key[0] === 97 ? 'a' : 'b'}`, value && `${value}`])

  it('of one entry become one, which is logged and forwarded at the next flush', () => {
    const kind = make()
    expect(kind.listen(true)).toBe(true)
    kind.put('a', '1', 0)
    kind.put('a', '2', 0)
    expect(kind.has('a', 0)).toBe('2')
    expect([task.changelog, flushed]).toEqual([[], []])
    kind.flush()
    expect(logged()).toEqual([['a', '2']])
    expect(news()).toEqual([['a', '2', null]])
    kind.put('a', '3', 0)
    kind.put('a', '4', 0)
    kind.flush()
    expect(news()[1]).toEqual(['a', '4', '2'])
    kind.put('a', null, 0)
    kind.flush()
    expect(news()[2]).toEqual(['a', null, '4'])
    expect(logged()).toEqual([
      ['a', '2'],
      ['a', '4'],
      ['a', null],
    ])
    kind.flush()
    expect(flushed).toHaveLength(3)
    expect(task.budget.usedBytes).toBe(0)
  })

  it('go in the order of the last writes, with the record that each was due to', () => {
    const kind = make()
    kind.listen(false)
    const headers: Headers = [['h', Buffer.from('1')]]
    kind.put('a', '1', 0)
    kind.put('b', '2', 0)
    task.record = { ...task.record!, timestamp: 77, offset: 7, headers }
    kind.put('a', '3', 0)
    kind.put('b', '4', 1)
    task.at(100)
    kind.flush()
    expect(news()).toEqual([
      ['b', '2', null],
      ['a', '3', null],
      ['b', '4', null],
    ])
    expect(flushed[1]!.context).toEqual({ timestamp: 77, offset: 7, headers, topic: 'input', partition: 3 })
    expect(flushed[0]!.context.timestamp).toBe(0)
  })

  it('say nothing of what came and went between two flushes', () => {
    const kind = make()
    kind.listen(true)
    kind.put('a', '1', 0)
    kind.put('a', null, 0)
    kind.put('b', null, 1)
    kind.flush()
    expect([task.changelog, flushed]).toEqual([[], []])
  })

  it('are logged also if nobody listens, deletes too', () => {
    const kind = make()
    kind.put('a', '1', 0)
    kind.put('a', null, 0)
    kind.put('b', '2', 0)
    kind.flush()
    expect(logged()).toEqual([
      ['a', null],
      ['b', '2'],
    ])
  })

  it('are let go with their values though the entry has expired meanwhile', () => {
    const kind = make()
    kind.listen(true)
    kind.put('a', '1', 0)
    kind.flush()
    kind.put('a', '2', 0)
    kind.put('b', '3', 2)
    expect(kind.has('a', 0)).toBeUndefined()
    kind.flush()
    expect(news().slice(1)).toEqual([
      ['a', '2', '1'],
      ['b', '3', null],
    ])
    expect(logged().slice(1)).toEqual([
      ['a', '2'],
      ['b', '3'],
    ])
  })

  it('are let go when they outgrow the budget', () => {
    task.budget.limitBytes = 2_000
    const kind = make()
    kind.listen(false)
    for (let i = 0; i < 20; i++) kind.put('a', `${i}`, 0)
    expect(flushed).toHaveLength(0)
    kind.put('b', 'x'.repeat(3_000), 0)
    expect(news()).toEqual([
      ['a', '19', null],
      ['b', 'x'.repeat(3_000), null],
    ])
    expect(task.budget.usedBytes).toBe(0)
  })

  it('are forwarded at once, by the writer, if there is no cache', () => {
    const kind = make({ caching: false })
    expect(kind.listen(true)).toBe(false)
    kind.put('a', '1', 0)
    kind.flush()
    expect([logged(), flushed]).toEqual([[['a', '1']], []])
  })

  it('that go on and on are stopped', () => {
    const kind = make()
    kind.listen(false, () => kind.put('a', `${Number(kind.has('a', 0)) + 1}`, 0))
    kind.put('a', '1', 0)
    expect(() => kind.flush()).toThrow(expect.objectContaining({ code: 'STREAMS_STORE_FEEDBACK', store: 's' }))
  })
})
