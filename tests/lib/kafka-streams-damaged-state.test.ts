// Applications on state that was damaged, while they were down and while they ran: results are right, and what had happened is said and kept.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessingGuarantee } from '../../lib/runtime/config.ts'
import { StateCorruptedError } from '../../stores/errors.ts'
import { diskStorage } from '../../stores/state-storage.ts'
import type { OpenTaskDatabase } from '../../stores/task-database.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { type Damage, damage, dataFiles } from '../support/file-damage.ts'
import { Chance } from '../support/fuzz.ts'
import { TestApp } from '../support/test-app.ts'
import { countByKey, countsOf } from '../support/topologies.ts'
import { strings } from '../topology/support/strings.ts'

const KEYS = 6_000
const records = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ key: `key-${(from + i) % KEYS}`, value: '' }))

const isTable = (name: string) => name.endsWith('.ldb')

describe.each<ProcessingGuarantee>(['exactly_once', 'at_least_once'])('%s: damaged state', (processingGuarantee) => {
  let app: TestApp
  let task: string
  beforeEach(() => {
    // Little memory, so that most rows lie in tables; none of it for what was read before.
    const little = { stateMemoryBytes: 1_048_576, readCacheBytes: 0, cacheBytes: 0 }
    app = new TestApp({ processingGuarantee, ...little }).topics({ in: 1, out: 1 })
    task = join(app.folder, 'a', 'app', '0_0')
  })
  afterEach(() => app.close())

  async function counted(topology: Topology): Promise<void> {
    await app.produce('in', ...records(0, KEYS))
    const first = await app.start(topology)
    await app.caughtUp('in')
    await first.close()
  }

  const setAside = () => readdirSync(join(app.folder, 'a', 'app')).filter((name) => name.startsWith('0_0.damaged-'))
  const rightCounts = () => countsOf(records(0, KEYS + 500).map(({ key }) => key))

  it.each<{ file: string; is: (name: string) => boolean; kind: Damage }>([
    { file: 'a table', is: isTable, kind: 'zeros in a sector' },
    { file: 'a table', is: isTable, kind: 'deleted' },
    { file: 'the list of tables', is: (name) => name.startsWith('MANIFEST'), kind: 'no bytes left' },
    { file: 'CURRENT', is: (name) => name === 'CURRENT', kind: 'deleted' },
  ])('$file: $kind: set aside, restored from the changelog, and said', async ({ is, kind }) => {
    await counted(countByKey())
    // Each of them: one that a compaction has left behind is no loss.
    for (const file of dataFiles(task).filter(is)) damage(task, file, kind, new Chance(1))
    const second = await app.start(countByKey())
    await app.produce('in', ...records(KEYS, 500))
    await app.caughtUp('in')

    expect(app.latest('out')).toEqual(rightCounts())
    expect(second.restored).toMatchObject([{ store: 'counts', records: KEYS }])
    expect(setAside()).toHaveLength(1)
    expect(second.log.filter(({ level }) => level === 'error')).toEqual([
      {
        level: 'error',
        fields: { directory: task, movedTo: expect.stringContaining(setAside()[0]!), problem: expect.any(String) },
        message: expect.stringContaining('set aside'),
      },
    ])
  })

  it('found while records are processed: the task starts over on a new database', async () => {
    await counted(countByKey())
    let reads = 0
    const openDatabase: OpenTaskDatabase = async (options) => {
      const database = await diskStorage.openDatabase(options)
      if (reads > 0) return database
      const rows = database.rows('counts')
      const get = rows.get.bind(rows)
      rows.get = (key) => {
        if (++reads !== 100) return get(key)
        rmSync(join(task, 'CURRENT'))
        throw new StateCorruptedError(task, 'a block cannot be read')
      }
      return database
    }
    const second = app.open(countByKey(), 'a', {}, { ...diskStorage, openDatabase })
    await second.streams.start()
    await app.produce('in', ...records(KEYS, 500))
    await app.caughtUp('in')

    expect(reads).toBe(100)
    const counts = app.latest('out')
    if (processingGuarantee === 'exactly_once') expect(counts).toEqual(rightCounts())
    else for (const [key, count] of rightCounts()) expect(Number(counts.get(key))).toBeGreaterThanOrEqual(Number(count))
    expect(second.logged('start over')).toMatchObject({ fields: { code: 'STREAMS_STATE_CORRUPTED' } })
    expect(second.logged('set aside')).toBeDefined()
    expect(setAside()).toHaveLength(1)
    expect(second.state).toBe('RUNNING')
  })
})

describe('damaged state', () => {
  let app: TestApp
  let task: string
  beforeEach(() => {
    app = new TestApp({ stateMemoryBytes: 1_048_576, readCacheBytes: 0, cacheBytes: 0 }).topics({
      in: 1,
      out: 1,
      cities: 1,
    })
    task = join(app.folder, 'a', 'app', '0_0')
  })
  afterEach(() => app.close())

  it('of stores without a changelog: the start is refused, they are named, and nothing is moved', async () => {
    const builder = new StreamsBuilder()
    const grouped = builder.stream('in', strings).groupByKey()
    grouped.count({ store: 'kept-nowhere', logging: false }).toStream().mapValues(String, strings).to('out')
    grouped.count({ store: 'logged' })
    const topology = builder.build()
    await app.produce('in', ...records(0, KEYS))
    const first = await app.start(topology)
    await app.caughtUp('in')
    await first.close()
    damage(task, dataFiles(task).find(isTable)!, 'deleted', new Chance(1))
    const second = app.open(topology)
    await expect(second.streams.start()).rejects.toMatchObject({
      code: 'STREAMS_STATE_CORRUPTED',
      directory: task,
      message: expect.stringMatching(/missing.*'kept-nowhere', which no changelog holds, would be lost/),
    })
    expect(second.state).toBe('ERROR')
    expect(existsSync(task)).toBe(true)
    expect(readdirSync(join(app.folder, 'a', 'app')).join()).not.toContain('damaged')
  })

  it('of a global store: set aside, and filled from its topic', async () => {
    const topology = () => {
      const builder = new StreamsBuilder()
      const cities = builder.globalTable('cities', { ...strings, store: 'cities' })
      builder
        .stream('in', strings)
        .join(
          cities,
          (code) => code,
          (_, city) => city,
        )
        .to('out', strings)
      return builder.build()
    }
    await app.produce('cities', { key: 'key-1', value: 'Rome' })
    const first = await app.start(topology())
    await first.close()
    const folder = join(app.folder, 'a', 'app', 'global', 'cities')
    damage(folder, 'CURRENT', 'deleted', new Chance(1))
    const second = await app.start(topology())
    await app.produce('in', { key: 'a', value: 'key-1' })
    await app.caughtUp('in')
    expect(app.latest('out').get('a')).toBe('Rome')
    expect(second.logged('set aside')).toMatchObject({ level: 'error', fields: { directory: folder } })
  })

  it('of the instance itself: it joins as a new member, with the state that its tasks have', async () => {
    await app.produce('in', ...records(0, 100))
    const first = await app.start(countByKey())
    await app.caughtUp('in')
    await first.close()
    const folder = join(app.folder, 'a', 'app', 'instance')
    damage(folder, 'CURRENT', 'no bytes left', new Chance(1))
    const second = await app.start(countByKey())
    await app.produce('in', ...records(0, 100))
    await app.caughtUp('in')
    expect(second.logged('under a new id')).toMatchObject({ level: 'error', fields: { directory: folder } })
    expect(second.restored).toMatchObject([{ store: 'counts', records: 0 }])
    expect(app.latest('out').get('key-1')).toBe('2')
  })

  it('is kept three times, no more', async () => {
    await app.produce('in', ...records(0, 10))
    const first = await app.start(countByKey())
    await app.caughtUp('in')
    await first.close()
    for (let i = 0; i < 5; i++) {
      damage(task, 'CURRENT', 'no bytes left', new Chance(1))
      const next = await app.start(countByKey())
      expect(next.logged('set aside')).toBeDefined()
      await next.close()
    }
    const kept = readdirSync(join(app.folder, 'a', 'app')).filter((name) => name.includes('damaged'))
    expect(kept).toHaveLength(3)
  })
})
