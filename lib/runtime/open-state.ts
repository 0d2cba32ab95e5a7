// Flow: task-factory, global-stores → [open-state] → task database
import { StateCorruptedError } from '../../stores/errors.ts'
import { setAside } from '../../stores/set-aside.ts'
import type { OpenTaskDatabase, TaskDatabase, TaskDatabaseOptions } from '../../stores/task-database.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'

export interface OpenStateOptions {
  readonly open: OpenTaskDatabase
  readonly database: TaskDatabaseOptions
  /** Stores in it that can be filled from nowhere else. */
  readonly unlogged: readonly string[]
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Opens a database. A damaged one is set aside and a new one opened in its place: it is a copy, the changelogs hold the original. Where they do not, that is the user's to decide.
 *
 * @throws StateCorruptedError `STREAMS_STATE_CORRUPTED`: it is damaged, and what stores without a changelog held would be lost.
 */
export async function openState({ open, database, unlogged, clock, logger }: OpenStateOptions): Promise<TaskDatabase> {
  try {
    return await open(database)
  } catch (error) {
    if (!(error instanceof StateCorruptedError)) throw error
    const { directory, problem } = error
    if (unlogged.length > 0) throw new StateCorruptedError(directory, problem, { cause: error, unlogged })
    const movedTo = setAside(directory, clock.now())
    logger.error(
      { directory, movedTo, problem },
      'local state is damaged: its folder was set aside, and the stores are restored from the start of their changelogs',
    )
    return open(database)
  }
}
