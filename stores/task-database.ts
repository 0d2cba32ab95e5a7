import type { Clock } from '../lib/core/clock.ts'
import type { Rows } from './store.ts'

/** How far a store holds its changelog: everything before `offset`, of the topic with this id on this cluster. */
export interface ChangelogPosition {
  readonly offset: number
  readonly topicId: string
  readonly clusterId: string
}

/**
 * The committed rows of one task's stores and the changelog positions that they stand for, changed together or not at all,
 * with the uncommitted writes above them.
 *
 * Writes go to the *active* generation. `seal` makes it the *committing* one, so that processing can go on while its commit is under
 * way; `write` puts it, with the positions, into the database as one batch. There is at most one committing generation.
 */
export interface TaskDatabase {
  /** The rows of a store; the same object for the same name. */
  rows(storeName: string): Rows
  /** Undefined: the store holds nothing of its changelog, and its rows are empty. */
  position(storeName: string): ChangelogPosition | undefined
  /** Approximate bytes of both generations. */
  readonly uncommittedBytes: number
  /** Whether the active generation holds a write. */
  readonly dirty: boolean
  /** Closes the active generation and starts the next. */
  seal(): void
  /**
   * Writes the sealed generation and these positions, by store, as one atomic batch. Stores not named keep theirs. Afterwards the rows
   * are clean: readable from the cache and the database.
   */
  write(positions: ReadonlyMap<string, ChangelogPosition>): Promise<void>
  /** Drops both generations: reads see the last `write` again. */
  rollback(): void
  /** Empties a store and forgets its position, atomically; its old rows are deleted in the background. */
  wipe(storeName: string): Promise<void>
  /** Committed rows only, for queries. */
  committed(storeName: string): Pick<Rows, 'get' | 'range'>
  close(): Promise<void>
}

export interface TaskDatabaseOptions {
  /** The folder of this task's database; made if absent. */
  readonly directory: string
  /** For LevelDB's write buffer and block cache together. */
  readonly memoryBytes: number
  /** For committed entries kept readable without a look into the database. */
  readonly readCacheBytes: number
  /** Stores whose rows are kept in memory only; their position is undefined after each open. */
  readonly memoryStores?: readonly string[]
  /** Lets other work run while a large commit is copied. Undefined: it is copied in one go. */
  readonly clock?: Clock
}

export type OpenTaskDatabase = (options: TaskDatabaseOptions) => Promise<TaskDatabase>
