// What is restored is gathered group by group before it becomes rows: the rows are to be those that writing entry by entry makes, byte for byte.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'
import { MemoryDisk } from '../../../stores/memory/index.ts'
import type { OpenTaskDatabase } from '../../../stores/task-database.ts'
import { TimeEntries } from '../../../stores/windowed/time-entries.ts'
import { collect } from '../fake-task.ts'

// Segments of a minute, three of which are kept; buckets of ten seconds.
const OPTIONS = { retentionMs: 120_000, segmentMs: 60_000, bucketMs: 10_000, retentionInclusive: false }
const HEAD = Buffer.from('head')

interface Write {
  readonly key: string
  readonly timeMs: number
  readonly tail: number
  readonly value: string | null
}

type Apply = (entries: TimeEntries, write: Write, tail: Buffer) => void

const oneByOne: Apply = (entries, { key, timeMs, value }, tail) => {
  entries.observe(timeMs)
  entries.put(Buffer.from(key), timeMs, tail, value === null ? null : Buffer.from(value), HEAD)
}

// Buffers are used again at once, as those that records are read from may be.
const gathered: Apply = (entries, { key, timeMs, value }, tail) => {
  const sort = Buffer.alloc(8 + tail.length)
  sort.writeBigInt64BE(BigInt(timeMs))
  tail.copy(sort, 8)
  const bytes = value === null ? null : Buffer.from(value)
  const head = Buffer.from(HEAD)
  entries.restore(Buffer.from(key).toString('latin1'), timeMs, sort, bytes, head)
  for (const each of [sort, bytes, head]) each?.fill('?')
}

/** The rows that batches of writes have made. */
async function rowsOf(
  openDatabase: OpenTaskDatabase,
  batches: readonly (readonly Write[])[],
  timeOrdered: boolean,
  apply: Apply,
): Promise<readonly string[]> {
  const options = { directory: join(folder, `${databases++}`), memoryBytes: 1 << 20, readCacheBytes: 100_000 }
  const database = await openDatabase(options)
  const entries = new TimeEntries(database.rows('s'), { ...OPTIONS, timeOrdered })
  for (const batch of batches) {
    for (const write of batch) {
      const tail = Buffer.alloc(4)
      tail.writeInt32BE(write.tail)
      apply(entries, write, tail)
    }
    entries.flush()
    expect(entries.gatheredBytes).toBe(0)
    database.seal()
    await database.write(new Map())
  }
  // Rows that have expired are deleted in the background, at the latest here.
  await database.close()
  const again = await openDatabase(options)
  const found = await collect(again.rows('s').range({}))
  await again.close()
  return found.map(([key, value]) => `${key.toString('hex')} = ${value.toString('hex')}`)
}

let folder: string
let databases = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-gathered-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write: fc.Arbitrary<Write> = fc.record({
  key: fc.constantFrom('', 'a', 'a\0', 'b'),
  // Mostly as time goes; some late, some beyond what is kept.
  timeMs: fc.oneof({ weight: 5, arbitrary: fc.nat(20_000) }, { weight: 1, arbitrary: fc.nat(400_000) }),
  tail: fc.nat(2),
  // Some groups outgrow a leaf, by many entries or by a large one.
  value: fc.option(fc.constantFrom('', 'x', 'value'.repeat(20), 'large'.repeat(120), 'larger'.repeat(600)), {
    freq: 4,
  }),
})

it.each([
  { on: 'disk', openDatabase: openLevelTaskDatabase, runs: 40 },
  { on: 'memory', openDatabase: new MemoryDisk().open, runs: 150 },
])('rows on $on are those that writing one by one makes', async ({ openDatabase, runs }) => {
  let split = 0
  let deleted = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(write, { maxLength: 100, size: 'max' }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (batches, timeOrdered) => {
        const expected = await rowsOf(new MemoryDisk().open, batches, timeOrdered, oneByOne)
        expect(await rowsOf(openDatabase, batches, timeOrdered, gathered)).toEqual(expected)
        split += expected.filter((row) => / = 01/.test(row) && row.startsWith('01')).length
        deleted += batches.flat().filter(({ value }) => value === null).length
      },
    ),
    { seed: 20_261, numRuns: runs },
  )
  // Must have happened.
  expect(split).toBeGreaterThan(5)
  expect(deleted).toBeGreaterThan(100)
})

it('takes a group that only came and went for none', async () => {
  const writes = ['x', null].map((value) => ({ key: 'a', timeMs: 5, tail: 0, value }))
  const rows = await rowsOf(openLevelTaskDatabase, [writes], true, gathered)
  // The time that was observed is all there is.
  expect(rows.map((row) => row.split(' ')[0])).toEqual(['00'])
})

it('counts what it holds as it grows, and gives it back when it is discarded', async () => {
  const database = await new MemoryDisk().open({ directory: 'd', memoryBytes: 0, readCacheBytes: 0 })
  const entries = new TimeEntries(database.rows('s'), { ...OPTIONS, timeOrdered: false })
  let before = 0
  for (let timeMs = 0; timeMs < 1_000; timeMs++) {
    gathered(entries, { key: `k${timeMs % 10}`, timeMs, tail: 0, value: 'v' }, Buffer.alloc(4))
    const held = entries.gatheredBytes + database.uncommittedBytes
    expect(held).toBeGreaterThanOrEqual(before)
    // One entry, or the room that a leaf makes for more, and a leaf that moves to the rows.
    expect(held - before).toBeLessThan(3 * 2_048)
    before = held
  }
  expect(before).toBeGreaterThan(10_000)
  entries.forget()
  expect(entries.gatheredBytes).toBe(0)
})
