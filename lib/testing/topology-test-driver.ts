import type {
  KeyValueStore,
  SessionStore,
  StateStore,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  VersionedKeyValueStore,
  WindowStore,
} from '../../stores/store.ts'
import { InvalidArgumentError } from '../../topology/errors.ts'
import type { PhysicalTopology, SinkNode, SourceNode } from '../../topology/physical.ts'
import type { Topology } from '../../topology/topology.ts'
import type { ConsumedRecord } from '../core/record.ts'
import type { StreamsConfig } from '../runtime/config.ts'
import type { MetricsSnapshot } from '../runtime/metrics.ts'
import type { Serde } from '../serde/serde.ts'
import { DriverEngine } from './driver-engine.ts'
import { asOneTask } from './one-task.ts'
import { type InputTopicOptions, TestInputTopic } from './test-input-topic.ts'
import { type OutputTopicOptions, TestOutputTopic } from './test-output-topic.ts'

/** How the driver runs a topology: options of StreamsConfig that matter to one without a cluster, and its own. */
export interface TestDriverOptions
  extends Omit<StreamsConfig, 'applicationId' | 'client' | 'brokers' | 'clock' | 'stateDir'> {
  /** Default: `test-driver`. */
  readonly applicationId?: string
  /** The wall clock's start, in epoch milliseconds. Default: 0. It moves by `advanceWallClockTime` only. */
  readonly initialWallClockTimeMs?: number
  /**
   * Partitions of the topics that the topology reads, for all or by name; default 1. With 1 everywhere there is one task over all
   * sub-topologies, as in Java's driver; otherwise one for each sub-topology and partition, as in an application.
   */
  readonly partitions?: number | Readonly<Record<string, number>>
}

/**
 * Runs a topology in a test: no cluster, no waiting. What runs is the task of production over a broker in memory; each record is processed through
 * the whole topology, and committed, before the next.
 *
 * With one partition records are taken in order of time, lowest first, from all topics together. With several, tasks take turns in the order of
 * sub-topology and partition, each with one record. Caches are off (`cacheBytes: 0`), so every update of a table is seen; windows that close are looked for
 * with each record (`emitIntervalMs: 0`).
 *
 * @example
 * const driver = new TopologyTestDriver(builder.build())
 * const words = driver.createInputTopic('words', { key: serdes.string(), value: serdes.string() })
 * const counts = driver.createOutputTopic('counts', { key: serdes.string(), value: serdes.long() })
 * await words.pipeInput({ key: null, value: 'to be or not to be', timestamp: 0 })
 * expect(counts.readKeyValuesToMap()).toEqual(new Map([['to', 2], ['be', 2], ['or', 1], ['not', 1]]))
 * await driver.close()
 */
export class TopologyTestDriver implements AsyncDisposable {
  readonly #topology: PhysicalTopology
  readonly #engine: DriverEngine
  readonly #ready: Promise<void>
  readonly #partitionCount: (topic: string) => number
  #closed: Promise<void> | undefined

  /** @throws InvalidConfigError `STREAMS_INVALID_CONFIG`; what `build()` of the topology throws. */
  constructor(topology: Topology, options: TestDriverOptions = {}) {
    const { applicationId = 'test-driver', initialWallClockTimeMs = 0, partitions = 1, ...config } = options
    this.#partitionCount = (topic) => (typeof partitions === 'number' ? partitions : (partitions[topic] ?? 1))
    const single = typeof partitions === 'number' ? partitions === 1 : Object.values(partitions).every((n) => n === 1)
    const physical = topology.physical()
    this.#topology = single ? asOneTask(physical) : physical
    this.#engine = new DriverEngine(this.#topology, {
      config: { ...config, applicationId },
      partitionCount: this.#partitionCount,
      wallClockMs: initialWallClockTimeMs,
    })
    this.#ready = this.#engine.start()
    // Whoever uses the driver gets it.
    this.#ready.catch(() => {})
  }

  /**
   * A topic to pipe records into. Serdes may be left out where the topology's source has them.
   *
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: no source of the topology reads the topic.
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
      pipe: async (...record) => {
        await this.#ready
        await this.#engine.pipe(topic, ...record)
      },
    })
  }

  /**
   * A topic to read what the topology wrote: a sink's, or an internal one by its full name. Each one reads the topic from its start. Serdes may be left out where
   * the topology's sink has them.
   */
  createOutputTopic<K = any, V = any>(topic: string, options: OutputTopicOptions<K, V> = {}): TestOutputTopic<K, V> {
    const sink = this.#nodes('sink').find(
      (node) => typeof node.topic !== 'function' && this.#engine.nameOf(node.topic) === topic,
    )
    const { key, value } = serdesOf('createOutputTopic', topic, options, sink)
    return new TestOutputTopic<K, V>({ topic, key, value, read: (from) => this.#read(topic, from) })
  }

  /** Moves the wall clock on, once, by `ms`: punctuations that are due fire. */
  async advanceWallClockTime(ms: number): Promise<void> {
    await this.#ready
    await this.#engine.advanceWallClock(ms)
  }

  /** The store of this name; undefined if there is none. Of several tasks that of the given partition, by default 0. */
  getStateStore<S extends StateStore = StateStore>(name: string, partition = 0): S | undefined {
    const found = this.#engine.stores().find((each) => each.name === name && each.partition === partition)
    return found?.store as S | undefined
  }

  getKeyValueStore<K, V>(name: string, partition?: number): KeyValueStore<K, V> | undefined {
    return this.getStateStore(name, partition)
  }

  getTimestampedKeyValueStore<K, V>(name: string, partition?: number): TimestampedKeyValueStore<K, V> | undefined {
    return this.getStateStore(name, partition)
  }

  getWindowStore<K, V>(name: string, partition?: number): WindowStore<K, V> | undefined {
    return this.getStateStore(name, partition)
  }

  getTimestampedWindowStore<K, V>(name: string, partition?: number): TimestampedWindowStore<K, V> | undefined {
    return this.getStateStore(name, partition)
  }

  getSessionStore<K, A>(name: string, partition?: number): SessionStore<K, A> | undefined {
    return this.getStateStore(name, partition)
  }

  getVersionedKeyValueStore<K, V>(name: string, partition?: number): VersionedKeyValueStore<K, V> | undefined {
    return this.getStateStore(name, partition)
  }

  /** The names of all stores, sorted. */
  getAllStateStoreNames(): readonly string[] {
    return [...new Set(this.#engine.stores().map(({ name }) => name))].sort()
  }

  /** The names of all topics that the topology has written so far, sorted: sinks', repartition topics and changelogs. */
  producedTopicNames(): readonly string[] {
    return this.#engine.producedTopicNames()
  }

  /** Counts of records processed and dropped, and of commits. */
  metrics(): MetricsSnapshot {
    return this.#engine.metrics.snapshot()
  }

  /** Closes processors and stores. Closing twice does nothing. */
  close(): Promise<void> {
    this.#closed ??= this.#ready.catch(() => {}).then(() => this.#engine.close())
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
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
