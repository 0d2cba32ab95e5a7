// Flow: topology-test-driver → [driver-engine] → stream tasks over a cluster in memory.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryDisk, openMemoryTaskDatabase } from '../../stores/memory/index.ts'
import type { StateStore } from '../../stores/store.ts'
import { type PhysicalTopology, subtopologyOf, type TopicRef, topicName } from '../../topology/physical.ts'
import type { Client, Producer } from '../client/client.ts'
import { type MemoryCluster, memoryCluster } from '../client/memory/index.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { type Logger, silentLogger } from '../core/log.ts'
import type { ConsumedRecord, Headers, TopicPartition } from '../core/record.ts'
import { type ResolvedConfig, resolveConfig, type StreamsConfig } from '../runtime/config.ts'
import { flushChangelogsLast } from '../runtime/held-changelog.ts'
import { prepareTopics } from '../runtime/internal-topics.ts'
import { Metrics } from '../runtime/metrics.ts'
import { SinkTopics } from '../runtime/record-collector.ts'
import { startSerdes } from '../runtime/start-serdes.ts'
import type { StreamTask } from '../runtime/stream-task.ts'
import { TaskFactory } from '../runtime/task-factory.ts'
import type { TaskId } from '../runtime/task-id.ts'
import type { TopicPlan } from '../runtime/topic-plan.ts'
import { DriverGlobalStores } from './driver-global-stores.ts'
import { EndlessTopologyError } from './errors.ts'
import { LogPartition } from './log-partition.ts'
import { TrackedProducer } from './tracked-producer.ts'

/** What one record may have. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024
// Test data may have any time and size: a broker would refuse what is an hour ahead of its clock.
const ANY_RECORD = {
  'message.timestamp.after.max.ms': '9223372036854775807',
  'retention.ms': '-1',
  'max.message.bytes': String(2 * MAX_RECORD_BYTES),
}

export interface EngineOptions {
  readonly config: Omit<StreamsConfig, 'client' | 'brokers' | 'clock'>
  /** Of the topics that the topology reads. */
  readonly partitionCount: (topic: string) => number
  readonly wallClockMs: number
  /** Records that one call may set off, itself included; beyond it the topology feeds itself for ever. */
  readonly maxRecordsPerCall: number
}

/** A task with what it writes through and the ids under which its changelogs are known. */
interface DrivenTask {
  readonly id: TaskId
  readonly task: StreamTask
  readonly producer: TrackedProducer
}

/**
 * Runs the tasks of a topology one record at a time: after each it commits and makes what was written readable, so that the next record is always
 * the one with the lowest timestamp of all that there are.
 */
export class DriverEngine {
  readonly cluster: MemoryCluster
  readonly metrics: Metrics
  readonly #logger: Logger
  readonly #topology: PhysicalTopology
  readonly #options: EngineOptions
  readonly #config: ResolvedConfig
  readonly #clock: DriverClock
  readonly #client: Client
  readonly #input: Producer
  readonly #disk = new MemoryDisk()
  readonly #globalStores: DriverGlobalStores
  readonly #tasks: DrivenTask[] = []
  #ids: ReadonlyMap<string, { topicId: string; clusterId: string }> = new Map()
  readonly #produced = new Set<string>()
  #failure: unknown

  constructor(topology: PhysicalTopology, options: EngineOptions) {
    this.#topology = topology
    this.#options = options
    this.#logger = options.config.logger ?? silentLogger
    this.metrics = new Metrics(this.#logger)
    this.cluster = memoryCluster()
    this.#clock = new DriverClock(options.wallClockMs)
    this.#config = resolveConfig({
      stateDir: tmpdir(),
      cacheBytes: 0,
      emitIntervalMs: 0,
      maxRequestBytes: MAX_RECORD_BYTES,
      ...options.config,
      client: this.cluster,
      clock: this.#clock,
    })
    this.#client = this.#connect('driver')
    this.#input = this.#client.producer({ lingerMs: 0, maxRequestBytes: MAX_RECORD_BYTES })
    this.#globalStores = new DriverGlobalStores({
      topology,
      cluster: this.cluster,
      config: this.#config,
      openDatabase: this.#disk.open,
      stateDir: (name) => this.#stateDir(name),
      metrics: this.metrics,
      logger: this.#logger,
    })
  }

  /** Creates the topics and starts the tasks. */
  async start(): Promise<void> {
    for (const topic of this.#externalTopics()) this.#ensureTopic(topic)
    await this.#input.init()
    const { admin } = this.#client
    const plan = await prepareTopics(admin, { topology: this.#topology, config: this.#config })
    const clusterId = await admin.clusterId()
    const changelogs = await admin.describeTopics([...plan.changelogTopics.keys(), ...plan.sourceChangelogs])
    this.#ids = new Map([...changelogs].map(([topic, { topicId }]) => [topic, { topicId, clusterId }]))
    await startSerdes(this.#topology, this.#config.applicationId)
    await this.#globalStores.start()
    const factory = this.#factory(plan)
    for (const id of plan.tasks) this.#tasks.push(await this.#startTask(factory, plan, id))
  }

  /** Whether a topic of this name is read by the topology. */
  reads(topic: string): boolean {
    return this.#sourceTopics.some((source) => this.nameOf(source) === topic)
  }

  nameOf(topic: TopicRef): string {
    return topicName(topic, this.#config.applicationId)
  }

  /** The records of each partition of a topic from an offset on, absent: from its start. Empty if there is no such topic. */
  read(topic: string, fromOffsets: readonly number[]): readonly (readonly ConsumedRecord[])[] {
    return Array.from({ length: this.cluster.partitionCount(topic) }, (_, partition) =>
      this.cluster.records(topic, partition, 'read_committed', fromOffsets[partition] ?? 0),
    )
  }

  /** The topics that the topology has written to. */
  producedTopicNames(): readonly string[] {
    return [...this.#produced].sort()
  }

  /** Writes a record and processes everything that comes of it. */
  pipe(
    topic: string,
    partition: number,
    key: Buffer | null,
    value: Buffer | null,
    timestamp: number,
    headers: Headers,
  ): Promise<void> {
    return this.#unlessFailed(async () => {
      this.#input.send(topic, partition, key, value, timestamp, headers)
      await this.#input.flush()
      await this.#globalStores.settle()
      await this.#settle()
    })
  }

  /** Moves the wall clock on, fires what is due, and processes everything that comes of it. */
  advanceWallClock(ms: number): Promise<void> {
    return this.#unlessFailed(async () => {
      this.#clock.advance(ms)
      for (const driven of this.#tasks) {
        // What is due behind one that is asynchronous waits for it.
        while (driven.task.punctuate()) await this.#commit(driven)
      }
      await this.#settle()
    })
  }

  get wallClockMs(): number {
    return this.#clock.now()
  }

  /** The stores of all tasks with this partition, and global stores, by name. */
  stores(partition: number): ReadonlyMap<string, StateStore> {
    const ofTasks = this.#tasks
      .filter(({ id }) => id.partition === partition)
      .flatMap(({ task }) => [...task.stores].map(([name, { store }]) => [name, store] as const))
    return new Map([...this.#globalStores.stores, ...ofTasks])
  }

  /** Closes everything, also when something of it fails; then throws the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    const failed = (error: unknown) => void failures.push(error)
    for (const { task } of this.#tasks) await task.close(this.#config.requestTimeoutMs).catch(failed)
    await this.#globalStores.close().catch(failed)
    await this.#client.close()
    if (failures.length > 0) throw failures[0]
  }

  // ---- inside

  // As an instance: what has failed once does nothing more.
  async #unlessFailed(work: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    try {
      await work()
    } catch (error) {
      this.#failure ??= error
      throw error
    }
  }

  async #startTask(factory: TaskFactory, plan: TopicPlan, id: TaskId): Promise<DrivenTask> {
    const producer = new TrackedProducer(this.#client.producer({ lingerMs: 0, maxRequestBytes: MAX_RECORD_BYTES }))
    await producer.init()
    const task = await factory.create(id, producer, plan.tasks.length)
    task.restoring()
    const sources = subtopologyOf(this.#topology, id.subtopology).nodes.filter((node) => node.kind === 'source')
    const inputs = sources.flatMap((source) =>
      source.topics
        .map((topic) => this.nameOf(topic))
        .filter((topic) => id.partition < plan.sourcePartitions.get(topic)!)
        .map((topic) => ({
          fetched: new LogPartition(this.cluster, topic, id.partition),
          committed: undefined,
        })),
    )
    await task.run(inputs)
    const driven = { id, task, producer }
    // What processors did in `init`.
    await this.#commit(driven)
    return driven
  }

  #factory(plan: TopicPlan): TaskFactory {
    return new TaskFactory({
      config: this.#config,
      topology: this.#topology,
      metrics: this.metrics,
      logger: this.#logger,
      sinkTopics: new SinkTopics(
        {
          describeTopics: (topics) => {
            for (const topic of topics) this.#ensureTopic(topic)
            return this.#client.admin.describeTopics(topics)
          },
        },
        new Map([...plan.sourcePartitions, ...plan.repartitionTopics]),
      ),
      taskDirectory: (name) => this.#stateDir(name),
      openDatabase: this.#disk.open,
      openMemoryDatabase: openMemoryTaskDatabase,
      globalStore: (name) => this.#globalStores.reader(name),
      onWake: () => {},
      onFailure: (_, error) => {
        this.#failure ??= error
      },
    })
  }

  /** Until no task has a record left: in the order of tasks, one record each, a commit after each. */
  async #settle(): Promise<void> {
    let records = 0
    for (let worked = true; worked; ) {
      worked = false
      for (const driven of this.#tasks) {
        const { task } = driven
        const taken = task.process(1, Number.POSITIVE_INFINITY)
        this.metrics.recordsProcessed += taken
        const { waiting } = task
        // A record that was left out moves the offset, too, and may have left a dead letter.
        if (taken === 0 && waiting === undefined && !task.dirty) continue
        worked = true
        if (taken === 0) await waiting
        await this.#commit(driven)
        if (++records > this.#options.maxRecordsPerCall) throw new EndlessTopologyError(this.#options.maxRecordsPerCall)
      }
    }
  }

  // Commits also end what was asynchronous about the record.
  async #commit({ task, producer }: DrivenTask): Promise<void> {
    await task.prepareCommit()
    if (this.#failure !== undefined) throw this.#failure
    const offsets = task.seal()
    const sent = await flushChangelogsLast(producer, [task], this.#clock)
    await task.write(sent, this.#ids)
    task.committed(offsets)
    task.release()
    this.metrics.commits++
    for (const partition of producer.takeSent()) this.#arrived(partition)
    await this.#globalStores.settle()
  }

  #stateDir(name: string): string {
    return join(tmpdir(), `millrace-driver-${this.cluster.clusterId}`, name)
  }

  get #sourceTopics(): readonly TopicRef[] {
    const { subtopologies, globalStores } = this.#topology
    return [
      ...subtopologies.flatMap(({ sourceTopics }) => sourceTopics),
      ...globalStores.flatMap(({ source }) => source.topics),
    ]
  }

  // Of records with equal times from several topics, which comes first depends on the order in which they were produced.
  #arrived(partition: TopicPartition): void {
    this.#produced.add(partition.topic)
    for (const { task } of this.#tasks) task.arrived(partition)
  }

  /** What is read and written by name; topics that a sink chooses by record come into being when they are chosen. */
  #externalTopics(): readonly string[] {
    const nodes = this.#topology.subtopologies.flatMap((subtopology) => subtopology.nodes)
    const written = nodes.flatMap((node) =>
      node.kind === 'sink' && typeof node.topic !== 'function' ? [node.topic] : [],
    )
    return [...this.#sourceTopics, ...written].filter(({ internal }) => !internal).map(({ name }) => name)
  }

  #ensureTopic(name: string): void {
    if (this.cluster.partitionCount(name) > 0) return
    this.cluster.createTopic(name, { partitions: this.#options.partitionCount(name), configs: ANY_RECORD })
  }

  #connect(clientId: string): Client {
    return this.cluster.connect({ clientId, clock: systemClock, logger: silentLogger, requestTimeoutMs: 30_000 })
  }
}

/** Stands still for the topology until it is advanced; everything technical goes by the machine's clock. */
class DriverClock implements Clock {
  #nowMs: number

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  advance(ms: number): void {
    this.#nowMs += ms
  }

  now(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return systemClock.monotonicMs()
  }

  setTimer(delayMs: number, action: () => void): ReturnType<Clock['setTimer']> {
    return systemClock.setTimer(delayMs, action)
  }

  yield(): Promise<void> {
    return systemClock.yield()
  }
}
