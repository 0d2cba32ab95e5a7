import type { Windowed } from '../lib/core/windowed.ts'
import type { ForeignKeySelector, TableGrouper, TablePredicate, TableValueMapper, ValueJoiner } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { foreignKeyJoin } from './foreign-key-join.ts'
import { ProcessorGraphNode } from './graph/processor-graph-node.ts'
import type { KGroupedTable } from './kgrouped-table.ts'
import { givenOr, madeBy } from './known-serde.ts'
import { KStream } from './kstream.ts'
import { NAMED } from './option-names.ts'
import type {
  ForeignKeyJoinOptions,
  KeyValueOptions,
  MaterializeOptions,
  NamedOptions,
  SuppressOptions,
  SuppressUntilTimeLimit,
  TransformValuesOptions,
} from './options.ts'
import { filterCompute, mapCompute } from './processors/table-computes.ts'
import { ToStreamProcessor } from './processors/to-stream.ts'
import { parts } from './stream-parts.ts'
import { suppress } from './suppress.ts'
import { tableGroupBy } from './table-group-by.ts'
import { tableJoin } from './table-join.ts'
import type { TableParts } from './table-parts.ts'
import { tableVerb } from './table-verb.ts'
import { transformValues } from './transform-values.ts'

/**
 * A table that changes: for each key its latest value. Each record of its input is an update of one key, a null value a delete.
 *
 * A table's own verbs make tables whose values are worked out when they are needed; give `store` to keep and query them.
 *
 * A verb throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` at once for a callback that is none, an option that it does not have, or a table of another StreamsBuilder. Names that
 * Kafka does not allow (`STREAMS_INVALID_NODE_NAME`, `STREAMS_INVALID_STORE_NAME`) and serdes that are missing (`STREAMS_MISSING_SERDE`) come out in `build()` at the latest.
 *
 * @example
 * const clicksByPage: KTable<string, number> = clicks.groupByKey().count({ store: 'clicks-by-page' })
 */
export class KTable<K, V> {
  /** The store to query by, if one was named. */
  readonly storeName: string | undefined
  /** Not for users. */
  readonly [parts]: TableParts<K, V>

  /** Made by the verbs that give a table. */
  constructor(tableParts: TableParts<K, V>, storeName: string | undefined) {
    this[parts] = tableParts
    this.storeName = storeName
  }

  /**
   * The entries whose value the predicate accepts. An update that it does not accept deletes the entry, if there was one.
   *
   * @example
   * const busy = clicksByPage.filter((clicks) => clicks > 100)
   */
  filter(predicate: TablePredicate<K, V>, options: MaterializeOptions<K, V> = {}): KTable<K, V> {
    checkCallback('filter', predicate)
    return this.#filter('filter', (name) => filterCompute(name, predicate, true), options)
  }

  /**
   * The entries whose value the predicate does not accept.
   *
   * @example
   * const real = orders.filterNot((order) => order.test)
   */
  filterNot(predicate: TablePredicate<K, V>, options: MaterializeOptions<K, V> = {}): KTable<K, V> {
    checkCallback('filterNot', predicate)
    return this.#filter('filterNot', (name) => filterCompute(name, predicate, false), options)
  }

  /**
   * The same keys with other values. The mapper is not asked about deletes, and asked again about old values where an operator downstream
   * needs them: it must be pure.
   *
   * @example
   * const totals = orders.mapValues((order) => order.total, { value: serdes.double() })
   */
  mapValues<VR>(mapper: TableValueMapper<K, V, VR>, options: MaterializeOptions<K, VR> = {}): KTable<K, VR> {
    checkCallback('mapValues', mapper)
    return tableVerb(this, {
      method: 'mapValues',
      prefix: 'KTABLE-MAPVALUES-',
      options,
      compute: (name) => mapCompute(name, mapper),
      value: (name) => madeBy<VR>(name, 'mapValues', options.value),
      dropEmpty: false,
    })
  }

  /**
   * As `mapValues`, with stores at hand: a transformer makes the value of each update, also of deletes (null). Without a `store` of its own it is asked again where the
   * table's values, or old values, are needed, so what it does should depend on value and key alone; give `store` where it does not.
   *
   * @example
   * const numbered = orders.transformValues({
   *   stores: [stores.keyValue('versions', { key: serdes.string(), value: serdes.long() })],
   *   store: 'numbered',
   *   value: serdes.json<Numbered>(),
   *   create: (context) => {
   *     const versions = context.store<KeyValueStore<string, number>>('versions')
   *     return {
   *       transform(order, id) {
   *         if (order === null) return null
   *         const version = (versions.get(id) ?? 0) + 1
   *         versions.put(id, version)
   *         return { ...order, version }
   *       },
   *     }
   *   },
   * })
   */
  transformValues<VR>(options: TransformValuesOptions<K, V, VR>): KTable<K, VR> {
    checkCallback('transformValues', options?.create)
    return transformValues(this, options)
  }

  /**
   * Puts the entries into groups, to be aggregated: the callback says, for each value, the group's key and the value that counts there. An entry that moves is
   * taken out of its old group. Updates go through a repartition topic; the table is kept in a store.
   *
   * @param options - Serdes of the groups' keys and values.
   * @example
   * users.groupBy((user, id) => [user.city, id], { key: serdes.string(), value: serdes.string() }).count()
   */
  groupBy<KR, VR>(group: TableGrouper<K, V, KR, VR>, options: KeyValueOptions<KR, VR> = {}): KGroupedTable<KR, VR> {
    checkCallback('groupBy', group)
    return tableGroupBy(this, group, options)
  }

  /**
   * The same table with its updates held back, by stream time: until the window of a key closes, which gives one result for each window; or for a time limit, in
   * which several updates of a key become one. Of a key that waits only the latest update goes on, at the place and time of its first.
   *
   * What waits is kept in a store with a changelog: it survives restarts. Time goes by records: without new ones nothing comes out.
   *
   * @throws NoWindowCloseError `STREAMS_NO_WINDOW_CLOSE`: until windows close, but the table does not come of a windowed aggregation.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: an option is out of its bounds, or the table is versioned.
   * @throws SuppressBufferFullError `STREAMS_SUPPRESS_BUFFER_FULL`: stops the instance when the buffer is full, if `whenFull` says so.
   * @example
   * clicks.groupByKey().windowedBy(windows.tumbling({ sizeMs: 60_000, graceMs: 10_000 })).count().suppress({ until: 'window-closes' })
   * @example
   * orders.suppress({ until: 'time-limit', timeLimitMs: 5_000, maxRecords: 10_000 })
   */
  suppress(options: K extends Windowed<any> ? SuppressOptions : SuppressUntilTimeLimit): KTable<K, V> {
    return suppress(this, options)
  }

  /**
   * The table of those keys that both tables have, with a value made of both. Each update of either gives an update of the result, with the higher event time of the two.
   *
   * Both tables are kept in stores, as far as their values have to be read, and need equally many partitions.
   *
   * @throws NotCopartitionedError `STREAMS_NOT_COPARTITIONED`, when it starts: the partition counts differ.
   * @example
   * const shipments = orders.join(addresses, (order, address) => ({ ...order, address }), { value: serdes.json<Shipment>() })
   */
  join<VO, VR>(
    other: KTable<K, VO>,
    joiner: ValueJoiner<K, V, VO, VR | null>,
    options: MaterializeOptions<K, VR> = {},
  ): KTable<K, VR> {
    return tableJoin(this, other, 'inner', joiner, options)
  }

  /**
   * As `join`, for all keys of this table: where the other has none, the joiner gets null for it.
   *
   * @example
   * const profiles = users.leftJoin(photos, (user, photo) => ({ ...user, photo: photo ?? NO_PHOTO }))
   */
  leftJoin<VO, VR>(
    other: KTable<K, VO>,
    joiner: ValueJoiner<K, V, VO | null, VR | null>,
    options: MaterializeOptions<K, VR> = {},
  ): KTable<K, VR> {
    return tableJoin(this, other, 'left', joiner, options)
  }

  /**
   * As `join`, for all keys of either table: the joiner gets null for the side that has none, never for both.
   *
   * @example
   * const balances = debits.outerJoin(credits, (debit, credit) => (credit ?? 0) - (debit ?? 0), { value: serdes.double() })
   */
  outerJoin<VO, VR>(
    other: KTable<K, VO>,
    joiner: ValueJoiner<K, V | null, VO | null, VR | null>,
    options: MaterializeOptions<K, VR> = {},
  ): KTable<K, VR> {
    return tableJoin(this, other, 'outer', joiner, options)
  }

  /**
   * Joins each entry with that entry of another table whose key is found in its value. Updates of both sides give updates of the result, under this table's keys; an
   * entry without a match has no result.
   *
   * The tables may have other keys and other partition counts: questions and answers go through two internal topics, and the other side keeps who has asked in a store. Both
   * tables are kept in stores.
   *
   * @param foreignKey - Finds the other table's key in a value; null: there is none. Must be pure.
   * @param options - `value` is the result's serde; the serdes of both tables' keys and of their values must be known from the verbs before.
   * @throws MissingSerdeError `STREAMS_MISSING_SERDE`, by `build()`: one of them is not known.
   * @example
   * const priced = orders.joinOnForeignKey(products, (order) => order.productId, (order, product) => ({ ...order, price: product.price }), {
   *   store: 'priced-orders',
   *   value: serdes.json<PricedOrder>(),
   * })
   */
  joinOnForeignKey<KF, VF, VR>(
    other: KTable<KF, VF>,
    foreignKey: ForeignKeySelector<K, V, KF>,
    joiner: ValueJoiner<K, V, VF, VR | null>,
    options: ForeignKeyJoinOptions<K, KF, VR> = {},
  ): KTable<K, VR> {
    return foreignKeyJoin(this, other, 'inner', foreignKey, joiner, options)
  }

  /**
   * As `joinOnForeignKey`, and entries without a match, or without a foreign key, have a result with null for the other side.
   *
   * @example
   * const described = orders.leftJoinOnForeignKey(products, (order) => order.productId, (order, product) => ({ ...order, title: product?.title ?? '?' }))
   */
  leftJoinOnForeignKey<KF, VF, VR>(
    other: KTable<KF, VF>,
    foreignKey: ForeignKeySelector<K, V, KF>,
    joiner: ValueJoiner<K, V, VF | null, VR | null>,
    options: ForeignKeyJoinOptions<K, KF, VR> = {},
  ): KTable<K, VR> {
    return foreignKeyJoin(this, other, 'left', foreignKey, joiner, options)
  }

  /**
   * The updates of the table as a stream: a record for each, with the new value, or null for a delete. Keys stay.
   *
   * With caching on, which is the default, updates of a key between two commits come out as one.
   *
   * @example
   * clicks.groupByKey().count().toStream().to('click-counts')
   */
  toStream(options: NamedOptions = {}): KStream<K, V> {
    checkOptions('toStream', options, NAMED)
    const { graph, node, key, value, sources } = this[parts]
    const name = graph.names.nodeOr(options.name, 'KTABLE-TOSTREAM-')
    const toStream = new ProcessorGraphNode(name, () => new ToStreamProcessor())
    graph.add(toStream, node)
    return new KStream({ graph, node: toStream, key, value, sources, rekeyed: false })
  }

  #filter(
    method: string,
    compute: (name: string) => ReturnType<typeof filterCompute<K, V>>,
    options: MaterializeOptions<K, V>,
  ): KTable<K, V> {
    // Where old values are there anyway they spare tombstones of what was not there.
    const hasOldValues = this[parts].enableSendingOldValues(false)
    return tableVerb(this, {
      method,
      prefix: 'KTABLE-FILTER-',
      options,
      compute,
      value: () => givenOr<V>(options.value, this[parts].value),
      dropEmpty: true,
      sendOldValues: hasOldValues,
    })
  }
}
