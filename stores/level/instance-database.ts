import { type LevelDatabase, levelError, openLevel } from './open-level.ts'

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

/** @throws StateDirectoryLockedError `STREAMS_STATE_DIR_LOCKED`, without its holder; StateCorruptedError; StateIoError. */
export async function openInstanceDatabase(directory: string): Promise<InstanceDatabase> {
  const database = await openLevel(directory, MEMORY)
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
