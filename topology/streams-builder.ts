import type { StoreBuilder } from '../stores/store.ts'
import { checkOffsetReset } from './checks.ts'
import { InvalidArgumentError } from './errors.ts'
import { LogicalGraph } from './graph/logical-graph.ts'
import { StateStoreNode } from './graph/state-store-node.ts'
import { StreamSourceNode } from './graph/stream-source-node.ts'
import { madeBy } from './known-serde.ts'
import { KStream } from './kstream.ts'
import type { KTable } from './ktable.ts'
import { checkStoreName, checkTopicName } from './names.ts'
import { optimizationsOf } from './optimizations.ts'
import type { BuildOptions, StreamOptions, TableOptions } from './options.ts'
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
   * @example
   * const flights = builder.stream('flights', {
   *   key: serdes.string(),
   *   value: serdes.json<Flight>(),
   *   timestamp: (record) => record.value.at,
   * })
   */
  stream<K, V>(topics: string | readonly string[], options: StreamOptions<K, V>): KStream<K, V> {
    const { key, value, timestamp, offsetReset, name: given }: Partial<StreamOptions<K, V>> = options ?? {}
    const list = typeof topics === 'string' ? [topics] : [...(topics ?? [])]
    if (list.length === 0) throw new InvalidArgumentError('stream', 'needs at least one topic.')
    for (const topic of list) checkTopicName(topic)
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
   * @example
   * const prices = builder.table('prices', { key: serdes.string(), value: serdes.double(), store: 'prices' })
   */
  table<K, V>(topic: string, options: TableOptions<K, V>): KTable<K, V> {
    checkTopicName(topic)
    return sourceTable(this.#graph, topic, options ?? {})
  }

  /**
   * Adds a store that several processors share: they name it in their `stores`. A store of one processor needs no adding.
   *
   * @example
   * builder.addStateStore(stores.keyValue('limits', { key: serdes.string(), value: serdes.long() }))
   */
  addStateStore(store: StoreBuilder): this {
    checkStoreName(store.name)
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
    const definition = this.#graph.write(optimizationsOf(options))
    definition.check()
    return new Topology(definition)
  }
}
