// Compares what the application has written with what follows from its inputs. Exactly once: each value once, in an order that the inputs allow. At least once:
// nothing is missing and nothing is made up; what is there too often is counted.
import type { Expected, Pair, TableStates, TextRecord } from './expected.ts'

const MAX_SHOWN = 8

export type Outputs = Readonly<Record<'paid' | 'grouped' | 'counts' | 'named', readonly TextRecord[]>>

export interface OutputFindings {
  readonly violations: readonly string[]
  /** Records that are there once more than they should be. */
  readonly duplicates: number
}

export function checkOutputs(
  outputs: Outputs,
  expected: Expected,
  guarantee: 'exactly_once' | 'at_least_once',
): OutputFindings {
  const check = new Check()
  const isExact = guarantee === 'exactly_once'
  const [paid, grouped] = [valuesByKey(outputs.paid), valuesByKey(outputs.grouped)]
  for (const key of keysOf(paid, expected.paid)) {
    const pairs = expected.paid.get(key) ?? []
    const found = paid.get(key) ?? []
    const isWhole = check.same(
      `paid ${key}`,
      found,
      pairs.map(({ value }) => value),
      isExact,
    )
    if (isExact && isWhole && !isPossibleOrder(found, pairs)) check.violations.push(`paid ${key}: out of order`)
  }
  for (const key of keysOf(grouped, expected.groups)) {
    const sources = expected.groups.get(key) ?? []
    const found = grouped.get(key) ?? []
    const isWhole = check.same(`grouped ${key}`, found, sources.flat(), isExact)
    if (isExact && isWhole && !sources.every((source) => isSubsequence(source, found)))
      check.violations.push(`grouped ${key}: out of order`)
  }
  const counts = valuesByKey(outputs.counts)
  for (const key of keysOf(counts, expected.counts))
    check.counts(key, counts.get(key) ?? [], expected.counts.get(key), isExact)
  const named = valuesByKey(outputs.named)
  for (const key of keysOf(named, expected.tables))
    check.named(key, named.get(key) ?? [], expected.tables.get(key), isExact)
  return check
}

class Check implements OutputFindings {
  readonly violations: string[] = []
  duplicates = 0

  /** Whether both have the same values, each as often. */
  same(what: string, found: readonly string[], wanted: readonly string[], isExact: boolean): boolean {
    const open = new Map<string, number>()
    for (const value of wanted) open.set(value, (open.get(value) ?? 0) + 1)
    const twice: string[] = []
    const madeUp: string[] = []
    for (const value of found) {
      const count = open.get(value)
      if (count === undefined) madeUp.push(value)
      else if (count === 0) twice.push(value)
      else open.set(value, count - 1)
    }
    const missing = [...open].flatMap(([value, count]) => (count > 0 ? [value] : []))
    this.#violation(what, 'lacks', missing)
    this.#violation(what, 'makes up', madeUp)
    this.duplicates += twice.length
    if (isExact) this.#violation(what, 'repeats', twice)
    return missing.length + madeUp.length + twice.length === 0
  }

  /** Counts go up by one from record to record. */
  counts(key: string, found: readonly string[], wanted: string | undefined, isExact: boolean): void {
    const [last, wantedCount] = [countOf(found.at(-1)), countOf(wanted)]
    if (!isExact) {
      this.duplicates += Math.max(0, last - wantedCount)
      if (last < wantedCount) this.violations.push(`counts ${key}: ends at ${found.at(-1)}, and should reach ${wanted}`)
      return
    }
    if (found.at(-1) !== wanted) this.violations.push(`counts ${key}: ends at ${found.at(-1)} instead of ${wanted}`)
    const at = found.findIndex((value, i) => countOf(value) !== i + 1)
    if (at >= 0)
      this.violations.push(
        `counts ${key}: does not go up by one at record ${at}: ${shown(found.slice(Math.max(0, at - 2)))}`,
      )
  }

  /** Each record comes of the one before by one update of one table, and the last one of the last updates of both. */
  named(key: string, found: readonly string[], states: TableStates | undefined, isExact: boolean): void {
    const { names, rates } = states ?? { names: [], rates: [null] }
    const last = `${names.at(-1)}/${rates.at(-1)}`
    if (found.at(-1) !== last) this.violations.push(`named ${key}: ends at ${found.at(-1)} instead of ${last}`)
    if (!isExact) {
      const known = new Set(found)
      this.duplicates += found.length - known.size
      const madeUp = [...known].filter((value) => {
        const [name, rate] = value.split('/') as [string, string]
        return !names.includes(name) || !rates.some((one) => String(one) === rate)
      })
      this.#violation(`named ${key}`, 'makes up', madeUp)
      return
    }
    const at = firstThatDoesNotFollow(found, names, rates)
    if (at >= 0)
      this.violations.push(`named ${key}: record ${at} does not follow: ${shown(found.slice(Math.max(0, at - 2)))}`)
  }

  #violation(what: string, how: string, values: readonly string[]): void {
    if (values.length > 0) this.violations.push(`${what} ${how} ${values.length}: ${shown(values)}`)
  }
}

// A pair is written when the later of its two is read: so none comes after a pair that is later on both sides.
function isPossibleOrder(found: readonly string[], pairs: readonly Pair[]): boolean {
  const places = new Map(pairs.map((pair) => [pair.value, pair]))
  const inOrder = found.map((value) => places.get(value)!)
  return inOrder.every((later, i) =>
    inOrder.slice(0, i).every((earlier) => later.order >= earlier.order || later.payment >= earlier.payment),
  )
}

function isSubsequence(source: readonly string[], of: readonly string[]): boolean {
  let at = 0
  for (const value of of) if (value === source[at]) at++
  return at === source.length
}

// A rate may be null more than once, so there can be several updates that a record may show.
function firstThatDoesNotFollow(
  found: readonly string[],
  names: readonly string[],
  rates: readonly (string | null)[],
): number {
  let nameAt = -1
  let ratesAt = new Set(rates.keys())
  for (const [i, value] of found.entries()) {
    const isShown = (name: number, rate: number) => value === `${names[name]}/${rates[rate]}`
    const sameName = new Set<number>()
    const nextName = new Set<number>()
    for (const rate of ratesAt) {
      if (isShown(nameAt + 1, rate)) nextName.add(rate)
      if (nameAt >= 0 && isShown(nameAt, rate + 1)) sameName.add(rate + 1)
    }
    if (nextName.size === 0 && sameName.size === 0) return i
    // Names are all different: only one of the two can be.
    if (nextName.size > 0) nameAt++
    ratesAt = nextName.size > 0 ? nextName : sameName
  }
  return nameAt === names.length - 1 && ratesAt.has(rates.length - 1) ? -1 : found.length
}

function valuesByKey(records: readonly TextRecord[]): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...Map.groupBy(records, ({ key }) => key)].map(([key, some]) => [key, some.map(({ value }) => String(value))]),
  )
}

function keysOf(...maps: readonly ReadonlyMap<string, unknown>[]): ReadonlySet<string> {
  return new Set(maps.flatMap((map) => [...map.keys()]))
}

function countOf(aggregate: string | undefined): number {
  return Number(aggregate?.split(':')[0] ?? 0)
}

function shown(values: readonly string[]): string {
  const more = values.length > MAX_SHOWN ? `, and ${values.length - MAX_SHOWN} more` : ''
  return values.slice(0, MAX_SHOWN).join(', ') + more
}
