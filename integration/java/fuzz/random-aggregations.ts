// Groupings, windows, and what is aggregated in them.
import { initOf, isStream, isTable, type RandomNodes, type Result, type Type, VALUE_TYPES } from './random-nodes.ts'
import * as specs from './random-specs.ts'
import { someStore, storeOptions } from './random-stores.ts'

/** As JSON holds it; Java's oracle takes it for none. */
const WINDOWS_WITHOUT_END_MS = Number.MAX_SAFE_INTEGER

export function aggregateStream(made: RandomNodes): void {
  const grouped = groupedStream(made)
  if (grouped !== undefined) aggregate(made, grouped, { kind: 'table', key: 'string', value: grouped.value })
}

export function aggregateWindows(made: RandomNodes): void {
  const grouped = groupedStream(made)
  if (grouped === undefined) return
  const { args, result } = windows(made, false)
  const windowed = made.add('windowedBy', [grouped], args, {
    ...result,
    kind: 'windowedStream',
    value: grouped.value,
  })
  aggregate(
    made,
    { ...windowed, isSession: result.key === 'sessionWindowed' },
    { ...result, kind: 'table', value: grouped.value },
    args,
  )
}

export function aggregateTable(made: RandomNodes): void {
  const chance = made.chance
  const input = made.some(isTable)
  if (input === undefined) return
  const value = chance.pick(VALUE_TYPES)
  const args = {
    key: specs.keyFunction(chance, input.key, input.value),
    value: specs.valueFunction(chance, input.value, value),
  }
  const grouped = made.add('groupBy', [input], args, { kind: 'groupedTable', key: 'string', value }, true)
  const type: Type = { kind: 'table', key: 'string', value }
  switch (chance.below(3)) {
    case 0:
      made.add('count', [grouped], someStore(made, { ...type, value: 'long' }), { ...type, value: 'long' }, true)
      return
    case 1: {
      const store = someStore(made, type)
      const functions = { adder: specs.reducer(chance, value), subtractor: specs.reducer(chance, value) }
      made.add('reduce', [grouped], { ...functions, ...store }, type, store.store !== undefined)
      return
    }
    default: {
      const to = chance.pick(VALUE_TYPES)
      const functions = {
        adder: specs.aggregator(chance, value, to),
        subtractor: specs.subtractor(chance, value, to),
      }
      const result = { ...type, value: to }
      made.add(
        'aggregate',
        [grouped],
        { init: initOf(to), ...functions, store: storeOptions(made, result) },
        result,
        true,
      )
    }
  }
}

export function cogroup(made: RandomNodes): void {
  const chance = made.chance
  const groups = Array.from({ length: 2 + chance.below(2) }, () => groupedStream(made)).filter(
    (each) => each !== undefined,
  )
  const different = [...new Map(groups.map((each) => [each.id, each])).values()]
  if (different.length < 2) return
  const value = chance.pick(VALUE_TYPES)
  const aggregators = different.map((each) => specs.aggregator(chance, each.value, value))
  const cogrouped = made.add('cogroup', different, { aggregators }, { kind: 'cogrouped', key: 'string', value })
  const plain: Type = { kind: 'table', key: 'string', value }
  if (chance.oneIn(2)) {
    made.add('aggregate', [cogrouped], { init: initOf(value), store: storeOptions(made, plain) }, plain, true)
    return
  }
  const { args, result } = windows(made, true)
  const windowed = made.add('windowedBy', [cogrouped], args, { ...result, kind: 'windowedCogrouped', value })
  const type: Type = { ...result, kind: 'table', value }
  const merger = result.key === 'sessionWindowed' ? { merger: specs.merger(chance, value) } : {}
  const store = storeOptions(made, type, retentionLeast(args))
  made.add('aggregate', [windowed], { init: initOf(value), ...merger, store }, type, true)
}

export function groupedStream(made: RandomNodes): Result | undefined {
  const chance = made.chance
  if (chance.oneIn(6)) {
    const again = made.some((each) => each.kind === 'groupedStream')
    if (again !== undefined) return again
  }
  const input = made.some(isStream)
  if (input === undefined) return undefined
  const type: Type = { kind: 'groupedStream', key: 'string', value: input.value }
  if (input.key === 'string' && chance.oneIn(2)) return made.add('groupByKey', [input], undefined, type, true)
  return made.add('groupBy', [input], { key: specs.keyFunction(chance, input.key, input.value) }, type, true)
}

export function windows(
  made: RandomNodes,
  cogrouped: boolean,
): {
  readonly args: Record<string, any>
  readonly result: Pick<Type, 'key' | 'windowSize'>
} {
  const chance = made.chance
  const size = 1 + chance.below(2 * made.scaleMs)
  const grace = chance.pick([0, 0, chance.below(made.scaleMs), chance.below(4 * made.scaleMs)])
  const emit = !cogrouped && chance.oneIn(3) ? { emit: 'onWindowClose' } : {}
  const windowSize = { key: 'timeWindowed' as const, windowSize: size }
  switch (chance.below(10)) {
    case 0:
    case 1:
    case 2:
      return { args: { type: 'tumbling', size, grace, ...emit }, result: windowSize }
    case 3:
    case 4: {
      const advance = Math.max(1, Math.floor(size / (1 + chance.below(4))))
      return { args: { type: 'hopping', size, advance, grace, ...emit }, result: windowSize }
    }
    case 5:
    case 6:
      return { args: { type: 'sliding', size, grace, ...emit }, result: windowSize }
    case 7:
      return {
        args: { type: 'unlimited', start: chance.pick([0, 10, 1_000]) },
        result: { key: 'timeWindowed', windowSize: WINDOWS_WITHOUT_END_MS },
      }
    default: {
      const gap = 1 + chance.below(made.scaleMs)
      return { args: { type: 'session', gap, grace, ...emit }, result: { key: 'sessionWindowed' } }
    }
  }
}

/** Counts, reduces or aggregates a grouped or windowed stream. */
export function aggregate(made: RandomNodes, grouped: Result, type: Type, windows?: Record<string, any>): void {
  const chance = made.chance
  const least = windows === undefined ? undefined : retentionLeast(windows)
  // Java's windows in memory are gone, by a millisecond, when they close.
  const inMemory = windows?.emit === undefined
  switch (chance.below(3)) {
    case 0: {
      const counts: Type = { ...type, value: 'long' }
      made.add('count', [grouped], someStore(made, counts, least, inMemory), counts, true)
      return
    }
    case 1: {
      const store = someStore(made, type, least, inMemory)
      const mayBeNamed = windows !== undefined || store.store !== undefined
      made.add('reduce', [grouped], { reducer: specs.reducer(chance, grouped.value), ...store }, type, mayBeNamed)
      return
    }
    default: {
      const value = chance.pick(VALUE_TYPES)
      const result: Type = { ...type, value }
      const args = {
        init: initOf(value),
        aggregator: specs.aggregator(chance, grouped.value, value),
        ...(grouped.isSession && { merger: specs.merger(chance, value) }),
        store: storeOptions(made, result, least, inMemory),
      }
      made.add('aggregate', [grouped], args, result, true)
    }
  }
}

/** What a store of these windows has to keep at least. */
function retentionLeast({ type, size, gap, grace }: Record<string, any>): number | undefined {
  if (type === 'unlimited') return undefined
  return (type === 'session' ? gap : type === 'sliding' ? 2 * size : size) + grace
}
