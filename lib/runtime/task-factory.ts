// Flow: task-manager → [task-factory] → stream-task
import type { CacheBudget, StateStore, StoreBuilder, StoreContext, StoreKind } from '../../stores/store.ts'
import type { OpenTaskDatabase, TaskDatabase } from '../../stores/task-database.ts'
import {
  changelogTopic,
  type PhysicalTopology,
  type Subtopology,
  subtopologyOf,
  topicName,
} from '../../topology/physical.ts'
import type { Producer } from '../client/client.ts'
import type { Logger } from '../core/log.ts'
import type { TopicPartition } from '../core/record.ts'
import type { ResolvedConfig } from './config.ts'
import { ForwardScope } from './forward.ts'
import { HeldChangelog } from './held-changelog.ts'
import { isPurged } from './internal-topic-configs.ts'
import type { Metrics } from './metrics.ts'
import { openState } from './open-state.ts'
import { RecordCollector, type SinkTopics } from './record-collector.ts'
import { StreamTask } from './stream-task.ts'
import { TaskErrors } from './task-errors.ts'
import { type TaskId, taskName } from './task-id.ts'
import type { TaskStore } from './task-stores.ts'

/** Stores under the DSL's tables: the ones that `storeFormat` is about, if they are on disk. */
const KINDS_OF_TABLES = new Set<StoreKind>(['timestamped-key-value', 'timestamped-window', 'session'])
const MIN_DATABASE_BYTES = 256 * 1024
const MAX_DATABASE_BYTES = 8 * 1024 * 1024

export interface TaskFactoryOptions {
  readonly config: ResolvedConfig
  readonly topology: PhysicalTopology
  readonly metrics: Metrics
  readonly logger: Logger
  readonly sinkTopics: SinkTopics
  readonly taskDirectory: (taskName: string) => string
  /** Opens the database of a task with persistent stores. */
  readonly openDatabase: OpenTaskDatabase
  /** Opens one that keeps nothing on disk. */
  readonly openMemoryDatabase: OpenTaskDatabase
  /** A global store, for reading; undefined: there is none of this name. */
  readonly globalStore: (name: string) => StateStore | undefined
  readonly onWake: () => void
  readonly onFailure: (task: StreamTask, error: unknown) => void
}

/** Makes tasks: their database, stores and collector. */
export class TaskFactory {
  readonly #options: TaskFactoryOptions
  readonly #cacheBudget: CacheBudget

  constructor(options: TaskFactoryOptions) {
    this.#options = options
    this.#cacheBudget = { limitBytes: options.config.cacheBytes, usedBytes: 0 }
  }

  /** @param taskCount - How many tasks share the instance's memory. */
  async create(id: TaskId, producer: Producer, taskCount: number): Promise<StreamTask> {
    const { config, topology, metrics, logger, sinkTopics, taskDirectory, onWake, onFailure } = this.#options
    const subtopology = subtopologyOf(topology, id.subtopology)
    const name = taskName(id)
    const stateDir = taskDirectory(name)
    const database = await this.#open(subtopology, stateDir, taskCount)
    const scope = new ForwardScope((nodeName) =>
      logger.warn(
        { task: name, node: nodeName },
        'a processor forwards many records without awaiting, while something downstream is asynchronous: await forward()',
      ),
    )
    return new StreamTask({
      id,
      subtopology,
      applicationId: config.applicationId,
      appConfigs: config.appConfigs,
      stateDir,
      database,
      makeStores: () => this.#stores(id, subtopology, database, producer, scope),
      globalStore: this.#options.globalStore,
      scope,
      errors: new TaskErrors({
        taskId: name,
        config,
        collector: new RecordCollector(config.applicationId, sinkTopics, producer),
        scope,
        clock: config.clock,
        metrics,
        logger,
      }),
      maxTaskIdleMs: config.maxTaskIdleMs,
      emitIntervalMs: config.emitIntervalMs,
      storesAsCommitted: config.processingGuarantee === 'exactly_once',
      clock: config.clock,
      metrics,
      logger,
      onWake,
      onFailure,
    })
  }

  #open(subtopology: Subtopology, directory: string, taskCount: number): Promise<TaskDatabase> {
    const { config, openDatabase, openMemoryDatabase, logger } = this.#options
    const share = config.stateMemoryBytes / (4 * taskCount)
    const options = {
      directory,
      memoryBytes: Math.floor(Math.min(Math.max(share, MIN_DATABASE_BYTES), MAX_DATABASE_BYTES)),
      readCacheBytes: Math.floor(config.readCacheBytes / taskCount),
      clock: config.clock,
      memoryStores: subtopology.stores.filter(({ persistent }) => !persistent).map(({ name }) => name),
    }
    if (!subtopology.stores.some(({ persistent }) => persistent)) return openMemoryDatabase(options)
    const { clock } = config
    const unlogged = subtopology.stores
      .filter(({ name, persistent, logging }) => persistent && !logging && !subtopology.sourceChangelogs.has(name))
      .map(({ name }) => name)
    return openState({ open: openDatabase, database: options, unlogged, clock, logger })
  }

  #stores(
    id: TaskId,
    subtopology: Subtopology,
    database: TaskDatabase,
    producer: Producer,
    scope: ForwardScope,
  ): ReadonlyMap<string, TaskStore> {
    const { config, metrics } = this.#options
    const { applicationId, cacheBytes } = config
    const stores = new Map<string, TaskStore>()
    for (const builder of inFlushOrder(subtopology)) {
      const reused = subtopology.sourceChangelogs.get(builder.name)
      const topic =
        reused === undefined ? changelogTopic(builder.name, applicationId) : topicName(reused, applicationId)
      const logging = builder.logging && reused === undefined
      const held = logging ? this.#held(id, { topic, partition: id.partition }, producer) : undefined
      const send = held?.log ?? sendTo({ topic, partition: id.partition }, producer)
      const context: StoreContext = {
        rows: database.rows(builder.name),
        changelogTopic: topic,
        log: logging ? this.#logTo(builder, send, scope) : () => {},
        ...(logging && { changelogOffset: () => database.position(builder.name)?.offset ?? 0 }),
        currentRecord: () => scope.current,
        cacheBudget: builder.caching && cacheBytes > 0 ? this.#cacheBudget : undefined,
        expired: () => metrics.expired(builder.name, scope.current),
      }
      stores.set(builder.name, {
        store: builder.build(context),
        changelog: logging || reused !== undefined ? { topic, partition: id.partition } : undefined,
        isPersistent: builder.persistent,
        isSource: reused !== undefined,
        isPurged: logging && isPurged(builder, config),
        held,
      })
    }
    return stores
  }

  // With a transaction around them it does not matter in which order records are sent.
  #held(id: TaskId, changelog: TopicPartition, producer: Producer): HeldChangelog | undefined {
    const { processingGuarantee, maxRequestBytes } = this.#options.config
    if (processingGuarantee === 'exactly_once') return undefined
    const onOthers = (offsets: number, before: number) =>
      this.#options.logger.warn(
        { task: taskName(id), ...changelog, offsets, before },
        'somebody else has written to a changelog of this task since its last commit: a process, as a rule, that was taken for dead and has woken. Stores that are restored from the ' +
          'changelog may get its older values; exactly once keeps such a process out',
      )
    return new HeldChangelog({ ...changelog, producer, maxRequestBytes, onOthers })
  }

  #logTo({ kind, persistent }: StoreBuilder, send: StoreContext['log'], scope: ForwardScope): StoreContext['log'] {
    if (this.#options.config.storeFormat === 'plain' || !persistent || !KINDS_OF_TABLES.has(kind)) return send
    return (key, value, timestamp, headers) =>
      send(key, value, timestamp, value === null ? (scope.current?.headers ?? headers) : headers)
  }
}

function sendTo({ topic, partition }: TopicPartition, producer: Producer): StoreContext['log'] {
  return (key, value, timestamp, headers) => producer.send(topic, partition, key, value, timestamp, headers)
}

/** The stores in the order of the first node that uses each: what one forwards when flushed, a later one still holds back. */
function inFlushOrder(subtopology: Subtopology): readonly StoreBuilder[] {
  const builders = new Map(subtopology.stores.map((builder) => [builder.name, builder]))
  const used = subtopology.nodes.flatMap((node) => (node.kind === 'processor' ? node.stores : []))
  return [...new Set([...used, ...builders.keys()])].map((name) => builders.get(name)!)
}
