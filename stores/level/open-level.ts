import { Level } from 'level'
import { StreamsError } from '../../lib/core/errors.ts'
import {
  StateCorruptedError,
  StateDirectoryLockedError,
  StateDiskFullError,
  StateIoError,
  StoreNotOpenError,
} from '../errors.ts'
import { freeBytes, isDiskFull } from '../free-space.ts'
import { hideDamagedTables } from './sound-files.ts'

/** A LevelDB of bytes. The operating system holds its lock and frees it when the process dies, however it dies. */
export type LevelDatabase = Level<Buffer, Buffer>

export interface LevelMemory {
  /** Up to two of these are in use: one filling, one on its way to disk. */
  readonly writeBufferBytes: number
  readonly blockCacheBytes: number
}

/**
 * Opens a database, made if absent with its parent folders.
 *
 * @throws StateDirectoryLockedError, StateCorruptedError, StateIoError: all name the folder.
 */
export async function openLevel(directory: string, memory: LevelMemory): Promise<LevelDatabase> {
  const database: LevelDatabase = new Level(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: memory.writeBufferBytes,
    cacheSize: memory.blockCacheBytes,
  })
  try {
    await database.open()
  } catch (error) {
    throw levelError(directory, error)
  }
  return database
}

/**
 * As `openLevel`, for a database that no other process can have open. Damage that LevelDB would not look for is looked for first.
 *
 * @throws StateCorruptedError, StateDiskFullError, StateIoError: all name the folder.
 */
export async function openSoundLevel(directory: string, memory: LevelMemory): Promise<LevelDatabase> {
  try {
    const hidden = await hideDamagedTables(directory)
    try {
      const database = await openLevel(directory, memory)
      await hidden.remove()
      return database
    } catch (error) {
      await hidden.putBack()
      if (hidden.problem === undefined || !(error instanceof StateCorruptedError)) throw error
      throw new StateCorruptedError(directory, hidden.problem, { cause: error })
    }
  } catch (error) {
    throw error instanceof StreamsError ? error : levelError(directory, error)
  }
}

/** The error of ours that stands for one of LevelDB's, or of the file system's. */
export function levelError(directory: string, error: unknown): Error {
  const { code, message } = rootCause(error)
  if (code === 'LEVEL_LOCKED') return new StateDirectoryLockedError(directory)
  if (code === 'LEVEL_CORRUPTION') return new StateCorruptedError(directory, message, { cause: error })
  if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN') {
    return new StoreNotOpenError(`The state in '${directory}'`, { cause: error })
  }
  if (isDiskFull(message)) return new StateDiskFullError(directory, message, freeBytes(directory), { cause: error })
  // A file that LevelDB's own list names, or the list itself, is not there.
  if (isMissingFile(message)) return new StateCorruptedError(directory, message, { cause: error })
  return new StateIoError(directory, message, { cause: error })
}

const LEVELDB_FILE = /(?:MANIFEST-\d+|\d+\.(?:ldb|sst)): No such file or directory/

function isMissingFile(message: string): boolean {
  return LEVELDB_FILE.test(message)
}

interface LevelError {
  readonly code?: string
  readonly message: string
  readonly cause?: LevelError
}

// A failed open is reported as "not open", with what happened as its cause.
function rootCause(error: unknown): { code: string | undefined; message: string } {
  let last = error as LevelError
  while (last.cause !== undefined) last = last.cause
  return { code: last.code, message: last.message }
}
