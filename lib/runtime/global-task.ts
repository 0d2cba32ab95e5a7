// Flow: global topic → fetcher → [global-task] → processor → store
import type { StateStore } from '../../stores/store.ts'
import type { TaskDatabase } from '../../stores/task-database.ts'
import { isPromise } from '../../topology/callbacks.ts'
import { type GlobalStore, topicName } from '../../topology/physical.ts'
import type { FetchedPartition } from '../client/client.ts'
import { InvariantError, StreamsError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import { partitionKey, type StreamRecord } from '../core/record.ts'
import type { ResolvedConfig } from './config.ts'
import { addPlace, ProcessingError } from './errors.ts'
import { ForwardScope } from './forward.ts'
import type { Metrics } from './metrics.ts'
import { ProcessGraph } from './process-graph.ts'
import { readOnlyStore } from './read-only-store.ts'
import { RecordQueue } from './record-queue.ts'
import { TaskErrors } from './task-errors.ts'

/** Uncommitted bytes of a store that are too many to wait for the next commit by time. */
const MAX_UNCOMMITTED_BYTES = 4 * 1024 * 1024
/** Between commits, which only spare reading again after a crash. */
const COMMIT_INTERVAL_MS = 1_000

/** The identity of a topic: positions in one that was deleted and created anew mean nothing. */
export interface TopicIdentity {
  readonly topicId: string
  readonly clusterId: string
}

export interface GlobalTaskOptions {
  readonly global: GlobalStore
  readonly config: ResolvedConfig
  readonly database: TaskDatabase
  readonly stateDir: string
  readonly identity: TopicIdentity
  readonly metrics: Metrics
  readonly logger: Logger
  /** A record that had to be waited for is there. */
  readonly onReady: () => void
}

/**
 * Fills one global store, over all partitions of its topic, in one instance. How far it has read each partition is committed with what it wrote, so that it goes on from there.
 */
export class GlobalTask {
  readonly name: string
  readonly topic: string
  readonly store: StateStore
  /** For everyone but the processor that fills it. */
  readonly reader: StateStore
  readonly #options: GlobalTaskOptions
  readonly #scope: ForwardScope
  readonly #errors: TaskErrors
  readonly #graph: ProcessGraph
  readonly #operatorTimesMs = new Map<string, number>()
  readonly #queues: RecordQueue[] = []
  readonly #committed = new Map<string, number>()
  #streamTimeMs = -1
  #committedAtMs: number

  constructor(options: GlobalTaskOptions) {
    const { global, config, database, metrics, logger } = options
    this.#options = options
    this.name = global.store.name
    this.topic = topicName(global.source.topics[0]!, config.applicationId)
    this.#committedAtMs = config.clock.monotonicMs()
    this.#scope = new ForwardScope(() => {})
    this.store = global.store.build({
      rows: database.rows(this.name),
      changelogTopic: this.topic,
      log: () => {},
      currentRecord: () => this.#scope.current,
      cacheBudget: undefined,
      expired: () => metrics.expired(this.name, this.#scope.current),
    })
    this.reader = readOnlyStore(this.store)
    this.#errors = new TaskErrors({
      taskId: this.#label,
      // What goes wrong in it goes wrong in every instance alike: only what cannot be read may be left out, and nothing is written about it.
      config:
        config.deserializationHandler === undefined ? {} : { deserializationHandler: config.deserializationHandler },
      collector: NO_COLLECTOR,
      scope: this.#scope,
      clock: config.clock,
      metrics,
      logger,
    })
    this.#graph = this.#makeGraph()
  }

  /** Makes ready what was committed, if there is any, and the processor. */
  async open(partitionCount: number): Promise<void> {
    // Only then are the rows what the positions say: a store that starts over loses its positions first.
    const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
    if (partitions.every((partition) => this.position(partition) === undefined))
      await this.#options.database.wipe(this.name)
    await this.store.open?.()
    await this.#graph.init()
  }

  /** Up to where the store holds a partition; undefined: nothing of it, or of another topic. */
  position(partition: number): number | undefined {
    const { database, identity } = this.#options
    const position = database.position(partitionKey(this.topic, partition))
    if (position?.topicId !== identity.topicId || position.clusterId !== identity.clusterId) return undefined
    return position.offset
  }

  /** Forgets everything. To be called before partitions are added. */
  async startOver(partitionCount: number): Promise<void> {
    const { database } = this.#options
    database.rollback()
    this.#queues.length = 0
    this.#committed.clear()
    for (let partition = 0; partition < partitionCount; partition++)
      await database.wipe(partitionKey(this.topic, partition))
    await database.wipe(this.name)
    await this.store.open?.()
  }

  /** Reads a partition from now on. */
  add(fetched: FetchedPartition): void {
    const { global, config, metrics, onReady } = this.#options
    this.#queues.push(
      new RecordQueue({
        source: global.source,
        fetched,
        partitionTimeMs: -1,
        nowMs: () => config.clock.now(),
        onDrop: (nodeName, at) => metrics.dropped('negative-timestamp', nodeName, at),
        onUnreadable: (error, raw) => {
          const leave = this.#errors.unrestorable(error, raw)
          return () => {
            leave()
            metrics.dropped('deserialization-error', error.node, error.place)
          }
        },
        onReady,
      }),
    )
  }

  /** How many partitions are read. */
  get partitionCount(): number {
    return this.#queues.length
  }

  /** Whether each partition has been read up to its target. */
  hasReached(targets: readonly number[]): boolean {
    return this.#queues.every(({ position }, partition) => position >= (targets[partition] ?? 0))
  }

  /** Puts what is ready into the store, of each partition at most `limit` records. Returns how many there were. */
  async process(limit: number): Promise<number> {
    let count = 0
    for (const queue of this.#queues) {
      for (let i = 0; i < limit && queue.peek() !== undefined; i++) {
        const pending = this.#process(queue, queue.take())
        if (isPromise(pending)) await pending
        count++
      }
    }
    return count
  }

  /** Processes until nothing is left, and waits for what serdes have to fetch. */
  async settle(): Promise<void> {
    for (let waits = true; waits; ) {
      while ((await this.process(Number.POSITIVE_INFINITY)) > 0);
      const waiting = this.#queues.flatMap((queue) => queue.waiting ?? [])
      waits = waiting.length > 0
      await Promise.all(waiting)
    }
  }

  /** Commits if it is time to. Returns in how many milliseconds it will be; undefined: there is nothing to commit. */
  async commitIfDue(): Promise<number | undefined> {
    if (!this.#moved) return undefined
    const { config, database } = this.#options
    const waitMs = this.#committedAtMs + COMMIT_INTERVAL_MS - config.clock.monotonicMs()
    if (waitMs > 0 && database.uncommittedBytes < MAX_UNCOMMITTED_BYTES) return waitMs
    await this.commit()
    return undefined
  }

  async commit(): Promise<void> {
    const { database, identity, config } = this.#options
    await this.store.flush()
    const positions = this.#queues.map(({ fetched: { partition }, position }) => [partition, position] as const)
    database.seal()
    await database.write(
      new Map(
        positions.map(([partition, offset]) => [partitionKey(this.topic, partition), { offset, ...identity }] as const),
      ),
    )
    for (const [partition, offset] of positions) this.#committed.set(partitionKey(this.topic, partition), offset)
    this.#committedAtMs = config.clock.monotonicMs()
  }

  async close(): Promise<void> {
    try {
      await this.#graph.close()
    } finally {
      this.#options.metrics.custom.remove(this.#label)
      await this.#options.database.close()
    }
  }

  // ---- inside

  get #label(): string {
    return `global/${this.name}`
  }

  get #moved(): boolean {
    return this.#queues.some(
      ({ fetched: { partition }, position }) => this.#committed.get(partitionKey(this.topic, partition)) !== position,
    )
  }

  #process(queue: RecordQueue, record: StreamRecord<unknown, unknown>): void | Promise<void> {
    queue.releaseRaw()
    if (record.timestamp > this.#streamTimeMs) this.#streamTimeMs = record.timestamp
    try {
      const pending = this.#graph.process(queue.source.name, record)
      if (isPromise(pending)) return pending.catch((error: unknown) => this.#failed(error, record))
    } catch (error) {
      this.#failed(error, record)
    }
  }

  #failed(error: unknown, { topic, partition, offset }: StreamRecord<unknown, unknown>): never {
    const node = this.#scope.failedIn(error)
    const place = { topic, partition, offset }
    if (!(error instanceof StreamsError)) throw new ProcessingError(this.#label, node, place, error)
    addPlace(error, node, this.#label, place)
    throw error
  }

  #makeGraph(): ProcessGraph {
    const { global, config, stateDir, metrics } = this.#options
    const { source, processor, store } = global
    const subtopology = {
      id: -1,
      nodes: [source, processor],
      stores: [store],
      sourceChangelogs: new Map(),
      sourceTopics: source.topics,
      copartitionGroups: [],
    }
    return new ProcessGraph(subtopology, {
      applicationId: config.applicationId,
      appConfigs: config.appConfigs,
      taskId: this.#label,
      stateDir,
      scope: this.#scope,
      store: () => this.store,
      globalStore: () => undefined,
      schedule: (nodeName) => {
        throw new InvariantError(`Processor '${nodeName}' fills a global store: it cannot schedule anything`)
      },
      requestCommit: () => {},
      drop: (cause, nodeName) => metrics.dropped(cause, nodeName, this.#scope.current),
      metrics: (nodeName) => metrics.custom.of(this.#label, nodeName),
      streamTimeMs: () => this.#streamTimeMs,
      nowMs: () => config.clock.now(),
      emitIntervalMs: config.emitIntervalMs,
      storesAsCommitted: true,
      operatorTimesMs: this.#operatorTimesMs,
      errors: this.#errors,
    })
  }
}

const nothingIsWritten = (): never => {
  throw new InvariantError('a global store has no sinks and no dead letters')
}
const NO_COLLECTOR = { prepare: nothingIsWritten, send: nothingIsWritten, sendBytes: nothingIsWritten }
