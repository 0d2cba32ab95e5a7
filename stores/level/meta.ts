// Meta rows, written as text so that a person can read them:
//
//   \0format            1
//   \0commit/<number>   empty; exactly one
//   \0store/<name>      {"keyspace":3,"position":{"offset":17,"topicId":"…","clusterId":"…"}}
//   \0garbage/<number>  empty; a keyspace that was wiped and may still have rows
//
// Each batch writes the row of its own number and deletes the one before. LevelDB reads its log leniently: after a power
// failure it may lose a batch from the middle and keep later ones. Then two commit rows are left, and we know.
import { StateCorruptedError, StateFormatError } from '../errors.ts'
import type { ChangelogPosition } from '../task-database.ts'
import { type LevelDatabase, levelError } from './open-level.ts'

const FORMAT = 1

export interface StoreMeta {
  readonly keyspace: number
  readonly position: ChangelogPosition | undefined
}

export interface Meta {
  /** The number of the last batch. */
  readonly commit: number
  readonly stores: Map<string, StoreMeta>
  readonly garbage: readonly number[]
}

export const NO_VALUE = Buffer.alloc(0)

export function commitKey(commit: number): Buffer {
  return metaKey(`commit/${commit}`)
}

export function storeKey(storeName: string): Buffer {
  return metaKey(`store/${storeName}`)
}

export function garbageKey(keyspace: number): Buffer {
  return metaKey(`garbage/${keyspace}`)
}

export function storeValue(meta: StoreMeta): Buffer {
  return Buffer.from(JSON.stringify(meta))
}

function metaKey(text: string): Buffer {
  return Buffer.from(`\0${text}`)
}

/**
 * Reads the meta rows of a database; writes the first ones into an empty one.
 *
 * @throws StateFormatError, StateCorruptedError, StateIoError: all name the folder.
 */
export async function readMeta(database: LevelDatabase, directory: string): Promise<Meta> {
  const rows = new Map<string, string>()
  try {
    for (const [key, value] of await database.iterator({ lt: Buffer.of(1) }).all()) {
      rows.set(key.toString('utf8', 1), value.toString())
    }
    if (rows.size === 0) return await initialize(database, directory)
  } catch (error) {
    throw error instanceof StateCorruptedError ? error : levelError(directory, error)
  }
  const format = rows.get('format')
  if (format !== undefined && Number(format) > FORMAT) throw new StateFormatError(directory, format, String(FORMAT))
  if (format !== String(FORMAT)) throw new StateCorruptedError(directory, `its format row says ${format}`)
  const commits = numbersAfter('commit/', rows)
  if (commits.length !== 1) throw new StateCorruptedError(directory, 'a commit is missing between two others')
  return { commit: commits[0]!, stores: readStores(rows, directory), garbage: numbersAfter('garbage/', rows) }
}

async function initialize(database: LevelDatabase, directory: string): Promise<Meta> {
  const strangers = await database.keys({ limit: 1 }).all()
  if (strangers.length > 0) throw new StateCorruptedError(directory, 'it has rows but no format')
  const first = database
    .batch()
    .put(metaKey('format'), Buffer.from(String(FORMAT)))
    .put(commitKey(0), NO_VALUE)
  await first.write({ sync: true })
  return { commit: 0, stores: new Map(), garbage: [] }
}

function numbersAfter(prefix: string, rows: ReadonlyMap<string, string>): number[] {
  return [...rows.keys()].filter((key) => key.startsWith(prefix)).map((key) => Number(key.slice(prefix.length)))
}

function readStores(rows: ReadonlyMap<string, string>, directory: string): Map<string, StoreMeta> {
  const stores = new Map<string, StoreMeta>()
  for (const [key, value] of rows) {
    if (!key.startsWith('store/')) continue
    try {
      const { keyspace, position } = JSON.parse(value)
      stores.set(key.slice('store/'.length), { keyspace, position })
    } catch (cause) {
      throw new StateCorruptedError(directory, `row '${key}' cannot be read`, { cause })
    }
  }
  return stores
}
