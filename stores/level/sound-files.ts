import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StateCorruptedError } from '../errors.ts'
import { damageOf } from './table-file.ts'

const TABLE = /^\d+\.(?:ldb|sst)$/
const LOG = /^\d+\.log$/
/** Behind the name of a damaged table: LevelDB leaves files alone whose names it does not know. */
const HIDDEN = '.damaged'

/** The tables of a database that was found damaged before it was opened: out of LevelDB's sight, until it has said whether it misses them. */
export interface HiddenTables {
  /** What is wrong with them; undefined: none is. */
  readonly problem: string | undefined
  /** LevelDB has opened the database without them: they were left over when a process died while it wrote them. */
  remove(): Promise<void>
  /** LevelDB has refused: puts them back, for whoever looks into it. */
  putBack(): Promise<void>
}

/**
 * Looks for damage in the files of a database that nobody has open. LevelDB finds for itself what is wrong with its logs and its list of files; it does not
 * look at the checksums of tables (table-file.ts), and takes a database without CURRENT for a new one, which it begins by deleting what lies there.
 *
 * Reads all tables, one at a time: one to two seconds for a gigabyte.
 *
 * @throws StateCorruptedError `STREAMS_STATE_CORRUPTED`
 */
export async function hideDamagedTables(directory: string): Promise<HiddenTables> {
  const names = await namesIn(directory)
  await requireCurrent(directory, names)
  const problems: string[] = []
  for await (const [name, problem] of damagedTables(directory, names)) {
    problems.push(problem)
    await rename(join(directory, name), join(directory, name + HIDDEN))
  }
  const hidden = async () => (await namesIn(directory)).filter((name) => name.endsWith(HIDDEN))
  return {
    problem: problems.length === 0 ? undefined : problems.join(', '),
    remove: async () => {
      for (const name of await hidden()) await rm(join(directory, name), { force: true })
    },
    putBack: async () => {
      for (const name of await hidden()) {
        await rename(join(directory, name), join(directory, name.slice(0, -HIDDEN.length)))
      }
    },
  }
}

/**
 * The same look at a small database that another process may have open: nothing is moved. What it finds then may be no damage, but on its way to disk.
 *
 * @throws StateCorruptedError `STREAMS_STATE_CORRUPTED`
 */
export async function requireSoundFiles(directory: string): Promise<void> {
  const names = await namesIn(directory)
  await requireCurrent(directory, names)
  for await (const [, problem] of damagedTables(directory, names)) throw new StateCorruptedError(directory, problem)
}

async function* damagedTables(directory: string, names: readonly string[]): AsyncGenerator<readonly [string, string]> {
  for (const name of names.filter((each) => TABLE.test(each))) {
    const problem = await problemWith(join(directory, name))
    if (problem !== undefined) yield [name, `${name} ${problem}`]
  }
}

// CURRENT names the list of tables. It is made before the first log, so one that is begun does not need it.
async function requireCurrent(directory: string, names: readonly string[]): Promise<void> {
  if (!names.includes('CURRENT')) {
    if (!names.some((name) => TABLE.test(name) || LOG.test(name))) return
    throw new StateCorruptedError(directory, 'the file CURRENT is missing')
  }
  const named = (await readFile(join(directory, 'CURRENT'), 'latin1')).match(/^(MANIFEST-\d+)\n$/)?.[1]
  if (named === undefined) throw new StateCorruptedError(directory, 'the file CURRENT names no list of tables')
  if (!names.includes(named))
    throw new StateCorruptedError(directory, `the file ${named}, which CURRENT names, is missing`)
}

async function problemWith(path: string): Promise<string | undefined> {
  try {
    return damageOf(await readFile(path))
  } catch (error) {
    // The sectors below it are gone, or the file itself; anything else is no damage.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EIO' || code === 'ENOENT') return `cannot be read (${code})`
    throw error
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
