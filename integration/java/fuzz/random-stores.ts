// How results are kept: under a name or none, in memory, for how long, with or without a changelog.
import type { RandomNodes, Result, Type } from './random-nodes.ts'

/** A store, or none, for a verb that has both calls. */
export function someStore(
  made: RandomNodes,
  type: Type,
  retentionLeastMs?: number,
  mayBeInMemory = true,
): { readonly store?: object } {
  const { store } = made.oneIn
  return made.chance.oneIn(store) ? { store: storeOptions(made, type, retentionLeastMs, mayBeInMemory) } : {}
}

/**
 * For verbs of streams and tables, of which only tables' take one. None without a name for a versioned table: Java makes no store then, and still takes updates as if it had.
 */
export function tableStore(made: RandomNodes, input: Result, type: Type): { readonly store?: object } {
  if (input.kind !== 'table' || !made.chance.oneIn(2)) return {}
  const given: { readonly store?: { readonly name?: string } } = someStore(made, type)
  return input.isVersioned && given.store?.name === undefined ? {} : given
}

export function globalStore(made: RandomNodes): { readonly store?: object } {
  return made.chance.oneIn(2) ? { store: { name: made.name('global') } } : {}
}

/** @param retentionLeastMs - Of windows; absent for what has none. */
export function storeOptions(made: RandomNodes, type: Type, retentionLeastMs?: number, mayBeInMemory = true): object {
  const chance = made.chance
  const logging = chance.oneIn(8) ? { logging: false } : {}
  const plain = type.key === 'string' && retentionLeastMs === undefined
  if (plain && chance.oneIn(made.oneIn.versioned)) {
    const versioned = chance.pick([0, chance.below(made.scaleMs), 20 * made.scaleMs])
    return { name: made.name('history'), versioned, ...logging }
  }
  const retention =
    retentionLeastMs !== undefined && chance.oneIn(3)
      ? { retention: retentionLeastMs + chance.pick([0, chance.below(10 * made.scaleMs), 200_000]) }
      : {}
  return {
    ...(chance.oneIn(made.oneIn.storeName) && { name: made.name('store') }),
    ...(mayBeInMemory && chance.oneIn(6) && { inMemory: true }),
    ...retention,
    ...logging,
  }
}
