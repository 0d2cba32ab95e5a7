import { Level } from 'level'
import { StateCorruptedError, StateDirectoryLockedError, StateIoError, StoreNotOpenError } from '../errors.ts'

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

/** The error of ours that stands for one of LevelDB's. */
export function levelError(directory: string, error: unknown): Error {
  const { code, message } = rootCause(error)
  if (code === 'LEVEL_LOCKED') return new StateDirectoryLockedError(directory)
  if (code === 'LEVEL_CORRUPTION') return new StateCorruptedError(directory, message, { cause: error })
  if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN') {
    return new StoreNotOpenError(`The state in '${directory}'`, { cause: error })
  }
  return new StateIoError(directory, message, { cause: error })
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
