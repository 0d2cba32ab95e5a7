// Runs random cases in Java and here, and shrinks those that differ.
import type { GoldenCase } from '../../../tests/golden/golden-case.ts'
import { problemWith } from '../../../tests/golden/problem.ts'
import type { JavaOracle, OracleInput, OracleResults, Rejected } from '../java-oracle.ts'
import { randomCase } from './random-case.ts'
import { shrink } from './shrink.ts'

export interface FuzzResult {
  /** How many cases ran in both. */
  readonly ran: number
  readonly differ: readonly Difference[]
  /** Java's reasons not to run the others, with how often each was given. */
  readonly rejected: ReadonlyMap<string, number>
  /** How many topologies Java runs and Millrace refuses, with an error that says what to do. */
  readonly refused: number
}

export interface Difference {
  readonly seed: number
  /** As small as it could be made. */
  readonly recorded: GoldenCase
  readonly problem: string
}

/** What Millrace refuses by design where Java, now and then, builds a topology: see tests/golden/README.md. */
const REFUSALS = [/several of the streams have other keys than their topics, and no name/]

export interface FuzzListener {
  /** A difference, as soon as it is as small as it could be made. */
  found(difference: Difference): void
  /** How many cases have been done. */
  progress(done: number): void
}

export async function fuzzRun(
  java: JavaOracle,
  { firstSeed, count, shrinks }: { readonly firstSeed: number; readonly count: number; readonly shrinks: boolean },
  listener: FuzzListener,
): Promise<FuzzResult> {
  const rejected = new Map<string, number>()
  const differ: Difference[] = []
  let [ran, refused] = [0, 0]
  const inputOf = (index: number) => (index < count ? randomCase(firstSeed + index) : undefined)
  let next = started(java, inputOf(0))
  for (let index = 0; next !== undefined; index++) {
    const { input, results } = next
    // Java works on the next case while this one runs here.
    next = started(java, inputOf(index + 1))
    listener.progress(index)
    const outcome = await results
    if ('rejected' in outcome) {
      const reason = outcome.rejected.replaceAll(/\d+/g, 'N')
      rejected.set(reason, (rejected.get(reason) ?? 0) + 1)
      continue
    }
    const seed = firstSeed + index
    let recorded = caseOf(`fuzz-${seed}`, input, outcome)
    let problem = await problemWith(recorded)
    if (problem !== undefined && REFUSALS.some((refusal) => refusal.test(problem!))) {
      refused++
      continue
    }
    ran++
    if (problem === undefined) continue
    if (shrinks) {
      const kind = kindOf(problem)
      await shrink(input, async (smaller) => {
        const outcome = await java.run(smaller)
        if ('rejected' in outcome) return false
        const candidate = caseOf(recorded.name, smaller, outcome)
        const stillThere = await problemWith(candidate)
        if (stillThere === undefined || kindOf(stillThere) !== kind) return false
        ;[recorded, problem] = [candidate, stillThere]
        return true
      })
    }
    const difference = { seed, recorded, problem: problem! }
    differ.push(difference)
    listener.found(difference)
  }
  return { ran, differ, rejected, refused }
}

interface Started {
  readonly input: OracleInput
  readonly results: Promise<OracleResults | Rejected>
}

function started(java: JavaOracle, input: OracleInput | undefined): Started | undefined {
  return input === undefined ? undefined : { input, results: java.run(input) }
}

function caseOf(name: string, input: OracleInput, results: OracleResults): GoldenCase {
  return { name, ...input, ...results, stores: comparableStores(results.stores, input) }
}

/**
 * Without what Java reads otherwise than it was written: windows of stream-stream joins in memory, for which it makes up times, and, with
 * `dsl.store.format` = headers, those and the subscriptions of foreign-key joins, to which it adds headers of other records.
 */
function comparableStores(stores: GoldenCase['stores'] = {}, { config }: OracleInput): GoldenCase['stores'] {
  const ofHeaders = config['dsl.store.format'] === 'headers'
  const isReadWell = (name: string, { kind, persistent }: GoldenCase['stores'][string]) =>
    ofHeaders ? !OF_JOINS.test(name) : kind !== 'timestampedWindowWithHeaders' || persistent
  return Object.fromEntries(Object.entries(stores).filter(([name, store]) => isReadWell(name, store)))
}

const OF_JOINS = /^KSTREAM-(JOIN|OUTER)(THIS|OTHER)-|-join-store$|SUBSCRIPTION-STATE-STORE|-subscription-store$/

/** Shrinking keeps to what it started with: a difference of the description, of a topic, of a store, or an error. */
function kindOf(problem: string): string {
  return /^(describe|topic|store|step \d+ fails)/.exec(problem)?.[0] ?? problem.split('\n')[0]!.replaceAll(/\d+/g, 'N')
}
