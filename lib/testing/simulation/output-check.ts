// Compares what the application under test has written with what follows from its inputs.
import type { Expected, JoinedPair, TextRecord } from './oracle.ts'

/** Values shown of each side of a difference. */
const MAX_SHOWN = 12

type ByKey = ReadonlyMap<string | null, readonly string[]>

export class OutputCheck {
  readonly #violations: string[] = []
  readonly #expected: Expected

  constructor(expected: Expected) {
    this.#expected = expected
  }

  get violations(): readonly string[] {
    return this.#violations
  }

  /** Stateless: the same values in the same order; those without a key come from several partitions, in any order. */
  mapped(records: readonly TextRecord[]): void {
    this.#times('mapped', records)
    const [actual, expected] = [valuesByKey(records), new Map(this.#expected.mapped)]
    for (const byKey of [actual, expected]) if (byKey.has(null)) byKey.set(null, [...byKey.get(null)!].sort())
    this.#compare('mapped', actual, expected)
  }

  /** @param isMerged - Whether a cache may have merged updates: then some are left out, but never the last. */
  windowed(records: readonly TextRecord[], isMerged: boolean): void {
    this.#times('windowed', records)
    const actual = valuesByKey(records)
    if (!isMerged) this.#compare('windowed', actual, this.#expected.windowed)
    else this.#compareMerged(actual)
  }

  #compareMerged(actual: ByKey): void {
    for (const key of keysOf(actual, this.#expected.windowed)) {
      const states = this.#expected.windowed.get(key!) ?? []
      const found = actual.get(key) ?? []
      const places = found.map((value) => states.indexOf(value))
      const isRising = places.every((place, i) => place > (places[i - 1] ?? -1))
      if (!isRising || found.at(-1) !== states.at(-1)) this.#differs(`windowed ${key}`, found, states)
    }
  }

  /** Each pair once; and never one before another of which both sides come earlier. */
  joined(records: readonly TextRecord[]): void {
    this.#times('joined', records)
    const actual = valuesByKey(records)
    for (const key of keysOf(actual, this.#expected.joined)) {
      const pairs = new Map((this.#expected.joined.get(key!) ?? []).map((pair) => [pair.value, pair]))
      const found = actual.get(key) ?? []
      const isComplete = found.length === pairs.size && new Set(found).size === pairs.size
      if (!isComplete || !found.every((value) => pairs.has(value))) {
        this.#differs(`joined ${key}`, [...found].sort(), [...pairs.keys()].sort())
      } else if (!isPossibleOrder(found.map((value) => pairs.get(value)!))) {
        this.#violations.push(`joined ${key}: no order of its inputs gives ${found.join(', ')}`)
      }
    }
  }

  /** Each update adds ids to the list before it, one if no cache merges; the last list has all ids, those of each partition in order. */
  lists(records: readonly TextRecord[], isMerged: boolean): void {
    this.#times('lists', records)
    const actual = valuesByKey(records)
    for (const group of keysOf(actual, this.#expected.lists)) {
      const found = actual.get(group) ?? []
      const sources = this.#expected.lists.get(group!) ?? []
      const ids = found.at(-1)?.split(' ') ?? []
      const isMixed = isMixOf(ids, sources)
      const isGrowing = found.every((list, i) => {
        const before = found[i - 1]
        const grown = before === undefined || list.startsWith(`${before} `)
        return grown && (isMerged || list.split(' ').length === i + 1)
      })
      if (!isMixed) this.#differs(`lists ${group}`, ids, sources.flat())
      else if (!isGrowing) this.#violations.push(`lists ${group}: updates do not follow each other: ${shown(found)}`)
    }
  }

  // A null has a time, too, but no id that tells it.
  #times(topic: string, records: readonly TextRecord[]): void {
    for (const { key, value, timestamp } of records) {
      const timesMs = idsIn(value).map((id) => this.#expected.timesMs.get(id) ?? Number.NaN)
      if (timesMs.length === 0 || value!.includes('null')) continue
      const wantedMs = Math.max(...timesMs)
      if (timestamp !== wantedMs)
        this.#violations.push(`${topic} ${key}: ${value} has the time ${timestamp} instead of ${wantedMs}`)
    }
  }

  #compare(topic: string, actual: ByKey, expected: ByKey): void {
    for (const key of keysOf(actual, expected)) {
      const [found, wanted] = [actual.get(key) ?? [], expected.get(key) ?? []]
      if (found.length !== wanted.length || found.some((value, i) => value !== wanted[i])) {
        this.#differs(`${topic} ${key}`, found, wanted)
      }
    }
  }

  #differs(what: string, found: readonly string[], wanted: readonly string[]): void {
    const at = found.findIndex((value, i) => value !== wanted[i])
    const from = Math.max(0, (at < 0 ? Math.min(found.length, wanted.length) : at) - 2)
    this.#violations.push(
      `${what}: ${found.length} values for ${wanted.length}; from the ${from + 1}. on ` +
        `[${shown(found.slice(from))}] instead of [${shown(wanted.slice(from))}]`,
    )
  }
}

/** How many values of at least once are there too often, and which are missing. */
export function lossesOf(
  found: readonly string[],
  wanted: readonly string[],
): { missing: string[]; duplicates: number } {
  const counts = new Map<string, number>()
  for (const value of found) counts.set(value, (counts.get(value) ?? 0) + 1)
  const missing: string[] = []
  for (const value of wanted) {
    const count = counts.get(value) ?? 0
    if (count === 0) missing.push(value)
    else counts.set(value, count - 1)
  }
  return { missing, duplicates: [...counts.values()].reduce((sum, count) => sum + count, 0) }
}

export function valuesByKey(records: readonly TextRecord[]): Map<string | null, readonly string[]> {
  const byKey = new Map<string | null, string[]>()
  for (const { key, value } of records) {
    const values = byKey.get(key)
    if (values === undefined) byKey.set(key, [String(value)])
    else values.push(String(value))
  }
  return byKey
}

function keysOf(
  actual: ReadonlyMap<string | null, unknown>,
  expected: ReadonlyMap<string | null, unknown>,
): ReadonlySet<string | null> {
  return new Set([...expected.keys(), ...actual.keys()])
}

function idsIn(value: string | null): readonly string[] {
  return value?.match(/[LR]\d+/g) ?? []
}

// A pair is written when the later of its two records is read: so none comes after a pair with later records on both sides.
function isPossibleOrder(pairs: readonly JoinedPair[]): boolean {
  return pairs.every((later, i) =>
    pairs.slice(0, i).every((earlier) => !(later.left < earlier.left && later.right < earlier.right)),
  )
}

/** Whether the ids are those of the sources, each source's in order. Ids are different from each other. */
function isMixOf(ids: readonly string[], sources: readonly (readonly string[])[]): boolean {
  const places = new Map(ids.map((id, i) => [id, i]))
  const total = sources.reduce((sum, source) => sum + source.length, 0)
  if (places.size !== ids.length || ids.length !== total) return false
  return sources.every((source) =>
    source.every((id, i) => places.has(id) && !(places.get(id)! < (places.get(source[i - 1] ?? '') ?? -1))),
  )
}

function shown(values: readonly string[]): string {
  const more = values.length > MAX_SHOWN ? `, and ${values.length - MAX_SHOWN} more` : ''
  return `${values.slice(0, MAX_SHOWN).join(', ')}${more}`
}
