import type { Windowed } from '../lib/core/windowed.ts'
import type { Initializer, Merger } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { type CogroupMembers, cogroupTable } from './cogroup.ts'
import type { KTable } from './ktable.ts'
import { WINDOWED_MATERIALIZE } from './option-names.ts'
import type { WindowedAggregateOptions } from './options.ts'
import { aggregateFold } from './processors/fold.ts'
import type { WindowKind } from './window-kinds.ts'
import { retentionOf, windowedKey, windowedStore } from './windowed-table.ts'

/** A cogroup in tumbling, hopping, sliding, unlimited or custom windows. Made by `CogroupedKStream.windowedBy`. Windows and results are those of TimeWindowedKStream. */
export class TimeWindowedCogroupedKStream<K, VR> {
  readonly #members: CogroupMembers<K, VR>
  readonly #kind: WindowKind

  /** Made by `CogroupedKStream.windowedBy`. */
  constructor(members: CogroupMembers<K, VR>, kind: WindowKind) {
    this.#members = members
    this.#kind = kind
  }

  /**
   * Folds the values of each key and window, from all streams, into one aggregate, starting with what `initializer` makes.
   *
   * @param options - `value` is the aggregate's serde, `key` that of the keys without windows. `name` is put before the names of the nodes.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: `initializer` is no function, `retentionMs` is too short, or several repartition topics lack a name.
   * @example
   * clicks.groupByKey()
   *   .cogroup((n: number) => n + 1)
   *   .windowedBy(windows.tumbling({ sizeMs: 60_000 }))
   *   .aggregate(() => 0, { store: 'clicks-per-minute', value: serdes.long() })
   */
  aggregate(initializer: Initializer<VR>, options: WindowedAggregateOptions<K, VR>): KTable<Windowed<K>, VR> {
    checkCallback('aggregate', initializer)
    return windowedCogroupTable(this.#members, this.#kind, { initializer, merger: undefined }, options ?? {})
  }
}

/** A cogroup in sessions. Made by `CogroupedKStream.windowedBy(windows.session(…))`. Sessions and results are those of SessionWindowedKStream. */
export class SessionWindowedCogroupedKStream<K, VR> {
  readonly #members: CogroupMembers<K, VR>
  readonly #kind: WindowKind

  /** Made by `CogroupedKStream.windowedBy`. */
  constructor(members: CogroupMembers<K, VR>, kind: WindowKind) {
    this.#members = members
    this.#kind = kind
  }

  /**
   * Folds the values of each session, from all streams, into one aggregate, starting with what `initializer` makes; `merger(left, right, key)` makes one aggregate of
   * those of two sessions.
   *
   * @param options - `value` is the aggregate's serde, `key` that of the keys without sessions. `name` is put before the names of the nodes.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: a callback is no function, `retentionMs` is too short, or several repartition topics lack a name.
   * @example
   * clicks.groupByKey()
   *   .cogroup((n: number) => n + 1)
   *   .windowedBy(windows.session({ inactivityGapMs: 300_000 }))
   *   .aggregate(() => 0, (left, right) => left + right, { store: 'clicks-per-visit', value: serdes.long() })
   */
  aggregate(
    initializer: Initializer<VR>,
    merger: Merger<K, VR>,
    options: WindowedAggregateOptions<K, VR>,
  ): KTable<Windowed<K>, VR> {
    checkCallback('aggregate', initializer)
    checkCallback('aggregate', merger)
    return windowedCogroupTable(this.#members, this.#kind, { initializer, merger }, options ?? {})
  }
}

function windowedCogroupTable<K, VR>(
  members: CogroupMembers<K, VR>,
  kind: WindowKind,
  callbacks: { readonly initializer: Initializer<VR>; readonly merger: Merger<K, VR> | undefined },
  options: WindowedAggregateOptions<K, VR>,
): KTable<Windowed<K>, VR> {
  checkOptions('aggregate', options, WINDOWED_MATERIALIZE)
  const retentionMs = retentionOf('aggregate', kind, options.retentionMs)
  const windowing = { kind, emit: 'on-window-update', retentionMs } as const
  return cogroupTable<K, VR, Windowed<K>>(members, {
    options,
    store: (storeName, serdes, node) =>
      windowedStore(storeName, serdes, options, { node, method: 'aggregate' }, windowing),
    processor: (node, storeName, aggregator, { sendOldValues }) =>
      kind.processor({
        storeName,
        fold: aggregateFold(node, { ...callbacks, aggregator }),
        emit: 'on-window-update',
        retentionMs,
        sendOldValues,
      }),
    key: (key) => windowedKey(kind, key),
    view: (storeName) => kind.view(storeName),
    versioned: false,
    graceMs: kind.graceMs,
  })
}
