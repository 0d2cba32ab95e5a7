// The store of records that wait for a match: its bytes are Java's (recorded by its serializers), its order is that of time, and a restart loses nothing.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serdes } from '../../../lib/serde/index.ts'
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'
import { type UnmatchedStore, unmatchedStore } from '../../../stores/unmatched/unmatched-store.ts'
import { collect, FakeTask } from '../fake-task.ts'

const S = serdes.string()
const options = { key: S, left: S, right: S }
const waiting = unmatchedStore<string, string, string>('waiting', options)

async function opened(task: FakeTask, builder = waiting): Promise<UnmatchedStore<string, string, string>> {
  const store = task.build(builder)
  await store.open()
  return store
}

async function shown(store: UnmatchedStore<string, string, string>): Promise<string[]> {
  const shown: string[] = []
  for (const entry of await collect(store.entries())) {
    const { key, values } = await store.read(entry)
    shown.push(`${entry.timestamp} ${entry.side} ${key}: ${values}`)
  }
  return shown
}

describe('records that wait for a match', () => {
  it('have the keys and values of Java', async () => {
    const task = await FakeTask.inMemory()
    const store = await opened(task)
    store.put('right', 'b', 'R1', 0)
    store.put('left', 'a', 'L1', 0)
    store.put('left', 'a', 'L1b', 0)
    store.put('left', 'ftsxoff', 'jaineez', 1_700_000_000_000)
    task.at(16)
    store.remove('left', 'a', 0)

    expect(
      task.changelog.map(({ key, value, timestamp }) => [key.toString('hex'), value?.toString('hex'), timestamp]),
    ).toEqual([
      ['00000000000000000062', `0100000001${'00000003'}005231`, 0],
      ['00000000000000000161', `0100000001${'00000003'}014c31`, 0],
      ['00000000000000000161', `0100000002${'00000003'}014c31${'00000004'}014c3162`, 0],
      ['0000018bcfe5680001667473786f6666', `0100000001${'00000008'}016a61696e65657a`, 0],
      ['00000000000000000161', undefined, 16],
    ])
    expect(task.changelog.every(({ headers }) => headers.length === 0)).toBe(true)
  })

  it('come in the order of time, then the right side first, then by key, then as they came', async () => {
    const store = await opened(await FakeTask.inMemory())
    store.put('left', 'b', 'late', 300)
    store.put('left', 'a', '2', 7)
    store.put('left', 'a', '1', 7)
    store.put('right', 'z', '', 7)
    store.put('left', 'A', 'x', 7)
    store.put('right', 'a', 'first', 0)

    expect(await shown(store)).toEqual([
      '0 right a: first',
      '7 right z: ',
      '7 left A: x',
      '7 left a: 2,1',
      '300 left b: late',
    ])
    expect(await collect(store.all())).toContainEqual([
      { key: 'a', timestamp: 7, leftSide: true },
      { left: '1', right: null },
    ])
    expect(await store.newestMs()).toBe(300)
  })

  it('are removed by side, key and time, all at once; what is not there is not logged', async () => {
    const task = await FakeTask.inMemory()
    const store = await opened(task)
    store.put('left', 'a', '1', 7)
    store.put('left', 'a', '2', 7)
    store.remove('right', 'a', 7)
    store.remove('left', 'a', 8)
    store.remove('left', 'b', 7)
    store.remove('left', 'a', 1)
    expect(task.changelog.length).toBe(2)
    store.remove('left', 'a', 7)
    expect(await shown(store)).toEqual([])
    expect(task.changelog.length).toBe(3)
    store.put('left', 'b', '3', 9)
    for (const entry of await collect(store.entries())) store.removeEntry(entry)

    expect(await shown(store)).toEqual([])
    expect(await store.newestMs()).toBeUndefined()
    expect(task.changelog.length).toBe(5)
  })

  it('logs nothing if it is not to', async () => {
    const task = await FakeTask.inMemory()
    const store = await opened(task, unmatchedStore('waiting', { ...options, logging: false }))
    store.put('left', 'a', '1', 7)

    expect(task.changelog).toEqual([])
    expect(await shown(store)).toEqual(['7 left a: 1'])
  })

  it('knows its oldest time again after a restart, and what an abort undid is gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-unmatched-'))
    const open = async () =>
      new FakeTask(await openLevelTaskDatabase({ directory: folder, memoryBytes: 100_000, readCacheBytes: 10_000 }))
    try {
      const task = await open()
      const store = await opened(task)
      expect(store.oldestMs).toBe(Number.POSITIVE_INFINITY)
      store.put('left', 'a', '1', 50)
      store.put('right', 'b', '2', 40)
      await task.commit(store)
      store.put('left', 'c', '3', 10)
      store.remove('right', 'b', 40)
      expect(store.oldestMs).toBe(10)
      task.database.rollback()
      await store.open()
      expect(store.oldestMs).toBe(40)
      expect(await shown(store)).toEqual(['40 right b: 2', '50 left a: 1'])
      await task.database.close()

      const again = await open()
      const next = await opened(again)
      expect(next.oldestMs).toBe(40)
      expect(await shown(next)).toEqual(['40 right b: 2', '50 left a: 1'])
      await again.database.close()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('restored from its changelog it equals the one that wrote it', async () => {
    const task = await FakeTask.inMemory()
    const store = await opened(task)
    store.put('left', 'a', '1', 50)
    store.put('right', 'b', '2', 40)
    store.put('left', 'a', '3', 50)
    store.remove('right', 'b', 40)
    const other = await FakeTask.inMemory()
    const restored = other.build(waiting)
    for (const [offset, record] of task.changelog.entries()) restored.restore({ offset, ...record })
    await restored.open()

    expect(await shown(restored)).toEqual(['50 left a: 1,3'])
    expect(restored.oldestMs).toBe(50)
  })
})
