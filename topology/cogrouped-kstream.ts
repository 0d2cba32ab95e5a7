import type { Aggregator, Initializer } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { type CogroupMembers, cogroupTable } from './cogroup.ts'
import type { CustomWindows } from './custom-windows.ts'
import { InvalidArgumentError } from './errors.ts'
import { KGroupedStream } from './kgrouped-stream.ts'
import type { KTable } from './ktable.ts'
import { isVersionedStore, tableStore } from './materialize.ts'
import { MATERIALIZE } from './option-names.ts'
import type { AggregateOptions } from './options.ts'
import { AggregateProcessor } from './processors/aggregate.ts'
import { storeView } from './processors/table-store.ts'
import { parts } from './stream-parts.ts'
import { windowKind } from './window-kinds.ts'
import { SessionWindowedCogroupedKStream, TimeWindowedCogroupedKStream } from './windowed-cogrouped-kstream.ts'
import type { SessionWindows, SlidingWindows, TimeWindows, UnlimitedWindows } from './windows.ts'

/**
 * Several grouped streams with the same keys, each with its aggregator, to be aggregated into one table: fewer stores and topics, and one result for each
 * record, where joins of as many tables would have several. Made by `KGroupedStream.cogroup`.
 *
 * The topics of all streams must have the same number of partitions. Of streams that were regrouped by other keys all but one need a name:
 * `.groupBy(…, { name })`.
 */
export class CogroupedKStream<K, VR> {
  readonly #members: CogroupMembers<K, VR>

  /** Made by `KGroupedStream.cogroup` and by `cogroup` of this class. */
  constructor(members: CogroupMembers<K, VR>) {
    this.#members = members
  }

  /**
   * The same with another stream.
   *
   * @param aggregator - Adds a value of that stream to the aggregate of its key. A null result deletes the aggregate.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: no grouped stream, one of another StreamsBuilder, or one that is part of the cogroup; or `aggregator` is no function.
   * @example
   * clicks.groupByKey().cogroup((n: number) => n + 1).cogroup(likes.groupByKey(), (n) => n + 10).aggregate(() => 0, { value: serdes.long() })
   */
  cogroup<V>(grouped: KGroupedStream<K, V>, aggregator: Aggregator<K, V, VR>): CogroupedKStream<K, VR> {
    if (!(grouped instanceof KGroupedStream)) {
      throw new InvalidArgumentError(
        'cogroup',
        'needs a grouped stream: call .groupByKey() or .groupBy(…) on it first.',
      )
    }
    checkCallback('cogroup', aggregator)
    if (this.#members.has(grouped)) {
      throw new InvalidArgumentError(
        'cogroup',
        'this grouped stream is part of the cogroup already: a stream has one aggregator.',
      )
    }
    const [first] = this.#members.keys()
    if (first !== undefined && first[parts].graph !== grouped[parts].graph) {
      throw new InvalidArgumentError('cogroup', 'the streams come from different StreamsBuilders.')
    }
    return new CogroupedKStream(new Map([...this.#members, [grouped, { aggregator, input: undefined }]]))
  }

  /**
   * Folds the values of each key, from all streams in the order in which they are read, into one aggregate, starting with what `initializer` makes. Records with a null key or
   * a null value are dropped.
   *
   * @param options - `value` is the aggregate's serde. `name` is put before the names of the nodes, one for each stream and one below them.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: `initializer` is no function, or several repartition topics lack a name.
   * @example
   * const scores = goals.groupByKey().cogroup((score: number) => score + 1).aggregate(() => 0, { store: 'scores', value: serdes.long() })
   */
  aggregate(initializer: Initializer<VR>, options: AggregateOptions<K, VR>): KTable<K, VR> {
    checkCallback('aggregate', initializer)
    const given: AggregateOptions<K, VR> = options ?? {}
    checkOptions('aggregate', given, MATERIALIZE)
    return cogroupTable<K, VR, K>(this.#members, {
      options: given,
      store: (storeName, serdes, node) => tableStore(storeName, serdes, given, { node, method: 'aggregate' }),
      processor: (node, storeName, aggregator, demands) =>
        new AggregateProcessor(node, storeName, { initializer, aggregator }, demands),
      key: (key) => key,
      view: storeView,
      versioned: isVersionedStore('aggregate', given),
    })
  }

  /**
   * Puts the records of all streams into windows. Results are forwarded with each update.
   *
   * @param within - What one of the factories of `windows` makes, but for `windows.join`.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: these are no such windows.
   * @example
   * clicks.groupByKey()
   *   .cogroup((n: number) => n + 1)
   *   .cogroup(likes.groupByKey(), (n) => n + 10)
   *   .windowedBy(windows.tumbling({ sizeMs: 60_000 }))
   *   .aggregate(() => 0, { store: 'interest-per-minute', value: serdes.long() })
   */
  windowedBy(within: SessionWindows): SessionWindowedCogroupedKStream<K, VR>
  windowedBy(
    within: TimeWindows | SlidingWindows | UnlimitedWindows | CustomWindows,
  ): TimeWindowedCogroupedKStream<K, VR>
  windowedBy(
    within: TimeWindows | SlidingWindows | UnlimitedWindows | CustomWindows | SessionWindows,
  ): TimeWindowedCogroupedKStream<K, VR> | SessionWindowedCogroupedKStream<K, VR> {
    const kind = windowKind('windowedBy', within)
    return within.kind === 'session'
      ? new SessionWindowedCogroupedKStream(this.#members, kind)
      : new TimeWindowedCogroupedKStream(this.#members, kind)
  }
}
