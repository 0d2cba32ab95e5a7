// The changelog records of window and session stores: Java's bytes, times and headers.
import { type Headers, NO_HEADERS } from '../../../lib/core/record.ts'
import { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { stores } from '../../../stores/stores.ts'
import { FakeTask } from '../fake-task.ts'

const typed = { key: serdes.string(), value: serdes.string() }
const HEADERS: Headers = [['h', Buffer.from('1')]]
const retentionMs = Number.MAX_SAFE_INTEGER
const windowed = { ...typed, retentionMs, windowSizeMs: 10 }

let task: FakeTask

beforeEach(async () => {
  task = await FakeTask.inMemory()
  task.record = { ...task.record!, timestamp: 77, headers: HEADERS }
})

const logged = () =>
  task.changelog.map(({ key, value, timestamp, headers }) => [
    key.toString('hex'),
    value && `${value}`,
    timestamp,
    headers.length,
  ])

describe('the changelog of a window store', () => {
  it('has key, start and a zero, the plain value, and its event time', () => {
    const plain = task.build(stores.window('s', windowed))
    plain.put('ftsxoff', 'x', 1_700_000_000_000)
    const timestamped = task.build(stores.timestampedWindow('t', windowed))
    timestamped.put('a', { value: 'y', timestamp: 42 }, 0)
    timestamped.put('a', null, 0)
    expect(logged()).toEqual([
      ['667473786f66660000018bcfe5680000000000', 'x', 77, 0],
      ['61000000000000000000000000', 'y', 42, 0],
      ['61000000000000000000000000', null, 77, 0],
    ])
  })

  it('of one that retains duplicates counts puts, nulls too, and goes on counting after a restart', async () => {
    const builder = stores.window('s', { ...windowed, retainDuplicates: true, logHeaders: true })
    let store = task.build(builder)
    store.put('a', 'x', 5)
    store.put('b', null, 5)
    store.put('a', 'y', 5)
    expect(logged()).toEqual([
      ['61000000000000000500000001', 'x', 77, 1],
      ['62000000000000000500000002', null, 77, 1],
      ['61000000000000000500000003', 'y', 77, 1],
    ])
    await task.commit(store)
    store.put('a', 'lost', 5)
    task.database.rollback()
    store = task.build(builder)
    store.put('a', 'z', 5)
    expect(logged().at(-1)![0]).toBe('61000000000000000500000004')
    expect(store.fetch('a', { fromMs: 5, toMs: 5 }).map(([, value]) => value)).toEqual(['x', 'y', 'z'])

    const restoring = await FakeTask.inMemory()
    const restored = restoring.build(builder)
    await restoring.restore(restored, task.changelog)
    restored.put('a', 'new', 5)
    expect(restored.fetch('a', { fromMs: 5, toMs: 5 }).map(([, value]) => value)).toEqual(['x', 'y', 'z', 'new'])
  })

  it('has what came too late to be kept', () => {
    const store = task.build(stores.window('s', { ...windowed, retentionMs: 10 }))
    store.put('a', 'x', 1_000_000)
    store.put('a', 'late', 0)
    expect(store.fetch('a', 0)).toBeUndefined()
    expect(logged().map(([, value]) => value)).toEqual(['x', 'late'])
  })

  it('skips null keys when it is restored', () => {
    const store = task.build(stores.window('s', windowed))
    store.restore({ key: null, value: Buffer.from('x'), timestamp: 1, offset: 0, headers: NO_HEADERS })
    expect(store.fetch('', 0)).toBeUndefined()
  })
})

describe('the changelog of a session store', () => {
  it('has key, end and start, the plain value, and the time of the record in process', () => {
    const store = task.build(stores.session('s', { ...typed, retentionMs }))
    store.put(new Windowed('ftsxoff', 1_700_000_000_000, 1_700_000_000_074), 'x')
    store.remove(new Windowed('a', 0, 60))
    expect(logged()).toEqual([
      ['667473786f66660000018bcfe5684a0000018bcfe56800', 'x', 77, 0],
      ['61000000000000003c0000000000000000', null, 77, 0],
    ])
  })
})

describe('headers in a changelog', () => {
  it.each([
    { logHeaders: false, expected: [0, 0] },
    { logHeaders: true, expected: [1, 1] },
    { logHeaders: 'tombstones', expected: [0, 1] },
  ] as const)('are of the record in process: $logHeaders', ({ logHeaders, expected }) => {
    for (const caching of [false, true]) {
      const shared = { ...typed, logHeaders, caching }
      const keyValue = task.build(stores.timestampedKeyValue(`k${caching}`, shared))
      const window = task.build(stores.window(`w${caching}`, { ...windowed, ...shared }))
      const session = task.build(stores.session(`s${caching}`, { ...shared, retentionMs }))
      const put = (value: string | null) => {
        task.record = { ...task.record!, timestamp: 77, headers: HEADERS }
        keyValue.put('a', value === null ? null : { value, timestamp: 1 })
        window.put('a', value, 1)
        session.put(new Windowed('a', 1, 2), value)
        // What is let go later still has the headers of its own record.
        task.at(100)
        for (const store of [keyValue, window, session]) void store.flush()
      }
      put('x')
      put(null)
      const seen = logged().splice(0)
      task.changelog.length = 0
      expect(seen.map(([, value, , headers]) => [value, headers])).toEqual([
        ...[0, 1, 2].map(() => ['x', expected[0]]),
        ...[0, 1, 2].map(() => [null, expected[1]]),
      ])
    }
  })
})
