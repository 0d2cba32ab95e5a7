import type { SimulationResult } from '../../lib/testing/simulation/simulate.ts'

/** Violations shown of one seed. */
const MAX_SHOWN = 5
/** Characters shown of one. */
const MAX_LENGTH = 600

/** Adds up the results of many seeds, and tells of those that failed. */
export class Report {
  readonly #print: (line: string) => void
  readonly #options: readonly string[]
  readonly #faults = new Map<string, number>()
  readonly #crashPoints = new Map<string, number>()
  #seeds = 0
  #records = 0
  #duplicates = 0
  #failures = 0

  /** @param options - Beside the seed, for the command that shows a failure again. */
  constructor(print: (line: string) => void, options: readonly string[]) {
    this.#print = print
    this.#options = options
  }

  get failures(): number {
    return this.#failures
  }

  add(result: SimulationResult): void {
    this.#seeds++
    this.#records += result.records
    this.#duplicates += result.duplicates
    addTo(this.#faults, result.faults)
    addTo(this.#crashPoints, result.crashPoints)
    if (result.violations.length > 0) this.#failed(result)
  }

  end(seconds: number): void {
    const rate = (this.#seeds / seconds).toFixed(1)
    this.#print(
      `${this.#seeds} seeds in ${seconds.toFixed(1)} s (${rate} seeds/s), ${this.#records} records, ${this.#failures} failed`,
    )
    this.#print(`results written again, at least once: ${this.#duplicates}`)
    this.#print(`faults: ${listed(this.#faults)}`)
    this.#print(`crashes: ${listed(this.#crashPoints)}`)
  }

  #failed({ seed, guarantee, violations }: SimulationResult): void {
    this.#failures++
    this.#print(`seed ${seed} (${guarantee}) FAILED:`)
    for (const violation of violations.slice(0, MAX_SHOWN)) this.#print(`  ${violation.slice(0, MAX_LENGTH)}`)
    if (violations.length > MAX_SHOWN) this.#print(`  and ${violations.length - MAX_SHOWN} more`)
    this.#print(`  again: ${['npm run simulate -- --seeds 1 --from', seed, ...this.#options, '--trace'].join(' ')}`)
  }
}

function addTo(counts: Map<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) counts.set(name, (counts.get(name) ?? 0) + count)
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}
