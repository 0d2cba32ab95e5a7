import type { Windowed } from '../lib/core/windowed.ts'
import { serdes } from '../lib/serde/index.ts'
import type { Aggregator, Initializer, Merger, Reducer } from './callbacks.ts'
import { checkCallback } from './checks.ts'
import type { KTable } from './ktable.ts'
import type { WindowedAggregateOptions, WindowedMaterializeOptions } from './options.ts'
import { aggregateFold, countFold, reduceFold } from './processors/fold.ts'
import { countStoreNumber } from './time-windowed-kstream.ts'
import { type WindowedGroup, windowedTable } from './windowed-table.ts'

const AGGREGATE = 'KSTREAM-AGGREGATE-'
const REDUCE = 'KSTREAM-REDUCE-'

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
    countStoreNumber(this.#group, options)
    return windowedTable(this.#group, {
      method: 'count',
      prefix: AGGREGATE,
      options: { value: serdes.long(), ...options },
      fold: () => countFold,
    })
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
    checkCallback('reduce', reducer)
    return windowedTable(this.#group, {
      method: 'reduce',
      prefix: REDUCE,
      options,
      value: this.#group.parts.value,
      fold: (node) => reduceFold(node, reducer),
    })
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
    for (const callback of [initializer, aggregator, merger]) checkCallback('aggregate', callback)
    return windowedTable(this.#group, {
      method: 'aggregate',
      prefix: AGGREGATE,
      options: options ?? {},
      fold: (node) => aggregateFold(node, { initializer, aggregator, merger }),
    })
  }
}
