import type { Windowed } from '../lib/core/windowed.ts'
import type { Aggregator, Initializer, Reducer } from './callbacks.ts'
import type { KTable } from './ktable.ts'
import type { WindowedAggregateOptions, WindowedMaterializeOptions } from './options.ts'
import type { WindowedGroup } from './windowed-table.ts'
import { windowedAggregate, windowedCount, windowedReduce } from './windowed-verbs.ts'

/**
 * A grouped stream in tumbling, hopping, sliding, unlimited or custom windows, to be aggregated. Made by `KGroupedStream.windowedBy`; makes no node by itself.
 *
 * Its verbs keep one entry for each key and window in a window store with a changelog topic. The keys of the table are `Windowed`: the key, and the window's start
 * and end in epoch milliseconds. Records with a null key are dropped, in sliding windows also those with a null value; in the others a null value counts, and reaches
 * reducers and aggregators. A record whose windows have all been closed for longer than their grace changes nothing: it is counted as `late`. The event time of
 * a result is the highest of the records in it.
 */
export class TimeWindowedKStream<K, V> {
  readonly #group: WindowedGroup<K, V>
  readonly #isSliding: boolean

  /** Made by `KGroupedStream.windowedBy`. `isSliding`: of sliding windows, whose `count` takes a number less of the generated names, as in Java. */
  constructor(group: WindowedGroup<K, V>, isSliding: boolean) {
    this.#group = group
    this.#isSliding = isSliding
  }

  /**
   * Counts the records of each key and window.
   *
   * @param options - The value serde is that of Java's Long, 8 bytes, unless given. `key` is the serde of the keys without windows.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: `retentionMs` is shorter than windows take records.
   * @example
   * const clicksPerMinute: KTable<Windowed<string>, number> = clicks
   *   .groupByKey()
   *   .windowedBy(windows.tumbling({ sizeMs: 60_000, graceMs: 10_000 }))
   *   .count({ store: 'clicks-per-minute' })
   */
  count(options: WindowedMaterializeOptions<K, number> = {}): KTable<Windowed<K>, number> {
    return windowedCount(this.#group, options, !this.#isSliding)
  }

  /**
   * Combines the values of each key and window into one of the same type: the first as it is, each later one as `reducer(left, right, key)`, where `left` is what came of the
   * earlier ones. A null result deletes the entry.
   *
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: `reducer` is no function, or `retentionMs` is shorter than windows take records.
   * @example
   * temperatures.groupByKey().windowedBy(windows.hopping({ sizeMs: 3_600_000, advanceMs: 60_000 })).reduce((highest, next) => Math.max(highest, next))
   */
  reduce(reducer: Reducer<K, V>, options: WindowedMaterializeOptions<K, V> = {}): KTable<Windowed<K>, V> {
    return windowedReduce(this.#group, reducer, options)
  }

  /**
   * Folds the values of each key and window into an aggregate: `aggregator(aggregate, value, key)`, starting with what `initializer` makes. A null result deletes the
   * entry; the next value starts anew.
   *
   * The aggregate must not be changed in place: in sliding windows several windows start with the same one.
   *
   * @param options - `value` is the aggregate's serde.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: a callback is no function, or `retentionMs` is shorter than windows take records.
   * @example
   * payments
   *   .groupByKey()
   *   .windowedBy(windows.sliding({ timeDifferenceMs: 600_000, graceMs: 60_000 }))
   *   .aggregate(() => ({ n: 0, sum: 0 }), ({ n, sum }, { amount }) => ({ n: n + 1, sum: sum + amount }), { value: serdes.json<Stats>() })
   */
  aggregate<VR>(
    initializer: Initializer<VR>,
    aggregator: Aggregator<K, V, VR>,
    options: WindowedAggregateOptions<K, VR>,
  ): KTable<Windowed<K>, VR> {
    return windowedAggregate(this.#group, { initializer, aggregator }, options)
  }
}
