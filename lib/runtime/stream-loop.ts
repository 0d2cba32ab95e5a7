// Flow: fetcher → [stream-loop] → stream-task → commit-lane
import type { Clock, Timer } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { commitIntervalOf } from './commit-interval.ts'
import type { CommitLane } from './commit-lane.ts'
import type { ResolvedConfig } from './config.ts'
import type { Metrics } from './metrics.ts'
import type { StreamTask } from './stream-task.ts'
import type { TaskManager } from './task-manager.ts'

/** How long records are processed before sockets and timers get their turn. */
const SLICE_MS = 8
/** A slice this long starves heartbeats; the user is told which node it was. */
const LONG_SLICE_MS = 1_000
/** Records of one task before the next task gets its turn. */
const TASK_TURN_RECORDS = 512
/** Commits under way at the same time: more only make each other slower. */
const MAX_COMMITS_UNDER_WAY = 8
/** Uncommitted writes, as a multiple of what brings a commit forward: above, tasks wait for the commit. */
const MAX_UNCOMMITTED_FACTOR = 2
/** Sends not yet acknowledged, an instance: above, tasks wait. */
const MAX_PENDING_SEND_BYTES = 32 * 1024 * 1024
/** The longest sleep without a reason to wake. */
const MAX_IDLE_MS = 1_000

export interface StreamLoopOptions {
  readonly manager: TaskManager
  readonly config: ResolvedConfig
  readonly clock: Clock
  readonly metrics: Metrics
  readonly logger: Logger
  readonly onFatal: (error: unknown) => void
}

/** Gives each task its turn, starts commits when they are due, and sleeps when there is nothing to do. */
export class StreamLoop {
  readonly #options: StreamLoopOptions
  #wake: (() => void) | undefined
  #woken = false
  #stopping = false
  #ended: Promise<void> = Promise.resolve()
  #commitsUnderWay = 0
  /** Lanes whose sends are waited for. */
  readonly #draining = new Set<CommitLane>()
  #warnedLongSlice = false

  constructor(options: StreamLoopOptions) {
    this.#options = options
  }

  start(): void {
    this.#ended = this.#run().catch((error: unknown) => this.#options.onFatal(error))
  }

  /** Something has changed: records arrived, a task can go on. */
  wake(): void {
    this.#woken = true
    this.#wake?.()
  }

  /** Resolves when the loop has ended; commits under way are the lanes' to wait for. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.wake()
    await this.#ended
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    while (!this.#stopping) {
      this.#woken = false
      // Until what piles up is gone, which wakes us, no task gets a turn, whatever it waits for.
      const isHeld = this.#sendsPile() || this.#writesPile()
      const worked = !isHeld && this.#slice()
      this.#startCommits()
      // Also when only woken: whoever wakes us again and again must not keep timers and sockets from their turn.
      if (worked || this.#woken) await clock.yield()
      else await this.#sleep(isHeld ? [] : this.#options.manager.tasks)
    }
  }

  // Rounds over all tasks until the slice is used up or nobody has anything to do.
  #slice(): boolean {
    const { manager, clock, metrics } = this.#options
    const startedMs = clock.monotonicMs()
    const deadlineMs = startedMs + SLICE_MS
    const tasks = manager.tasks
    let worked = false
    for (let busy = true; busy && clock.monotonicMs() < deadlineMs; ) {
      busy = false
      for (const task of tasks) {
        if (task.state !== 'RUNNING') continue
        const count = this.#turn(task, deadlineMs)
        if (count === 0) continue
        metrics.recordsProcessed += count
        busy = true
        worked = true
      }
    }
    this.#checkLength(clock.monotonicMs() - startedMs, tasks)
    return worked
  }

  #turn(task: StreamTask, deadlineMs: number): number {
    try {
      task.punctuate()
      return task.process(TASK_TURN_RECORDS, deadlineMs)
    } catch (error) {
      this.#options.manager.taskFailed(task, error)
      return 0
    }
  }

  #sendsPile(): boolean {
    let pendingBytes = 0
    let largest: CommitLane | undefined
    for (const lane of this.#options.manager.lanes) {
      pendingBytes += lane.producer.pendingBytes
      if (largest === undefined || lane.producer.pendingBytes > largest.producer.pendingBytes) largest = lane
    }
    if (pendingBytes <= MAX_PENDING_SEND_BYTES || largest === undefined) return false
    this.#drain(largest)
    return true
  }

  #drain(lane: CommitLane): void {
    if (this.#draining.has(lane)) return
    this.#draining.add(lane)
    lane.producer
      .drained(lane.producer.pendingBytes / 2)
      .finally(() => this.#draining.delete(lane))
      .then(
        () => this.wake(),
        // What it has starts over with it, which wakes us.
        (error: unknown) => this.#options.manager.laneFailed(lane, error),
      )
  }

  // A commit takes what there is; while it is under way the next generation grows.
  #writesPile(): boolean {
    return this.#uncommittedBytes() >= MAX_UNCOMMITTED_FACTOR * this.#options.config.uncommittedBytes
  }

  #uncommittedBytes(): number {
    let bytes = 0
    // What is being restored is written on its own.
    for (const task of this.#options.manager.tasks) if (task.state === 'RUNNING') bytes += task.uncommittedBytes
    return bytes
  }

  #startCommits(): void {
    const { manager, clock, config } = this.#options
    const lanes = [...manager.lanes].filter((lane) => !lane.committing && lane.dirty)
    const early = this.#uncommittedBytes() >= config.uncommittedBytes
    const intervalMs = commitIntervalOf(config, lanes.length)
    for (const lane of lanes) {
      if (this.#commitsUnderWay >= MAX_COMMITS_UNDER_WAY) return
      if (!early && !lane.commitRequested && lane.nextCommitMs > clock.now()) continue
      lane.scheduleAfter(intervalMs)
      this.#commitsUnderWay++
      lane
        .commit()
        .catch((error: unknown) => manager.laneFailed(lane, error))
        .finally(() => {
          this.#commitsUnderWay--
          this.wake()
        })
    }
  }

  async #sleep(tasks: readonly StreamTask[]): Promise<void> {
    const { clock } = this.#options
    const delayMs = Math.max(0, Math.min(this.#nextTimerMs(tasks) - clock.now(), MAX_IDLE_MS))
    let timer: Timer | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = clock.setTimer(delayMs, resolve)
    })
    timer?.cancel()
    this.#wake = undefined
  }

  #nextTimerMs(tasks: readonly StreamTask[]): number {
    const { manager } = this.#options
    let nextMs = Number.POSITIVE_INFINITY
    for (const task of tasks) nextMs = Math.min(nextMs, task.nextTimerMs ?? nextMs)
    // The end of one of those commits wakes us.
    if (this.#commitsUnderWay >= MAX_COMMITS_UNDER_WAY) return nextMs
    for (const lane of manager.lanes) if (lane.dirty && !lane.committing) nextMs = Math.min(nextMs, lane.nextCommitMs)
    return nextMs
  }

  #checkLength(ms: number, tasks: readonly StreamTask[]): void {
    if (ms < LONG_SLICE_MS || this.#warnedLongSlice) return
    this.#warnedLongSlice = true
    const nodes = tasks.map(({ name, lastNodeName }) => `${name}: ${lastNodeName}`)
    this.#options.logger.warn(
      { ms: Math.round(ms), nodes },
      'records were processed for over a second without a pause: a callback blocks the event loop, and with it the heartbeats to the group',
    )
  }
}
