// What of its batches a disk keeps: kill -9 takes none, a power cut the last ones, and a batch is there as a whole or not at all.
import { Random } from '../../lib/testing/simulation/random.ts'
import { StateDirectoryLockedError } from '../../stores/errors.ts'
import { MemoryDisk } from '../../stores/memory/memory-disk.ts'
import type { TaskDatabase } from '../../stores/task-database.ts'

const STORES = ['one', 'other'] as const
const IDENTITY = { topicId: 'topic', clusterId: 'cluster' }

function open(disk: MemoryDisk, directory = '0_0'): Promise<TaskDatabase> {
  return disk.open({ directory, memoryBytes: 0, readCacheBytes: 0 })
}

function rowKey(number: number): Buffer {
  return Buffer.from(`row ${number}`)
}

/** Batch `number` has the same value in a row of its own and in a row of all batches, in both stores, and its position. */
async function writeBatch(database: TaskDatabase, number: number): Promise<void> {
  const value = Buffer.from(`batch ${number}`)
  for (const store of STORES) {
    const rows = database.rows(store)
    rows.put(rowKey(number), value)
    rows.put(Buffer.from('last'), value)
    rows.put(rowKey(number - 3), null)
  }
  database.seal()
  await database.write(new Map(STORES.map((store) => [store, { ...IDENTITY, offset: number }])))
}

async function contentOf(database: TaskDatabase): Promise<object> {
  const content: Record<string, unknown> = {}
  for (const store of STORES) {
    const rows: string[] = []
    for await (const [key, value] of database.rows(store).range({})) rows.push(`${key} = ${value}`)
    content[store] = { rows, offset: database.position(store)?.offset }
  }
  return content
}

/** What lies on a disk after the first so many batches. */
async function contentAfter(batches: number): Promise<object> {
  const disk = new MemoryDisk()
  const database = await open(disk)
  for (let number = 1; number <= batches; number++) await writeBatch(database, number)
  return contentOf(database)
}

describe('a disk in memory', () => {
  it('holds after kill -9 every batch that was written, and nothing of what was not', async () => {
    const disk = new MemoryDisk()
    const database = await open(disk)
    for (let number = 1; number <= 10; number++) await writeBatch(database, number)
    database.rows('one').put(rowKey(99), Buffer.from('not written'))
    disk.crash()
    expect(await contentOf(await open(disk))).toEqual(await contentAfter(10))
  })

  it('is locked by directory while it is open, not after a crash or a close', async () => {
    const disk = new MemoryDisk()
    await open(disk, '0_0')
    await expect(open(disk, '0_0')).rejects.toThrow(StateDirectoryLockedError)
    const other = await open(disk, '0_1')
    disk.crash()
    const again = await open(disk, '0_0')
    // The database of before the crash does not unlock what is another's now.
    await other.close()
    await again.close()
    await open(disk, '0_0')
    expect(disk.directories()).toEqual(['0_0', '0_1'])
  })

  it.each([0, 1, 4, 7])('keeps after a power cut the first %i of 7 batches, each as a whole', async (kept) => {
    const disk = new MemoryDisk()
    const database = await open(disk)
    for (let number = 1; number <= 7; number++) await writeBatch(database, number)
    let asked: number | undefined
    const lost = disk.powerCut((batches) => {
      asked = batches
      return kept
    })
    expect({ asked, lost }).toEqual({ asked: 7, lost: 7 - kept })
    expect(await contentOf(await open(disk))).toEqual(await contentAfter(kept))
  })

  it('loses in a second power cut only what was written since the first', async () => {
    const disk = new MemoryDisk()
    let database = await open(disk)
    for (let number = 1; number <= 5; number++) await writeBatch(database, number)
    expect(disk.powerCut((batches) => batches - 2)).toBe(2)
    database = await open(disk)
    expect(await contentOf(database)).toEqual(await contentAfter(3))
    await writeBatch(database, 4)
    expect(disk.powerCut(() => 0)).toBe(1)
    expect(await contentOf(await open(disk))).toEqual(await contentAfter(3))
  })

  it('asks for each directory how many of its batches it keeps', async () => {
    const disk = new MemoryDisk()
    for (const [directory, batches] of [
      ['0_0', 3],
      ['1_0', 5],
    ] as const) {
      const database = await open(disk, directory)
      for (let number = 1; number <= batches; number++) await writeBatch(database, number)
    }
    const asked: number[] = []
    const lost = disk.powerCut((batches) => {
      asked.push(batches)
      return 2
    })
    expect({ asked, lost }).toEqual({ asked: [3, 5], lost: 4 })
    expect(await contentOf(await open(disk, '0_0'))).toEqual(await contentAfter(2))
    expect(await contentOf(await open(disk, '1_0'))).toEqual(await contentAfter(2))
  })

  it('can lose the last 256 batches at most', async () => {
    const disk = new MemoryDisk()
    const database = await open(disk)
    for (let number = 1; number <= 300; number++) await writeBatch(database, number)
    expect(disk.powerCut(() => 0)).toBe(256)
    expect(await contentOf(await open(disk))).toEqual(await contentAfter(44))
  })

  it('refuses to keep more batches than there are', async () => {
    const disk = new MemoryDisk()
    await writeBatch(await open(disk), 1)
    expect(() => disk.powerCut(() => 2)).toThrow('of 1 batches 2 cannot be kept')
  })

  it('writes a batch when its gate says so, or never; the writer gets what the gate throws', async () => {
    const disk = new MemoryDisk()
    const writes: (() => void)[] = []
    let isFull = false
    const opened = disk.opener((_, write) => {
      if (isFull) return Promise.reject(new Error('no space left'))
      writes.push(write)
      return new Promise<never>(() => {})
    })
    const database = await opened({ directory: '0_0', memoryBytes: 0, readCacheBytes: 0 })
    void writeBatch(database, 1)
    disk.crash()
    expect(await contentOf(await open(disk))).toEqual(await contentAfter(0))
    // What was on its way to the disk when the process died still comes there.
    writes[0]!()
    disk.crash()
    expect(await contentOf(await open(disk))).toEqual(await contentAfter(1))
    disk.crash()
    isFull = true
    const full = await opened({ directory: '0_0', memoryBytes: 0, readCacheBytes: 0 })
    await expect(writeBatch(full, 2)).rejects.toThrow('no space left')
    disk.crash()
    expect(await contentOf(await open(disk))).toEqual(await contentAfter(1))
  })

  it.each([1, 2, 3])('holds a number of whole batches after kills and power cuts at random: seed %i', async (seed) => {
    const random = new Random(seed)
    const disk = new MemoryDisk()
    let database = await open(disk)
    let written = 0
    for (let step = 0; step < 120; step++) {
      const fate = random.next()
      if (fate < 0.8) {
        await writeBatch(database, ++written)
        continue
      }
      if (fate < 0.9) disk.crash()
      else written -= disk.powerCut((batches) => random.between(0, batches))
      database = await open(disk)
      expect(await contentOf(database)).toEqual(await contentAfter(written))
    }
  })
})
