// The verbs that time windows and sessions have in common, as they add themselves to the graph.

import type { Windowed } from '../lib/core/windowed.ts'
import { serdes } from '../lib/serde/index.ts'
import type { Aggregator, Initializer, Merger, Reducer } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import type { KTable } from './ktable.ts'
import { hasStoreSettings, queryName } from './materialize.ts'
import { WINDOWED_MATERIALIZE } from './option-names.ts'
import type { WindowedAggregateOptions, WindowedMaterializeOptions } from './options.ts'
import { aggregateFold, countFold, reduceFold } from './processors/fold.ts'
import { type WindowedGroup, windowedTable } from './windowed-table.ts'

const AGGREGATE = 'KSTREAM-AGGREGATE-'
const REDUCE = 'KSTREAM-REDUCE-'

/** Adds `count()`. As in Java a store that has settings but no name takes one number more, if `takesNumber`. */
export function windowedCount<K>(
  group: WindowedGroup<K, any>,
  options: WindowedMaterializeOptions<K, number>,
  takesNumber: boolean,
): KTable<Windowed<K>, number> {
  checkOptions('count', options, WINDOWED_MATERIALIZE)
  const hasSettings = hasStoreSettings(options) || options.retentionMs !== undefined
  if (takesNumber && hasSettings && queryName(options) === undefined) group.parts.graph.names.store(AGGREGATE)
  return windowedTable(group, {
    method: 'count',
    prefix: AGGREGATE,
    options: { value: serdes.long(), ...options },
    fold: () => countFold,
  })
}

/** Adds `reduce()`. */
export function windowedReduce<K, V>(
  group: WindowedGroup<K, V>,
  reducer: Reducer<K, V>,
  options: WindowedMaterializeOptions<K, V>,
): KTable<Windowed<K>, V> {
  checkCallback('reduce', reducer)
  return windowedTable(group, {
    method: 'reduce',
    prefix: REDUCE,
    options,
    value: group.parts.value,
    fold: (node) => reduceFold(node, reducer),
  })
}

/** Adds `aggregate()`; sessions have a merger. */
export function windowedAggregate<K, V, VR>(
  group: WindowedGroup<K, V>,
  callbacks: {
    readonly initializer: Initializer<VR>
    readonly aggregator: Aggregator<K, V, VR>
    readonly merger?: Merger<K, VR>
  },
  options: WindowedAggregateOptions<K, VR>,
): KTable<Windowed<K>, VR> {
  for (const callback of Object.values(callbacks)) checkCallback('aggregate', callback)
  return windowedTable(group, {
    method: 'aggregate',
    prefix: AGGREGATE,
    options: options ?? {},
    fold: (node) => aggregateFold(node, callbacks),
  })
}
