// Holds the stores on the disks of all instances against their changelogs and against what follows from the inputs.
import type { ConsumedRecord } from '../../lib/core/record.ts'
import { partitionKey } from '../../lib/core/record.ts'
import type { TestCluster } from '../support/cluster.ts'
import type { Expected, Inputs, TextRecord } from './expected.ts'
import { replay, type StoredState } from './stores.ts'
import { PARTITIONS } from './topology.ts'

const MAX_SHOWN = 5
const WINDOWED = /-join-store$/

/** What is in the changelogs, by partition. */
export type Changelogs = ReadonlyMap<string, readonly ConsumedRecord[]>

export async function readChangelogs(onlooker: TestCluster, states: readonly StoredState[]): Promise<Changelogs> {
  const changelogs = new Map<string, readonly ConsumedRecord[]>()
  for (const topic of new Set(states.map(({ changelog }) => changelog))) {
    const records = Map.groupBy(await onlooker.readCommitted(topic), ({ partition }) => partition)
    for (const [partition, some] of records) changelogs.set(partitionKey(topic, partition), some)
  }
  return changelogs
}

/** Each store on each disk is its changelog up to its position; and one of each is at the end of it, and is what follows from the inputs. */
export async function checkStores(
  states: readonly StoredState[],
  changelogs: Changelogs,
  inputs: Inputs,
  expected: Expected,
  guarantee: 'exactly_once' | 'at_least_once',
): Promise<readonly string[]> {
  const violations: string[] = []
  for (const state of states) {
    const difference =
      guarantee === 'exactly_once'
        ? await differenceFromChangelog(state, changelogs)
        : await differenceOfRestored(state, changelogs)
    if (difference !== undefined)
      violations.push(`${nameOf(state)} is not its changelog up to ${state.position}: ${difference}`)
  }
  for (const [store, wanted] of contentsOf(inputs, expected)) {
    const content: string[] = []
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const ofPartition = states.filter((state) => state.store === store && state.partition === partition)
      const whole = ofPartition.find((state) => state.position > (recordsOf(state, changelogs).at(-1)?.offset ?? -1))
      if (whole === undefined) violations.push(`no instance has all of ${store}-${partition}`)
      else content.push(...whole.content)
    }
    // Counted twice, or kept twice, is what at least once may do.
    if (guarantee === 'at_least_once' && store === 'counts') continue
    const entries = content.map(withoutTime)
    const difference = differenceOf(guarantee === 'exactly_once' ? entries : once(entries), wanted)
    if (difference !== undefined)
      violations.push(`the store ${store} is not what follows from the inputs: ${difference}`)
  }
  return violations
}

async function differenceFromChangelog(state: StoredState, changelogs: Changelogs): Promise<string | undefined> {
  const records = recordsOf(state, changelogs).filter(({ offset }) => offset < state.position)
  return differenceOf(state.content, await replay(state.store, records))
}

/**
 * At least once rows may be ahead of their position, so it is what a restore from there makes of them that is held against the whole changelog; twice counts as once. Of windows only: what a
 * request that came too late has put into the changelog of a table is older than what the store has.
 */
async function differenceOfRestored(state: StoredState, changelogs: Changelogs): Promise<string | undefined> {
  if (!WINDOWED.test(state.store)) return undefined
  const records = recordsOf(state, changelogs)
  const missing = records.filter(({ offset }) => offset >= state.position)
  const restored = [...state.content, ...(await replay(state.store, missing))]
  return differenceOf(once(restored), once(await replay(state.store, records)))
}

/** What each store has to hold in the end. */
function contentsOf(
  { orders, payments, names, rates }: Inputs,
  { counts, tables }: Expected,
): ReadonlyMap<string, readonly string[]> {
  const windowed = (records: readonly TextRecord[]) =>
    records.map(({ key, value, timestamp }) => `${key} @${timestamp} = ${value}`)
  return new Map([
    ['paid-this-join-store', windowed(orders)],
    ['paid-other-join-store', windowed(payments)],
    ['counts', [...counts].map(([group, count]) => `${group} = ${count}`)],
    ['names', latest(names)],
    ['rates', latest(rates)],
    ['named', [...tables].map(([key, { names, rates }]) => `${key} = ${names.at(-1)}/${rates.at(-1)}`)],
  ])
}

function latest(records: readonly TextRecord[]): readonly string[] {
  const values = new Map(records.map(({ key, value }) => [key, value]))
  return [...values].flatMap(([key, value]) => (value === null ? [] : `${key} = ${value}`))
}

function recordsOf({ changelog, partition }: StoredState, changelogs: Changelogs): readonly ConsumedRecord[] {
  return changelogs.get(partitionKey(changelog, partition)) ?? []
}

function nameOf({ instance, store, partition }: StoredState): string {
  return `the store ${store}-${partition} of ${instance}`
}

function once(entries: readonly string[]): readonly string[] {
  return [...new Set(entries)]
}

// Of a table's entry; those of windows have theirs elsewhere.
function withoutTime(entry: string): string {
  return entry.replace(/ @\d+$/, '')
}

/** Both are sorted. Undefined: they are equal. */
function differenceOf(found: readonly string[], wanted: readonly string[]): string | undefined {
  const extra = onlyIn(found, wanted)
  const missing = onlyIn(wanted, found)
  if (extra.length + missing.length === 0) return undefined
  const shown = (some: readonly string[]) => `${some.length} [${some.slice(0, MAX_SHOWN).join('; ')}]`
  return `it has ${shown(extra)} and lacks ${shown(missing)}`
}

/** Each as often as it is there more often. */
function onlyIn(some: readonly string[], others: readonly string[]): readonly string[] {
  const open = new Map<string, number>()
  for (const other of others) open.set(other, (open.get(other) ?? 0) + 1)
  return some.filter((entry) => {
    const count = open.get(entry) ?? 0
    open.set(entry, count - 1)
    return count <= 0
  })
}
