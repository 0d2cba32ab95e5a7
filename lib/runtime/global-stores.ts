// Flow: instance → [global-stores] → global-task
import type { StateDirectory } from '../../stores/state-directory.ts'
import type { StateStore } from '../../stores/store.ts'
import type { OpenTaskDatabase } from '../../stores/task-database.ts'
import type { PhysicalTopology } from '../../topology/physical.ts'
import type { Client, Fetcher } from '../client/client.ts'
import { OffsetOutOfRangeError } from '../client/errors.ts'
import type { Timer } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { partitionKey, type TopicPartition } from '../core/record.ts'
import type { ResolvedConfig } from './config.ts'
import { GlobalStoreOutdatedError } from './errors.ts'
import { GlobalTask } from './global-task.ts'
import type { Metrics } from './metrics.ts'
import { openState } from './open-state.ts'
import { type RestoreListener, RestoreProgress } from './restore-progress.ts'

/** Records of one partition before those of the next get their turn, and then timers and sockets. */
const TURN_RECORDS = 512
/** The longest sleep without a reason to wake. */
const MAX_IDLE_MS = 1_000
/** In place of a partition, in what is told of a restore. */
const ALL_PARTITIONS = -1
/** Times that a topic may be cut while it is read from its start, before the start is given up. */
const MAX_RESTORES = 10

const MIN_DATABASE_BYTES = 256 * 1024
const MAX_DATABASE_BYTES = 8 * 1024 * 1024
/** Of the instance's memory for state, the part that global stores get besides that of the tasks. */
const SHARE = 1 / 4

export interface GlobalStoresOptions {
  readonly config: ResolvedConfig
  readonly topology: PhysicalTopology
  readonly client: Client
  readonly directory: Pick<StateDirectory, 'taskDirectory'>
  readonly openDatabase: OpenTaskDatabase
  readonly openMemoryDatabase: OpenTaskDatabase
  readonly metrics: Metrics
  readonly logger: Logger
  readonly restores: RestoreListener
  readonly onFatal: (error: unknown) => void
}

/**
 * The global stores of an instance: read to the end of their topics before any task runs, then followed beside the tasks by a reader of their own. What goes wrong with one stops the
 * instance.
 */
export class GlobalStores {
  readonly #options: GlobalStoresOptions
  readonly #fetcher: Fetcher
  readonly #tasks = new Map<string, GlobalTask>()
  #wake: (() => void) | undefined
  #woken = false
  #closing = false
  #failed = false
  #starting: Promise<void> = Promise.resolve()
  #following: Promise<void> = Promise.resolve()

  constructor(options: GlobalStoresOptions) {
    this.#options = options
    this.#fetcher = options.client.fetcher({
      isolation: 'read_committed',
      purpose: 'restore',
      onReady: () => this.#awake(),
    })
  }

  /** For reading only; undefined: there is no global store of this name. */
  store(name: string): StateStore | undefined {
    return this.#tasks.get(name)?.reader
  }

  /** Opens the stores and reads their topics to where they end now; then goes on by itself. Returns early if closed meanwhile. */
  async start(partitionCounts: ReadonlyMap<string, number>): Promise<void> {
    this.#starting = this.#restoreAll(partitionCounts)
    await this.#starting
    if (this.#closing || this.#tasks.size === 0) return
    this.#following = this.#follow().catch((error: unknown) => {
      this.#failed = true
      this.#options.onFatal(outdated(error))
    })
  }

  /** Topics may have got more partitions: they are read, too, from their start. */
  partitionsCounted(partitionCounts: ReadonlyMap<string, number>): void {
    for (const task of this.#tasks.values()) this.#addPartitions(task, partitionCounts.get(task.topic) ?? 0, [])
  }

  /** Finishes the records in process, commits what was read, and closes the stores. */
  async close(): Promise<void> {
    this.#closing = true
    this.#awake()
    const starting = this.#starting.catch(() => {
      this.#failed = true
    })
    await this.#untilEnded(starting.then(() => this.#following))
    await this.#fetcher.close()
    for (const task of this.#tasks.values()) {
      try {
        // What is not committed is read again.
        if (!this.#failed) await task.commit()
      } catch (error) {
        this.#options.logger.warn(
          { store: task.name, cause: String(error) },
          'a global store is closed without its last commit',
        )
      } finally {
        await task.close()
      }
    }
  }

  // ---- inside

  async #restoreAll(partitionCounts: ReadonlyMap<string, number>): Promise<void> {
    await this.#open(partitionCounts)
    for (const task of this.#tasks.values()) {
      if (!this.#closing) await this.#restore(task, partitionCounts.get(task.topic)!)
    }
  }

  async #open(partitionCounts: ReadonlyMap<string, number>): Promise<void> {
    const { config, topology, client, directory, openDatabase, openMemoryDatabase, metrics, logger } = this.#options
    const { globalStores } = topology
    if (globalStores.length === 0) return
    const clusterId = await client.admin.clusterId()
    const described = await client.admin.describeTopics([...partitionCounts.keys()])
    const memoryBytes = Math.floor((config.stateMemoryBytes * SHARE) / globalStores.length)
    for (const global of globalStores) {
      const { name, persistent } = global.store
      const stateDir = directory.taskDirectory(`global/${name}`)
      const open = persistent ? openDatabase : openMemoryDatabase
      const options = {
        directory: stateDir,
        memoryBytes: Math.min(Math.max(memoryBytes, MIN_DATABASE_BYTES), MAX_DATABASE_BYTES),
        readCacheBytes: Math.floor((config.readCacheBytes * SHARE) / globalStores.length),
        clock: config.clock,
      }
      const { clock } = config
      const database = await openState({ open, database: options, unlogged: [], clock, logger })
      const [source] = global.source.topics
      const { topicId } = described.get(source!.name)!
      const identity = { topicId, clusterId }
      const onReady = () => this.#awake()
      const task = new GlobalTask({ global, config, database, stateDir, identity, metrics, logger, onReady })
      this.#tasks.set(name, task)
      await task.open(partitionCounts.get(task.topic)!)
    }
  }

  async #restore(task: GlobalTask, partitionCount: number): Promise<void> {
    const { config, logger, metrics, restores } = this.#options
    const what = { store: task.name, topic: task.topic, partition: ALL_PARTITIONS }
    const progress = new RestoreProgress(what, { clock: config.clock, logger, metrics, listener: restores })
    let reached = 0
    for (let attempt = 1; !this.#closing; attempt++) {
      try {
        const { starts, ends } = await this.#begin(task, partitionCount)
        const committed = () =>
          ends.reduce((sum, _, partition) => sum + (task.position(partition) ?? starts[partition]!), 0)
        reached = committed()
        progress.started(
          reached,
          ends.reduce((sum, end) => sum + end, 0),
          undefined,
        )
        while (!this.#closing && !task.hasReached(ends)) {
          progress.read(await this.#work([task]))
          if (committed() === reached) continue
          reached = committed()
          progress.reached(reached)
        }
        break
      } catch (error) {
        if (!(error instanceof OffsetOutOfRangeError) || attempt === MAX_RESTORES) throw error
        logger.warn({ store: task.name, cause: error.message }, 'the topic of a global store was cut while it was read')
        await this.#startOver(task, partitionCount)
      }
    }
    if (this.#closing) {
      progress.suspended(reached)
      return
    }
    await task.commit()
    progress.ended()
  }

  /** Starts to read each partition where the store ends. Returns where the partitions start and end. */
  async #begin(
    task: GlobalTask,
    partitionCount: number,
  ): Promise<{ readonly starts: readonly number[]; readonly ends: readonly number[] }> {
    const { client, logger } = this.#options
    const partitions = partitionsOf(task.topic, partitionCount)
    const [starts, ends] = await Promise.all([
      client.admin.offsets(partitions, 'earliest', 'read_uncommitted'),
      client.admin.offsets(partitions, 'latest', 'read_committed'),
    ])
    const offset = (offsets: ReadonlyMap<string, number>, partition: number) =>
      offsets.get(partitionKey(task.topic, partition))!
    // Deletes among what is gone from the topic would be missed.
    const lost = partitions.find(({ partition }) => {
      const position = task.position(partition)
      return position !== undefined && (position < offset(starts, partition) || position > offset(ends, partition))
    })
    if (lost !== undefined) {
      const fields = { store: task.name, topic: task.topic, partition: lost.partition }
      logger.warn(fields, 'a global store is emptied and read anew: its topic does not reach back to where it ended')
      await this.#startOver(task, partitionCount)
    }
    const all = (offsets: ReadonlyMap<string, number>) => partitions.map(({ partition }) => offset(offsets, partition))
    this.#addPartitions(task, partitionCount, all(starts))
    return { starts: all(starts), ends: all(ends) }
  }

  async #startOver(task: GlobalTask, partitionCount: number): Promise<void> {
    for (let partition = 0; partition < task.partitionCount; partition++)
      this.#fetcher.remove({ topic: task.topic, partition })
    await task.startOver(partitionCount)
  }

  #addPartitions(task: GlobalTask, partitionCount: number, starts: readonly number[]): void {
    for (let partition = task.partitionCount; partition < partitionCount; partition++) {
      const offset = task.position(partition) ?? starts[partition] ?? 0
      task.add(this.#fetcher.add({ topic: task.topic, partition }, offset))
    }
  }

  async #follow(): Promise<void> {
    while (!this.#closing) await this.#work([...this.#tasks.values()])
  }

  /** Puts what has come into the stores, or waits until something comes. Returns how many records there were. */
  async #work(tasks: readonly GlobalTask[]): Promise<number> {
    this.#woken = false
    let count = 0
    let sleepMs = MAX_IDLE_MS
    for (const task of tasks) {
      count += await task.process(TURN_RECORDS)
      sleepMs = Math.min(sleepMs, (await task.commitIfDue()) ?? MAX_IDLE_MS)
    }
    if (count > 0) await this.#options.config.clock.yield()
    else await this.#sleep(sleepMs)
    return count
  }

  #sleep(ms: number): Promise<void> {
    if (this.#woken || this.#closing) return this.#options.config.clock.yield()
    return new Promise((resolve) => {
      let timer: Timer | undefined
      this.#wake = () => {
        this.#wake = undefined
        timer?.cancel()
        resolve()
      }
      timer = this.#options.config.clock.setTimer(ms, () => this.#wake?.())
    })
  }

  // A callback that does not settle is left behind.
  #untilEnded(work: Promise<void>): Promise<void> {
    const { config, logger } = this.#options
    return new Promise((resolve) => {
      const timer = config.clock.setTimer(config.requestTimeoutMs, () => {
        this.#failed = true
        logger.warn(
          { ms: config.requestTimeoutMs },
          'a global store’s callback has not settled in time: closing without it',
        )
        resolve()
      })
      void work.then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  #awake(): void {
    this.#woken = true
    this.#wake?.()
  }
}

function partitionsOf(topic: string, count: number): readonly TopicPartition[] {
  return Array.from({ length: count }, (_, partition) => ({ topic, partition }))
}

// Readers of the store cannot be told that it starts over.
function outdated(error: unknown): unknown {
  return error instanceof OffsetOutOfRangeError
    ? new GlobalStoreOutdatedError(error.topic, error.partition, error)
    : error
}
