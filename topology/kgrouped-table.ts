import { serdes } from '../lib/serde/index.ts'
import type { Aggregator, Initializer, Reducer } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { TableNode } from './graph/table-node.ts'
import { TableRepartitionNode } from './graph/table-repartition-node.ts'
import { givenOr, type KnownSerde, madeBy } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { isVersionedStore, queryName, tableStore } from './materialize.ts'
import { MATERIALIZE } from './option-names.ts'
import type { AggregateOptions, MaterializeOptions } from './options.ts'
import { TableAggregateProcessor, type TableAggregation } from './processors/table-aggregate.ts'
import { parts, type StreamParts } from './stream-parts.ts'
import { keptTable } from './table-parts.ts'

const AGGREGATE = 'KTABLE-AGGREGATE-'
const REDUCE = 'KTABLE-REDUCE-'

/**
 * A table whose entries were put into groups, to be aggregated. Made by `KTable.groupBy`.
 *
 * Its verbs keep up with the table: what an entry no longer is gets subtracted from its old group before what it is now is added to its new one. Subtracting
 * must undo adding. Updates go through a repartition topic.
 *
 * A verb throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` at once for a callback that is none, and for `versioned` without a name of the store.
 */
export class KGroupedTable<K, V> {
  /** Not for users. */
  readonly [parts]: StreamParts<K, V>
  readonly #groupName: string | undefined
  #shared: TableRepartitionNode | undefined

  /** Made by `KTable.groupBy`. */
  constructor(groupedParts: StreamParts<K, V>, groupName: string | undefined) {
    this[parts] = groupedParts
    this.#groupName = groupName
  }

  /**
   * Counts the entries of each group.
   *
   * @param options - The value serde is that of Java's Long, 8 bytes, unless given.
   * @example
   * const usersByCity = users.groupBy((user, id) => [user.city, id], { key: serdes.string(), value: serdes.string() }).count()
   */
  count(options: MaterializeOptions<K, number> = {}): KTable<K, number> {
    return this.#table('count', AGGREGATE, { value: serdes.long(), ...options }, undefined, {
      initializer: () => 0,
      adder: (count) => count + 1,
      subtractor: (count) => count - 1,
    })
  }

  /**
   * Combines the values of each group into one of the same type: `adder(left, right, key)` adds a value, `subtractor(left, right, key)` takes it out again.
   *
   * @example
   * const stock = items.groupBy((item) => [item.product, item.count]).reduce((sum, n) => sum + n, (sum, n) => sum - n)
   */
  reduce(adder: Reducer<K, V>, subtractor: Reducer<K, V>, options: MaterializeOptions<K, V> = {}): KTable<K, V> {
    checkCallback('reduce', adder)
    checkCallback('reduce', subtractor)
    return this.#table('reduce', REDUCE, options, this[parts].value, { initializer: undefined, adder, subtractor })
  }

  /**
   * Folds the values of each group into an aggregate: `adder(aggregate, value, key)` adds a value, `subtractor(aggregate, value, key)` takes it out again. A null result
   * deletes the aggregate.
   *
   * @example
   * const load = servers.groupBy((server) => [server.region, server.load]).aggregate(
   *   () => ({ n: 0, sum: 0 }),
   *   ({ n, sum }, load) => ({ n: n + 1, sum: sum + load }),
   *   ({ n, sum }, load) => ({ n: n - 1, sum: sum - load }),
   *   { store: 'load', value: serdes.json<Load>() },
   * )
   */
  aggregate<VR>(
    initializer: Initializer<VR>,
    adder: Aggregator<K, V, VR>,
    subtractor: Aggregator<K, V, VR>,
    options: AggregateOptions<K, VR>,
  ): KTable<K, VR> {
    for (const callback of [initializer, adder, subtractor]) checkCallback('aggregate', callback)
    return this.#table('aggregate', AGGREGATE, options ?? {}, undefined, { initializer, adder, subtractor })
  }

  #table<VR>(
    method: string,
    prefix: string,
    options: MaterializeOptions<K, VR>,
    inherited: KnownSerde<VR> | undefined,
    aggregation: TableAggregation<K, V, VR>,
  ): KTable<K, VR> {
    checkOptions(method, options, MATERIALIZE)
    const { graph, node: grouped, key: groupedKey } = this[parts]
    const { names } = graph
    // As in Java: the store of a reduce is named after an aggregation, too.
    const storeName = names.storeOr(queryName(options), AGGREGATE)
    const sinkName = names.suffixedOr(options.name, '-sink', 'KSTREAM-SINK-')
    const sourceName = names.suffixedOr(options.name, '-source', 'KSTREAM-SOURCE-')
    const name = names.nodeOr(options.name, prefix)
    const repartition = this.#repartition(sourceName, sinkName, `${this.#groupName ?? storeName}-repartition`)
    graph.add(repartition, grouped)
    const key = givenOr<K>(options.key, groupedKey)
    const value = inherited === undefined ? madeBy(name, method, options.value) : givenOr(options.value, inherited)
    const node = new TableNode(
      name,
      {
        store: () => tableStore(storeName, { key, value }, options, { node: name, method }),
        supplier: (demands) => () => new TableAggregateProcessor(name, storeName, aggregation, demands),
      },
      isVersionedStore(method, options),
    )
    graph.add(node, repartition)
    const streamParts = { graph, node, key, value, sources: new Set([repartition]), rekeyed: false }
    return new KTable(keptTable(streamParts, storeName), queryName(options))
  }

  // A grouping that has a name has one topic for all its aggregations.
  #repartition(name: string, sinkName: string, topic: string): TableRepartitionNode {
    if (this.#shared !== undefined) return this.#shared
    const { key, value } = this[parts]
    const repartition = new TableRepartitionNode(name, { key, value, topic, sinkName })
    if (this.#groupName !== undefined) this.#shared = repartition
    return repartition
  }
}
