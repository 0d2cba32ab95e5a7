import type { Moment } from './outside.ts'
import type { SimulatedProcess } from './process.ts'
import type { Random } from './random.ts'

/** Everything that a commit, and a start, do outside the process: a crash before and after each has its own consequences. */
export const COMMIT_STEPS = {
  exactly_once: ['addPartitionsToTxn', 'produce', 'addOffsetsToTxn', 'txnOffsetCommit', 'endTxn', 'disk write'],
  at_least_once: ['produce', 'disk write', 'offsetCommit'],
} as const
export const START_STEPS = [
  'joinGroup',
  'syncGroup',
  'initProducerId',
  'offsetFetch',
  'listOffsets',
  'restore fetch',
  'disk write',
] as const

const COMMIT_SHARE = 0.75
const MAX_COUNTDOWN = 30
const MAX_STEP_COUNTDOWN = 4

interface Armed {
  /** Undefined: any operation. */
  readonly operation: string | undefined
  readonly moment: Moment
  countdown: number
  readonly onCrash: () => void
}

/** Decides where processes die, and counts where they did. */
export class CrashPoints {
  /** `before endTxn`: how often. */
  readonly counts = new Map<string, number>()
  readonly #random: Random
  readonly #guarantee: keyof typeof COMMIT_STEPS
  readonly #armed = new Map<SimulatedProcess, Armed>()

  constructor(random: Random, guarantee: keyof typeof COMMIT_STEPS) {
    this.#random = random
    this.#guarantee = guarantee
  }

  /** Has a process die at some step of a commit, or, now and then, wherever it is. `onCrash` is called when it has died. */
  atCommit(process: SimulatedProcess, onCrash: () => void): void {
    const random = this.#random
    if (random.chance(COMMIT_SHARE)) this.#arm(process, random.pick(COMMIT_STEPS[this.#guarantee]), onCrash)
    else this.anywhere(process, onCrash)
  }

  /** Has a process die while it starts, or restores. */
  atStart(process: SimulatedProcess, onCrash: () => void): void {
    this.#arm(process, this.#random.pick(START_STEPS), onCrash)
  }

  /** Has a process die at one of the next things that it does. */
  anywhere(process: SimulatedProcess, onCrash: () => void): void {
    const random = this.#random
    const moment = random.chance(0.5) ? 'before' : 'after'
    this.#armed.set(process, { operation: undefined, moment, countdown: random.between(1, MAX_COUNTDOWN), onCrash })
  }

  isArmed(process: SimulatedProcess): boolean {
    return this.#armed.has(process)
  }

  disarm(process: SimulatedProcess): void {
    this.#armed.delete(process)
  }

  onOutside(process: SimulatedProcess, operation: string, moment: Moment): void {
    const armed = this.#armed.get(process)
    if (armed === undefined || armed.moment !== moment) return
    if (armed.operation !== undefined && armed.operation !== operation) return
    if (--armed.countdown > 0) return
    this.#armed.delete(process)
    const point = `${moment} ${operation}`
    this.counts.set(point, (this.counts.get(point) ?? 0) + 1)
    armed.onCrash()
  }

  #arm(process: SimulatedProcess, operation: string, onCrash: () => void): void {
    const random = this.#random
    const moment = random.chance(0.5) ? 'before' : 'after'
    this.#armed.set(process, { operation, moment, countdown: random.between(1, MAX_STEP_COUNTDOWN), onCrash })
  }
}
