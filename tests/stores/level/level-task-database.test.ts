// What is particular to LevelDB: damage, formats, processes that die.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Clock, systemClock } from '../../../lib/core/clock.ts'
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'
import { openLevel } from '../../../stores/level/open-level.ts'
import type { TaskDatabase, TaskDatabaseOptions } from '../../../stores/task-database.ts'

let directory: string
let database: TaskDatabase | undefined

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-'))
})

afterEach(async () => {
  await database?.close()
  rmSync(directory, { recursive: true, force: true })
})

const b = (text: string) => Buffer.from(text, 'latin1')
const SMALL = { writeBufferBytes: 65_536, blockCacheBytes: 65_536 }

async function open(options?: Partial<TaskDatabaseOptions>): Promise<TaskDatabase> {
  database = await openLevelTaskDatabase({ directory, memoryBytes: 8 * 1024 * 1024, readCacheBytes: 0, ...options })
  return database
}

async function commit(offset: number, valueBytes = 10): Promise<void> {
  for (let i = 0; i < 10; i++) database!.rows('s').put(b(`key-${i}`), Buffer.alloc(valueBytes, offset))
  database!.seal()
  await database!.write(new Map([['s', { offset, topicId: 't', clusterId: 'c' }]]))
}

/** Changes the closed database behind our back. */
async function tamper(change: (level: Awaited<ReturnType<typeof openLevel>>) => Promise<void>): Promise<void> {
  await database?.close()
  const level = await openLevel(directory, SMALL)
  await change(level)
  await level.close()
}

async function keysOnDisk(): Promise<string[]> {
  let keys: string[] = []
  await tamper(async (level) => {
    keys = (await level.keys().all()).map((key) => key.toString('latin1'))
  })
  return keys
}

describe('a damaged database', () => {
  const corrupted = () =>
    expect.objectContaining({ code: 'STREAMS_STATE_CORRUPTED', directory, message: expect.stringContaining(directory) })

  it('is refused by the name of its folder, and can be opened once the folder was deleted', async () => {
    await open()
    await commit(1)
    await database!.close()
    writeFileSync(join(directory, 'CURRENT'), 'rubbish')
    await expect(open()).rejects.toEqual(corrupted())
    rmSync(directory, { recursive: true })
    expect((await open()).position('s')).toBeUndefined()
  })

  it('is refused when a commit got lost between two others', async () => {
    await open()
    for (let offset = 1; offset <= 12; offset++) await commit(offset, 1_000)
    await database!.close()
    // LevelDB by itself would skip the unreadable part of its log and go on with what follows.
    const log = readdirSync(directory).find(
      (name) => name.endsWith('.log') && statSync(join(directory, name)).size > 100_000,
    )!
    const bytes = readFileSync(join(directory, log))
    bytes.fill(0xee, 50_000, 50_100)
    writeFileSync(join(directory, log), bytes)
    await expect(open()).rejects.toEqual(corrupted())
    await expect(open()).rejects.toThrow('a commit is missing')
  })

  it('goes back to an earlier commit when the last ones got lost', async () => {
    await open()
    for (let offset = 1; offset <= 12; offset++) await commit(offset, 1_000)
    await database!.close()
    const log = readdirSync(directory).find(
      (name) => name.endsWith('.log') && statSync(join(directory, name)).size > 100_000,
    )!
    const bytes = readFileSync(join(directory, log))
    writeFileSync(join(directory, log), bytes.subarray(0, 50_000))
    await open()
    const { offset } = database!.position('s')!
    expect(offset).toBeLessThan(12)
    for (let i = 0; i < 10; i++) expect(database!.rows('s').get(b(`key-${i}`))).toEqual(Buffer.alloc(1_000, offset))
  })

  it('is refused when it is someone else’s', async () => {
    await tamper((level) => level.put(b('theirs'), b('1')))
    await expect(open()).rejects.toEqual(corrupted())
  })

  it('is refused when a meta row cannot be read', async () => {
    await open()
    await commit(1)
    await tamper((level) => level.put(b('\0store/s'), b('{')))
    await expect(open()).rejects.toEqual(corrupted())
    await expect(open()).rejects.toThrow("row 'store/s'")
  })
})

describe('a database of another version', () => {
  it('is refused, with both formats in the message', async () => {
    await open()
    await tamper((level) => level.put(b('\0format'), b('2')))
    await expect(open()).rejects.toMatchObject({
      code: 'STREAMS_STATE_FORMAT',
      message: expect.stringMatching(/has format 2; .* up to 1\./),
    })
  })
})

describe('wiped rows', () => {
  it('are cleared in the background', async () => {
    await open()
    await commit(1)
    await database!.wipe('s')
    expect((await keysOnDisk()).filter((key) => key.includes('key-') || key.includes('garbage'))).toEqual([])
  })

  it('are cleared at the next open, when the process was killed before they were', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'killed-wiper.ts'), directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(createInterface(child.stdout), 'line')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await open()
    expect(database!.rows('s').get(b('key-0'))).toBeUndefined()
    await commit(1)
    const after = await keysOnDisk()
    expect(after.filter((key) => key.includes('garbage'))).toEqual([])
    expect(after.filter((key) => key.startsWith('\x01')).length).toBe(10)
  })
})

describe('a large commit', () => {
  it('lets other work run while it is copied', async () => {
    let yields = 0
    const clock: Clock = { ...systemClock, yield: async () => void yields++ }
    await open({ clock })
    for (let i = 0; i < 10_000; i++) database!.rows('s').put(b(`key-${i}`), b('x'))
    database!.seal()
    await database!.write(new Map())
    // Twice while rows are copied, twice while they enter the clean cache.
    expect(yields).toBe(4)
    let count = 0
    for await (const _ of database!.rows('s').range({})) count++
    expect(count).toBe(10_000)
  })
})

describe('a process killed with -9', () => {
  it('leaves exactly one of its commits, not older than the last it knew of', async () => {
    for (let round = 0; round < 3; round++) {
      const script = join(import.meta.dirname, 'killed-writer.ts')
      const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
      let known = 0
      let lines = 0
      for await (const line of createInterface(child.stdout)) {
        known = Number(line)
        if (++lines === 20 + 7 * round) child.kill('SIGKILL')
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await open()
      const { offset } = database!.position('s')!
      expect(offset).toBeGreaterThanOrEqual(known)
      const values = new Set<string>()
      for await (const [, value] of database!.rows('s').range({})) values.add(value.toString().trim())
      expect([...values]).toEqual([String(offset)])
      await database!.close()
    }
  })
})
