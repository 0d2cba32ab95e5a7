import type { Windowed } from '../lib/core/windowed.ts'
import type { Aggregator, Initializer, Merger, Reducer } from './callbacks.ts'
import type { KTable } from './ktable.ts'
import type { WindowedAggregateOptions, WindowedMaterializeOptions } from './options.ts'
import type { WindowedGroup } from './windowed-table.ts'
import { windowedAggregate, windowedCount, windowedReduce } from './windowed-verbs.ts'

/**
 * A grouped stream in sessions, to be aggregated. Made by `KGroupedStream.windowedBy(windows.session(…))`; makes no node by itself.
 *
 * Its verbs keep one entry for each key and session in a session store with a changelog topic. The keys of the table are `Windowed`: the key, and the session's first
 * and last event time. A record that extends a session, or makes one of several, deletes the entries of the old bounds first; a null value counts, and reaches reducers
 * and aggregators. Records with a null key are dropped, and so, counted as `late`, are those that only belong to a session that has been closed for longer than its
 * grace. The event time of a result is the session's end.
 */
export class SessionWindowedKStream<K, V> {
  readonly #group: WindowedGroup<K, V>

  /** Made by `KGroupedStream.windowedBy`. */
  constructor(group: WindowedGroup<K, V>) {
    this.#group = group
  }

  /**
   * Counts the records of each session.
   *
   * @param options - The value serde is that of Java's Long, 8 bytes, unless given. `key` is the serde of the keys without sessions.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: `retentionMs` is shorter than sessions take records.
   * @example
   * clicks.groupByKey().windowedBy(windows.session({ inactivityGapMs: 300_000, graceMs: 60_000 })).count({ store: 'clicks-per-visit' })
   */
  count(options: WindowedMaterializeOptions<K, number> = {}): KTable<Windowed<K>, number> {
    return windowedCount(this.#group, options, true)
  }

  /**
   * Combines the values of each session into one of the same type by `reducer(left, right, key)`; also those of sessions that become one. A null result deletes the
   * entry.
   *
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: `reducer` is no function, or `retentionMs` is shorter than sessions take records.
   * @example
   * bids.groupByKey().windowedBy(windows.session({ inactivityGapMs: 60_000 })).reduce((highest, bid) => Math.max(highest, bid))
   */
  reduce(reducer: Reducer<K, V>, options: WindowedMaterializeOptions<K, V> = {}): KTable<Windowed<K>, V> {
    return windowedReduce(this.#group, reducer, options)
  }

  /**
   * Folds the values of each session into an aggregate: `aggregator(aggregate, value, key)`, starting with what `initializer` makes. `merger(left, right, key)` makes one
   * aggregate of two: first of a new one and that of the earliest session which the record joins, then of that and the next. A null result of the aggregator
   * deletes the entry.
   *
   * @param options - `value` is the aggregate's serde.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: a callback is no function, or `retentionMs` is shorter than sessions take records.
   * @example
   * clicks.groupByKey().windowedBy(windows.session({ inactivityGapMs: 300_000 })).aggregate(
   *   () => [] as string[],
   *   (pages, { page }) => [...pages, page],
   *   (left, right) => [...left, ...right],
   *   { store: 'paths', value: serdes.json<string[]>() },
   * )
   */
  aggregate<VR>(
    initializer: Initializer<VR>,
    aggregator: Aggregator<K, V, VR>,
    merger: Merger<K, VR>,
    options: WindowedAggregateOptions<K, VR>,
  ): KTable<Windowed<K>, VR> {
    return windowedAggregate(this.#group, { initializer, aggregator, merger }, options)
  }
}
