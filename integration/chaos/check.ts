import { type ConsumedRecord, partitionKey } from '../../lib/core/record.ts'
import type { TestCluster } from '../support/cluster.ts'
import { type Expected, expectedOf, type Inputs, type TextRecord, textOf } from './expected.ts'
import type { InstanceProcess } from './instance-process.ts'
import { checkOutputs, type Outputs } from './output-check.ts'
import type { KilledState } from './process-faults.ts'
import { readStores, replay, type StoredState } from './stores.ts'
import { APPLICATION_ID, INPUTS, OUTPUTS, PARTITIONS } from './topology.ts'

/** What the restorer warns of when a store is emptied, and when it stops rather than do that. */
const EMPTIED = /emptied|was lost|set aside/
const MAX_SHOWN = 5

export interface CheckOptions {
  readonly onlooker: TestCluster
  /** None runs any more. */
  readonly instances: readonly InstanceProcess[]
  readonly killed: readonly KilledState[]
  /** How many records were sent to each input. */
  readonly sent: Readonly<Record<keyof Inputs, number>>
  readonly guarantee: 'exactly_once' | 'at_least_once'
}

export interface CheckedRun {
  readonly violations: readonly string[]
  /** What was read of the outputs. */
  readonly outputs: Outputs
  readonly records: { readonly input: number; readonly output: number; readonly duplicates: number }
  readonly restoredAfterKills: number
}

/** Holds outputs, stores and logs of a run against its inputs and changelogs. */
export async function checkRun(options: CheckOptions): Promise<CheckedRun> {
  const { onlooker, instances, killed, sent, guarantee } = options
  const violations: string[] = []
  const inputs = (await textTopics(onlooker, INPUTS)) as Inputs
  const outputs = (await textTopics(onlooker, OUTPUTS)) as Outputs
  for (const topic of INPUTS) {
    const found = inputs[topic].length
    if (found !== sent[topic]) violations.push(`the input ${topic} has ${found} records of ${sent[topic]} sent`)
  }
  const expected = expectedOf(inputs)
  const found = checkOutputs(outputs, expected, guarantee)
  violations.push(...found.violations)

  const states = (await Promise.all(instances.map(({ stateDir, name }) => readStores(stateDir, name)))).flat()
  const changelogs = await readChangelogs(onlooker, states)
  violations.push(...(await checkStores(states, changelogs, inputs, expected, guarantee)))

  const restored = restoredAfterKills(killed, changelogs)
  violations.push(...restored.violations, ...instances.flatMap(emptiedStores))
  const count = (topics: Readonly<Record<string, readonly unknown[]>>) =>
    Object.values(topics).reduce((sum, { length }) => sum + length, 0)
  return {
    violations,
    outputs,
    records: { input: count(inputs), output: count(outputs), duplicates: found.duplicates },
    restoredAfterKills: restored.records,
  }
}

async function textTopics(
  onlooker: TestCluster,
  topics: readonly string[],
): Promise<Readonly<Record<string, readonly TextRecord[]>>> {
  const read = topics.map(async (topic) => [topic, (await onlooker.readCommitted(topic)).map(textOf)] as const)
  return Object.fromEntries(await Promise.all(read))
}

/** What is in the changelogs, by partition. */
type Changelogs = ReadonlyMap<string, readonly ConsumedRecord[]>

async function readChangelogs(onlooker: TestCluster, states: readonly StoredState[]): Promise<Changelogs> {
  const changelogs = new Map<string, readonly ConsumedRecord[]>()
  for (const topic of new Set(states.map(({ changelog }) => changelog))) {
    const records = Map.groupBy(await onlooker.readCommitted(topic), ({ partition }) => partition)
    for (const [partition, some] of records) changelogs.set(partitionKey(topic, partition), some)
  }
  return changelogs
}

/** Each store on each disk is its changelog up to its position; and one of each is at the end of it, and is what follows from the inputs. */
async function checkStores(
  states: readonly StoredState[],
  changelogs: Changelogs,
  inputs: Inputs,
  expected: Expected,
  guarantee: CheckOptions['guarantee'],
): Promise<readonly string[]> {
  const violations: string[] = []
  for (const state of states) {
    const records = recordsOf(state, changelogs).filter(({ offset }) => offset < state.position)
    const difference = differenceOf(state.content, await replay(state.store, records))
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
    if (guarantee === 'at_least_once' && store !== 'named') continue
    const difference = differenceOf(content.map(withoutTime).sort(), [...wanted].sort())
    if (difference !== undefined)
      violations.push(`the store ${store} is not what follows from the inputs: ${difference}`)
  }
  return violations
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

/** After a kill, a store is read from where it was: with at most the records behind that. */
function restoredAfterKills(
  killed: readonly KilledState[],
  changelogs: Changelogs,
): { readonly violations: readonly string[]; readonly records: number } {
  const violations: string[] = []
  let all = 0
  for (const { instance, nextLife, positions } of killed) {
    const lines = instance.lives >= nextLife ? instance.lines(nextLife) : []
    for (const line of lines) {
      if (line.event !== 'restored') continue
      const position = positions.get(`${line.store}-${line.partition}`)
      if (position === undefined) continue
      // Event times are those of the clock: what came later cannot have been read.
      const changelog = changelogs.get(partitionKey(changelogTopicOf(line.store), line.partition)) ?? []
      const tail = changelog.filter(({ offset, timestamp }) => offset >= position && timestamp <= line.atMs).length
      all += line.records
      if (line.records > tail) {
        violations.push(
          `${instance.name}, life ${nextLife}: ${line.store}-${line.partition} was killed at offset ${position}, and ` +
            `${line.records} records were restored where ${tail} were missing`,
        )
      }
    }
  }
  return { violations, records: all }
}

function emptiedStores(instance: InstanceProcess): readonly string[] {
  return Array.from({ length: instance.lives }, (_, i) => i + 1).flatMap((life) =>
    instance.lines(life).flatMap((line) => {
      if (line.event !== 'log' || !EMPTIED.test(line.message)) return []
      return `${instance.name}, life ${life}: ${line.message} ${JSON.stringify(line.fields)}`
    }),
  )
}

// Tables of topics have these as their changelogs.
function changelogTopicOf(store: string): string {
  return (INPUTS as readonly string[]).includes(store) ? store : `${APPLICATION_ID}-${store}-changelog`
}

function recordsOf({ changelog, partition }: StoredState, changelogs: Changelogs): readonly ConsumedRecord[] {
  return changelogs.get(partitionKey(changelog, partition)) ?? []
}

function nameOf({ instance, store, partition }: StoredState): string {
  return `the store ${store}-${partition} of ${instance}`
}

// Of a table's entry.
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
