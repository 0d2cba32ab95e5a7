import type {
  Action,
  FlatMapper,
  FlatValueMapper,
  KeySelector,
  KeyValueMapper,
  Predicate,
  ValueJoiner,
  ValueMapper,
} from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { distinct } from './distinct.ts'
import { GlobalKTable } from './global-ktable.ts'
import type { GraphNodeTraits } from './graph/graph-node.ts'
import { ProcessorGraphNode } from './graph/processor-graph-node.ts'
import { StreamSinkNode } from './graph/stream-sink-node.ts'
import { KGroupedStream } from './kgrouped-stream.ts'
import { givenOr, madeBy } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { merge, streamPartsOf } from './merge.ts'
import { checkNodeName } from './names.ts'
import { GROUP, KEY, KEY_VALUE, NAMED, PRINT, PROCESS, PROCESS_VALUES, SINK, VALUE } from './option-names.ts'
import type {
  DistinctOptions,
  GroupOptions,
  KeyOptions,
  KeyValueOptions,
  MaterializeOptions,
  NamedOptions,
  PrintOptions,
  ProcessOptions,
  ProcessValuesOptions,
  RepartitionOptions,
  SinkOptions,
  StreamTableJoinOptions,
  ValueOptions,
} from './options.ts'
import type { ProcessorSupplier } from './processor.ts'
import { FilterProcessor } from './processors/filter.ts'
import { FilterNotProcessor } from './processors/filter-not.ts'
import { FlatMapProcessor } from './processors/flat-map.ts'
import { FlatMapValuesProcessor } from './processors/flat-map-values.ts'
import { ForeachProcessor } from './processors/foreach.ts'
import { MapProcessor } from './processors/map.ts'
import { MapValuesProcessor } from './processors/map-values.ts'
import { PeekProcessor } from './processors/peek.ts'
import { PrintProcessor } from './processors/print.ts'
import { ProcessValuesProcessor } from './processors/process-values.ts'
import { SelectKeyProcessor } from './processors/select-key.ts'
import { UserProcessor } from './processors/user-processor.ts'
import { repartition } from './repartition.ts'
import { sinkTopic, type TopicChooser } from './sink-topic.ts'
import { type BranchCondition, type Branches, split } from './split.ts'
import { streamGlobalJoin } from './stream-global-join.ts'
import { streamJoin } from './stream-join.ts'
import type { StreamJoinOptions } from './stream-join-options.ts'
import { parts, type StreamParts } from './stream-parts.ts'
import { streamTableJoin } from './stream-table-join.ts'
import { toTable } from './to-table.ts'

const KEYS: GraphNodeTraits = { changesKeys: true }
const VALUES: GraphNodeTraits = { changesValues: true }
// Java says so of `process`, and VALUES of `processValues`, with its fix `__enable.process.processValue.fix__` alone: otherwise it merges repartitions across them, and they get, or
// give, what is in the wrong partition or of the wrong type.
const ANYTHING: GraphNodeTraits = { ...KEYS, ...VALUES }

/**
 * A stream of independent records. Each verb adds a node to the topology and gives a new stream; nothing runs until KafkaStreams is started.
 *
 * Callbacks take `(value, key, record)`; `record` has the timestamp, headers and origin. They may return promises (see Awaitable), should be
 * pure, and what they throw reaches the application's handlers as it is. Keys and values may be null where topics hold nulls.
 *
 * A verb that changes keys does not move records. The next verb that needs all records of a key in one place (an aggregation) sends them
 * through an internal *repartition* topic first.
 *
 * A verb throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` at once for a callback that is none, an option that it does not have, or a stream of another StreamsBuilder. Names that
 * Kafka does not allow (`STREAMS_INVALID_NODE_NAME`, `STREAMS_INVALID_STORE_NAME`) and serdes that are missing (`STREAMS_MISSING_SERDE`) come out in `build()` at the latest.
 *
 * @example
 * builder
 *   .stream('words', { key: serdes.string(), value: serdes.string() })
 *   .filter((word) => word.length > 2)
 *   .to('long-words')
 */
export class KStream<K, V> {
  /** Not for users. */
  readonly [parts]: StreamParts<K, V>

  /** Made by `StreamsBuilder.stream` and by the verbs that give a stream. */
  constructor(streamParts: StreamParts<K, V>) {
    this[parts] = streamParts
  }

  /**
   * Keeps the records that the predicate accepts.
   *
   * @example
   * orders.filter((order) => order.total > 100)
   */
  filter(predicate: Predicate<K, V>, options: NamedOptions = {}): KStream<K, V> {
    checkCallback('filter', predicate)
    checkOptions('filter', options, NAMED)
    const name = this.#name('KSTREAM-FILTER-', options)
    return this.#then(name, () => new FilterProcessor(name, predicate))
  }

  /**
   * Drops the records that the predicate accepts.
   *
   * @example
   * orders.filterNot((order) => order.test)
   */
  filterNot(predicate: Predicate<K, V>, options: NamedOptions = {}): KStream<K, V> {
    checkCallback('filterNot', predicate)
    checkOptions('filterNot', options, NAMED)
    const name = this.#name('KSTREAM-FILTER-', options)
    return this.#then(name, () => new FilterNotProcessor(name, predicate))
  }

  /**
   * Gives each record another key and value, returned as `[key, value]`. Keys count as changed: a repartition topic may follow.
   *
   * @example
   * orders.map((order, id) => [order.customer, { id, total: order.total }], { key: serdes.string(), value: serdes.json() })
   */
  map<KR, VR>(mapper: KeyValueMapper<K, V, KR, VR>, options: KeyValueOptions<KR, VR> = {}): KStream<KR, VR> {
    checkCallback('map', mapper)
    checkOptions('map', options, KEY_VALUE)
    const name = this.#name('KSTREAM-MAP-', options)
    return this.#then(name, () => new MapProcessor(name, mapper), KEYS, {
      key: madeBy(name, 'map', options.key),
      value: madeBy(name, 'map', options.value),
      rekeyed: true,
    })
  }

  /**
   * Gives each record another value. Keys stay, so prefer this to `map`.
   *
   * @example
   * orders.mapValues((order) => order.total, { value: serdes.double() })
   */
  mapValues<VR>(mapper: ValueMapper<K, V, VR>, options: ValueOptions<VR> = {}): KStream<K, VR> {
    checkCallback('mapValues', mapper)
    checkOptions('mapValues', options, VALUE)
    const name = this.#name('KSTREAM-MAPVALUES-', options)
    const value = madeBy(name, 'mapValues', options.value)
    return this.#then(name, () => new MapValuesProcessor(name, mapper), VALUES, { value })
  }

  /**
   * Makes any number of records of each: the mapper returns an iterable of `[key, value]`. Keys count as changed.
   *
   * @example
   * orders.flatMap((order) => order.lines.map((line) => [line.product, line.quantity]))
   */
  flatMap<KR, VR>(mapper: FlatMapper<K, V, KR, VR>, options: KeyValueOptions<KR, VR> = {}): KStream<KR, VR> {
    checkCallback('flatMap', mapper)
    checkOptions('flatMap', options, KEY_VALUE)
    const name = this.#name('KSTREAM-FLATMAP-', options)
    return this.#then(name, () => new FlatMapProcessor(name, mapper), KEYS, {
      key: madeBy(name, 'flatMap', options.key),
      value: madeBy(name, 'flatMap', options.value),
      rekeyed: true,
    })
  }

  /**
   * Makes any number of records of each, under the same key: the mapper returns an iterable of values.
   *
   * @example
   * lines.flatMapValues((line) => line.split(' '), { value: serdes.string() })
   */
  flatMapValues<VR>(mapper: FlatValueMapper<K, V, VR>, options: ValueOptions<VR> = {}): KStream<K, VR> {
    checkCallback('flatMapValues', mapper)
    checkOptions('flatMapValues', options, VALUE)
    const name = this.#name('KSTREAM-FLATMAPVALUES-', options)
    const value = madeBy(name, 'flatMapValues', options.value)
    return this.#then(name, () => new FlatMapValuesProcessor(name, mapper), VALUES, { value })
  }

  /**
   * Gives each record another key: a repartition topic may follow.
   *
   * @example
   * orders.selectKey((order) => order.customer, { key: serdes.string() })
   */
  selectKey<KR>(selector: KeySelector<K, V, KR>, options: KeyOptions<KR> = {}): KStream<KR, V> {
    checkCallback('selectKey', selector)
    checkOptions('selectKey', options, KEY)
    const name = this.#name('KSTREAM-KEY-SELECT-', options)
    const key = madeBy(name, 'selectKey', options.key)
    return this.#then(name, () => new SelectKeyProcessor(name, selector), KEYS, { key, rekeyed: true })
  }

  /**
   * Shows each record to an action and goes on with it, unchanged: for logs and counters. After a crash records may be shown again.
   *
   * @example
   * orders.peek((order, id) => log.debug({ id }, 'order'))
   */
  peek(action: Action<K, V>, options: NamedOptions = {}): KStream<K, V> {
    checkCallback('peek', action)
    checkOptions('peek', options, NAMED)
    const name = this.#name('KSTREAM-PEEK-', options)
    return this.#then(name, () => new PeekProcessor(action))
  }

  /**
   * Ends the stream with an action for each record. What the action does is outside of transactions: after a crash it may be done again.
   *
   * @example
   * alerts.foreach(async (alert) => { await pager.send(alert) })
   */
  foreach(action: Action<K, V>, options: NamedOptions = {}): void {
    checkCallback('foreach', action)
    checkOptions('foreach', options, NAMED)
    const name = this.#name('KSTREAM-FOREACH-', options)
    this.#then(name, () => new ForeachProcessor(action))
  }

  /**
   * Ends the stream with a line of text for each record: for a first look.
   *
   * @example
   * orders.print({ label: 'orders' }) // [orders]: 17, {"total":12}
   */
  print(options: PrintOptions<K, V> = {}): void {
    checkOptions('print', options, PRINT)
    const { label = this[parts].node.name, format = printed, write = console.log } = options
    checkCallback('print', format)
    checkCallback('print', write)
    const name = this.#name('KSTREAM-PRINTER-', options)
    this.#then(name, () => new PrintProcessor(label, write, format))
  }

  /**
   * Drops duplicates (counted): of the records of one id within a stretch of event time the first one is let through. A repartition topic comes before it if a verb changed
   * keys; what was let through is remembered in a store. Not in Java.
   *
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: `withinMs` is no whole number of at least 1.
   * @example
   * payments.distinct({ withinMs: 3_600_000, id: (payment) => payment.requestId, idSerde: serdes.string() })
   */
  distinct<Id = K>(options: DistinctOptions<K, V, Id>): KStream<K, V> {
    return distinct(this, options)
  }

  /**
   * One stream of the records of two. The order between records of different topics is not defined. A serde is known further down only
   * if it is the same object in both streams.
   *
   * @example
   * const all = webOrders.merge(shopOrders)
   */
  merge<V2 = V>(other: KStream<K, V2>, options: NamedOptions = {}): KStream<K, V | V2> {
    return merge(this, other, options)
  }

  /**
   * Runs a processor of one's own: with stores, punctuations and full control of what is forwarded. Keys count as changed. The types of
   * what it forwards are those of this stream unless given by `key` and `value` or as type arguments.
   *
   * @example
   * const firstSeen = events.process({
   *   stores: [stores.keyValue('seen', { key: serdes.string(), value: serdes.long() })],
   *   create: (context) => {
   *     const seen = context.store<KeyValueStore<string, number>>('seen')
   *     return {
   *       process(record) {
   *         if (seen.get(record.key) !== undefined) return
   *         seen.put(record.key, record.timestamp)
   *         return context.forward(record)
   *       },
   *     }
   *   },
   * })
   */
  process<KOut = K, VOut = V>(options: ProcessOptions<K, V, KOut, VOut>): KStream<KOut, VOut> {
    checkCallback('process', options?.create)
    checkOptions('process', options, PROCESS)
    // As in Java a given name takes no number here.
    const name = options.name ?? this[parts].graph.names.node('KSTREAM-PROCESSOR-')
    checkNodeName(name)
    return this.#then(
      name,
      () => new UserProcessor(options.create),
      ANYTHING,
      {
        key: madeBy(name, 'process', options.key),
        value: madeBy(name, 'process', options.value),
        rekeyed: true,
      },
      options.stores,
    )
  }

  /**
   * As `process`, for a processor that gives records other values, more of them or none, but leaves keys as they are: no repartition follows.
   *
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`, when it runs: the processor forwarded another key.
   * @example
   * const numbered = events.processValues({
   *   stores: [stores.keyValue('counts', { key: serdes.string(), value: serdes.long() })],
   *   value: serdes.json<Numbered>(),
   *   create: (context) => {
   *     const counts = context.store<KeyValueStore<string, number>>('counts')
   *     return {
   *       process(record) {
   *         const n = (counts.get(record.key) ?? 0) + 1
   *         counts.put(record.key, n)
   *         return context.forward(record.withValue({ ...record.value, n }))
   *       },
   *     }
   *   },
   * })
   */
  processValues<VOut = V>(options: ProcessValuesOptions<K, V, VOut>): KStream<K, VOut> {
    checkCallback('processValues', options?.create)
    checkOptions('processValues', options, PROCESS_VALUES)
    const name = options.name ?? this[parts].graph.names.node('KSTREAM-PROCESSVALUES-')
    checkNodeName(name)
    const value = madeBy(name, 'processValues', options.value)
    const supplier = () => new ProcessValuesProcessor(name, options.create)
    return this.#then(name, supplier, VALUES, { value }, options.stores)
  }

  /**
   * Takes the stream apart: each record goes to the first branch whose predicate accepts it, or to the branch that is `'default'`; without one it is dropped.
   *
   * @returns An object with the names of the branches, and for each its stream.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: no branch; a default branch that is not the last; a name that is a number.
   * @example
   * const { fraud, ok } = payments.split({ fraud: (payment) => payment.score > 0.9, ok: 'default' })
   */
  split<B extends Readonly<Record<string, BranchCondition<K, V>>>>(
    branches: B,
    options: NamedOptions = {},
  ): Branches<K, V, B> {
    return split(this, branches, options)
  }

  /**
   * Joins each record with those of another stream that have the same key and lie close in time, whichever comes first. A result has the higher time of the two,
   * and the headers of the one that came last. Records with null keys or null values are dropped (counted).
   *
   * The records of both streams are kept in window stores, for the length of the window and its grace, and so much of the order in which they come does not matter.
   * A repartition topic comes before a stream whose keys a verb changed; both need equally many partitions.
   *
   * @throws NotCopartitionedError `STREAMS_NOT_COPARTITIONED`, when it starts: the partition counts differ.
   * @example
   * const attributed = clicks.join(impressions, (click, impression) => ({ ...click, campaign: impression.campaign }), {
   *   within: windows.join({ beforeMs: 300_000, afterMs: 0, graceMs: 60_000 }),
   *   value: serdes.json<Attributed>(),
   * })
   */
  join<VO, VR>(
    other: KStream<K, VO>,
    joiner: ValueJoiner<K, V, VO, VR>,
    options: StreamJoinOptions<K, V, VO, VR>,
  ): KStream<K, VR>
  /**
   * Joins each record with what a table holds for its key now (or held at the record's time, if the table is versioned). Updates of the table give no results. Results keep
   * the record's time. Records with null keys or null values are dropped (counted), those without a match too.
   *
   * A repartition topic comes before it if a verb changed the stream's keys. Stream and table need equally many partitions.
   *
   * @throws NotCopartitionedError `STREAMS_NOT_COPARTITIONED`, when it starts: the partition counts differ.
   * @example
   * orders.join(customers, (order, customer) => ({ ...order, country: customer.country }), { value: serdes.json<Sale>() })
   */
  join<VT, VR>(
    table: KTable<K, VT>,
    joiner: ValueJoiner<K, V, VT, VR>,
    options?: StreamTableJoinOptions<K, V, VT, VR>,
  ): KStream<K, VR>
  /**
   * Joins each record with what a global table holds for a key made of it. The table is read on its own, ahead of the stream or behind it: there is no order of time between
   * the two. Records whose selected key or value is null, and those without a match, are dropped.
   *
   * @param keySelector - Makes the table's key; it may be called again for the same record.
   * @example
   * flights.join(airports, (flight) => flight.destination, (flight, airport) => ({ ...flight, city: airport.city }))
   */
  join<KG, VG, VR>(
    table: GlobalKTable<KG, VG>,
    keySelector: KeySelector<K, V, KG | null>,
    joiner: ValueJoiner<K, V, VG, VR>,
    options?: ValueOptions<VR>,
  ): KStream<K, VR>
  join(other: any, ...rest: readonly any[]): KStream<K, any> {
    return this.#join('inner', other, rest)
  }

  /**
   * As `join`, and each record of this stream that finds no match gives a result with null for the other side: when its window and the grace have passed,
   * with the next record that moves stream time on; at once if it is late already, or if its key is null.
   *
   * @example
   * const answered = requests.leftJoin(responses, (request, response) => ({ ...request, answer: response?.text ?? null }), {
   *   within: windows.join({ beforeMs: 0, afterMs: 30_000, graceMs: 5_000 }),
   * })
   */
  leftJoin<VO, VR>(
    other: KStream<K, VO>,
    joiner: ValueJoiner<K, V, VO | null, VR>,
    options: StreamJoinOptions<K, V, VO, VR>,
  ): KStream<K, VR>
  /**
   * As `join` with a table, and records without a match give a result with null for the table, also those with a null key.
   *
   * @example
   * orders.leftJoin(customers, (order, customer) => ({ ...order, country: customer?.country ?? 'unknown' }))
   */
  leftJoin<VT, VR>(
    table: KTable<K, VT>,
    joiner: ValueJoiner<K, V, VT | null, VR>,
    options?: StreamTableJoinOptions<K, V, VT, VR>,
  ): KStream<K, VR>
  /**
   * As `join` with a global table, and records without a match give a result with null for the table. A null for the selected key is taken for "no match" only of records
   * whose own key is null, as in Java; others are dropped (counted).
   *
   * @example
   * flights.leftJoin(airports, (flight) => flight.destination, (flight, airport) => ({ ...flight, city: airport?.city ?? '?' }))
   */
  leftJoin<KG, VG, VR>(
    table: GlobalKTable<KG, VG>,
    keySelector: KeySelector<K, V, KG | null>,
    joiner: ValueJoiner<K, V, VG | null, VR>,
    options?: ValueOptions<VR>,
  ): KStream<K, VR>
  leftJoin(other: any, ...rest: readonly any[]): KStream<K, any> {
    return this.#join('left', other, rest)
  }

  /**
   * As `leftJoin`, for the records of both streams: of each result one side may be null, but not both.
   *
   * @example
   * const differences = booked.outerJoin(billed, (booking, bill) => ({ booking, bill }), { within: windows.join({ withinMs: 3_600_000 }) })
   */
  outerJoin<VO, VR>(
    other: KStream<K, VO>,
    joiner: ValueJoiner<K, V | null, VO | null, VR>,
    options: StreamJoinOptions<K, V, VO, VR>,
  ): KStream<K, VR> {
    return new KStream(streamJoin(this[parts], streamPartsOf('outerJoin', other), 'outer', joiner, options))
  }

  /**
   * Reads the stream as a table: each record is the new value of its key, a null value a delete. Records with a null key are dropped (counted). A repartition
   * topic comes before it if a verb changed keys.
   *
   * @example
   * const latest = readings.toTable({ store: 'latest-readings' })
   */
  toTable(options: MaterializeOptions<K, V> = {}): KTable<K, V> {
    return toTable(this, options)
  }

  /**
   * Sends the records through an internal topic, and goes on with what is read from it: to spread work over more partitions, or to have
   * one repartition topic for several verbs after a change of keys. Records with a null key are dropped (counted).
   *
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: `partitionCount` is no whole number of at least 1.
   * @example
   * clicks.selectKey((click) => click.user).repartition({ name: 'by-user', key: serdes.string(), partitionCount: 12 })
   */
  repartition(options: RepartitionOptions<K, V> = {}): KStream<K, V> {
    return repartition(this, options)
  }

  /**
   * Groups the records by their present key, for an aggregation. A repartition topic comes before it only if a verb changed keys.
   *
   * @example
   * clicks.groupByKey().count()
   */
  groupByKey(options: GroupOptions<K, V> = {}): KGroupedStream<K, V> {
    checkOptions('groupByKey', options, GROUP)
    if (options.name !== undefined) checkNodeName(options.name)
    const key = givenOr<K>(options.key, this[parts].key)
    const value = givenOr<V>(options.value, this[parts].value)
    return new KGroupedStream({ ...this[parts], key, value }, options.name, 'groupByKey')
  }

  /**
   * Groups the records by a key made of each, for an aggregation: `selectKey`, then `groupByKey`. A repartition topic comes before it.
   *
   * @example
   * flights.groupBy((flight) => flight.origin, { key: serdes.string() }).count()
   */
  groupBy<KR>(selector: KeySelector<K, V, KR>, options: GroupOptions<KR, V> = {}): KGroupedStream<KR, V> {
    checkCallback('groupBy', selector)
    checkOptions('groupBy', options, GROUP)
    const name = this.#name('KSTREAM-KEY-SELECT-', options)
    const rekeyed = this.#then(name, () => new SelectKeyProcessor(name, selector), KEYS, {
      key: madeBy<KR>(name, 'groupBy', options.key),
      value: givenOr<V>(options.value, this[parts].value),
      rekeyed: true,
    })
    return new KGroupedStream(rekeyed[parts], options.name, 'groupBy')
  }

  /**
   * Writes each record, with its timestamp and headers, to a topic, or to one chosen by record. Topics must exist: they are not created.
   *
   * @throws InvalidTopicNameError `STREAMS_INVALID_TOPIC_NAME`, by `build()`: Kafka allows no topic of this name.
   * @example
   * orders.to('checked-orders')
   * orders.to((order) => `orders-${order.country}`, { key: serdes.string() })
   */
  to(topic: string | TopicChooser<K, V>, options: SinkOptions<K, V> = {}): void {
    checkOptions('to', options, SINK)
    const { graph, node, key, value } = this[parts]
    const name = this.#name('KSTREAM-SINK-', options)
    const sink = new StreamSinkNode(name, sinkTopic(topic), {
      key: givenOr<K>(options.key, key),
      value: givenOr<V>(options.value, value),
      partitioner: options.partitioner,
    })
    graph.add(sink, node)
  }

  #join(type: 'inner' | 'left', other: unknown, rest: readonly any[]): KStream<K, any> {
    if (other instanceof GlobalKTable) {
      const [keySelector, joiner, options = {}] = rest
      return streamGlobalJoin(this, other, type, keySelector, joiner, options)
    }
    const [joiner, options = {}] = rest
    if (other instanceof KTable) return streamTableJoin(this, other, type, joiner, options)
    const method = type === 'left' ? 'leftJoin' : 'join'
    return new KStream(streamJoin(this[parts], streamPartsOf(method, other), type, joiner, options))
  }

  #name(prefix: string, options: NamedOptions): string {
    return this[parts].graph.names.nodeOr(options.name, prefix)
  }

  #then<KR = K, VR = V>(
    name: string,
    supplier: ProcessorSupplier,
    traits: GraphNodeTraits = {},
    change: Partial<Pick<StreamParts<KR, VR>, 'key' | 'value' | 'rekeyed'>> = {},
    stores: ProcessOptions<K, V, KR, VR>['stores'] = [],
  ): KStream<KR, VR> {
    const before = this[parts] as StreamParts<unknown, unknown> as StreamParts<KR, VR>
    const node = new ProcessorGraphNode(name, supplier, traits, stores)
    before.graph.add(node, before.node)
    return new KStream<KR, VR>({ ...before, ...change, node })
  }
}

function printed(value: unknown, key: unknown): string {
  const text = (data: unknown) => (typeof data === 'object' ? JSON.stringify(data) : String(data))
  return `${text(key)}, ${text(value)}`
}
