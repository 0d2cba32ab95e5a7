import { OverlayDatabase } from '../overlay-database.ts'
import type { TaskDatabase, TaskDatabaseOptions } from '../task-database.ts'
import { LevelState } from './level-state.ts'

/**
 * Opens a task's database in LevelDB.
 *
 * @throws StateCorruptedError `STREAMS_STATE_CORRUPTED`, StateFormatError `STREAMS_STATE_FORMAT`, StateIoError `STREAMS_STATE_IO`,
 *   StateDirectoryLockedError `STREAMS_STATE_DIR_LOCKED`: all name the folder.
 */
export async function openLevelTaskDatabase(options: TaskDatabaseOptions): Promise<TaskDatabase> {
  return new OverlayDatabase(await LevelState.open(options))
}
