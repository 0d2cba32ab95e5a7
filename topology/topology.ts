import type { Serde } from '../lib/serde/serde.ts'
import type { StoreBuilder } from '../stores/store.ts'
import { buildPhysical } from './build-physical.ts'
import { checkOptions, type OptionNames } from './check-options.ts'
import { checkCallback, checkOffsetReset } from './checks.ts'
import { type SourceDefinition, TopologyDefinition } from './definition.ts'
import { describeTopology } from './describe.ts'
import { mermaidTopology } from './describe-mermaid.ts'
import { InvalidArgumentError, MissingSerdeError } from './errors.ts'
import type { OffsetReset, PhysicalTopology, StreamPartitioner, TimestampExtractor } from './physical.ts'
import { type CreateProcessor, UserProcessor } from './processors/user-processor.ts'
import { sinkTopic, type TopicChooser } from './sink-topic.ts'

/** What a source node reads, and how. */
export interface AddSourceOptions<K, V> {
  /** Names, or a pattern: every topic whose whole name matches it (see StreamsBuilder.stream). */
  readonly topics: string | readonly string[] | RegExp
  /** Reads the keys. */
  readonly key: Serde<K>
  /** Reads the values. */
  readonly value: Serde<V>
  /** Event time of a record in epoch milliseconds. Default: the record's own timestamp. */
  readonly timestamp?: TimestampExtractor<K, V>
  /** Where a partition without a committed offset starts. Default: the application's. */
  readonly offsetReset?: OffsetReset
}

/** Where a processor node stands, and what runs in it. */
export interface AddProcessorOptions<KIn, VIn, KOut, VOut> {
  /** Sources or processors, added before, whose records this one gets. */
  readonly parents: string | readonly string[]
  /** Called once for each task, and again after an abort. Must make a new processor each time. */
  readonly create: CreateProcessor<KIn, VIn, KOut, VOut>
  /** Stores that the processor uses: builders, or names of stores added before. */
  readonly stores?: readonly (StoreBuilder | string)[]
}

/** A store that is filled from a topic, and what fills it. */
export interface AddFilledStoreOptions<K, V> {
  /** Names the source node. */
  readonly source: string
  /** Names the processor that fills the store. */
  readonly processor: string
  /** The topic that it is filled from. */
  readonly topic: string
  /** Reads the topic's keys. */
  readonly key: Serde<K>
  /** Reads the topic's values. */
  readonly value: Serde<V>
  /** Event time of a record in epoch milliseconds. Default: the record's own timestamp. */
  readonly timestamp?: TimestampExtractor<K, V>
  /** Makes the processor that puts the records into the store. */
  readonly create: CreateProcessor<K, V, never, never>
}

/** What a sink node writes, and where to. */
export interface AddSinkOptions<K, V> {
  /** Sources or processors, added before, whose records are written. */
  readonly parents: string | readonly string[]
  /** The topic, or how to choose one by record. Topics must exist: they are not created. */
  readonly topic: string | TopicChooser<K, V>
  /** Writes the keys. */
  readonly key: Serde<K>
  /** Writes the values. */
  readonly value: Serde<V>
  /** Default: murmur2 of the key's bytes, as in Java. */
  readonly partitioner?: StreamPartitioner<K, V>
}

const SOURCE: OptionNames<AddSourceOptions<any, any>> = {
  topics: true,
  key: true,
  value: true,
  timestamp: true,
  offsetReset: true,
}
const PROCESSOR: OptionNames<AddProcessorOptions<any, any, any, any>> = { parents: true, create: true, stores: true }
const FILLED_STORE: OptionNames<AddFilledStoreOptions<any, any>> = {
  source: true,
  processor: true,
  topic: true,
  key: true,
  value: true,
  timestamp: true,
  create: true,
}
const SINK: OptionNames<AddSinkOptions<any, any>> = {
  parents: true,
  topic: true,
  key: true,
  value: true,
  partitioner: true,
}

/** How a topology is shown. */
export interface DescribeOptions {
  /** Default: `text`. */
  readonly format?: 'text' | 'mermaid'
}

/**
 * A graph of sources, processors and sinks, put together by hand (the Processor API) or by a StreamsBuilder.
 *
 * Nodes are added after their parents. Names must be unique, and of ASCII letters, digits, '.', '_' and '-', at most 249. Every method
 * throws the StreamsError that says what is wrong with its arguments.
 *
 * @example
 * const topology = new Topology()
 *   .addSource('lines', { topics: 'lines', key: serdes.string(), value: serdes.string() })
 *   .addProcessor<string, string, string, string>('upper', {
 *     parents: 'lines',
 *     create: (context) => ({ process: (record) => context.forward(record.withValue(record.value.toUpperCase())) }),
 *   })
 *   .addSink('shouts', { parents: 'upper', topic: 'shouts', key: serdes.string(), value: serdes.string() })
 */
export class Topology {
  readonly #definition: TopologyDefinition

  /** Users make an empty one; a StreamsBuilder hands over its definition. */
  constructor(definition: TopologyDefinition = new TopologyDefinition()) {
    this.#definition = definition
  }

  /**
   * Adds a node that reads topics.
   *
   * @throws DuplicateNodeError `STREAMS_DUPLICATE_NODE`: another node has this name.
   * @throws DuplicateSourceTopicError `STREAMS_DUPLICATE_SOURCE_TOPIC`: another source reads one of the topics.
   * @throws MissingSerdeError `STREAMS_MISSING_SERDE`: `key` or `value` is missing.
   * @example
   * topology.addSource('orders', { topics: 'orders', key: serdes.string(), value: serdes.json<Order>() })
   */
  addSource<K = any, V = any>(name: string, options: AddSourceOptions<K, V>): this {
    checkOptions('addSource', options ?? null, SOURCE)
    const { topics, timestamp, offsetReset } = options
    checkOffsetReset('addSource', offsetReset)
    this.#definition.addSource({
      name,
      topics: topics instanceof RegExp ? [] : asList(topics).map((topic) => ({ name: topic, internal: false })),
      pattern: topics instanceof RegExp ? topics : undefined,
      keySerde: serdeOf(name, options, 'key', 'addSource'),
      valueSerde: serdeOf(name, options, 'value', 'addSource'),
      timestampExtractor: timestamp,
      offsetReset,
    })
    return this
  }

  /**
   * Adds a processor below its parents. It forwards to all its children, or to one of them by name.
   *
   * @throws DuplicateNodeError `STREAMS_DUPLICATE_NODE`: another node has this name.
   * @throws UnknownParentError `STREAMS_UNKNOWN_PARENT`: a parent was not added before.
   * @throws UnknownStoreError `STREAMS_UNKNOWN_STORE`: `stores` names a store that was not added before.
   * @example
   * topology.addProcessor<string, Order, string, Order>('large', {
   *   parents: 'orders',
   *   create: (context) => ({ process: (record) => (record.value.total > 100 ? context.forward(record) : undefined) }),
   * })
   */
  addProcessor<KIn = any, VIn = any, KOut = any, VOut = any>(
    name: string,
    options: AddProcessorOptions<KIn, VIn, KOut, VOut>,
  ): this {
    checkOptions('addProcessor', options ?? null, PROCESSOR)
    const { parents, create, stores = [] } = options
    checkCallback('addProcessor', create)
    this.#definition.addProcessor({ name, parents: asList(parents), supplier: () => new UserProcessor(create) })
    for (const store of stores) {
      if (typeof store === 'string') this.#definition.connect(name, store)
      else this.#definition.addStore(store, [name])
    }
    return this
  }

  /**
   * Adds a node that writes its parents' records to a topic.
   *
   * @throws DuplicateNodeError `STREAMS_DUPLICATE_NODE`: another node has this name.
   * @throws UnknownParentError `STREAMS_UNKNOWN_PARENT`: a parent was not added before.
   * @throws MissingSerdeError `STREAMS_MISSING_SERDE`: `key` or `value` is missing.
   * @example
   * topology.addSink('large-orders', { parents: 'large', topic: 'large-orders', key: serdes.string(), value: serdes.json<Order>() })
   */
  addSink<K = any, V = any>(name: string, options: AddSinkOptions<K, V>): this {
    checkOptions('addSink', options ?? null, SINK)
    const { parents, partitioner } = options
    const { topic, label } = sinkTopic(options.topic)
    this.#definition.addSink({
      name,
      parents: asList(parents),
      topic,
      topicLabel: label,
      keySerde: serdeOf(name, options, 'key', 'addSink'),
      valueSerde: serdeOf(name, options, 'value', 'addSink'),
      partitioner,
    })
    return this
  }

  /**
   * Adds a store and connects it to processors added before; more can be connected later.
   *
   * @throws DuplicateStoreError `STREAMS_DUPLICATE_STORE`: another store has this name.
   * @throws UnknownProcessorError `STREAMS_UNKNOWN_PROCESSOR`: a processor was not added before.
   * @example
   * topology.addStateStore(stores.keyValue('totals', { key: serdes.string(), value: serdes.double() }), 'large')
   */
  addStateStore(store: StoreBuilder, ...processors: readonly string[]): this {
    this.#definition.addStore(store, processors)
    return this
  }

  /**
   * Adds a store of which every instance holds the whole, filled from all partitions of a topic. All processors may read it, without being connected to it. See
   * `StreamsBuilder.addGlobalStore`.
   *
   * @example
   * topology.addGlobalStore(stores.keyValue('limits', { key: serdes.string(), value: serdes.long() }), {
   *   source: 'limits-source', processor: 'limits-processor', topic: 'limits',
   *   key: serdes.string(), value: serdes.long(),
   *   create: (context) => {
   *     const limits = context.store<KeyValueStore<string, number>>('limits')
   *     return { process: ({ key, value }) => limits.put(key, value) }
   *   },
   * })
   */
  addGlobalStore<K, V>(store: StoreBuilder, options: AddFilledStoreOptions<K, V>): this {
    checkOptions('addGlobalStore', options ?? null, FILLED_STORE)
    const { processor: name, create } = options
    checkCallback('addGlobalStore', create)
    const source = filledFrom(options, 'addGlobalStore', 'earliest')
    this.#definition.addGlobalStore(store, source, { name, supplier: () => new UserProcessor(create) })
    return this
  }

  /**
   * Adds a store that a processor of its own fills from a topic, which serves as the store's changelog: each task has the part that its partition holds. Other processors are connected
   * to it by name, to read it. The processor has to put keys and values as they are: a lost store is restored from the topic without it, as in Java.
   *
   * @example
   * topology
   *   .addReadOnlyStateStore(stores.keyValue('prices', { key: serdes.string(), value: serdes.double() }), {
   *     source: 'prices-source', processor: 'prices-processor', topic: 'prices',
   *     key: serdes.string(), value: serdes.double(),
   *     create: (context) => {
   *       const prices = context.store<KeyValueStore<string, number>>('prices')
   *       return { process: ({ key, value }) => prices.put(key, value) }
   *     },
   *   })
   *   .connectProcessorAndStateStores('pricing', 'prices')
   */
  addReadOnlyStateStore<K, V>(store: StoreBuilder, options: AddFilledStoreOptions<K, V>): this {
    checkOptions('addReadOnlyStateStore', options ?? null, FILLED_STORE)
    const { processor: name, create } = options
    checkCallback('addReadOnlyStateStore', create)
    const source = filledFrom(options, 'addReadOnlyStateStore', undefined)
    this.#definition.addSource(source)
    this.#definition.addProcessor({ name, parents: [source.name], supplier: () => new UserProcessor(create) })
    this.#definition.addStore(store, [name])
    this.#definition.reuseAsChangelog(store.name, source.topics[0]!)
    return this
  }

  /**
   * Lets a processor use stores. Processors that share one run in the same task.
   *
   * @throws UnknownProcessorError `STREAMS_UNKNOWN_PROCESSOR`: the processor was not added before.
   * @throws UnknownStoreError `STREAMS_UNKNOWN_STORE`: a store was not added before.
   * @example
   * topology.connectProcessorAndStateStores('totals', 'totals', 'limits')
   */
  connectProcessorAndStateStores(processor: string, ...storeNames: readonly string[]): this {
    if (storeNames.length === 0) {
      throw new InvalidArgumentError('connectProcessorAndStateStores', 'needs at least one store name.')
    }
    for (const store of storeNames) this.#definition.connect(processor, store)
    return this
  }

  /**
   * The topology for people: sub-topologies, their nodes, what they read, write and keep. By default as text, equal to that which Java's
   * `Topology.describe()` gives for the same topology; or as a flowchart in Mermaid's language, which many Markdown viewers draw.
   *
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: an unknown format.
   * @example
   * console.log(builder.build().describe({ format: 'mermaid' }))
   */
  describe({ format = 'text' }: DescribeOptions = {}): string {
    switch (format) {
      case 'text':
        return describeTopology(this.#definition)
      case 'mermaid':
        return mermaidTopology(this.#definition)
      default:
        throw new InvalidArgumentError('describe', `format must be 'text' or 'mermaid', but is ${String(format)}.`)
    }
  }

  /**
   * The topology as KafkaStreams runs it.
   *
   * @throws EmptyTopologyError `STREAMS_EMPTY_TOPOLOGY`: it reads no topic.
   * @throws UnusedStoreError `STREAMS_UNUSED_STORE`: a store is connected to no processor.
   */
  physical(): PhysicalTopology {
    return buildPhysical(this.#definition)
  }
}

function asList(names: string | readonly string[] | undefined): readonly string[] {
  return typeof names === 'string' ? [names] : (names ?? [])
}

function filledFrom(
  options: AddFilledStoreOptions<any, any>,
  method: string,
  offsetReset: OffsetReset | undefined,
): SourceDefinition {
  const { source: name, topic, timestamp } = options
  return {
    name,
    topics: [{ name: topic, internal: false }],
    keySerde: serdeOf(name, options, 'key', method),
    valueSerde: serdeOf(name, options, 'value', method),
    timestampExtractor: timestamp,
    offsetReset,
  }
}

function serdeOf(
  node: string,
  options: { readonly key: Serde<any>; readonly value: Serde<any> },
  option: 'key' | 'value',
  method: string,
): Serde<any> {
  const serde: Serde<any> | undefined = options[option]
  if (serde !== undefined) return serde
  const purpose = method === 'addSink' ? 'writes to a topic' : 'reads topics'
  throw new MissingSerdeError({ node, option, purpose, method, origin: undefined })
}
