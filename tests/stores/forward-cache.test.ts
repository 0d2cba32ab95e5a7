// What a caching store lets go, when, and in which order: as Java's CachingKeyValueStore does.
import { serdes } from '../../lib/serde/index.ts'
import type { CacheFlush } from '../../stores/store.ts'
import { stores } from '../../stores/stores.ts'
import { FakeTask } from './fake-task.ts'

const cached = stores.timestampedKeyValue('counts', { key: serdes.string(), value: serdes.long(), caching: true })
const at = (value: number, timestamp = value) => ({ value, timestamp })

async function start({ sendOldValues = false, listen = true, cacheBytes = 1_000_000 } = {}) {
  const task = await FakeTask.inMemory(cacheBytes)
  const store = task.build(cached)
  const flushed: CacheFlush<string, number>[] = []
  if (listen) store.setFlushListener((flush) => flushed.push(flush), { sendOldValues })
  const logged = () =>
    task.changelog.map(({ key, value, timestamp }) => [
      String(key),
      value === null ? null : Number(value.readBigInt64BE()),
      timestamp,
    ])
  const changes = () => flushed.map(({ key, newValue, oldValue }) => [key, newValue, oldValue])
  return { task, store, flushed, logged, changes }
}

describe('a caching store', () => {
  it('makes one update of several writes of a key', async () => {
    const { task, store, logged, changes } = await start()
    for (const value of [1, 2, 3]) store.put('a', at(value))
    expect([logged(), changes()]).toEqual([[], []])
    expect(task.database.rows('counts').get(Buffer.from('a'))).toBeUndefined()
    store.flush()
    expect(logged()).toEqual([['a', 3, 3]])
    expect(changes()).toEqual([['a', 3, null]])
    store.flush()
    expect(logged().length).toBe(1)
  })

  it('lets updates go in the order of their last writes', async () => {
    const { store, logged, changes } = await start()
    for (const key of ['c', 'a', 'b', 'c']) store.put(key, at(1))
    store.flush()
    expect(changes().map(([key]) => key)).toEqual(['a', 'b', 'c'])
    expect(logged().map(([key]) => key)).toEqual(['a', 'b', 'c'])
  })

  it('gives each update the context of its last write, and its own time', async () => {
    const { task, store, flushed, logged } = await start()
    task.at(10, 1)
    store.put('a', at(1, 5))
    task.at(20, 2)
    store.put('a', at(2, 15))
    store.put('gone', at(1, 1))
    store.flush()
    task.at(30, 3)
    store.put('gone', null)
    task.at(40, 4)
    store.flush()
    const contexts = flushed.map(({ key, timestamp, context }) => [key, timestamp, context.timestamp, context.offset])
    expect(contexts).toEqual([
      ['a', 15, 20, 2],
      ['gone', 1, 20, 2],
      ['gone', 30, 30, 3],
    ])
    // The tombstone has the time of the record that deleted, not of the one in process when it is let go.
    expect(logged()).toEqual([
      ['a', 2, 15],
      ['gone', 1, 1],
      ['gone', null, 30],
    ])
  })

  it.each([
    { sendOldValues: true, first: ['a', 1, null], second: ['a', 3, 1], third: ['a', null, 3] },
    { sendOldValues: false, first: ['a', 1, null], second: ['a', 3, null], third: ['a', null, null] },
  ])('tells old values if asked to ($sendOldValues)', async ({ sendOldValues, first, second, third }) => {
    const { store, changes } = await start({ sendOldValues })
    store.put('a', at(1))
    store.flush()
    store.put('a', at(2))
    store.put('a', at(3))
    store.flush()
    store.put('a', null)
    store.flush()
    expect(changes()).toEqual([first, second, third])
  })

  it('says nothing of a key that came and went in between, or never was', async () => {
    const { store, logged, changes } = await start()
    store.put('a', at(1))
    store.put('a', null)
    store.put('never', null)
    store.flush()
    expect([logged(), changes()]).toEqual([[], []])
  })

  it('without a listener merges writes all the same, and logs every delete', async () => {
    const { store, logged } = await start({ listen: false })
    store.put('a', at(1))
    store.put('a', at(2))
    store.put('never', null)
    store.flush()
    expect(logged()).toEqual([
      ['a', 2, 2],
      ['never', null, 0],
    ])
  })

  it('lets all go as soon as the caches of the instance hold too much', async () => {
    const { task, store, changes } = await start({ cacheBytes: 2_000 })
    for (let i = 0; changes().length === 0; i++) store.put(`key-${i}`, at(i))
    expect(changes().length).toBeGreaterThan(3)
    expect(task.budget.usedBytes).toBe(0)
    // What another store holds counts too.
    task.budget.usedBytes = 1_990
    const before = changes().length
    store.put('one', at(1))
    expect(changes().length).toBe(before + 1)
    expect(task.budget.usedBytes).toBe(1_990)
  })

  it('counts the bytes of what it holds, and gives them back', async () => {
    const { task, store } = await start()
    store.put('a', at(1))
    const one = task.budget.usedBytes
    expect(one).toBeGreaterThan(100)
    store.put('a', at(2))
    expect(task.budget.usedBytes).toBe(one)
    store.put('a', null)
    expect(task.budget.usedBytes).toBe(one - 16)
    store.put('b', at(1))
    store.discard!()
    expect(task.budget.usedBytes).toBe(0)
    expect(store.get('b')).toBeUndefined()
  })

  it('shows what is being let go while it is', async () => {
    const { store } = await start()
    const seen: unknown[] = []
    store.setFlushListener(({ key }) => seen.push([key, store.get('a')?.value, store.get('b')?.value]), {
      sendOldValues: false,
    })
    store.put('a', at(1))
    store.put('b', at(2))
    store.flush()
    expect(seen).toEqual([
      ['a', 1, 2],
      ['b', 1, 2],
    ])
  })

  it('lets go what is written while it lets go', async () => {
    const { store, logged } = await start({ cacheBytes: 1 })
    store.setFlushListener(
      ({ key, newValue }) => {
        if (newValue! < 3) store.put(`${key}'`, at(newValue! + 1))
      },
      { sendOldValues: false },
    )
    store.put('a', at(1))
    expect(logged()).toEqual([
      ['a', 1, 1],
      ["a'", 2, 2],
      ["a''", 3, 3],
    ])
  })

  it('stops when its updates cause themselves without end', async () => {
    const { task, store } = await start()
    store.setFlushListener(({ newValue }) => store.put('a', at(newValue! + 1)), { sendOldValues: false })
    store.put('a', at(1))
    expect(() => store.flush()).toThrow(expect.objectContaining({ code: 'STREAMS_STORE_FEEDBACK' }))
    store.discard!()
    expect(task.budget.usedBytes).toBe(0)
  })

  it('is one only if the instance has a cache', async () => {
    const none = await start({ cacheBytes: 0 })
    expect(none.store.setFlushListener(() => {}, { sendOldValues: false })).toBe(false)
    none.store.put('a', at(1))
    expect(none.logged()).toEqual([['a', 1, 1]])
    const some = await start({ cacheBytes: 1 })
    expect(some.store.setFlushListener(() => {}, { sendOldValues: false })).toBe(true)
    const plain = stores.timestampedKeyValue('plain', { key: serdes.string(), value: serdes.long() })
    expect(some.task.build(plain).setFlushListener(() => {}, { sendOldValues: false })).toBe(false)
  })
})
