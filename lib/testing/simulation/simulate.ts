import { Simulation } from './simulation.ts'

export interface SimulationOptions {
  /** A whole number; its low 32 bits count. The same seed (and guarantee) gives the same run, to the byte. */
  readonly seed: number
  /** Undefined: what the seed says, one in seven at least once. */
  readonly guarantee?: 'exactly_once' | 'at_least_once'
  /** Gets a line for each thing that happens, with its virtual time in seconds in front. */
  readonly trace?: (line: string) => void
}

export interface SimulationResult {
  readonly seed: number
  readonly guarantee: 'exactly_once' | 'at_least_once'
  /** What was promised and did not hold, in words; empty: all of it held. */
  readonly violations: readonly string[]
  /** How often each kind of fault has really happened. */
  readonly faults: Readonly<Record<string, number>>
  /** How often a process has died where: `after endTxn`. */
  readonly crashPoints: Readonly<Record<string, number>>
  /** Input records of the application, those of aborted transactions not counted. */
  readonly records: number
  /** Results that were written again, which at least once allows. */
  readonly duplicates: number
  /** How long the run was for those in it. Milliseconds. */
  readonly virtualMs: number
}

/**
 * Runs an application of several instances on a cluster in memory, in virtual time, while everything goes wrong that the seed says: processes die at
 * any step of a commit or sleep and come back, disks fill up or lose what was not synced, requests and answers get lost or come twice, brokers are slow
 * and move. Then it lets everything come to rest and compares outputs, stores and offsets with what follows from the inputs. See docs/simulation.md.
 *
 * All of it is the code of production but the cluster and the disk, which are models. Real time passes only for the work: some fifty milliseconds.
 *
 * @returns What was found; a violation is not thrown. Rejects only where the simulation itself cannot go on.
 * @example
 * const { violations } = await simulate({ seed: 42 })
 * if (violations.length > 0) throw new Error(violations.join('\n'))
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).run()
}
