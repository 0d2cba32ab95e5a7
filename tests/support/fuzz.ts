// Random tests that are the same in each run. Their short form takes seconds; `MILLRACE_FUZZ_RUNS=100000` sets the runs of each of them, and
// `MILLRACE_FUZZ_SEED=7` begins with another seed. A failure names the seed of its run.
import { seededRandom } from '../../integration/support/random.ts'

export class Chance {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random = (): number => this.#random()

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  /** Whether something happens that does so once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }
}

const { MILLRACE_FUZZ_RUNS, MILLRACE_FUZZ_SEED } = process.env
const firstSeed = Number(MILLRACE_FUZZ_SEED ?? 1)

export function fuzzRuns(short: number): number {
  return Number(MILLRACE_FUZZ_RUNS ?? short)
}

/** For jest: the short forms need far less. */
export const FUZZ_TIMEOUT_MS = 3_600_000

/** Calls `run` with a source of chance for each run. */
export function fuzz(shortRuns: number, run: (chance: Chance) => void): void {
  for (const seed of seeds(shortRuns)) {
    try {
      run(new Chance(seed))
    } catch (error) {
      throw named(seed, error)
    }
  }
}

/** The same for runs that take turns. */
export async function fuzzAsync(shortRuns: number, run: (chance: Chance) => Promise<void>): Promise<void> {
  for (const seed of seeds(shortRuns)) {
    try {
      await run(new Chance(seed))
    } catch (error) {
      throw named(seed, error)
    }
  }
}

function seeds(shortRuns: number): number[] {
  return Array.from({ length: fuzzRuns(shortRuns) }, (_, i) => firstSeed + i)
}

function named(seed: number, error: unknown): unknown {
  if (error instanceof Error) error.message = `MILLRACE_FUZZ_SEED=${seed} MILLRACE_FUZZ_RUNS=1: ${error.message}`
  return error
}
