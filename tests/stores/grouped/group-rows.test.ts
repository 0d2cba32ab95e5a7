// Strategy: random programs of writes and reads of a few groups, commits, rollbacks and reopens, against plain Maps. Values reach from nothing to more
// than a leaf holds, so that leaves are split, emptied and removed; keys of groups begin with each other.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { GroupRows } from '../../../stores/grouped/group-rows.ts'
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'
import { MemoryDisk } from '../../../stores/memory/index.ts'
import type { OpenTaskDatabase, TaskDatabase } from '../../../stores/task-database.ts'
import { collect } from '../fake-task.ts'

type Model = Map<string, Map<string, string>>

const group = fc.constantFrom('', 'g', 'g\0\0\0\0', 'g\0\0\0\u0001', 'g\0\0\0\u0001\0\0\0\0', 'h')
const sort = fc.array(fc.constantFrom('\0', 'a', 'b', 'c', '\xff'), { maxLength: 4 }).map((parts) => parts.join(''))
const value = fc.constantFrom('', 'v', 'w'.repeat(127), 'x'.repeat(900), 'y'.repeat(2_000), 'z'.repeat(6_000))
const step = fc.oneof(
  { weight: 30, arbitrary: fc.record({ do: fc.constant('put' as const), group, sort, value }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('delete' as const), group, sort, value }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('scan' as const), group, sort, value: sort }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'rollback' as const), group, sort, value }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), group, sort, value }) },
)

const bytes = (text: string) => Buffer.from(text, 'latin1')
const text = (buffer: Buffer) => buffer.toString('latin1')
const copyOf = (model: Model): Model => new Map([...model].map(([name, entries]) => [name, new Map(entries)]))

function sorted(entries: Iterable<readonly [string, string]>): (readonly [string, string])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
}

function shown(entries: readonly (readonly [Buffer, Buffer])[]): (readonly [string, string])[] {
  return entries.map(([at, entry]) => [text(at), text(entry)])
}

function scan(groups: GroupRows, group: Buffer, from: Buffer, to: Buffer): (readonly [string, string])[] {
  const found: (readonly [string, string])[] = []
  groups.scan(group, from, to, (leaf, sortStart, valueStart, end) => {
    found.push([text(leaf.subarray(sortStart, valueStart)), text(leaf.subarray(valueStart, end))])
  })
  return found
}

describe.each(['memory', 'LevelDB'])('groups of entries in %s', (backend) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-groups-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('are what was put, through splits, commits, rollbacks and reopens', async () => {
    const open: OpenTaskDatabase = backend === 'memory' ? new MemoryDisk().open : openLevelTaskDatabase
    const options = (run: number) => ({
      directory: join(folder, `${run}`),
      memoryBytes: 256 * 1024,
      readCacheBytes: 20_000,
    })
    let [run, splits, removals] = [0, 0, 0]
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
        const directory = options(++run)
        let database: TaskDatabase = await open(directory)
        let groups = new GroupRows(database.rows('store'))
        let model: Model = new Map()
        let committed: Model = new Map()
        for (const one of steps) {
          const key = bytes(one.group)
          const entries = model.get(one.group) ?? new Map<string, string>()
          model.set(one.group, entries)
          const grown = Number(!entries.has(one.sort))
          if (one.do === 'put') {
            expect(groups.put(key, bytes(one.sort), bytes(one.value))).toBe(grown)
            entries.set(one.sort, one.value)
          } else if (one.do === 'delete') {
            expect(groups.put(key, bytes(one.sort), null)).toBe(grown - 1)
            entries.delete(one.sort)
          } else if (one.do === 'commit') {
            database.seal()
            await database.write(new Map())
            committed = copyOf(model)
          } else if (one.do !== 'scan') {
            database.rollback()
            if (one.do === 'reopen') {
              await database.close()
              database = await open(directory)
            }
            groups = new GroupRows(database.rows('store'))
            model = copyOf(committed)
          }

          const expected = sorted(model.get(one.group) ?? [])
          const found = groups.get(key, bytes(one.sort))
          expect(found && text(found)).toEqual(model.get(one.group)?.get(one.sort))
          const [from, to] = [one.sort, one.do === 'scan' ? one.value : '\xff\xff\xff\xff\xff']
          const within = expected.filter(([at]) => at >= from && at <= to)
          expect(scan(groups, key, bytes(from), bytes(to))).toEqual(within)
          const below = groups.atOrBelow(key, bytes(one.sort))
          expect(below && shown([below])[0]).toEqual(expected.findLast(([at]) => at <= one.sort))
          const above = groups.above(key, bytes(one.sort))
          expect(above && shown([above])[0]).toEqual(expected.find(([at]) => at > one.sort))
        }
        const living = sorted([...model].filter(([, entries]) => entries.size > 0) as any).map(([name, entries]) => [
          name,
          sorted(entries as any),
        ])
        for (const reverse of [false, true]) {
          const all = (await collect(groups.groups({ reverse }))).map(([key, entries]) => [text(key), shown(entries)])
          expect(sorted(all as any)).toEqual(living)
        }
        const rows = await collect(database.rows('store').range({}))
        splits += Number(rows.length > 2 * living.length)
        removals += Number(rows.length < living.length + 2)
        await database.close()
      }),
      { seed: 90_210, numRuns: backend === 'memory' ? 150 : 40 },
    )
    // Both must have happened.
    expect(splits).toBeGreaterThan(5)
    expect(removals).toBeGreaterThan(0)
  })
})

describe('a group', () => {
  const groups = async () => {
    const database = await new MemoryDisk().open({ directory: '0_0', memoryBytes: 0, readCacheBytes: 0 })
    return { rows: database.rows('store'), groups: new GroupRows(database.rows('store')) }
  }
  const g = bytes('g')

  it('is one row until it outgrows 2 KiB, and no row when it is empty again', async () => {
    const { rows, groups: tested } = await groups()
    for (let i = 0; i < 50; i++) tested.put(g, bytes(String(i)), Buffer.alloc(30))
    expect(await collect(rows.range({}))).toHaveLength(1)
    for (let i = 50; i < 1_000; i++) tested.put(g, bytes(String(i)), Buffer.alloc(30))
    const grown = await collect(rows.range({}))
    expect(grown.length).toBeGreaterThan(8)
    expect(grown.every(([, row]) => row.length <= 2_048)).toBe(true)
    for (let i = 0; i < 1_000; i++) tested.put(g, bytes(String(i)), null)
    expect(await collect(rows.range({}))).toEqual([])
    expect(tested.get(g, bytes('7'))).toBeUndefined()
  })

  it('keeps what a reader holds as it was', async () => {
    const { groups: tested } = await groups()
    tested.put(g, bytes('a'), bytes('1'))
    const held = tested.get(g, bytes('a'))!
    const scanned: Buffer[] = []
    tested.scan(g, bytes('a'), bytes('b'), (leaf, _, valueStart, end) => scanned.push(leaf.subarray(valueStart, end)))
    tested.put(g, bytes('a'), bytes('2'))
    expect(text(held)).toBe('1')
    expect(scanned.map(text)).toEqual(['1'])
  })

  it('does not keep the bytes that it was given', async () => {
    const { groups: tested } = await groups()
    const given = bytes('1')
    tested.put(g, bytes('a'), given)
    given[0] = 0x32
    expect(text(tested.get(g, bytes('a'))!)).toBe('1')
  })
})
