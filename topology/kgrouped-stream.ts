import { serdes } from '../lib/serde/index.ts'
import type { Aggregator, Initializer, Reducer } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { CogroupedKStream } from './cogrouped-kstream.ts'
import type { CustomWindows } from './custom-windows.ts'
import { InvalidArgumentError } from './errors.ts'
import { aggregation, GroupedAggregation } from './graph/grouped-aggregation.ts'
import { givenOr, type KnownSerde, madeBy } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { hasStoreSettings, isVersionedStore, queryName, tableStore } from './materialize.ts'
import { MATERIALIZE, WINDOWED_BY } from './option-names.ts'
import type { AggregateOptions, MaterializeOptions, WindowedByOptions } from './options.ts'
import type { ProcessorSupplier } from './processor.ts'
import { AggregateProcessor } from './processors/aggregate.ts'
import { CountProcessor } from './processors/count.ts'
import { ReduceProcessor } from './processors/reduce.ts'
import { SessionWindowedKStream } from './session-windowed-kstream.ts'
import { parts, type StreamParts } from './stream-parts.ts'
import { keptTable } from './table-parts.ts'
import { TimeWindowedKStream } from './time-windowed-kstream.ts'
import { windowKind } from './window-kinds.ts'
import type { SessionWindows, SlidingWindows, TimeWindows, UnlimitedWindows } from './windows.ts'

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
 *
 * A verb throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` at once for a callback that is none, and for `versioned` without a name of the store.
 */
export class KGroupedStream<K, V> {
  /** Not for users. */
  readonly [parts]: StreamParts<K, V>
  /** Not for users. */
  readonly [aggregation]: GroupedAggregation<K, V>

  /** Made by `KStream.groupBy` and `groupByKey`, one of which `method` is. */
  constructor(groupedParts: StreamParts<K, V>, groupName: string | undefined, method: string) {
    this[parts] = groupedParts
    this[aggregation] = new GroupedAggregation(groupedParts, groupName, method)
  }

  /**
   * Counts the records of each key.
   *
   * @param options - The value serde is that of Java's Long, 8 bytes, unless given.
   * @example
   * words.groupBy((word) => word, { key: serdes.string() }).count({ store: 'word-counts' }).toStream().to('word-counts')
   */
  count(options: MaterializeOptions<K, number> = {}): KTable<K, number> {
    checkOptions('count', options, MATERIALIZE)
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

  /**
   * Puts the records into windows of event time, so that each key is aggregated anew in each window.
   *
   * @param within - What one of the factories of `windows` makes, but for `windows.join`.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: these are no such windows, or unlimited ones that shall emit when they close.
   * @example
   * clicks.groupByKey().windowedBy(windows.tumbling({ sizeMs: 60_000, graceMs: 10_000 })).count().toStream().to('clicks-per-minute')
   * @example
   * clicks.groupByKey().windowedBy(windows.session({ inactivityGapMs: 300_000 }), { emit: 'on-window-close' }).count()
   */
  windowedBy(within: SessionWindows, options?: WindowedByOptions): SessionWindowedKStream<K, V>
  windowedBy(
    within: TimeWindows | SlidingWindows | UnlimitedWindows | CustomWindows,
    options?: WindowedByOptions,
  ): TimeWindowedKStream<K, V>
  windowedBy(
    within: TimeWindows | SlidingWindows | UnlimitedWindows | CustomWindows | SessionWindows,
    options: WindowedByOptions = {},
  ): TimeWindowedKStream<K, V> | SessionWindowedKStream<K, V> {
    checkOptions('windowedBy', options, WINDOWED_BY)
    const { emit = 'on-window-update' } = options
    const kind = windowKind('windowedBy', within)
    if (emit !== 'on-window-update' && emit !== 'on-window-close') {
      throw new InvalidArgumentError(
        'windowedBy',
        `emit must be 'on-window-update' or 'on-window-close', not '${emit}'.`,
      )
    }
    if (emit === 'on-window-close' && within.kind === 'unlimited') {
      throw new InvalidArgumentError('windowedBy', "unlimited windows never close: emit must be 'on-window-update'.")
    }
    const group = { parts: this[parts], aggregation: this[aggregation], kind, emit }
    if (within.kind === 'session') return new SessionWindowedKStream(group)
    return new TimeWindowedKStream(group, within.kind === 'sliding')
  }

  /**
   * Starts an aggregation of several grouped streams into one table: each has an aggregator of its own for the common aggregate.
   *
   * @param aggregator - Adds a value of this stream to the aggregate of its key. Say the aggregate's type by the parameter or as type argument.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: `aggregator` is no function.
   * @example
   * const carts: KTable<string, Cart> = added.groupByKey()
   *   .cogroup((cart: Cart, item) => ({ ...cart, items: [...cart.items, item] }))
   *   .cogroup(visits.groupByKey(), (cart, { page }) => ({ ...cart, lastPage: page }))
   *   .aggregate(() => ({ items: [], lastPage: '' }), { store: 'carts', value: serdes.json<Cart>() })
   */
  cogroup<VR>(aggregator: Aggregator<K, V, VR>): CogroupedKStream<K, VR> {
    return new CogroupedKStream<K, VR>(new Map()).cogroup(this, aggregator)
  }

  #table<VR>({ method, prefix, options, value: inherited, supplier }: TableVerb<K, VR>): KTable<K, VR> {
    checkOptions(method, options, MATERIALIZE)
    const { graph, key: groupedKey } = this[parts]
    const storeName = graph.names.storeOr(queryName(options), prefix)
    const name = graph.names.nodeOr(options.name, prefix)
    const key = givenOr<K>(options.key, groupedKey)
    const value = inherited === undefined ? madeBy(name, method, options.value) : givenOr(options.value, inherited)
    const { node, sources } = this[aggregation].add({
      name,
      storeName,
      key: givenOr(groupedKey.serde, key),
      store: () => tableStore(storeName, { key, value }, options, { node: name, method }),
      versioned: isVersionedStore(method, options),
      supplier: (demands) => () => supplier(name, storeName, demands),
    })
    return new KTable(keptTable({ graph, node, key, value, sources, rekeyed: false }, storeName), queryName(options))
  }
}
