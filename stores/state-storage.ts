import { openLevelTaskDatabase } from './level/index.ts'
import { openMemoryTaskDatabase } from './memory/index.ts'
import {
  openStateDirectory,
  requireUnlocked,
  type StateDirectory,
  type StateDirectoryOptions,
} from './state-directory.ts'
import type { OpenTaskDatabase } from './task-database.ts'

/** Where an instance keeps its state: on the disk of this machine, or, in a simulation, on one that is not there. */
export interface StateStorage {
  /** Fails early if `openDirectory` is bound to fail. */
  requireUnlocked(options: Pick<StateDirectoryOptions, 'stateDir' | 'applicationId'>): void
  openDirectory(options: StateDirectoryOptions): Promise<StateDirectory>
  /** Opens the database of a task with persistent stores. */
  readonly openDatabase: OpenTaskDatabase
  /** Opens one that keeps nothing on disk. */
  readonly openMemoryDatabase: OpenTaskDatabase
}

/** Folders, and a LevelDB a task. */
export const diskStorage: StateStorage = {
  requireUnlocked,
  openDirectory: openStateDirectory,
  openDatabase: openLevelTaskDatabase,
  openMemoryDatabase: openMemoryTaskDatabase,
}
