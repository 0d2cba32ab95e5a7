// Strategy: whole applications on a simulated cluster, each seed with faults of its own; see docs/simulation.md.
// Invariants: those that the simulation itself holds a run to. Here: that none is violated, and that the runs were worth something.

import type { SimulationResult } from '../../lib/testing/index.ts'
import { COMMIT_STEPS } from '../../lib/testing/simulation/crash-points.ts'
import { runInProcesses } from '../../tools/simulate/seeds.ts'

const SEEDS = 500
const MIN_RECORDS = 200
const MIN_FAULTS = 5

/** Every kind of fault that there is. */
const KINDS = [
  'crash',
  'crash during a start',
  'restart on the same disk',
  'restart on another disk',
  'callback fails',
  'batches lost by a power cut',
  'pause',
  'zombie',
  'zombie fenced by its instance id',
  'all but one start anew',
  'cut off from the cluster',
  'leave',
  'join',
  'request lost',
  'answer lost',
  'request twice',
  'slow answer',
  'transaction time-out',
  'end of a transaction unknown',
  'leaders move',
  'coordinators move',
  'full disk',
  'failing batch',
  'slow disk',
]

const results: SimulationResult[] = []

function sumOf(
  counts: (result: SimulationResult) => Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const result of results) {
    for (const [name, count] of Object.entries(counts(result))) sums[name] = (sums[name] ?? 0) + count
  }
  return sums
}

describe(`${SEEDS} seeds of a cluster in trouble`, () => {
  it('keep what is promised', async () => {
    // In processes of their own: each seed leaves behind what was promised and never came, of which jest keeps hold.
    const options = {
      from: 1,
      seeds: SEEDS,
      processes: 2,
      guarantee: undefined,
      stop: false,
      trace: false,
      worker: false,
    } as const
    await runInProcesses(options, (result) => results.push(result))
    const failures = results
      .filter(({ violations }) => violations.length > 0)
      .map(({ seed, violations }) =>
        [violations, `npm run simulate -- --seeds 1 --from ${seed} --trace`].flat().join('\n'),
      )
    expect(failures).toEqual([])
    expect(results).toHaveLength(SEEDS)
  }, 600_000)

  it('have enough input and faults, each', () => {
    for (const { seed, records, faults } of results) {
      const count = Object.values(faults).reduce((sum, each) => sum + each, 0)
      expect({ seed, enough: records >= MIN_RECORDS && count >= MIN_FAULTS }).toEqual({ seed, enough: true })
    }
  })

  it('meet every kind of fault', () => {
    expect(Object.keys(sumOf(({ faults }) => faults)).sort()).toEqual([...KINDS].sort())
  })

  it.each(['exactly_once', 'at_least_once'] as const)(
    'let processes die before and after each step of a commit: %s',
    (guarantee) => {
      const points = new Set(
        results
          .filter((result) => result.guarantee === guarantee)
          .flatMap(({ crashPoints }) => Object.keys(crashPoints)),
      )
      const missed = COMMIT_STEPS[guarantee]
        .flatMap((step) => [`before ${step}`, `after ${step}`])
        .filter((point) => !points.has(point))
      expect(missed).toEqual([])
    },
  )

  it('see results again where at least once allows it, and nowhere else', () => {
    const duplicatesOf = (guarantee: string) =>
      results.filter((result) => result.guarantee === guarantee).reduce((sum, { duplicates }) => sum + duplicates, 0)
    expect(duplicatesOf('exactly_once')).toBe(0)
    expect(duplicatesOf('at_least_once')).toBeGreaterThan(0)
  })
})
