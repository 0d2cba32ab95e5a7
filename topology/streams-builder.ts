import type { StoreBuilder } from '../stores/store.ts'
import { checkOptions } from './check-options.ts'
import { checkOffsetReset } from './checks.ts'
import { InvalidArgumentError } from './errors.ts'
import type { GlobalKTable } from './global-ktable.ts'
import { globalStore, globalTable } from './global-table.ts'
import { LogicalGraph } from './graph/logical-graph.ts'
import { StateStoreNode } from './graph/state-store-node.ts'
import { StreamSourceNode } from './graph/stream-source-node.ts'
import { madeBy } from './known-serde.ts'
import { KStream } from './kstream.ts'
import type { KTable } from './ktable.ts'
import { checkStoreName, checkTopicName } from './names.ts'
import { optimizationsOf } from './optimizations.ts'
import { BUILD, STREAM } from './option-names.ts'
import type { BuildOptions, GlobalStoreOptions, GlobalTableOptions, StreamOptions, TableOptions } from './options.ts'
import { sourceTable } from './source-table.ts'
import { Topology } from './topology.ts'

/**
 * Where a topology starts: it gives streams and tables, whose verbs do the rest, and builds what KafkaStreams runs.
 *
 * @example
 * const builder = new StreamsBuilder()
 * builder
 *   .stream('lines', { key: serdes.string(), value: serdes.string() })
 *   .flatMapValues((line) => line.toLowerCase().split(/\W+/), { value: serdes.string() })
 *   .groupBy((word) => word, { key: serdes.string() })
 *   .count({ store: 'word-counts' })
 *   .toStream()
 *   .to('word-counts')
 * const topology = builder.build()
 */
export class StreamsBuilder {
  readonly #graph = new LogicalGraph()

  /**
   * Reads a topic, or several as one stream. Reading the same topics twice gives two streams of one source node, which must have the same
   * settings.
   *
   * A pattern reads every topic whose whole name matches it, but for Kafka's internal ones and the application's own; topics that come up later are found within
   * `metadataMaxAgeMs`. Their partition counts may differ, and are not compared with those of other topics.
   *
   * @throws InvalidTopicNameError `STREAMS_INVALID_TOPIC_NAME`: Kafka allows no topic of this name.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: no topic, or an unknown `offsetReset`.
   * @example
   * const flights = builder.stream('flights', {
   *   key: serdes.string(),
   *   value: serdes.json<Flight>(),
   *   timestamp: (record) => record.value.at,
   * })
   */
  stream<K, V>(topics: string | readonly string[] | RegExp, options: StreamOptions<K, V>): KStream<K, V> {
    checkOptions('stream', options, STREAM)
    const { key, value, timestamp, offsetReset, name: given }: Partial<StreamOptions<K, V>> = options ?? {}
    const list = topics instanceof RegExp ? topics : typeof topics === 'string' ? [topics] : [...(topics ?? [])]
    if (!(list instanceof RegExp)) {
      if (list.length === 0) throw new InvalidArgumentError('stream', 'needs at least one topic.')
      for (const topic of list) checkTopicName(topic)
    }
    checkOffsetReset('stream', offsetReset)
    const name = this.#graph.names.nodeOr(given, 'KSTREAM-SOURCE-')
    const node = new StreamSourceNode(name, list, { key, value, timestamp, offsetReset })
    this.#graph.add(node, this.#graph.root)
    return new KStream<K, V>({
      graph: this.#graph,
      node,
      key: madeBy(name, 'stream', key),
      value: madeBy(name, 'stream', value),
      sources: new Set([node]),
      rekeyed: false,
    })
  }

  /**
   * Reads a topic as a table: each record is the new value of its key, a null value a delete. Records with a null key are dropped (counted).
   *
   * The table is kept in a store if one is asked for, here or by a verb that needs its values (a join, a grouping); its changelog is an internal topic, or
   * the topic itself with the optimization `reuse.ktable.source.topics`.
   *
   * @throws InvalidTopicNameError `STREAMS_INVALID_TOPIC_NAME`: Kafka allows no topic of this name.
   * @example
   * const prices = builder.table('prices', { key: serdes.string(), value: serdes.double(), store: 'prices' })
   */
  table<K, V>(topic: string, options: TableOptions<K, V>): KTable<K, V> {
    checkTopicName(topic)
    return sourceTable(this.#graph, topic, options ?? {})
  }

  /**
   * Reads a topic as a table of which every instance holds the whole, all partitions: for joins by any key, without repartitioning. Meant for tables that are small and change
   * seldom.
   *
   * The table is read to its end before any task starts, and followed from then on. It has no changelog: the topic, which should be compacted, is what it is restored from; a restart
   * goes on where the state directory has left off. Records with a null key are dropped (counted). With several partitions there is no order between their records.
   *
   * @example
   * const airports = builder.globalTable('airports', { key: serdes.string(), value: serdes.json<Airport>(), store: 'airports' })
   */
  globalTable<K, V>(topic: string, options: GlobalTableOptions<K, V>): GlobalKTable<K, V> {
    checkTopicName(topic)
    return globalTable(this.#graph, topic, options ?? {})
  }

  /**
   * Adds a store of which every instance holds the whole, filled by a processor of one's own from all partitions of a topic. All other processors may read it, without naming it, and
   * none may write it.
   *
   * It has no changelog: after a restart the processor goes on with the records that came since its last commit; it may see some of them again, so it must not count.
   *
   * @example
   * builder.addGlobalStore(stores.keyValue('limits', { key: serdes.string(), value: serdes.long() }), 'limits', {
   *   key: serdes.string(),
   *   value: serdes.long(),
   *   create: (context) => {
   *     const limits = context.store<KeyValueStore<string, number>>('limits')
   *     return { process: ({ key, value }) => limits.put(key, value) }
   *   },
   * })
   */
  addGlobalStore<K, V>(store: StoreBuilder, topic: string, options: GlobalStoreOptions<K, V>): this {
    checkStoreName(store?.name)
    checkTopicName(topic)
    globalStore(this.#graph, store, topic, options ?? {})
    return this
  }

  /**
   * Adds a store that several processors share: they name it in their `stores`. A store of one processor needs no adding.
   *
   * @example
   * builder.addStateStore(stores.keyValue('limits', { key: serdes.string(), value: serdes.long() }))
   */
  addStateStore(store: StoreBuilder): this {
    checkStoreName(store?.name)
    this.#graph.add(new StateStoreNode(store), this.#graph.root)
    return this
  }

  /**
   * Checks the whole topology and gives what KafkaStreams and TopologyTestDriver run. May be called again after more verbs.
   *
   * @throws MissingSerdeError `STREAMS_MISSING_SERDE`: keys or values are to be read, written or stored, and no verb has given a serde.
   * @throws StreamsError of other kinds: equal names, unknown or unused stores, one topic read in two ways, no source at all.
   */
  build(options: BuildOptions = {}): Topology {
    checkOptions('build', options, BUILD)
    const definition = this.#graph.write(optimizationsOf(options))
    definition.check()
    return new Topology(definition)
  }
}
