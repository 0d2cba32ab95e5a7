import type {
  KeyValueStore,
  SessionStore,
  StateStore,
  StoreKind,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  VersionedKeyValueStore,
  WindowStore,
} from '../../stores/store.ts'
import { InvalidArgumentError } from '../../topology/errors.ts'
import { matchPatterns } from '../../topology/pattern-topics.ts'
import type { PhysicalTopology, SinkNode, SourceNode } from '../../topology/physical.ts'
import type { Topology } from '../../topology/topology.ts'
import type { ConsumedRecord } from '../core/record.ts'
import type { StreamsConfig } from '../runtime/config.ts'
import { NotRunningError } from '../runtime/errors.ts'
import type { MetricsSnapshot } from '../runtime/metrics.ts'
import type { Serde } from '../serde/serde.ts'
import { DriverEngine } from './driver-engine.ts'
import { asOneTask } from './one-task.ts'
import { plainKeyValueStore, plainWindowStore } from './plain-stores.ts'
import { type InputTopicOptions, TestInputTopic } from './test-input-topic.ts'
import { type OutputTopicOptions, TestOutputTopic } from './test-output-topic.ts'

const MAX_RECORDS_PER_CALL = 100_000

/** How the driver runs a topology: options of StreamsConfig that matter to one without a cluster, and its own. */
export interface TestDriverOptions
  extends Omit<StreamsConfig, 'applicationId' | 'client' | 'brokers' | 'clock' | 'stateDir'> {
  /** Default: `test-driver`. */
  readonly applicationId?: string
  /** The wall clock's start, in epoch milliseconds, at least 0. Default: 0. It moves by `advanceWallClockTime` only. */
  readonly initialWallClockTimeMs?: number
  /**
   * Partitions of the topics that the topology reads and writes, for all or by name; default 1. With 1 everywhere there is one task over all
   * sub-topologies, as in Java's driver; otherwise one for each sub-topology and partition, as in an application.
   */
  readonly partitions?: number | Readonly<Record<string, number>>
  /** Topics that exist besides those that the topology names: its sources' patterns are matched with them. */
  readonly topics?: readonly string[]
  /** How many records one call may set off, at least 1: a topology that feeds itself for ever is an error, not a hang. Default: 100 000. */
  readonly maxRecordsPerCall?: number
}

/**
 * Runs a topology in a test: no cluster, no waiting. What runs is the task of production over a broker in memory; each record is processed through
 * the whole topology, and committed, before the next.
 *
 * With one partition records are taken in order of time, lowest first, from all topics together. With several, tasks take turns in the order of
 * sub-topology and partition, each with one record. Caches are off (`cacheBytes: 0`), so every update of a table is seen; windows that close are looked for
 * with each record (`emitIntervalMs: 0`).
 *
 * Callbacks may be asynchronous: `await` what is piped. What is not awaited is carried out all the same, in the order of the calls. An error that would stop an
 * instance rejects the call that caused it, and every later one. Nothing is logged unless a `logger` is given.
 *
 * @example
 * const driver = new TopologyTestDriver(builder.build())
 * const words = driver.createInputTopic('words', { key: serdes.string(), value: serdes.string() })
 * const counts = driver.createOutputTopic('counts', { key: serdes.string(), value: serdes.long() })
 * await words.pipeInput({ key: null, value: 'to be or not to be', timestamp: 0 })
 * expect(counts.readKeyValuesToMap()).toEqual(new Map([['to', 2], ['be', 2], ['or', 1], ['not', 1]]))
 * expect(driver.getKeyValueStore('counts')?.get('to')).toBe(2)
 * await driver.close()
 */
export class TopologyTestDriver implements AsyncDisposable {
  readonly #topology: PhysicalTopology
  readonly #engine: DriverEngine
  readonly #ready: Promise<void>
  readonly #partitionCount: (topic: string) => number
  /** Settles with the last call; calls are carried out one after the other. */
  #tail: Promise<unknown>
  #started = false
  #closed: Promise<void> | undefined

  /**
   * Starts at once; whatever is called next waits for it.
   *
   * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: names the option at fault.
   * @throws StreamsError what the topology alone can tell, as `KafkaStreams` does.
   */
  constructor(topology: Topology, options: TestDriverOptions = {}) {
    const {
      applicationId = 'test-driver',
      initialWallClockTimeMs = 0,
      partitions = 1,
      topics = [],
      maxRecordsPerCall = MAX_RECORDS_PER_CALL,
      ...config
    } = options
    requireWhole('maxRecordsPerCall', maxRecordsPerCall, 1)
    requireWhole('initialWallClockTimeMs', initialWallClockTimeMs, 0)
    for (const count of typeof partitions === 'number' ? [partitions] : Object.values(partitions))
      requireWhole('partitions', count, 1)
    this.#partitionCount = (topic) => (typeof partitions === 'number' ? partitions : (partitions[topic] ?? 1))
    const single = typeof partitions === 'number' ? partitions === 1 : Object.values(partitions).every((n) => n === 1)
    const physical = topology.physical()
    matchPatterns(physical, topics, applicationId)
    this.#topology = single ? asOneTask(physical) : physical
    this.#engine = new DriverEngine(this.#topology, {
      config: { ...config, applicationId },
      partitionCount: this.#partitionCount,
      wallClockMs: initialWallClockTimeMs,
      maxRecordsPerCall,
    })
    this.#ready = this.#engine.start().then(() => {
      this.#started = true
    })
    // Whoever uses the driver gets it.
    this.#tail = this.#ready.catch(() => {})
  }

  /**
   * Resolves when every processor has been initialised. Needed only to look at a store, or at what processors write in `init`, before anything was piped.
   *
   * @throws StreamsError what keeps an instance from starting.
   */
  start(): Promise<void> {
    return this.#ready
  }

  /**
   * A topic to pipe records into. Serdes may be left out where the topology's source has them.
   *
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: no source of the topology reads the topic; it has no serdes and none are given; a time is out
   *   of its bounds.
   */
  createInputTopic<K = any, V = any>(topic: string, options: InputTopicOptions<K, V> = {}): TestInputTopic<K, V> {
    const source = this.#nodes('source').find((node) => node.topics.some((read) => this.#engine.nameOf(read) === topic))
    if (source === undefined && !this.#engine.reads(topic)) {
      throw new InvalidArgumentError('createInputTopic', `no source of the topology reads '${topic}'.`)
    }
    const { key, value } = serdesOf('createInputTopic', topic, options, source)
    return new TestInputTopic<K, V>({
      topic,
      key,
      value,
      startTimestampMs: options.startTimestampMs,
      autoAdvanceMs: options.autoAdvanceMs ?? 0,
      partitionCount: this.#partitionCount(topic),
      wallClockMs: () => this.#engine.wallClockMs,
      pipe: (...record) => this.#inTurn(() => this.#engine.pipe(topic, ...record)),
    })
  }

  /**
   * A topic to read what the topology wrote: a sink's, or an internal one by its full name. Each one reads the topic from its start. Serdes may be left out where
   * the topology's sink has them.
   *
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: no sink writes the topic by this name, and no serdes are given.
   */
  createOutputTopic<K = any, V = any>(topic: string, options: OutputTopicOptions<K, V> = {}): TestOutputTopic<K, V> {
    const sink = this.#nodes('sink').find(
      (node) => typeof node.topic !== 'function' && this.#engine.nameOf(node.topic) === topic,
    )
    const { key, value } = serdesOf('createOutputTopic', topic, options, sink)
    return new TestOutputTopic<K, V>({ topic, key, value, read: (from) => this.#read(topic, from) })
  }

  /**
   * Moves the wall clock on, once, by `ms`, at least 0: punctuations that are due fire, each once however often it would have been due.
   *
   * @throws StreamsError as `TestInputTopic.pipeInput`.
   */
  async advanceWallClockTime(ms: number): Promise<void> {
    requireWhole('advanceWallClockTime', ms, 0)
    await this.#inTurn(() => this.#engine.advanceWallClock(ms))
  }

  /**
   * The store of this name, whatever it is; undefined if there is none. Of several tasks that of the given partition, by default 0; a global store is the same for
   * all. What is put into a store is committed with the next record.
   *
   * @throws NotRunningError `STREAMS_NOT_RUNNING`: the driver has not started yet, so that there are no stores. Await `start()`, or pipe something.
   */
  getStateStore<S extends StateStore = StateStore>(name: string, partition = 0): S | undefined {
    return this.getAllStateStores(partition).get(name) as S | undefined
  }

  /** The stores of all tasks with this partition, and global stores, by name. Throws as `getStateStore`. */
  getAllStateStores(partition = 0): ReadonlyMap<string, StateStore> {
    if (!this.#started)
      throw new NotRunningError('the test driver has not started yet: await start(), or what was piped, first')
    return this.#engine.stores(partition)
  }

  /** A store of keys and values; one with timestamps is seen without them. Undefined if there is none of this name and kind. Throws as `getStateStore`. */
  getKeyValueStore<K = any, V = any>(name: string, partition?: number): KeyValueStore<K, V> | undefined {
    const plain = this.#storeOf<KeyValueStore<K, V>>('key-value', name, partition)
    const timestamped = this.getTimestampedKeyValueStore<K, V>(name, partition)
    return plain ?? (timestamped === undefined ? undefined : plainKeyValueStore(timestamped))
  }

  /** A store of keys and values with timestamps, as DSL tables have. Undefined if there is none of this name and kind. Throws as `getStateStore`. */
  getTimestampedKeyValueStore<K = any, V = any>(
    name: string,
    partition?: number,
  ): TimestampedKeyValueStore<K, V> | undefined {
    return this.#storeOf('timestamped-key-value', name, partition)
  }

  /** A store of windows; one with timestamps is seen without them. Undefined if there is none of this name and kind. Throws as `getStateStore`. */
  getWindowStore<K = any, V = any>(name: string, partition?: number): WindowStore<K, V> | undefined {
    const plain = this.#storeOf<WindowStore<K, V>>('window', name, partition)
    const timestamped = this.getTimestampedWindowStore<K, V>(name, partition)
    return plain ?? (timestamped === undefined ? undefined : plainWindowStore(timestamped))
  }

  /** A store of windows with timestamps, as windowed tables have. Undefined if there is none of this name and kind. Throws as `getStateStore`. */
  getTimestampedWindowStore<K = any, V = any>(
    name: string,
    partition?: number,
  ): TimestampedWindowStore<K, V> | undefined {
    return this.#storeOf('timestamped-window', name, partition)
  }

  /** A store of sessions. Undefined if there is none of this name and kind. Throws as `getStateStore`. */
  getSessionStore<K = any, A = any>(name: string, partition?: number): SessionStore<K, A> | undefined {
    return this.#storeOf('session', name, partition)
  }

  /** A store of values with their history. Undefined if there is none of this name and kind. Throws as `getStateStore`. */
  getVersionedKeyValueStore<K = any, V = any>(
    name: string,
    partition?: number,
  ): VersionedKeyValueStore<K, V> | undefined {
    return this.#storeOf('versioned', name, partition)
  }

  /** The names of all topics that the topology has written so far, sorted: sinks', repartition topics and changelogs. */
  producedTopicNames(): readonly string[] {
    return this.#engine.producedTopicNames()
  }

  /** Counts of records processed and dropped, by cause, and of commits. */
  metrics(): MetricsSnapshot {
    return this.#engine.metrics.snapshot()
  }

  /** Closes processors and stores, after the calls before it. What was written can still be read. Closing twice does nothing. */
  close(): Promise<void> {
    this.#closed ??= this.#tail.then(() => this.#engine.close())
    return this.#closed
  }

  /** As `close`: for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(new NotRunningError('the test driver is closed'))
    const done = this.#tail.then(() => this.#ready).then(work)
    this.#tail = done.catch(() => {})
    return done
  }

  #storeOf<S extends StateStore>(kind: StoreKind, name: string, partition: number | undefined): S | undefined {
    const { subtopologies, globalStores } = this.#topology
    const builders = [...subtopologies.flatMap(({ stores }) => stores), ...globalStores.map(({ store }) => store)]
    const store = this.getStateStore<S>(name, partition)
    return builders.some((builder) => builder.name === name && builder.kind === kind) ? store : undefined
  }

  #nodes<T extends 'source' | 'sink'>(kind: T): (T extends 'source' ? SourceNode : SinkNode)[] {
    const { subtopologies, globalStores } = this.#topology
    const nodes = [
      ...globalStores.map(({ source }) => source),
      ...subtopologies.flatMap((subtopology) => subtopology.nodes),
    ]
    return nodes.filter((node) => node.kind === kind) as (T extends 'source' ? SourceNode : SinkNode)[]
  }

  // A partition that has nothing new gives an empty list.
  #read(topic: string, fromOffsets: readonly number[]): readonly (readonly ConsumedRecord[])[] {
    return this.#engine.read(topic, fromOffsets)
  }
}

function serdesOf<K, V>(
  method: string,
  topic: string,
  { key, value }: { readonly key?: Serde<K>; readonly value?: Serde<V> },
  node: { readonly keySerde: Serde<any>; readonly valueSerde: Serde<any> } | undefined,
): { readonly key: Serde<K>; readonly value: Serde<V> } {
  const [keySerde, valueSerde] = [key ?? node?.keySerde, value ?? node?.valueSerde]
  if (keySerde !== undefined && valueSerde !== undefined) return { key: keySerde, value: valueSerde }
  throw new InvalidArgumentError(
    method,
    `needs the serdes of '${topic}' ({ key, value }): no node of the topology has them.`,
  )
}

function requireWhole(option: string, value: number, min: number): void {
  if (Number.isSafeInteger(value) && value >= min) return
  throw new InvalidArgumentError(
    'TopologyTestDriver',
    `'${option}' is ${value}, and has to be a whole number from ${min}.`,
  )
}
