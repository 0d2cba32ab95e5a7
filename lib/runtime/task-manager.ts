// Flow: group-member → [task-manager] → stream-task, commit-lanes, restorer

import { StateCorruptedError } from '../../stores/errors.ts'
import type { Assigned, Fetcher, GroupListener, OffsetCommit } from '../client/client.ts'
import { BrokerUnavailableError, StaleMemberError, TransactionAbortedError } from '../client/errors.ts'
import { allEnded } from '../core/all-ended.ts'
import { StreamsError } from '../core/errors.ts'
import { partitionKey, type TopicPartition } from '../core/record.ts'
import { Semaphore } from '../core/semaphore.ts'
import type { CommitLane } from './commit-lane.ts'
import { CommitLanes, type CommitLanesOptions } from './commit-lanes.ts'
import { requireCommittedOffsets } from './lost-offsets.ts'
import type { Restorer } from './restorer.ts'
import { startingOffsets } from './starting-offsets.ts'
import type { StreamTask, TaskInput } from './stream-task.ts'
import type { StreamsAssignor } from './streams-assignor.ts'
import type { TaskFactory } from './task-factory.ts'
import { compareTasks, type TaskId, taskName } from './task-id.ts'

/** Tasks that are restored and started at the same time. */
const MAX_STARTING_TASKS = 8
/** Times that a lane starts over without a commit in between, before the instance gives up. */
const MAX_REVIVALS = 10

export interface TaskManagerOptions extends Omit<CommitLanesOptions, 'owns' | 'onCommitted'> {
  readonly factory: TaskFactory
  readonly assignor: StreamsAssignor
  readonly restorer: Restorer
  readonly onCommitted: (offsets: readonly OffsetCommit[]) => void
  /** A task started, stopped, or can go on. */
  readonly onChange: () => void
  readonly onFatal: (error: unknown) => void
}

/** A task that the group gave to this instance, from then on until it is taken away. */
interface OwnedTask {
  readonly id: TaskId
  readonly partitions: readonly TopicPartition[]
  task: StreamTask | undefined
  lane: CommitLane | undefined
  /** Settles when the task runs, was given up, or has failed. */
  starting: Promise<void>
  /** The group has taken it away, or the instance closes: nothing new is begun for it. */
  readonly release: AbortController
  revivals: number
}

/** Starts and stops the tasks of an instance as the group assigns and revokes their partitions. */
export class TaskManager implements GroupListener {
  readonly #options: TaskManagerOptions
  readonly #fetcher: Fetcher
  readonly #owned = new Map<string, OwnedTask>()
  readonly #lanes: CommitLanes
  readonly #starts = new Semaphore(MAX_STARTING_TASKS)

  constructor(options: TaskManagerOptions) {
    this.#options = options
    this.#lanes = new CommitLanes({
      ...options,
      owns: (task) => this.#owns(task) && options.member().owns(this.#owned.get(task.name)!.partitions),
      onCommitted: (lane, offsets) => {
        for (const task of lane.tasks) this.#owned.get(task.name)!.revivals = 0
        options.onCommitted(offsets)
      },
    })
    this.#fetcher = options.client.fetcher({
      isolation: 'read_committed',
      purpose: 'fetch',
      onReady: options.onChange,
    })
  }

  get tasks(): readonly StreamTask[] {
    // Asked in every turn of the loop.
    const tasks: StreamTask[] = []
    for (const { task } of this.#owned.values()) if (task !== undefined) tasks.push(task)
    return tasks
  }

  get lanes(): Iterable<CommitLane> {
    return this.#lanes
  }

  /** Whether every task that the group gave us takes records. */
  get allRunning(): boolean {
    return [...this.#owned.values()].every(
      ({ task, lane }) => task?.isStarted === true && lane?.startingOver === undefined,
    )
  }

  // ---- group

  async onAssigned({ added, userData }: Assigned): Promise<void> {
    const { assignor } = this.#options
    const departed = assignor.learn(userData)
    if (added.length > 0) this.#lanes.inherit(departed)
    for (const id of assignor.tasksOf(added)) {
      const before = this.#owned.get(taskName(id))
      const partitions = added.filter(
        (partition) =>
          assignor.tasksOf([partition]).some((task) => compareTasks(task, id) === 0) &&
          before?.partitions.some(({ topic }) => topic === partition.topic) !== true,
      )
      if (partitions.length === 0) continue
      // A topic has come up that matches a pattern: the task starts again with one more input.
      if (before !== undefined) await this.#release([before], 'commit')
      const owned: OwnedTask = {
        id,
        partitions: [...(before?.partitions ?? []), ...partitions],
        task: undefined,
        lane: undefined,
        starting: Promise.resolve(),
        release: new AbortController(),
        revivals: 0,
      }
      this.#owned.set(taskName(id), owned)
      // A task that is taken away while it waits for its turn must not keep the group waiting.
      owned.starting = this.#starts
        .run(() => this.#start(owned), owned.release.signal)
        .catch((error: unknown) => this.#failed(owned, error))
    }
    this.#lanes.advise(this.#owned.size)
    // The group goes on while tasks restore.
    this.#options.onChange()
  }

  async onRevoked(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#release(this.#ownedOf(partitions), 'commit')
  }

  async onLost(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#release(this.#ownedOf(partitions), 'drop')
  }

  onFatal(error: Error): void {
    this.#options.onFatal(error)
  }

  // ---- stop

  /** Stops every task, after a last commit or without one. */
  async close(uncommitted: 'commit' | 'drop'): Promise<void> {
    await this.#release([...this.#owned.values()], uncommitted)
    await this.#lanes.close()
    await this.#fetcher.close()
  }

  /** What to do about a lane whose commit failed, or a task that failed while processing. */
  laneFailed(lane: CommitLane, error: unknown): void {
    const owned = this.#ownedIn(lane)
    if (owned.length === 0) return
    if (isRecoverable(error)) {
      this.#revive(lane, owned, error)
      return
    }
    lane.close()
    this.#options.onFatal(error)
  }

  taskFailed(task: StreamTask, error: unknown): void {
    const lane = this.#owned.get(task.name)?.lane
    if (lane === undefined) this.#options.onFatal(error)
    else this.laneFailed(lane, error)
  }

  // ---- inside

  #ownedOf(partitions: readonly TopicPartition[]): readonly OwnedTask[] {
    return this.#options.assignor.tasksOf(partitions).flatMap((id) => this.#owned.get(taskName(id)) ?? [])
  }

  /** Those that commit through a lane, and are still this instance's. */
  #ownedIn(lane: CommitLane): readonly OwnedTask[] {
    return [...this.#owned.values()].filter((owned) => owned.lane === lane && !isReleased(owned))
  }

  async #start(owned: OwnedTask): Promise<void> {
    await this.#lanes.inheritance
    if (isReleased(owned)) return
    const lane = await this.#lanes.of(owned.id)
    await this.#usable(lane)
    if (isReleased(owned)) return
    owned.lane = lane
    owned.task = await this.#options.factory.create(owned.id, lane.producer, this.#owned.size)
    lane.tasks.add(owned.task)
    await this.#bringUp(owned, owned.task, lane)
  }

  // A lane whose commit failed when nobody was left in it to start over is made new by the first who comes.
  async #usable(lane: CommitLane): Promise<void> {
    while (lane.startingOver !== undefined || (lane.spoiled && this.#ownedIn(lane).length === 0)) {
      if (lane.startingOver !== undefined) {
        await lane.startingOver
        continue
      }
      const renewing = lane
        .quiet()
        .then(() => lane.producer.init())
        .then(() => lane.renewed())
      lane.startingOver = renewing
        .catch(() => {})
        .finally(() => {
          lane.startingOver = undefined
        })
      await renewing
    }
  }

  // A producer that has fenced its predecessors; then what they committed; then what they logged: in this order nothing is missed.
  async #bringUp(owned: OwnedTask, task: StreamTask, lane: CommitLane): Promise<void> {
    const { member, restorer, client, config, logger } = this.#options
    const released = () => isReleased(owned)
    const isNew = task.state === 'CREATED'
    if (isNew) task.restoring()
    const committed = await member().committed(owned.partitions)
    await lane.settle(task, committed)
    if (!isNew) await task.abandon(config.requestTimeoutMs)
    const topicIds = await requireCommittedOffsets(task, owned.partitions, committed, {
      admin: client.admin,
      groupId: config.applicationId,
    })
    await restorer.restore(task, committed, released)
    if (isReleased(owned)) return
    const starts = await startingOffsets(task, owned.partitions, committed, {
      admin: client.admin,
      offsetReset: config.offsetReset,
      logger,
    })
    if (isReleased(owned)) return
    const inputs = owned.partitions.map((partition): TaskInput => {
      const key = partitionKey(partition.topic, partition.partition)
      return {
        committed: committed.get(key),
        topicId: topicIds.get(key),
        fetched: this.#fetcher.add(partition, starts.get(key)!),
      }
    })
    await task.run(inputs, released)
    this.#options.onChange()
  }

  // Everything since the last commit is dropped, and the tasks start over from it: as if they had only just been assigned.
  #revive(lane: CommitLane, owned: readonly OwnedTask[], cause: StreamsError): void {
    const { logger, member } = this.#options
    // One failure shows in several places: in the commit, in a record's sends, in the next commit.
    if (lane.startingOver !== undefined) return
    if (owned.some((task) => ++task.revivals > MAX_REVIVALS)) {
      this.#options.onFatal(cause)
      return
    }
    const names = owned.map(({ id }) => taskName(id))
    logger.warn({ tasks: names, code: cause.code, cause: cause.message }, 'tasks start over from their last commit')
    const startingBefore = owned.map(({ starting }) => starting)
    let isLost = false
    const startOver = async () => {
      // Tasks that share the lane may still be restoring.
      await Promise.all(startingBefore)
      await lane.quiet()
      for (const { task, partitions } of owned) {
        for (const partition of partitions) this.#fetcher.remove(partition)
        await task!.suspend(this.#options.config.requestTimeoutMs)
        // Not even if the others fail before its turn has come, and the instance ends.
        task!.refuseCommits(cause)
      }
      // A member that the group has forgotten must not fence the one that took its place: ask before taking the producer back.
      try {
        await Promise.race([member().confirm(), Promise.all(owned.map(whenReleased))])
      } catch (error) {
        if (!(error instanceof StaleMemberError)) throw error
        // The group has dropped us: `onLost` will take the tasks away, but not before `onRevoked` has ended, which may wait for us.
        isLost = true
        return
      }
      if (owned.length > 0 && owned.every(isReleased)) return
      await lane.producer.init()
      lane.renewed()
      // What was given up is not made new: all that it did was dropped, so its offsets must not be committed either.
      for (const task of lane.tasks) if (!this.#owns(task)) lane.tasks.delete(task)
      for (const task of owned) {
        if (cause instanceof StateCorruptedError && !isReleased(task)) await this.#reopen(task, lane)
        if (isReleased(task)) lane.tasks.delete(task.task!)
        else await this.#bringUp(task, task.task!, lane)
      }
    }
    const ended = () => {
      lane.startingOver = undefined
      // One may have failed anew while the others were still on their way.
      const failed = owned.find(({ task }) => task?.state === 'RUNNING' && task.failure !== undefined)
      if (failed !== undefined) this.laneFailed(lane, failed.task!.failure)
      this.#options.onChange()
    }
    const over = startOver().finally(() => {
      if (!isLost) ended()
    })
    const lost = async () => {
      if (isLost) await Promise.all(owned.map(whenReleased)).then(ended)
    }
    lane.startingOver = over.then(lost).catch(() => {})
    for (const task of owned) task.starting = over.catch((error: unknown) => this.#failed(task, error))
    this.#options.onChange()
  }

  // LevelDB has come upon damage: what that is shows when the files are looked through, which opening them does.
  async #reopen(owned: OwnedTask, lane: CommitLane): Promise<void> {
    const { factory, config } = this.#options
    lane.tasks.delete(owned.task!)
    await owned.task!.close(config.requestTimeoutMs)
    owned.task = await factory.create(owned.id, lane.producer, this.#owned.size)
    lane.tasks.add(owned.task)
  }

  /** Whether the group still gives a task to this instance. */
  #owns(task: StreamTask): boolean {
    const owned = this.#owned.get(task.name)
    return owned?.task === task && !isReleased(owned)
  }

  #failed(owned: OwnedTask, error: unknown): void {
    if (isReleased(owned)) return
    if (isRecoverable(error) && owned.lane !== undefined && owned.task !== undefined) this.laneFailed(owned.lane, error)
    else this.#options.onFatal(error)
  }

  async #release(tasks: readonly OwnedTask[], uncommitted: 'commit' | 'drop'): Promise<void> {
    const failed = new Map<CommitLane, unknown>()
    if (uncommitted === 'commit') {
      const running = tasks.filter((owned) => owned.task?.state === 'RUNNING' && !isReleased(owned))
      // What does not run yet must not begin while these commit: what it did would lie in the next transaction of a lane that goes on without its offsets.
      for (const owned of tasks) if (!running.includes(owned)) owned.release.abort()
      await Promise.all(running.map(({ task }) => task!.suspend(this.#options.config.requestTimeoutMs)))
      const lanes = new Set(running.map(({ lane }) => lane!))
      await Promise.all(
        [...lanes].map(async (lane) => {
          if (lane.startingOver !== undefined) return this.#restartOthers(lane, tasks)
          return lane.commit().catch((error: unknown) => {
            this.#notCommitted(lane, error)
            failed.set(lane, error)
            this.#restartOthers(lane, tasks)
          })
        }),
      )
    } else {
      for (const lane of new Set(tasks.flatMap(({ lane }) => lane ?? []))) this.#restartOthers(lane, tasks)
    }
    for (const owned of tasks) owned.release.abort()
    // Without transactions the lane goes on for those that stay, and the failure may be theirs.
    if (!this.#lanes.isTransactional) for (const [lane, error] of failed) this.laneFailed(lane, error)
    this.#options.restorer.wake()
    await allEnded(tasks.map((owned) => this.#closeTask(owned)))
    this.#options.onChange()
  }

  // What these tasks have sent lies in the same transaction as what the others have: it is dropped, and the others do theirs again.
  #restartOthers(lane: CommitLane, without: readonly OwnedTask[]): void {
    if (!this.#lanes.isTransactional || !this.#isUsed(lane, without)) return
    // Some may run again already, in the transaction of those that do not yet.
    if (lane.startingOver !== undefined) {
      lane.taint()
      return
    }
    const others = this.#ownedIn(lane).filter((owned) => !without.includes(owned))
    const names = without.map(({ id }) => taskName(id)).join()
    this.#revive(lane, others, new TransactionAbortedError(`tasks of the same transaction (${names}) were given up`))
  }

  /** Whether anyone but these uses a lane, or is about to. */
  #isUsed(lane: CommitLane, without: readonly OwnedTask[]): boolean {
    return [...this.#owned.values()].some(
      (owned) => !without.includes(owned) && !isReleased(owned) && (this.#lanes.isShared || owned.lane === lane),
    )
  }

  // The tasks go to another instance, which reads again what is not committed here: nothing is lost.
  #notCommitted(lane: CommitLane, error: unknown): void {
    const tasks = [...lane.tasks].map(({ name }) => name)
    this.#options.logger.warn({ tasks, cause: String(error) }, 'tasks are closed without their last commit')
  }

  async #closeTask(owned: OwnedTask): Promise<void> {
    await owned.starting
    const { task, lane } = owned
    for (const partition of owned.partitions) this.#fetcher.remove(partition)
    await lane?.quiet()
    try {
      await task?.close(this.#options.config.requestTimeoutMs)
    } finally {
      if (lane !== undefined && task !== undefined) {
        lane.tasks.delete(task)
        if (lane.tasks.size === 0 && this.#lanes.isTransactional && !this.#isUsed(lane, [owned])) {
          await this.#lanes.closeUnused(lane)
        }
      }
      if (this.#owned.get(taskName(owned.id)) === owned) this.#owned.delete(taskName(owned.id))
    }
  }
}

function isReleased({ release }: OwnedTask): boolean {
  return release.signal.aborted
}

function whenReleased({ release }: OwnedTask): Promise<void> {
  return new Promise((resolve) => {
    if (release.signal.aborted) resolve()
    else release.signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

// What starting over from the last commit cures; a cluster that is away for longer than one request may wait is among it.
function isRecoverable(error: unknown): error is StreamsError {
  return (
    error instanceof BrokerUnavailableError ||
    (error instanceof StreamsError && (error.recovery === 'restore' || error.recovery === 'rejoin'))
  )
}
