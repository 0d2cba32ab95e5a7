// The files of a task's database are damaged in random ways: each time it either says so when it is opened, or holds exactly what one of its commits
// had left, with that commit's position, so that the changelog brings it up. Never anything else: no row is changed, missing, or back from the past.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StateCorruptedError } from '../../../stores/errors.ts'
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'
import { damageOf } from '../../../stores/level/table-file.ts'
import type { TaskDatabase } from '../../../stores/task-database.ts'
import { type Damage, damage, dataFiles, kindsOfDamage } from '../../support/file-damage.ts'
import { Chance, FUZZ_TIMEOUT_MS, fuzzAsync } from '../../support/fuzz.ts'

const ROWS = 10_000
const COMMITS = 40
const LEVELDB_MEMORY = 128 * 1024

const folder = mkdtempSync(join(tmpdir(), 'millrace-damage-'))
const template = join(folder, 'template')
const directory = join(folder, 'task')
/** What each commit left: each row's value, by key. */
const history: ReadonlyMap<string, string>[] = [new Map()]

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const open = (path: string): Promise<TaskDatabase> =>
  openLevelTaskDatabase({ directory: path, memoryBytes: LEVELDB_MEMORY, readCacheBytes: 0 })

beforeAll(async () => {
  const chance = new Chance(1)
  const database = await open(template)
  const rows = database.rows('s')
  for (let commit = 1; commit <= COMMITS; commit++) {
    const state = new Map(history.at(-1))
    for (let i = 0; i < ROWS / 20; i++) {
      const key = `key-${commit <= 20 ? (commit - 1) * (ROWS / 20) + i : chance.below(ROWS)}`
      const value = chance.oneIn(9)
        ? undefined
        : `${commit}/${Array.from({ length: chance.below(12) }, () => chance.below(1e9)).join()}`
      rows.put(Buffer.from(key), value === undefined ? null : Buffer.from(value))
      if (value === undefined) state.delete(key)
      else state.set(key, value)
    }
    history.push(state)
    database.seal()
    await database.write(new Map([['s', { offset: commit, topicId: 't', clusterId: 'c' }]]))
  }
  await database.close()
})

beforeEach(() => {
  rmSync(directory, { recursive: true, force: true })
  cpSync(template, directory, { recursive: true })
})

/** Opens the damaged database: `found` if it says so, else `sound`, and then it has to be what a commit had left. */
async function look(): Promise<'found' | 'sound'> {
  let database: TaskDatabase
  try {
    database = await open(directory)
  } catch (error) {
    expect(error).toBeInstanceOf(StateCorruptedError)
    expect((error as Error).message).toContain(directory)
    return 'found'
  }
  try {
    const expected = history[database.position('s')?.offset ?? 0]!
    const seen = new Map<string, string>()
    for await (const [key, value] of database.rows('s').range({})) seen.set(key.toString(), value.toString())
    expect(seen).toEqual(expected)
    for (let i = 0; i < ROWS; i += 7) {
      const key = `key-${i}`
      expect(database.rows('s').get(Buffer.from(key))?.toString()).toBe(expected.get(key))
    }
    return 'sound'
  } finally {
    await database.close()
  }
}

it('the database has files of every kind, several of them tables', () => {
  const names = dataFiles(directory).join()
  expect(names).toMatch(/CURRENT.*MANIFEST-/)
  expect(names).toMatch(/\d\.log/)
  expect(names.match(/\.ldb/g)!.length).toBeGreaterThan(1)
})

it(
  'random damage is found, or changes nothing but how much there is to restore',
  async () => {
    const outcomes = { found: 0, sound: 0 }
    await fuzzAsync(50, async (chance) => {
      rmSync(directory, { recursive: true, force: true })
      cpSync(template, directory, { recursive: true })
      const done: string[] = []
      for (let i = chance.oneIn(4) ? 2 : 1; i > 0; i--) {
        const file = chance.pick(dataFiles(directory))
        const kind = chance.pick(kindsOfDamage)
        done.push(`${file}: ${kind}`)
        damage(directory, file, kind, chance)
      }
      try {
        outcomes[await look()]++
      } catch (error) {
        throw new Error(`${done.join(', ')}: ${error}`, { cause: error })
      }
    })
    if (process.env.MILLRACE_FUZZ_RUNS !== undefined) process.stderr.write(`damage: ${JSON.stringify(outcomes)}\n`)
    else expect(Math.min(outcomes.found, outcomes.sound)).toBeGreaterThan(0)
  },
  FUZZ_TIMEOUT_MS,
)

describe.each<{ file: RegExp; what: string }>([
  { file: /\.ldb$/, what: 'a table' },
  { file: /^MANIFEST/, what: 'the list of tables' },
  { file: /^CURRENT$/, what: 'CURRENT' },
])('$what', ({ file }) => {
  const mustBeFound: readonly Damage[] = ['no bytes left', 'deleted', 'zeros in a sector']
  it.each(mustBeFound)('%s: found', async (kind) => {
    damage(directory, dataFiles(directory).find((name) => file.test(name))!, kind, new Chance(7))
    expect(await look()).toBe('found')
  })
})

it('of a table every byte that is damaged is found, but for the padding of its end', async () => {
  const chance = new Chance(3)
  const table = readFileSync(join(directory, dataFiles(directory).find((name) => name.endsWith('.ldb'))!))
  expect(damageOf(table)).toBeUndefined()
  for (let i = 0; i < 500; i++) {
    const at = chance.below(table.length - 48)
    const bit = 1 << chance.below(8)
    table[at]! ^= bit
    expect(damageOf(table)).toBeDefined()
    table[at]! ^= bit
  }
})

it('a table that was never finished is no damage: a crash leaves such files', async () => {
  writeFileSync(join(directory, '000999.ldb'), Buffer.alloc(10_000, 'half a table'))
  expect(await look()).toBe('sound')
  expect(readdirSync(directory).filter((name) => name.startsWith('000999'))).toEqual([])
})

it('a folder in which a database was only begun is no damage', async () => {
  rmSync(directory, { recursive: true })
  mkdirSync(directory)
  writeFileSync(join(directory, 'MANIFEST-000001'), '')
  const database = await open(directory)
  expect(database.position('s')).toBeUndefined()
  await database.close()
})

it('what was found stays as it was, for whoever looks into it', async () => {
  const table = dataFiles(directory).find((name) => name.endsWith('.ldb'))!
  damage(directory, table, 'zeros in a sector', new Chance(1))
  expect(await look()).toBe('found')
  expect(dataFiles(directory)).toContain(table)
  expect(await look()).toBe('found')
})
