// Flow: task-manager → [restorer] → store-replay
import type { ChangelogPosition } from '../../stores/task-database.ts'
import type { Admin, Client, CommittedOffset, Fetcher } from '../client/client.ts'
import { OffsetOutOfRangeError } from '../client/errors.ts'
import { partitionKey } from '../core/record.ts'
import { changelogLoss } from './changelog-loss.ts'
import { ChangelogLostError } from './errors.ts'
import { RestoreMemory } from './restore-memory.ts'
import { RestoreProgress, type RestoreProgressOptions } from './restore-progress.ts'
import { type ReplayRange, type RestoringStore, StoreReplay } from './store-replay.ts'
import type { StreamTask } from './stream-task.ts'
import { Turns } from './turns.ts'

/** Stores that are restored at the same time. Of each, 2 MiB of its changelog may lie fetched in memory, besides what one request brings. */
const MAX_RESTORING_STORES = 8

const NOTHING_ON_DISK = 'nothing of it lies in the state directory'

export interface RestorerOptions extends RestoreProgressOptions {
  readonly client: Client
  /** Identity of each changelog topic, by name. */
  readonly changelogIds: ReadonlyMap<string, Omit<ChangelogPosition, 'offset'>>
  /** Changelogs that were not there when this instance started. */
  readonly newChangelogs: ReadonlySet<string>
  /** Uncommitted writes of an instance: those of all restores stay below it. */
  readonly uncommittedBytes: number
}

/** What a store has to read, and why all of it, if it should not have to. */
interface Plan extends ReplayRange {
  readonly why: string | undefined
  /** Whether what it held had to go. */
  readonly emptied: boolean
}

/**
 * Brings the stores of tasks up to the end of their changelogs: some stores at once, in turns that leave room for the tasks that run already, and within a share of memory that does not
 * depend on how many tasks there are.
 */
export class Restorer {
  readonly #options: RestorerOptions
  readonly #admin: Admin
  readonly #fetcher: Fetcher
  readonly #turns: Turns
  readonly #memory: RestoreMemory
  readonly #waiting = new Set<() => void>()
  /** Changelogs, by partition, that were looked at before. */
  readonly #seen = new Set<string>()

  constructor(options: RestorerOptions) {
    this.#options = options
    this.#admin = options.client.admin
    this.#turns = new Turns(options.clock)
    this.#memory = new RestoreMemory(options.uncommittedBytes)
    this.#fetcher = options.client.fetcher({
      isolation: 'read_committed',
      purpose: 'restore',
      onReady: () => this.wake(),
    })
  }

  /**
   * Restores one store after the other. To be called when no other producer can write to the changelogs any more.
   *
   * @param committed - Of the task's inputs, by partition.
   * @param cancelled - Asked now and then, and when `wake` was called; when true the call returns early, and what was restored until then stays.
   */
  async restore(
    task: StreamTask,
    committed: ReadonlyMap<string, CommittedOffset>,
    cancelled: () => boolean,
  ): Promise<void> {
    for (const [name, store] of task.stores) {
      const { changelog, isSource } = store
      if (changelog === undefined) continue
      const consumed = committed.get(partitionKey(changelog.topic, changelog.partition))?.offset
      // Neither consumed nor held: whatever the topic has is yet to be processed.
      if (isSource && consumed === undefined && task.database.position(name) === undefined) continue
      while (this.#memory.count >= MAX_RESTORING_STORES && !cancelled()) await this.#woken()
      if (cancelled()) return
      const hasCommitted = [...committed.values()].some(({ offset }) => offset > 0)
      const restoring = { ...store, task, name, changelog, consumed }
      const leave = this.#memory.enter(() => task.database.uncommittedBytes + (store.store.gatheredBytes ?? 0))
      // Those that hold more than their share is now have to write.
      this.wake()
      try {
        await this.#restoreStore(restoring, hasCommitted, cancelled)
      } finally {
        leave()
        this.wake()
      }
    }
  }

  async close(): Promise<void> {
    this.wake()
    await this.#fetcher.close()
  }

  /** Has restores that wait, for records or for their turn, ask again whether they are cancelled. */
  wake(): void {
    for (const resume of this.#waiting) resume()
    this.#waiting.clear()
  }

  async #restoreStore(store: RestoringStore, hasCommitted: boolean, cancelled: () => boolean): Promise<void> {
    const { topic, partition } = store.changelog
    const progress = new RestoreProgress({ store: store.name, task: store.task.name, topic, partition }, this.#options)
    let reached = 0
    let emptied: string | undefined
    for (let done = false; !done && !cancelled(); ) {
      const plan = await this.#plan(store, hasCommitted, emptied)
      if (cancelled()) return
      progress.started(plan.from, plan.target, plan.why, plan.emptied)
      reached = plan.from
      try {
        if (plan.from < plan.target) reached = await this.#replay(store, plan, progress, cancelled)
        done = true
      } catch (error) {
        // Records before the log's new start were deleted while we read: nothing below them can be trusted.
        if (!(error instanceof OffsetOutOfRangeError)) throw error
        emptied = 'its changelog was cut while it was restored'
        await this.#empty(store)
      }
    }
    if (cancelled()) progress.suspended(reached)
    else progress.ended()
  }

  /**
   * Where to read from and to; empties the store first if what it holds does not belong to this changelog.
   *
   * @param emptied - Why it has been emptied already.
   */
  async #plan(store: RestoringStore, hasCommitted: boolean, emptied: string | undefined): Promise<Plan> {
    const { task, name, changelog, isSource, isPersistent, consumed } = store
    const key = partitionKey(changelog.topic, changelog.partition)
    const [starts, ends] = await Promise.all([
      this.#admin.offsets([changelog], 'earliest', 'read_uncommitted'),
      this.#admin.offsets([changelog], 'latest', 'read_uncommitted'),
    ])
    const start = starts.get(key)!
    const end = ends.get(key)!
    const target = isSource ? Math.min(consumed ?? start, end) : end
    const isFirstLook = !this.#seen.has(key)
    this.#seen.add(key)
    const position = task.database.position(name)
    if (position === undefined) {
      if (end === 0 && hasCommitted && isFirstLook) this.#warnOfEmptyStart(task, name, changelog.topic)
      if (emptied !== undefined) return { from: start, target, why: emptied, emptied: true }
      return { from: start, target, why: isPersistent ? NOTHING_ON_DISK : undefined, emptied: false }
    }
    const lost = changelogLoss(position, this.#options.changelogIds.get(changelog.topic), end)
    // A source topic holds the original; a changelog only what this disk holds, too.
    if (lost !== undefined && !isSource) {
      throw new ChangelogLostError(name, changelog, lost, task.stateDir)
    }
    const problem =
      lost ??
      (position.offset < start ? `its changelog starts at ${start}, after its position ${position.offset}` : undefined)
    if (problem === undefined) return { from: position.offset, target, why: undefined, emptied: false }
    await this.#empty(store)
    return { from: start, target, why: problem, emptied: true }
  }

  /**
   * Of a changelog that has never held a record, though its task had committed when this instance saw it first: if this instance has made it, the store was added to an application that has
   * run before, or its changelog and its disk are both gone. Only the user knows which.
   */
  #warnOfEmptyStart(task: StreamTask, store: string, changelog: string): void {
    if (!this.#options.newChangelogs.has(changelog)) return
    this.#options.logger.warn(
      { task: task.name, store, changelog },
      'store starts empty, though its task has committed offsets: its changelog did not exist. Right for a new store; else the topic was deleted, and its state is lost',
    )
  }

  async #empty({ task, name, store }: RestoringStore): Promise<void> {
    task.database.rollback()
    await task.database.wipe(name)
    store.discard?.()
  }

  #replay(
    store: RestoringStore,
    range: ReplayRange,
    progress: RestoreProgress,
    cancelled: () => boolean,
  ): Promise<number> {
    const { clock, logger, changelogIds } = this.#options
    const replay = new StoreReplay(store, range, {
      fetcher: this.#fetcher,
      clock,
      logger,
      turns: this.#turns,
      progress,
      identity: changelogIds.get(store.changelog.topic)!,
      memory: this.#memory,
      woken: () => this.#woken(),
      wake: () => this.wake(),
      cancelled,
    })
    return replay.run()
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
    })
  }
}
