// Flow: partition-group → [stream-task] → process-graph → commit-lane

import type { StateStore } from '../../stores/store.ts'
import type { ChangelogPosition, TaskDatabase } from '../../stores/task-database.ts'
import { isPromise } from '../../topology/callbacks.ts'
import { type SourceNode, type Subtopology, topicName } from '../../topology/physical.ts'
import type { DropCause } from '../../topology/processor.ts'
import type { CommittedOffset, FetchedPartition, OffsetCommit, PartitionOffset, SentOffsets } from '../client/client.ts'
import type { Clock } from '../core/clock.ts'
import { InvariantError, StreamsError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import { partitionKey, StreamRecord, type TopicPartition } from '../core/record.ts'
import { StateMachine } from '../core/state-machine.ts'
import { CommittedInputs } from './committed-inputs.ts'
import { addPlace, ProcessingError, type RecordPlace } from './errors.ts'
import type { ForwardScope } from './forward.ts'
import type { HeldChangelog } from './held-changelog.ts'
import type { Metrics } from './metrics.ts'
import { PartitionGroup } from './partition-group.ts'
import { type GraphHost, ProcessGraph } from './process-graph.ts'
import { RecordQueue } from './record-queue.ts'
import type { TaskErrors } from './task-errors.ts'
import type { TaskId } from './task-id.ts'
import { taskName } from './task-id.ts'
import { TaskProgress } from './task-progress.ts'
import { TaskPunctuations } from './task-punctuations.ts'
import { type TaskStore, TaskStores } from './task-stores.ts'

//                 ┌────────── abandon, after an abort ──┐
//                 ▼                                      │
//   CREATED → RESTORING ── run ──→ RUNNING ── suspend → SUSPENDED
//      └──────────┴─────────────────┴─────── close ──────┴──→ CLOSED
export type TaskState = 'CREATED' | 'RESTORING' | 'RUNNING' | 'SUSPENDED' | 'CLOSED'

const NO_PLACE: RecordPlace = { topic: '', partition: -1, offset: -1 }

export interface StreamTaskOptions {
  readonly id: TaskId
  readonly subtopology: Subtopology
  readonly applicationId: string
  readonly appConfigs: Readonly<Record<string, unknown>>
  readonly stateDir: string
  readonly database: TaskDatabase
  /** Makes the stores over the database, in the order in which their caches are flushed: each before those downstream of it. */
  readonly makeStores: () => ReadonlyMap<string, TaskStore>
  /** A global store, for reading; undefined: there is none of this name. */
  readonly globalStore: (name: string) => StateStore | undefined
  readonly scope: ForwardScope
  readonly errors: TaskErrors
  readonly maxTaskIdleMs: number
  readonly emitIntervalMs: number
  /** See GraphHost. */
  readonly storesAsCommitted: boolean
  readonly clock: Clock
  readonly metrics: Metrics
  readonly logger: Logger
  /** Something changed that the stream loop should look at. */
  readonly onWake: () => void
  /** A record, a punctuation or a serde failed outside a call of the stream loop. */
  readonly onFailure: (task: StreamTask, error: unknown) => void
}

/** A partition to read. */
export interface TaskInput {
  readonly fetched: FetchedPartition
  readonly committed: CommittedOffset | undefined
  /** The id of the topic, if it is to be noted with the state that the group has an offset of this input; undefined: it is noted, or there is no state to stand beside. */
  readonly topicId?: string | undefined
}

/** One sub-topology over one partition: takes its records in order of time, one at a time, through its processors. */
export class StreamTask {
  readonly id: TaskId
  readonly name: string
  readonly subtopology: Subtopology
  readonly database: TaskDatabase
  readonly errors: TaskErrors
  readonly committedInputs: CommittedInputs
  readonly #options: StreamTaskOptions
  readonly #machine: StateMachine<TaskState>
  readonly #scope: ForwardScope
  readonly #punctuations: TaskPunctuations
  #stores: TaskStores
  #group = new PartitionGroup([], -1)
  #graph: ProcessGraph | undefined
  #progress = new TaskProgress()
  #inFlight: Promise<void> | undefined
  /** Resolves `#inFlight` though the work goes on. */
  #stopWaiting: () => void = () => {}
  #paused = false
  #worked = false
  #commitRequested = false
  #failure: unknown
  #closing: Promise<void> | undefined

  constructor(options: StreamTaskOptions) {
    this.id = options.id
    this.name = taskName(options.id)
    this.subtopology = options.subtopology
    this.database = options.database
    this.errors = options.errors
    this.committedInputs = new CommittedInputs(options.database)
    this.#stores = new TaskStores(options.makeStores())
    this.#options = options
    this.#scope = options.scope
    this.#punctuations = new TaskPunctuations(options.scope, options.clock)
    this.#machine = new StateMachine<TaskState>(`Task ${this.name}`, 'CREATED', {
      CREATED: ['RESTORING', 'CLOSED'],
      RESTORING: ['RUNNING', 'RESTORING', 'CLOSED'],
      RUNNING: ['SUSPENDED', 'CLOSED'],
      SUSPENDED: ['RESTORING', 'CLOSED'],
      CLOSED: [],
    })
  }

  get stores(): ReadonlyMap<string, TaskStore> {
    return this.#stores.all
  }

  /** Approximate bytes of rows that are not written, and of what is logged and not sent. */
  get uncommittedBytes(): number {
    return this.database.uncommittedBytes + this.#stores.heldBytes
  }

  get state(): TaskState {
    return this.#machine.state
  }

  /** The folder of its database. */
  get stateDir(): string {
    return this.#options.stateDir
  }

  /**
   * Whether there is something to commit: work done since the last commit, inputs that moved on past control records, or changelogs past what others wrote. Never so for a
   * task that failed: its position may have passed the record that it failed on.
   */
  get dirty(): boolean {
    if (this.#failure !== undefined || !this.isStarted) return false
    return this.#worked || this.#stores.isAhead || this.#progress.hasMoved(this.#group.queues)
  }

  /** Whether it takes records, or did until it was suspended. */
  get isStarted(): boolean {
    return this.state === 'RUNNING' || this.state === 'SUSPENDED'
  }

  /** Why it takes no records and commits nothing until it starts over; undefined as long as all is well. */
  get failure(): unknown {
    return this.#failure
  }

  /** The node that was entered last. */
  get lastNodeName(): string {
    return this.#scope.nodeName
  }

  get commitRequested(): boolean {
    return this.#commitRequested
  }

  /** The source that reads a topic, given by its name on the cluster. */
  sourceOf(topic: string): SourceNode {
    const { subtopology, applicationId } = this.#options
    const reads = (node: SourceNode) => node.topics.some((ref) => topicName(ref, applicationId) === topic)
    const source = subtopology.nodes.filter((node) => node.kind === 'source').find(reads)
    if (source === undefined) throw new InvariantError(`no source of task ${this.name} reads '${topic}'`)
    return source
  }

  // ---- life

  restoring(): void {
    this.#machine.transitionTo('RESTORING')
  }

  /**
   * Opens the stores, makes the processors and starts to take records from these inputs.
   *
   * @param cancelled - Asked before the first record can be taken; when true none is, and the task can only be closed.
   */
  async run(inputs: readonly TaskInput[], cancelled = () => false): Promise<void> {
    const { subtopology, maxTaskIdleMs, metrics, clock, onWake } = this.#options
    this.#progress = new TaskProgress()
    const queues = inputs.map((input) => {
      return new RecordQueue({
        source: this.sourceOf(input.fetched.topic),
        fetched: input.fetched,
        partitionTimeMs: this.#progress.load(input),
        nowMs: () => clock.now(),
        onDrop: (nodeName, at) => metrics.dropped('negative-timestamp', nodeName, at),
        onUnreadable: (error, raw) => this.errors.unreadable(error, raw),
        onReady: onWake,
      })
    })
    this.#group = new PartitionGroup(queues, maxTaskIdleMs)
    await this.#noteInputs(inputs)
    await this.#stores.open((store) => this.database.position(store)?.offset)
    this.#graph = new ProcessGraph(subtopology, this.#host())
    await this.#graph.init()
    if (!cancelled()) this.#machine.transitionTo('RUNNING')
  }

  /**
   * Stops taking records for good, and returns when the one in process is done; its failure is not thrown here. One that is not done within
   * `patienceMs` is left behind: the task then counts as failed, and commits nothing more.
   */
  async suspend(patienceMs: number): Promise<void> {
    if (this.state === 'RUNNING') this.#machine.transitionTo('SUSPENDED')
    if (this.#inFlight === undefined) return
    const timer = this.#options.clock.setTimer(patienceMs, () => {
      const { name, lastNodeName: node } = this
      this.#options.logger.warn(
        { task: name, node, ms: patienceMs },
        'a callback has not settled in time: closing without it',
      )
      this.#failure ??= new ProcessingError(name, node, NO_PLACE, `a callback had not settled after ${patienceMs} ms`)
      this.#stopWaiting()
    })
    await this.#settled()
    timer.cancel()
  }

  /**
   * What it has done since its last commit must not be committed any more: until the task has started over, an attempt fails with this. A task that has not
   * started has done nothing.
   */
  refuseCommits(cause: unknown): void {
    if (this.isStarted) this.#failure ??= cause
  }

  /**
   * Drops everything since the last commit: processors, uncommitted writes, times. `run` starts over. Also of a task that never came to run: its processors may have written
   * before one of them failed.
   */
  async abandon(patienceMs: number): Promise<void> {
    await this.suspend(patienceMs)
    await this.#closeGraph()
    this.#scope.restart()
    this.#group = new PartitionGroup([], -1)
    this.#worked = false
    this.#commitRequested = false
    this.#paused = false
    this.#failure = undefined
    this.database.rollback()
    this.#stores.discard()
    this.#stores = new TaskStores(this.#options.makeStores())
    this.#machine.transitionTo('RESTORING')
  }

  /** Closes processors and database; what was not committed is lost. */
  close(patienceMs: number): Promise<void> {
    // A task may be lost while the instance closes.
    this.#closing ??= this.#close(patienceMs)
    return this.#closing
  }

  async #close(patienceMs: number): Promise<void> {
    await this.suspend(patienceMs)
    this.#machine.transitionTo('CLOSED')
    try {
      await this.#closeGraph()
    } finally {
      this.#stores.discard()
      this.#options.metrics.custom.remove(this.name)
      await this.database.close()
    }
  }

  // ---- work

  /**
   * Processes up to `limit` records, fewer when the clock passes `deadlineMs` (monotonic), when none is ready, or when one becomes
   * asynchronous. Returns how many.
   */
  process(limit: number, deadlineMs: number): number {
    const { clock } = this.#options
    let count = 0
    while (count < limit && this.#ready) {
      // Reading the clock for each record would cost a tenth of the record.
      if ((count & 31) === 31 && clock.monotonicMs() >= deadlineMs) break
      const queue = this.#next(clock.now())
      if (queue === undefined) break
      count++
      this.#process(queue, this.#group.take())
    }
    return count
  }

  /**
   * Says that an input has got records. Needs not be called; called in the order in which records arrive, it makes that the order in which inputs whose
   * records have equal times take turns.
   */
  arrived({ topic, partition }: TopicPartition): void {
    const queue = this.#group.queues.find(({ fetched }) => fetched.topic === topic && fetched.partition === partition)
    if (queue !== undefined) this.#group.arrived(queue)
  }

  /** Resolves when an input that waits, for its serde or for what becomes of an unreadable record, can be looked at again; undefined if none does. */
  get waiting(): Promise<void> | undefined {
    return this.#group.queues.find(({ waiting }) => waiting !== undefined)?.waiting
  }

  /** Fires wall-clock punctuations that are due, up to one that is asynchronous. Returns whether any was. */
  punctuate(): boolean {
    if (!this.#ready || !this.#punctuations.isWallClockDue()) return false
    this.#fire(() => this.#punctuations.fireWallClock())
    return true
  }

  /** When this task wants to be looked at though no record arrives, in epoch milliseconds. */
  get nextTimerMs(): number | undefined {
    // What keeps it from working now wakes the loop when it ends.
    if (!this.#ready) return undefined
    const times = [this.#punctuations.nextWallClockMs, this.#group.idleUntilMs].filter((time) => time !== undefined)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  // ---- commit

  /** Holds the task between two records, and flushes its caches through the topology. `release` lets it go on. */
  async prepareCommit(): Promise<void> {
    this.#paused = true
    await this.#settled()
    if (this.#failure !== undefined) throw this.#failure
    try {
      await this.#stores.flush(this.#scope)
    } catch (error) {
      throw this.#failed(
        error,
        this.#scope.current ?? new StreamRecord(null, null, Math.max(0, this.#progress.streamTimeMs)),
      )
    }
  }

  /** Closes the current generation of writes; returns the offsets up to which the inputs are done. */
  seal(): readonly OffsetCommit[] {
    this.database.seal()
    this.errors.takesUp(NO_PLACE, undefined)
    this.#worked = false
    this.#commitRequested = false
    const offsets = this.#progress.offsets(this.#group.queues)
    this.#stores.seal(offsets)
    return offsets
  }

  /** What the sealed generation has logged and is to be sent last, see held-changelog.ts. */
  get heldChangelogs(): readonly HeldChangelog[] {
    return this.#stores.heldChangelogs
  }

  /** Ends what `prepareCommit` began. */
  release(): void {
    this.#paused = false
    this.#options.onWake()
  }

  /** Writes the sealed generation, and how far the changelogs were acknowledged, or consumed, with it. */
  async write(sent: SentOffsets, changelogIds: ReadonlyMap<string, Omit<ChangelogPosition, 'offset'>>): Promise<void> {
    // Another generation of stores, made after an abort, has nothing to do with this one.
    const stores = this.#stores
    await this.database.write(stores.positions(sent, changelogIds))
    stores.written()
  }

  /** Up to where changelogs that are purged are needed no more, as of the last commit. */
  get expiredChangelogs(): readonly PartitionOffset[] {
    return this.#stores.expiredChangelogs
  }

  committed(offsets: readonly OffsetCommit[]): void {
    this.#progress.committed(offsets)
    this.#stores.committed()
    this.committedInputs.note()
  }

  /** Whether the offsets that `seal` gave last are these, which the group holds for the inputs. To be asked before the task starts over. */
  isCommitted(committed: Iterable<CommittedOffset>): boolean {
    return this.#progress.isCommitted(committed)
  }

  // ---- inside

  get #ready(): boolean {
    return this.state === 'RUNNING' && !this.#paused && this.#inFlight === undefined && this.#failure === undefined
  }

  #next(nowMs: number): RecordQueue | undefined {
    try {
      return this.#group.next(nowMs)
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  #process(queue: RecordQueue, record: StreamRecord<unknown, unknown>): void {
    this.errors.takesUp(record, queue.releaseRaw())
    this.#progress.observe(record.timestamp)
    this.#worked = true
    let pending: void | Promise<void>
    try {
      pending = this.#graph!.process(queue.source.name, record)
    } catch (error) {
      throw this.#failed(error, record)
    }
    if (isPromise(pending)) this.#await(pending, record)
    else this.#punctuateStreamTime()
  }

  #noteInputs(inputs: readonly TaskInput[]): Promise<void> {
    const topicIds = new Map<string, string>()
    const held = new Set<string>()
    for (const { fetched, committed, topicId } of inputs) {
      const key = partitionKey(fetched.topic, fetched.partition)
      if (topicId !== undefined) topicIds.set(key, topicId)
      if (committed !== undefined) held.add(key)
    }
    return this.committedInputs.begin(topicIds, (partition) => held.has(partition))
  }

  #host(): GraphHost {
    const { applicationId, appConfigs, stateDir, metrics, clock } = this.#options
    return {
      applicationId,
      appConfigs,
      taskId: this.name,
      stateDir,
      scope: this.#scope,
      store: (name) => this.#stores.all.get(name)!.store,
      globalStore: this.#options.globalStore,
      schedule: (nodeName, options, punctuator) => {
        // Its time may be the first for which the loop has to wake.
        this.#options.onWake()
        return this.#punctuations.schedule(nodeName, options, this.errors.guardPunctuator(nodeName, punctuator))
      },
      requestCommit: () => {
        this.#commitRequested = true
      },
      drop: (cause: DropCause, nodeName: string) => metrics.dropped(cause, nodeName, this.#scope.current),
      metrics: (nodeName) => metrics.custom.of(this.name, nodeName),
      streamTimeMs: () => this.#progress.streamTimeMs,
      nowMs: () => clock.now(),
      emitIntervalMs: this.#options.emitIntervalMs,
      storesAsCommitted: this.#options.storesAsCommitted,
      operatorTimesMs: this.#progress.operatorTimesMs,
      errors: this.errors,
    }
  }

  #punctuateStreamTime(): void {
    const { streamTimeMs } = this.#progress
    if (this.#punctuations.isStreamTimeDue(streamTimeMs))
      this.#fire(() => this.#punctuations.fireStreamTime(streamTimeMs))
  }

  #fire(punctuate: () => void | Promise<void>): void {
    this.#worked = true
    let pending: void | Promise<void>
    try {
      pending = punctuate()
    } catch (error) {
      throw this.#failed(error, this.#scope.current!)
    }
    if (isPromise(pending)) this.#await(pending, this.#scope.current!)
  }

  #await(work: Promise<void>, record: StreamRecord<unknown, unknown>): void {
    const graph = this.#graph
    // What was left behind when the processors were closed is nobody's business any more.
    const current = () => this.#graph === graph
    this.#inFlight = new Promise((resolve) => {
      this.#stopWaiting = resolve
      work
        .then(() => {
          if (!current()) return
          this.#inFlight = undefined
          this.#scope.current = undefined
          this.#punctuateStreamTime()
          this.#options.onWake()
        })
        .catch((error: unknown) => {
          if (current()) this.#options.onFailure(this, this.#failed(error, record))
        })
        .finally(resolve)
    })
  }

  // A record that is done may set off a punctuation that is asynchronous, too.
  async #settled(): Promise<void> {
    while (this.#inFlight !== undefined && this.#failure === undefined) await this.#inFlight
  }

  // A task that failed takes no further record and commits nothing more; `abandon` makes it new.
  #failed(error: unknown, { topic, partition, offset }: StreamRecord<unknown, unknown>): unknown {
    if (this.#failure !== undefined) return this.#failure
    const node = this.#scope.failedIn(error)
    const place = { topic, partition, offset }
    if (!(error instanceof StreamsError)) {
      this.#failure = new ProcessingError(this.name, node, place, error)
    } else {
      this.#failure = error
      // Its code says what is wrong; where it happened is known only here.
      if (error.recovery === 'fail') addPlace(error, node, this.name, place)
    }
    return this.#failure
  }

  async #closeGraph(): Promise<void> {
    this.#punctuations.clear()
    this.#inFlight = undefined
    const graph = this.#graph
    this.#graph = undefined
    await graph?.close()
  }
}
