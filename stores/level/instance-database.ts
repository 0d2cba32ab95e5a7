import type { Clock } from '../../lib/core/clock.ts'
import type { Logger } from '../../lib/core/log.ts'
import { StateCorruptedError } from '../errors.ts'
import { setAside } from '../set-aside.ts'
import { type LevelDatabase, levelError, openLevel } from './open-level.ts'
import { requireSoundFiles } from './sound-files.ts'

// Two rows live here: the least that LevelDB takes.
const MEMORY = { writeBufferBytes: 64 * 1024, blockCacheBytes: 64 * 1024 }

const INSTANCE_ID = Buffer.from('instance-id')

/**
 * What an instance of an application knows about itself. Having it open is holding the state directory: LevelDB's lock belongs
 * to the process, and no lock can be left behind by one that died.
 */
export interface InstanceDatabase {
  /** The id kept here; made by `create`, and kept, if there is none yet. */
  instanceId(create: () => string): Promise<string>
  close(): Promise<void>
}

export interface InstanceDatabaseOptions {
  readonly directory: string
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * A damaged one is set aside, and a new one takes its place: the instance then has a new id, and joins its group as a new member.
 *
 * @throws StateDirectoryLockedError `STREAMS_STATE_DIR_LOCKED`, without its holder; StateDiskFullError; StateIoError.
 */
export async function openInstanceDatabase(options: InstanceDatabaseOptions): Promise<InstanceDatabase> {
  try {
    return await openSound(options.directory)
  } catch (error) {
    if (error instanceof StateCorruptedError) return replace(options, error.problem)
    throw error
  }
}

async function openSound(directory: string): Promise<InstanceDatabase> {
  await requireSound(directory)
  return instanceDatabase(directory, await openLevel(directory, MEMORY))
}

// What is to be moved is the lock itself: by one process at a time, and not while another has it. A lock beside it sees to that.
async function replace(
  { directory, clock, logger }: InstanceDatabaseOptions,
  problem: string,
): Promise<InstanceDatabase> {
  const turn = await openLevel(`${directory}.repair`, MEMORY)
  try {
    const movedTo = (await isDamaged(directory)) ? setAside(directory, clock.now()) : undefined
    const database = await openSound(directory)
    logger.error(
      { directory, movedTo, problem },
      'the folder of the instance id is damaged, and was made anew: the instance joins its group under a new id',
    )
    return database
  } finally {
    await turn.close()
  }
}

/** False: LevelDB has begun a new one, as it does without CURRENT. Fails if another process has it open. */
async function isDamaged(directory: string): Promise<boolean> {
  try {
    // LevelDB takes the lock before it looks at anything else.
    const database = await openLevel(directory, MEMORY)
    await database.close()
    await requireSound(directory)
    return false
  } catch (error) {
    if (error instanceof StateCorruptedError) return true
    throw error
  }
}

async function requireSound(directory: string): Promise<void> {
  try {
    await requireSoundFiles(directory)
  } catch (error) {
    throw error instanceof StateCorruptedError ? error : levelError(directory, error)
  }
}

function instanceDatabase(directory: string, database: LevelDatabase): InstanceDatabase {
  return {
    instanceId: (create) => readOrCreate(database, directory, create),
    close: () => database.close(),
  }
}

async function readOrCreate(database: LevelDatabase, directory: string, create: () => string): Promise<string> {
  try {
    const known = await database.get(INSTANCE_ID)
    if (known !== undefined) return known.toString()
    const made = create()
    await database.put(INSTANCE_ID, Buffer.from(made), { sync: true })
    return made
  } catch (error) {
    throw levelError(directory, error)
  }
}
