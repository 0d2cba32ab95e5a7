import type { Serde } from '../lib/serde/serde.ts'
import type { StoreBuilder } from '../stores/store.ts'
import { buildPhysical } from './build-physical.ts'
import { checkCallback, checkOffsetReset } from './checks.ts'
import { TopologyDefinition } from './definition.ts'
import { describeTopology } from './describe.ts'
import { InvalidArgumentError, MissingSerdeError } from './errors.ts'
import type { OffsetReset, PhysicalTopology, StreamPartitioner, TimestampExtractor } from './physical.ts'
import { type CreateProcessor, UserProcessor } from './processors/user-processor.ts'
import { sinkTopic, type TopicChooser } from './sink-topic.ts'

export interface AddSourceOptions<K, V> {
  readonly topics: string | readonly string[]
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** Event time of a record in epoch milliseconds. Default: the record's own timestamp. */
  readonly timestamp?: TimestampExtractor<K, V>
  /** Where a partition without a committed offset starts. Default: the application's. */
  readonly offsetReset?: OffsetReset
}

export interface AddProcessorOptions<KIn, VIn, KOut, VOut> {
  /** Sources or processors, added before, whose records this one gets. */
  readonly parents: string | readonly string[]
  /** Called once for each task, and again after an abort. Must make a new processor each time. */
  readonly create: CreateProcessor<KIn, VIn, KOut, VOut>
  /** Stores that the processor uses: builders, or names of stores added before. */
  readonly stores?: readonly (StoreBuilder | string)[]
}

export interface AddSinkOptions<K, V> {
  /** Sources or processors, added before, whose records are written. */
  readonly parents: string | readonly string[]
  /** The topic, or how to choose one by record. Topics must exist: they are not created. */
  readonly topic: string | TopicChooser<K, V>
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** Default: murmur2 of the key's bytes, as in Java. */
  readonly partitioner?: StreamPartitioner<K, V>
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

  /** Adds a node that reads topics. */
  addSource<K = any, V = any>(name: string, options: AddSourceOptions<K, V>): this {
    const { topics, timestamp, offsetReset } = options
    checkOffsetReset('addSource', offsetReset)
    this.#definition.addSource({
      name,
      topics: asList(topics).map((topic) => ({ name: topic, internal: false })),
      keySerde: serdeOf(name, options, 'key', 'addSource'),
      valueSerde: serdeOf(name, options, 'value', 'addSource'),
      timestampExtractor: timestamp,
      offsetReset,
    })
    return this
  }

  /** Adds a processor below its parents. It forwards to all its children, or to one of them by name. */
  addProcessor<KIn = any, VIn = any, KOut = any, VOut = any>(
    name: string,
    options: AddProcessorOptions<KIn, VIn, KOut, VOut>,
  ): this {
    const { parents, create, stores = [] } = options
    checkCallback('addProcessor', create)
    this.#definition.addProcessor({ name, parents: asList(parents), supplier: () => new UserProcessor(create) })
    for (const store of stores) {
      if (typeof store === 'string') this.#definition.connect(name, store)
      else this.#definition.addStore(store, [name])
    }
    return this
  }

  /** Adds a node that writes its parents' records to a topic. */
  addSink<K = any, V = any>(name: string, options: AddSinkOptions<K, V>): this {
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

  /** Adds a store and connects it to processors added before; more can be connected later. */
  addStateStore(store: StoreBuilder, ...processors: readonly string[]): this {
    this.#definition.addStore(store, processors)
    return this
  }

  /** Lets a processor use stores. Processors that share one run in the same task. */
  connectProcessorAndStateStores(processor: string, ...storeNames: readonly string[]): this {
    if (storeNames.length === 0) {
      throw new InvalidArgumentError('connectProcessorAndStateStores', 'needs at least one store name.')
    }
    for (const store of storeNames) this.#definition.connect(processor, store)
    return this
  }

  /**
   * The topology as text: sub-topologies, their nodes, what they read, write and keep. Equal to the text that Java's
   * `Topology.describe()` gives for the same topology.
   */
  describe(): string {
    return describeTopology(this.#definition)
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

function serdeOf(
  node: string,
  options: { readonly key: Serde<any>; readonly value: Serde<any> },
  option: 'key' | 'value',
  method: 'addSource' | 'addSink',
): Serde<any> {
  const serde: Serde<any> | undefined = options[option]
  if (serde !== undefined) return serde
  const purpose = method === 'addSource' ? 'reads topics' : 'writes to a topic'
  throw new MissingSerdeError({ node, option, purpose, method, origin: undefined })
}
