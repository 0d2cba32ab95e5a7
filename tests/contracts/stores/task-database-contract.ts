// What every TaskDatabase does, whatever its rows are kept in.
import type { RowRange, Rows } from '../../../stores/store.ts'
import type { ChangelogPosition, TaskDatabase } from '../../../stores/task-database.ts'
import { modelProperties } from './task-database-model.ts'

/** One place to keep a task's state. */
export interface TaskDatabaseHarness {
  open(options?: { readonly readCacheBytes?: number; readonly memoryStores?: readonly string[] }): Promise<TaskDatabase>
  /** Ends the open database as kill -9 would: nothing is written any more. */
  crash(): Promise<void>
  /** Ends everything and deletes what was kept. */
  destroy(): Promise<void>
}

const b = (text: string) => Buffer.from(text, 'latin1')
const at = (offset: number): ChangelogPosition => ({ offset, topicId: 'topic-1', clusterId: 'cluster-1' })
const NOWHERE: ReadonlyMap<string, ChangelogPosition> = new Map()

async function list(rows: Pick<Rows, 'range'>, range: RowRange = {}): Promise<string[]> {
  const found: string[] = []
  for await (const [key, value] of rows.range(range)) found.push(`${key.toString('latin1')}=${value}`)
  return found
}

async function commit(database: TaskDatabase, positions = NOWHERE): Promise<void> {
  database.seal()
  await database.write(positions)
}

export function taskDatabaseContract(makeHarness: () => TaskDatabaseHarness): void {
  let harness: TaskDatabaseHarness
  let database: TaskDatabase

  beforeEach(async () => {
    harness = makeHarness()
    database = await harness.open()
  })

  afterEach(async () => {
    await database.close()
    await harness.destroy()
  })

  async function reopen(how: 'close' | 'crash'): Promise<void> {
    if (how === 'close') await database.close()
    else await harness.crash()
    database = await harness.open()
  }

  it('is empty at first', async () => {
    expect(database.rows('s').get(b('k'))).toBeUndefined()
    expect(await list(database.rows('s'))).toEqual([])
    expect(database.position('s')).toBeUndefined()
    expect(database.dirty).toBe(false)
    expect(database.uncommittedBytes).toBe(0)
  })

  it('has one Rows object for a store', () => {
    expect(database.rows('s')).toBe(database.rows('s'))
    expect(database.rows('s')).not.toBe(database.rows('t'))
  })

  describe('rows that are loaded', () => {
    it('are there after the commit, with the position, over what was there; of one key the last', async () => {
      const rows = database.rows('s')
      for (const key of ['a', 'b', 'c']) rows.put(b(key), b('old'))
      await commit(database)
      // Now they are in the cache, too.
      expect(rows.get(b('a'))).toEqual(b('old'))
      const [key, value] = [b('x'), b('1')]
      for (const [name, text] of [
        ['a', '1'],
        ['a', '2'],
        ['d', '1'],
        ['e', '1'],
      ] as const) {
        key.write(name)
        value.write(text)
        // Its bytes may change afterwards.
        rows.load(key, value)
      }
      rows.load(b('b'), null)
      rows.load(b('e'), null)
      rows.put(b('f'), b('put'))
      expect(database.dirty).toBe(true)
      expect(database.uncommittedBytes).toBeGreaterThan(0)
      await commit(database, new Map([['s', at(7)]]))

      const all = ['a=2', 'c=old', 'd=1', 'f=put']
      expect(database.uncommittedBytes).toBe(0)
      expect(['a', 'b', 'd', 'e'].map((name) => rows.get(b(name))?.toString())).toEqual([
        '2',
        undefined,
        '1',
        undefined,
      ])
      expect(await list(rows)).toEqual(all)
      await reopen('crash')
      expect(await list(database.rows('s'))).toEqual(all)
      expect(database.position('s')).toEqual(at(7))
    })

    it('belong to the generation in which they were loaded', async () => {
      const rows = database.rows('s')
      rows.load(b('a'), b('1'))
      database.seal()
      const writing = database.write(new Map([['s', at(1)]]))
      rows.load(b('b'), b('1'))
      await writing
      await reopen('crash')
      expect(await list(database.rows('s'))).toEqual(['a=1'])
    })

    it('go with a rollback, and with a wipe', async () => {
      const rows = database.rows('s')
      rows.put(b('a'), b('old'))
      await commit(database)
      rows.load(b('a'), b('new'))
      rows.load(b('b'), b('new'))
      database.rollback()
      expect(database.uncommittedBytes).toBe(0)
      await commit(database)
      expect(await list(rows)).toEqual(['a=old'])

      rows.load(b('c'), b('new'))
      await database.wipe('s')
      rows.load(b('d'), b('new'))
      await commit(database)
      expect(await list(rows)).toEqual(['d=new'])
      await reopen('crash')
      expect(await list(database.rows('s'))).toEqual(['d=new'])
    })

    it('cannot be loaded into a database that is closed', async () => {
      const rows = database.rows('s')
      await database.close()
      expect(() => rows.load(b('a'), b('1'))).toThrow(expect.objectContaining({ code: 'STREAMS_STORE_NOT_OPEN' }))
    })
  })

  describe('rows that have expired', () => {
    // When they go is open: at the latest when the database has been closed.
    const rowsAfterwards = async () => {
      await reopen('close')
      return list(database.rows('s'))
    }
    const fill = async () => {
      const rows = database.rows('s')
      for (const key of ['a', 'b1', 'b2', 'c', 'd']) rows.put(b(key), b('1'))
      database.rows('t').put(b('b1'), b('1'))
      await commit(database)
      return rows
    }

    it('go with a commit, those written with it too, and no others', async () => {
      const rows = await fill()
      rows.put(b('b3'), b('2'))
      rows.put(b('c'), b('2'))
      rows.expire(b('b'), b('c'))
      await commit(database, new Map([['s', at(5)]]))
      expect(await rowsAfterwards()).toEqual(['a=1', 'c=2', 'd=1'])
      expect(await list(database.rows('t'))).toEqual(['b1=1'])
      expect(database.position('s')).toEqual(at(5))
    })

    it('go though nothing else was written', async () => {
      const rows = await fill()
      rows.expire(b('a'), b('d'))
      await commit(database)
      expect(await rowsAfterwards()).toEqual(['d=1'])
    })

    it('stay if the commit is rolled back', async () => {
      const rows = await fill()
      rows.expire(b('a'), b('z'))
      database.rollback()
      await commit(database)
      expect(await rowsAfterwards()).toHaveLength(5)
    })

    it('stay until their own commit', async () => {
      const rows = await fill()
      rows.put(b('e'), b('1'))
      database.seal()
      rows.expire(b('a'), b('z'))
      await database.write(NOWHERE)
      expect(await list(rows)).toHaveLength(6)
      database.rollback()
      expect(await rowsAfterwards()).toHaveLength(6)
    })
  })

  describe('a write', () => {
    it('is seen by every read after it, in each stage of its life', async () => {
      const rows = database.rows('s')
      const seen = () => rows.get(b('k'))?.toString()
      rows.put(b('k'), b('1'))
      expect(seen()).toBe('1')
      database.seal()
      expect(seen()).toBe('1')
      const writing = database.write(NOWHERE)
      expect(seen()).toBe('1')
      await writing
      expect(seen()).toBe('1')
      await reopen('close')
      expect(database.rows('s').get(b('k'))?.toString()).toBe('1')
    })

    it('hides what lies below it, also where it deletes', async () => {
      const rows = database.rows('s')
      for (const value of [b('committed'), b('committing'), b('active'), null]) {
        rows.put(b('k'), value)
        expect(rows.get(b('k'))?.toString()).toBe(value?.toString())
        if (value?.toString() === 'committed') await commit(database)
        if (value?.toString() === 'committing') database.seal()
      }
      await database.write(NOWHERE)
      expect(rows.get(b('k'))).toBeUndefined()
      expect(await list(database.committed('s'))).toEqual(['k=committing'])
      await commit(database)
      expect(await list(database.committed('s'))).toEqual([])
    })

    it('belongs to its own store', async () => {
      database.rows('s').put(b('k'), b('1'))
      await commit(database)
      expect(database.rows('t').get(b('k'))).toBeUndefined()
      expect(await list(database.rows('t'))).toEqual([])
    })

    it('may have an empty key, an empty value and any bytes', async () => {
      const rows = database.rows('s')
      const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      rows.put(b(''), b('empty key'))
      rows.put(every, every)
      rows.put(b('no value'), b(''))
      await commit(database)
      await reopen('close')
      expect(database.rows('s').get(b(''))?.toString()).toBe('empty key')
      expect(database.rows('s').get(every)?.equals(every)).toBe(true)
      expect(database.rows('s').get(b('no value'))?.length).toBe(0)
    })
  })

  describe('commits', () => {
    it('are all that is found again', async () => {
      const rows = database.rows('s')
      rows.put(b('committed'), b('1'))
      await commit(database, new Map([['s', at(1)]]))
      rows.put(b('sealed'), b('2'))
      database.seal()
      rows.put(b('active'), b('3'))
      await reopen('crash')
      expect(await list(database.rows('s'))).toEqual(['committed=1'])
      expect(database.position('s')).toEqual(at(1))
      expect(database.dirty).toBe(false)
    })

    it('change positions with rows, and only those they name', async () => {
      database.rows('s').put(b('k'), b('1'))
      await commit(
        database,
        new Map([
          ['s', at(5)],
          ['t', at(7)],
        ]),
      )
      database.rows('s').put(b('k'), b('2'))
      await commit(database, new Map([['t', at(8)]]))
      for (const how of ['open', 'reopened'] as const) {
        if (how === 'reopened') await reopen('close')
        expect(database.position('s')).toEqual(at(5))
        expect(database.position('t')).toEqual(at(8))
      }
    })

    it('let writes go on meanwhile, which belong to the next', async () => {
      const rows = database.rows('s')
      rows.put(b('a'), b('1'))
      database.seal()
      rows.put(b('a'), b('2'))
      rows.put(b('b'), b('1'))
      const writing = database.write(NOWHERE)
      rows.put(b('c'), b('1'))
      await writing
      expect(await list(database.committed('s'))).toEqual(['a=1'])
      expect(await list(rows)).toEqual(['a=2', 'b=1', 'c=1'])
      await commit(database)
      expect(await list(database.committed('s'))).toEqual(['a=2', 'b=1', 'c=1'])
    })

    it('count what waits for them', async () => {
      expect(database.dirty).toBe(false)
      database.rows('s').put(b('k'), b('x'.repeat(1000)))
      expect(database.dirty).toBe(true)
      const one = database.uncommittedBytes
      expect(one).toBeGreaterThan(1000)
      expect(one).toBeLessThan(2000)
      database.seal()
      expect(database.dirty).toBe(false)
      expect(database.uncommittedBytes).toBe(one)
      database.rows('t').put(b('k'), null)
      expect(database.dirty).toBe(true)
      expect(database.uncommittedBytes).toBeGreaterThan(one)
      await database.write(NOWHERE)
      expect(database.dirty).toBe(true)
      expect(database.uncommittedBytes).toBeLessThan(one)
      await commit(database)
      expect(database.uncommittedBytes).toBe(0)
    })

    it('need to be sealed, one at a time', async () => {
      const invariant = expect.objectContaining({ code: 'STREAMS_INVARIANT' })
      await expect(database.write(NOWHERE)).rejects.toEqual(invariant)
      database.seal()
      expect(() => database.seal()).toThrow(invariant)
      const writing = database.write(NOWHERE)
      await expect(database.write(NOWHERE)).rejects.toEqual(invariant)
      await writing
      await expect(database.write(NOWHERE)).rejects.toEqual(invariant)
    })
  })

  describe('rollback', () => {
    it('drops both generations', async () => {
      const rows = database.rows('s')
      rows.put(b('k'), b('1'))
      await commit(database, new Map([['s', at(1)]]))
      rows.put(b('k'), b('2'))
      database.seal()
      rows.put(b('k'), null)
      rows.put(b('new'), b('3'))
      database.rollback()
      expect(await list(rows)).toEqual(['k=1'])
      expect(rows.get(b('k'))?.toString()).toBe('1')
      expect(database.position('s')).toEqual(at(1))
      expect({ dirty: database.dirty, bytes: database.uncommittedBytes }).toEqual({ dirty: false, bytes: 0 })
      rows.put(b('k'), b('4'))
      await commit(database)
      expect(await list(rows)).toEqual(['k=4'])
    })

    it('leaves standing what is being written', async () => {
      const rows = database.rows('s')
      rows.put(b('k'), b('1'))
      database.seal()
      rows.put(b('k'), b('2'))
      const writing = database.write(new Map([['s', at(1)]]))
      database.rollback()
      expect(rows.get(b('k'))?.toString()).toBe('1')
      await writing
      expect(rows.get(b('k'))?.toString()).toBe('1')
      expect(database.uncommittedBytes).toBe(0)
      await commit(database)
    })
  })

  describe('a range', () => {
    const keys = ['', 'a', 'a\0', 'ab', 'b', 'b\xff', 'b\xff\xff', 'c', '\xff', '\xff\xff']
    // Each row in another stage, so that every range has to merge them.
    beforeEach(async () => {
      const rows = database.rows('s')
      database.rows('before').put(b('\xff'), b('x'))
      keys.forEach((key, i) => {
        if (i % 3 === 0) rows.put(b(key), b(String(i)))
      })
      rows.put(b('aa'), b('deleted later'))
      rows.put(b('d'), b('deleted later'))
      await commit(database)
      keys.forEach((key, i) => {
        if (i % 3 === 1) rows.put(b(key), b(String(i)))
      })
      rows.put(b('aa'), null)
      database.seal()
      keys.forEach((key, i) => {
        if (i % 3 === 2) rows.put(b(key), b(String(i)))
      })
      rows.put(b('d'), null)
      database.rows('then').put(b(''), b('x'))
    })

    const ranges: { range: { from?: string; to?: string; prefix?: string }; expected: string[] }[] = [
      { range: {}, expected: keys },
      { range: { from: 'b' }, expected: ['b', 'b\xff', 'b\xff\xff', 'c', '\xff', '\xff\xff'] },
      { range: { to: 'a' }, expected: ['', 'a'] },
      { range: { from: 'a', to: 'a' }, expected: ['a'] },
      { range: { from: 'a\0', to: 'b' }, expected: ['a\0', 'ab', 'b'] },
      { range: { from: 'c', to: 'a' }, expected: [] },
      { range: { from: 'x', to: 'y' }, expected: [] },
      { range: { prefix: 'a' }, expected: ['a', 'a\0', 'ab'] },
      { range: { prefix: 'b\xff' }, expected: ['b\xff', 'b\xff\xff'] },
      { range: { prefix: '\xff' }, expected: ['\xff', '\xff\xff'] },
      { range: { prefix: '' }, expected: keys },
      { range: { prefix: 'b', from: 'b\xff' }, expected: ['b\xff', 'b\xff\xff'] },
      { range: { prefix: 'b', from: 'a', to: 'b\xff' }, expected: ['b', 'b\xff'] },
    ]
    it.each(ranges.map((one) => [JSON.stringify(one.range), one] as const))('%s', async (_, { range, expected }) => {
      const bytes = Object.fromEntries(Object.entries(range).map(([end, text]) => [end, b(text)]))
      const rows = expected.map((key) => `${key}=${keys.indexOf(key)}`)
      expect(await list(database.rows('s'), bytes)).toEqual(rows)
      expect(await list(database.rows('s'), { ...bytes, reverse: true })).toEqual(rows.toReversed())
    })

    it('shows the moment at which it was started', async () => {
      const rows = database.rows('s')
      const before = await list(rows)
      const seen: string[] = []
      for await (const [key, value] of rows.range({})) {
        seen.push(`${key.toString('latin1')}=${value}`)
        if (seen.length === 1) {
          for (const other of keys) rows.put(b(other), b('changed'))
          rows.put(b('new'), b('new'))
          await database.write(NOWHERE)
          await commit(database)
        }
      }
      expect(seen).toEqual(before)
      expect((await list(rows)).length).toBe(keys.length + 1)
    })

    it('may be left in the middle', async () => {
      for await (const [key] of database.rows('s').range({ from: b('a') })) {
        expect(key.toString()).toBe('a')
        break
      }
    })

    it('goes over thousands of rows', async () => {
      const rows = database.rows('many')
      await database.write(NOWHERE)
      const expected = Array.from({ length: 3_000 }, (_, i) => `${String(i).padStart(5, '0')}=${i}`)
      expected.forEach((_, i) => {
        rows.put(b(String(i).padStart(5, '0')), b(String(i)))
      })
      await commit(database)
      expect(await list(rows)).toEqual(expected)
      expect(await list(rows, { reverse: true })).toEqual(expected.toReversed())
    })
  })

  describe('wipe', () => {
    it('empties one store and forgets its position, for good', async () => {
      for (const name of ['s', 't']) database.rows(name).put(b('k'), b('1'))
      const positions = new Map([
        ['s', at(1)],
        ['t', at(1)],
      ])
      await commit(database, positions)
      database.rows('s').put(b('uncommitted'), b('2'))
      await database.wipe('s')
      for (const how of ['open', 'reopened'] as const) {
        if (how === 'reopened') await reopen('crash')
        expect(database.rows('s').get(b('k'))).toBeUndefined()
        expect(await list(database.rows('s'))).toEqual([])
        expect(database.position('s')).toBeUndefined()
        expect(await list(database.rows('t'))).toEqual(['k=1'])
        expect(database.position('t')).toEqual(at(1))
      }
    })

    it('leaves a store that can be filled again', async () => {
      database.rows('s').put(b('old'), b('1'))
      await commit(database, new Map([['s', at(1)]]))
      await database.wipe('s')
      database.rows('s').put(b('new'), b('2'))
      await commit(database, new Map([['s', at(9)]]))
      await reopen('crash')
      expect(await list(database.rows('s'))).toEqual(['new=2'])
      expect(database.position('s')).toEqual(at(9))
    })

    it('waits for a write that is under way', async () => {
      database.rows('s').put(b('k'), b('1'))
      database.seal()
      const writing = database.write(new Map([['s', at(1)]]))
      await Promise.all([database.wipe('s'), writing])
      expect(await list(database.rows('s'))).toEqual([])
      expect(database.position('s')).toBeUndefined()
    })
  })

  describe('committed rows, for queries', () => {
    it('are those of the last write', async () => {
      const rows = database.rows('s')
      rows.put(b('k'), b('1'))
      const read = () => database.committed('s').get(b('k'))?.toString()
      expect(read()).toBeUndefined()
      database.seal()
      expect(read()).toBeUndefined()
      const writing = database.write(NOWHERE)
      expect(read()).toBe('1')
      expect(await list(database.committed('s'))).toEqual(['k=1'])
      await writing
      rows.put(b('k'), b('2'))
      expect(read()).toBe('1')
      expect(await list(database.committed('s'))).toEqual(['k=1'])
    })
  })

  describe('a store in memory', () => {
    const options = { memoryStores: ['m'] }

    it('commits and rolls back with the others, and is empty when opened again', async () => {
      await database.close()
      database = await harness.open(options)
      for (const name of ['m', 's']) database.rows(name).put(b('k'), b('1'))
      await commit(
        database,
        new Map([
          ['m', at(3)],
          ['s', at(4)],
        ]),
      )
      for (const name of ['m', 's']) database.rows(name).put(b('k'), b('2'))
      database.rollback()
      for (const name of ['m', 's']) expect(await list(database.rows(name))).toEqual(['k=1'])
      expect(database.position('m')).toEqual(at(3))

      await database.close()
      database = await harness.open(options)
      expect(await list(database.rows('m'))).toEqual([])
      expect(database.position('m')).toBeUndefined()
      expect(await list(database.rows('s'))).toEqual(['k=1'])
      expect(database.position('s')).toEqual(at(4))
    })

    it('sees nothing of the time when it was not', async () => {
      database.rows('m').put(b('k'), b('1'))
      await commit(database, new Map([['m', at(3)]]))
      await database.close()
      database = await harness.open(options)
      expect(await list(database.rows('m'))).toEqual([])
      expect(database.position('m')).toBeUndefined()
    })

    it('can be wiped', async () => {
      await database.close()
      database = await harness.open(options)
      database.rows('m').put(b('k'), b('1'))
      await commit(database, new Map([['m', at(3)]]))
      await database.wipe('m')
      expect(await list(database.rows('m'))).toEqual([])
      expect(database.position('m')).toBeUndefined()
    })
  })

  it('refuses everything once closed, by the name of the store', async () => {
    const rows = database.rows('s')
    rows.put(b('k'), b('1'))
    await commit(database)
    await Promise.all([database.close(), database.close()])
    const notOpen = expect.objectContaining({ code: 'STREAMS_STORE_NOT_OPEN' })
    expect(() => rows.get(b('k'))).toThrow(notOpen)
    expect(() => rows.get(b('k'))).toThrow("Store 's'")
    expect(() => rows.put(b('k'), b('2'))).toThrow(notOpen)
    expect(() => database.committed('s').get(b('k'))).toThrow(notOpen)
    expect(() => database.rows('never seen').get(b('k'))).toThrow(notOpen)
    await expect(async () => list(rows)).rejects.toEqual(notOpen)
    await expect(database.write(NOWHERE)).rejects.toEqual(notOpen)
    await expect(database.wipe('s')).rejects.toEqual(notOpen)
  })

  it('cannot be opened twice', async () => {
    await expect(harness.open()).rejects.toMatchObject({ code: 'STREAMS_STATE_DIR_LOCKED' })
  })

  modelProperties(makeHarness)
}
