import type { Bounds } from './bounds.ts'

/**
 * A Map by text that can also be read in order. Writing costs what a Map costs: keys are sorted when a range is asked for, and then only
 * those that are new since the last one. Keys cannot be removed.
 */
export class SortedMap<V> {
  readonly #values = new Map<string, V>()
  #sorted: string[] = []
  // Goes through the Map in order of insertion and stops before its end, so it goes on where it stopped. Made when first needed: an
  // iterator keeps alive what the Map has outgrown.
  #unsorted: IterableIterator<string> | undefined

  get size(): number {
    return this.#values.size
  }

  get(key: string): V | undefined {
    return this.#values.get(key)
  }

  set(key: string, value: V): void {
    this.#values.set(key, value)
  }

  /** In order of insertion. */
  entries(): IterableIterator<[string, V]> {
    return this.#values.entries()
  }

  /** In order of insertion. */
  values(): IterableIterator<V> {
    return this.#values.values()
  }

  /** The keys within bounds, ascending: a copy. */
  keysIn({ from, before }: Bounds): string[] {
    this.#sort()
    const end = before === undefined ? this.#sorted.length : firstNotBelow(this.#sorted, before)
    return this.#sorted.slice(firstNotBelow(this.#sorted, from), end)
  }

  #sort(): void {
    this.#unsorted ??= this.#values.keys()
    const fresh: string[] = []
    for (let count = this.#values.size - this.#sorted.length; count > 0; count--) {
      fresh.push(this.#unsorted.next().value!)
    }
    if (fresh.length > 0) this.#sorted = mergeSorted(this.#sorted, fresh.sort())
  }
}

function firstNotBelow(keys: readonly string[], bound: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]! < bound) low = middle + 1
    else high = middle
  }
  return low
}

/** Merges two sorted lists; of keys in both, one is kept. */
export function mergeSorted(a: readonly string[], b: readonly string[]): string[] {
  const merged: string[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const [left, right] = [a[i]!, b[j]!]
    merged.push(left <= right ? left : right)
    if (left <= right) i++
    if (right <= left) j++
  }
  while (i < a.length) merged.push(a[i++]!)
  while (j < b.length) merged.push(b[j++]!)
  return merged
}
