import { MemoryDisk } from '../../../stores/memory/index.ts'
import type { Rows } from '../../../stores/store.ts'
import type { TaskDatabase } from '../../../stores/task-database.ts'
import { TimeBuckets } from '../../../stores/windowed/time-buckets.ts'
import { TimeEntries } from '../../../stores/windowed/time-entries.ts'
import { sessionEntriesOptions, windowEntriesOptions } from '../../../stores/windowed/window-options.ts'
import { collect } from '../fake-task.ts'

const MINUTE_MS = 60_000
const options = {
  retentionMs: 2 * MINUTE_MS,
  segmentMs: MINUTE_MS,
  bucketMs: 7_000,
  timeOrdered: true,
  retentionInclusive: false,
}
const EMPTY = Buffer.alloc(0)
const b = (text: string) => Buffer.from(text)

function scanned(entries: TimeEntries, key: Buffer, fromMs: number, toMs: number): (readonly [number, string])[] {
  const found: (readonly [number, string])[] = []
  entries.scan(key, fromMs, toMs, (timeMs, value) => found.push([timeMs, `${value}`]))
  return found
}

async function commit(database: TaskDatabase, entries: TimeEntries): Promise<void> {
  entries.flush()
  database.seal()
  await database.write(new Map())
}

describe('buckets of time', () => {
  const buckets = new TimeBuckets(60_000, 7_000)

  it('lie within segments, without gaps, the last one cut', () => {
    expect(buckets.at(0)).toEqual({ segment: 0, index: 0, startMs: 0, endMs: 7_000 })
    expect(buckets.at(6_999)).toEqual(buckets.at(0))
    expect(buckets.at(7_000)).toEqual({ segment: 0, index: 1, startMs: 7_000, endMs: 14_000 })
    expect(buckets.at(59_999)).toEqual({ segment: 0, index: 8, startMs: 56_000, endMs: 60_000 })
    expect(buckets.at(60_000)).toEqual({ segment: 1, index: 0, startMs: 60_000, endMs: 67_000 })
  })

  it.each([1, 1_000, 10_000, 3_600_000, 86_400_000, Number.MAX_SAFE_INTEGER])(
    'are few for a retention of %d ms, and their numbers fit two bytes',
    (retentionMs) => {
      const settings = { retentionMs, timeOrdered: false, windowSizeMs: 0, retainDuplicates: false } as any
      for (const { segmentMs, bucketMs } of [windowEntriesOptions(settings), sessionEntriesOptions(settings)]) {
        expect(Math.ceil(segmentMs / bucketMs)).toBeLessThanOrEqual(1_024)
        expect(segmentMs).toBeGreaterThanOrEqual(60_000)
        const { segment, index, startMs, endMs } = new TimeBuckets(segmentMs, bucketMs).at(1_800_000_000_000)
        expect(segment).toBeLessThan(2 ** 40)
        expect(index).toBeLessThan(1_024)
        expect(startMs).toBeLessThanOrEqual(1_800_000_000_000)
        expect(endMs).toBeGreaterThan(1_800_000_000_000)
      }
    },
  )

  it('hold a few windows each', () => {
    const settings = {
      retentionMs: 3_600_000,
      timeOrdered: false,
      windowSizeMs: 60_000,
      retainDuplicates: false,
    } as any
    expect(windowEntriesOptions(settings).bucketMs).toBe(240_000)
    expect(
      windowEntriesOptions({ ...settings, windowSizeMs: Number.MAX_SAFE_INTEGER, retentionMs: Number.MAX_SAFE_INTEGER })
        .bucketMs,
    ).toBe(Math.floor(Number.MAX_SAFE_INTEGER / 2))
  })
})

describe('entries by key and time', () => {
  let disk: MemoryDisk
  let database: TaskDatabase

  const open = async () => {
    database = await disk.open({ directory: '0_0', memoryBytes: 0, readCacheBytes: 0 })
    return new TimeEntries(database.rows('store'), options)
  }

  beforeEach(() => {
    disk = new MemoryDisk()
  })

  it('are read across buckets and segments', async () => {
    const entries = await open()
    const times = [0, 6_999, 7_000, 59_999, 60_000, 119_999]
    entries.observe(119_999)
    for (const timeMs of times) entries.put(b('k'), timeMs, EMPTY, b(`${timeMs}`))
    entries.put(b('k2'), 7_000, EMPTY, b('other'))
    expect(scanned(entries, b('k'), 0, 1e15)).toEqual(times.map((timeMs) => [timeMs, `${timeMs}`]))
    expect(scanned(entries, b('k'), 7_000, 60_000).map(([timeMs]) => timeMs)).toEqual([7_000, 59_999, 60_000])
    expect(scanned(entries, b('k'), 7_001, 59_998)).toEqual([])
  })

  it('costs a read of all time no more reads than there are buckets', async () => {
    database = await disk.open({ directory: '0_0', memoryBytes: 0, readCacheBytes: 0 })
    const opened = database.rows('store')
    let reads = 0
    const rows: Rows = {
      get: (key) => {
        reads++
        return opened.get(key)
      },
      put: (key, value) => opened.put(key, value),
      load: (key, value) => opened.load(key, value),
      range: (range) => opened.range(range),
      expire: (from, before) => opened.expire(from, before),
    }
    const settings = {
      retentionMs: Number.MAX_SAFE_INTEGER,
      timeOrdered: false,
      windowSizeMs: 1,
      retainDuplicates: false,
    } as any
    const entries = new TimeEntries(rows, windowEntriesOptions(settings))
    entries.observe(1_800_000_000_000)
    entries.put(b('k'), 1_800_000_000_000, EMPTY, b('x'))
    reads = 0
    expect(scanned(entries, b('k'), 0, Number.MAX_SAFE_INTEGER)).toHaveLength(1)
    expect(reads).toBeLessThan(3 * 1_024)
  })

  it('keep one index entry each, however often they are written', async () => {
    const entries = await open()
    entries.observe(10)
    for (let i = 0; i < 5; i++) entries.put(b('k'), 10, EMPTY, b(`${i}`))
    entries.put(b('never'), 10, EMPTY, null)
    entries.flush()
    const index = async () => (await collect(database.rows('store').range({ prefix: Buffer.of(2) }))).length
    expect(await index()).toBe(1)
    entries.put(b('k'), 10, EMPTY, null)
    expect(await index()).toBe(0)
  })

  it('that expired when the process died before their rows were deleted go at the next commit', async () => {
    const first = await open()
    first.observe(10)
    first.put(b('k'), 10, EMPTY, b('old'))
    await commit(database, first)
    const rows = database.rows('store')
    // As a crash between the commit and the deletion that follows it.
    const dying: Rows = {
      get: (key) => rows.get(key),
      put: (key, value) => rows.put(key, value),
      load: (key, value) => rows.load(key, value),
      range: (range) => rows.range(range),
      expire: () => {},
    }
    const second = new TimeEntries(dying, options)
    second.observe(10 * MINUTE_MS)
    second.put(b('k'), 10 * MINUTE_MS, EMPTY, b('new'))
    await commit(database, second)
    const count = async () => (await collect(database.rows('store').range({}))).length
    expect(await count()).toBe(5)
    disk.crash()

    const third = await open()
    expect(third.get(b('k'), 10, EMPTY)).toBeUndefined()
    await commit(database, third)
    expect(await count()).toBe(3)
    expect(scanned(third, b('k'), 0, 1e15)).toEqual([[10 * MINUTE_MS, 'new']])
  })

  it('are not expired by writes that are rolled back', async () => {
    const entries = await open()
    entries.observe(10)
    entries.put(b('k'), 10, EMPTY, b('kept'))
    await commit(database, entries)
    entries.observe(10 * MINUTE_MS)
    entries.put(b('k'), 10 * MINUTE_MS, EMPTY, b('lost'))
    entries.flush()
    database.rollback()
    const again = new TimeEntries(database.rows('store'), options)
    again.put(b('k'), 11, EMPTY, b('more'))
    again.observe(11)
    await commit(database, again)
    expect(scanned(again, b('k'), 0, 1e15)).toEqual([
      [10, 'kept'],
      [11, 'more'],
    ])
  })
})
