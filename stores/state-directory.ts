import { randomUUID } from 'node:crypto'
import { accessSync, constants, mkdirSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../lib/core/clock.ts'
import { InvalidConfigError, messageOf } from '../lib/core/errors.ts'
import type { Logger } from '../lib/core/log.ts'
import { StateDirectoryLockedError, StateDiskFullError, StateIoError } from './errors.ts'
import { freeBytes, isDiskFull } from './free-space.ts'
import { type InstanceDatabase, openInstanceDatabase } from './level/instance-database.ts'
import {
  isAlive,
  isThisProcess,
  type Owner,
  readOwner,
  removeOwner,
  thisProcess,
  writeOwner,
} from './state-directory-owner.ts'

export interface StateDirectoryOptions {
  /** The folder for the state of all applications; made if absent. */
  readonly stateDir: string
  readonly applicationId: string
  readonly clock: Clock
  readonly logger: Logger
}

/** `<stateDir>/<applicationId>/`, held by one instance at a time. */
export interface StateDirectory {
  readonly path: string
  /** Made at the first use of the directory and the same ever after: who comes back with it is the same instance. */
  readonly instanceId: string
  /** Where the task of this id (`0_3`) keeps its state; not made yet. */
  taskDirectory(taskId: string): string
  /** Ids of the tasks that have a folder here, in order. */
  taskDirectories(): readonly string[]
  /** Lets go of the directory. Close the tasks' databases first. */
  close(): Promise<void>
}

const APPLICATION_ID = /^[a-zA-Z0-9._-]+$/
const TASK_ID = /^\d+_\d+$/

// LevelDB opens and closes the lock's file before it finds that this process holds it already, and by the rules of POSIX that close
// drops the lock. So a second instance in this process must be refused before LevelDB is asked. Kept where several copies of
// this module (two versions of the package) find it.
const HELD = Symbol.for('millrace.stateDirectories')
const registry = globalThis as { [HELD]?: Map<string, Owner> }
registry[HELD] ??= new Map()
const heldHere = registry[HELD]

/**
 * Takes the state directory of an application for this instance.
 *
 * A directory whose holder died, even by kill -9, is free at once; of several that try, one gets it.
 *
 * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: the folder cannot be made or written, or the application id cannot name one.
 * @throws StateDirectoryLockedError `STREAMS_STATE_DIR_LOCKED`: another instance, here or in another process, holds it.
 * @throws StateDiskFullError `STREAMS_STATE_DISK_FULL`
 */
export async function openStateDirectory(options: StateDirectoryOptions): Promise<StateDirectory> {
  const path = makeDirectory(options)
  const holder = heldHere.get(path) ?? readOwner(path)
  if (heldHere.has(path) || (holder !== undefined && isThisProcess(holder))) {
    throw new StateDirectoryLockedError(path, holder)
  }

  const owner = thisProcess(options.clock.now())
  heldHere.set(path, owner)
  let database: InstanceDatabase | undefined
  try {
    database = await takeLock(path, options)
    noteOwner(path, owner)
    const instanceId = await database.instanceId(randomUUID)
    return new HeldDirectory(path, instanceId, database)
  } catch (error) {
    await database?.close()
    heldHere.delete(path)
    throw error
  }
}

/**
 * Fails early, without waiting and without taking anything, if `openStateDirectory` is bound to fail: its errors, thrown here. The holder is
 * told by the note that it left and by whether it lives; `openStateDirectory` asks the lock itself.
 */
export function requireUnlocked(options: Pick<StateDirectoryOptions, 'stateDir' | 'applicationId'>): void {
  const path = makeDirectory(options)
  const holder = heldHere.get(path) ?? readOwner(path)
  if (holder !== undefined && (heldHere.has(path) || isAlive(holder))) throw new StateDirectoryLockedError(path, holder)
}

function noteOwner(path: string, owner: Owner): void {
  try {
    writeOwner(path, owner)
  } catch (error) {
    throw fileError(path, error)
  }
}

async function takeLock(path: string, { stateDir, clock, logger }: StateDirectoryOptions): Promise<InstanceDatabase> {
  try {
    return await openInstanceDatabase({ directory: join(path, 'instance'), clock, logger })
  } catch (error) {
    if (error instanceof StateDirectoryLockedError) throw new StateDirectoryLockedError(path, readOwner(path))
    if (error instanceof StateIoError) throw unusable(stateDir, error)
    throw error
  }
}

function makeDirectory({ stateDir, applicationId }: Pick<StateDirectoryOptions, 'stateDir' | 'applicationId'>): string {
  if (!APPLICATION_ID.test(applicationId) || applicationId === '.' || applicationId === '..') {
    throw new InvalidConfigError(
      'applicationId',
      `is '${applicationId}': letters, digits, '.', '_' and '-' are allowed (it names topics and a folder)`,
    )
  }
  try {
    const path = join(stateDir, applicationId)
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    // One folder, one name: a relative path, a link or the case of a letter (macOS, Windows) must not hide that two instances mean the same.
    return realpathSync.native(path)
  } catch (error) {
    const cause = error as Error
    throw isDiskFull(cause.message) ? fileError(join(stateDir, applicationId), cause) : unusable(stateDir, cause)
  }
}

function fileError(directory: string, error: unknown): StateDiskFullError | StateIoError {
  const message = messageOf(error)
  return isDiskFull(message)
    ? new StateDiskFullError(directory, message, freeBytes(directory), { cause: error })
    : new StateIoError(directory, message, { cause: error })
}

function unusable(stateDir: string, cause: Error): InvalidConfigError {
  return new InvalidConfigError(
    'stateDir',
    `is '${stateDir}', which cannot be made or written (${cause.message}). Name a folder that this process may write.`,
  )
}

class HeldDirectory implements StateDirectory {
  readonly path: string
  readonly instanceId: string
  readonly #database: InstanceDatabase
  #closing: Promise<void> | undefined

  constructor(path: string, instanceId: string, database: InstanceDatabase) {
    this.path = path
    this.instanceId = instanceId
    this.#database = database
  }

  taskDirectory(taskId: string): string {
    return join(this.path, taskId)
  }

  taskDirectories(): readonly string[] {
    return readdirSync(this.path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && TASK_ID.test(entry.name))
      .map((entry) => entry.name)
      .sort()
  }

  close(): Promise<void> {
    this.#closing ??= this.#release()
    return this.#closing
  }

  async #release(): Promise<void> {
    removeOwner(this.path)
    await this.#database.close()
    heldHere.delete(this.path)
  }
}
