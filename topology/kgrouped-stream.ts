import { serdes } from '../lib/serde/index.ts'
import type { Aggregator, Initializer, Reducer } from './callbacks.ts'
import { checkCallback } from './checks.ts'
import { GroupedAggregation } from './graph/grouped-aggregation.ts'
import { givenOr, type KnownSerde, madeBy } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { hasStoreSettings, queryName, tableStore } from './materialize.ts'
import type { AggregateOptions, MaterializeOptions } from './options.ts'
import type { ProcessorSupplier } from './processor.ts'
import { AggregateProcessor } from './processors/aggregate.ts'
import { CountProcessor } from './processors/count.ts'
import { ReduceProcessor } from './processors/reduce.ts'
import { parts, type StreamParts } from './stream-parts.ts'
import { keptTable } from './table-parts.ts'

const AGGREGATE = 'KSTREAM-AGGREGATE-'
const REDUCE = 'KSTREAM-REDUCE-'

/** What the verbs of this class have in common. */
interface TableVerb<K, VR> {
  readonly method: string
  /** Of generated names. */
  readonly prefix: string
  readonly options: MaterializeOptions<K, VR>
  /** What is known of the results before the options are looked at; absent: nothing. */
  readonly value?: KnownSerde<VR>
  readonly supplier: (
    node: string,
    storeName: string,
    options: { readonly sendOldValues: boolean },
  ) => ReturnType<ProcessorSupplier>
}

/**
 * A stream grouped by its keys, to be aggregated. Made by `groupBy` and `groupByKey`; makes no node by itself.
 *
 * Its verbs drop records with a null key or a null value (counted), keep one entry for each key in a store with a changelog topic, and
 * forward each update. The event time of an update is the highest of the records in it.
 */
export class KGroupedStream<K, V> {
  /** Not for users. */
  readonly [parts]: StreamParts<K, V>
  readonly #aggregation: GroupedAggregation<K, V>

  /** Made by `KStream.groupBy` and `groupByKey`, one of which `method` is. */
  constructor(groupedParts: StreamParts<K, V>, groupName: string | undefined, method: string) {
    this[parts] = groupedParts
    this.#aggregation = new GroupedAggregation(groupedParts, groupName, method)
  }

  /**
   * Counts the records of each key.
   *
   * @param options - The value serde is that of Java's Long, 8 bytes, unless given.
   * @example
   * words.groupBy((word) => word, { key: serdes.string() }).count({ store: 'word-counts' }).toStream().to('word-counts')
   */
  count(options: MaterializeOptions<K, number> = {}): KTable<K, number> {
    const { names } = this[parts].graph
    // As in Java: a store that has settings but no name takes one number more.
    if (queryName(options) === undefined && hasStoreSettings(options)) names.store(AGGREGATE)
    return this.#table({
      method: 'count',
      prefix: AGGREGATE,
      options: { value: serdes.long(), ...options },
      supplier: (_node, storeName, sendOld) => new CountProcessor(storeName, sendOld),
    })
  }

  /**
   * Combines the values of each key into one of the same type: the first as it is, each later one as `reducer(left, right, key)`, where
   * `left` is what came of the earlier ones. A null result deletes the entry.
   *
   * @example
   * temperatures.groupByKey().reduce((highest, next) => Math.max(highest, next), { store: 'highest' })
   */
  reduce(reducer: Reducer<K, V>, options: MaterializeOptions<K, V> = {}): KTable<K, V> {
    checkCallback('reduce', reducer)
    return this.#table({
      method: 'reduce',
      prefix: REDUCE,
      options,
      value: this[parts].value,
      supplier: (node, storeName, sendOld) => new ReduceProcessor(node, storeName, reducer, sendOld),
    })
  }

  /**
   * Folds the values of each key into an aggregate: `aggregator(aggregate, value, key)`, starting with what `initializer` makes. A null
   * result deletes the entry; the key's next value starts anew.
   *
   * @param options - `value` is the aggregate's serde.
   * @example
   * flights.groupBy((flight) => flight.origin, { key: serdes.string() }).aggregate(
   *   () => ({ n: 0, sum: 0 }),
   *   (stats, flight) => ({ n: stats.n + 1, sum: stats.sum + flight.delayMin }),
   *   { store: 'delays', value: serdes.json<{ n: number; sum: number }>() },
   * )
   */
  aggregate<VR>(
    initializer: Initializer<VR>,
    aggregator: Aggregator<K, V, VR>,
    options: AggregateOptions<K, VR>,
  ): KTable<K, VR> {
    checkCallback('aggregate', initializer)
    checkCallback('aggregate', aggregator)
    const callbacks = { initializer, aggregator }
    return this.#table({
      method: 'aggregate',
      prefix: AGGREGATE,
      options: options ?? {},
      supplier: (node, storeName, sendOld) => new AggregateProcessor(node, storeName, callbacks, sendOld),
    })
  }

  #table<VR>({ method, prefix, options, value: inherited, supplier }: TableVerb<K, VR>): KTable<K, VR> {
    const { graph, key: groupedKey } = this[parts]
    const storeName = graph.names.storeOr(queryName(options), prefix)
    const name = graph.names.nodeOr(options.name, prefix)
    const key = givenOr<K>(options.key, groupedKey)
    const value = inherited === undefined ? madeBy(name, method, options.value) : givenOr(options.value, inherited)
    const { node, sources } = this.#aggregation.add({
      name,
      storeName,
      key: givenOr(groupedKey.serde, key),
      store: () => tableStore(storeName, { key, value }, options, { node: name, method }),
      supplier: (demands) => () => supplier(name, storeName, demands),
    })
    return new KTable(keptTable({ graph, node, key, value, sources, rekeyed: false }, storeName), queryName(options))
  }
}
