// Faults of all kinds at once. Each target has a sequence of faults of its own, one after the other, which the seed decides; how the sequences, and what the
// application does meanwhile, are interleaved is different in each run.
import { sleep, systemClock } from '../../lib/core/clock.ts'
import { seededRandom } from '../support/random.ts'

/** A target and what can be done to it; a fault with twice the share happens twice as often. */
export interface Lane {
  readonly name: string
  readonly faults: readonly { readonly share: number; readonly fault: (random: () => number) => Promise<void> }[]
  /** Whether a fault makes sense now; asked again until it does. */
  readonly isReady: () => boolean
}

const POLL_MS = 200
/** Numbers of a fault: drawn before it begins, so that what it uses does not change those after it. */
const DRAWS = 6

export class Storm {
  readonly #lanes: readonly Lane[]
  readonly #seed: number
  readonly #meanPauseMs: number
  readonly #failure = Promise.withResolvers<never>()
  #stopping = false
  #running: readonly Promise<void>[] = []

  /** @param meanPauseMs - Between the end of a fault and the next one at the same target. */
  constructor(lanes: readonly Lane[], seed: number, meanPauseMs: number) {
    this.#lanes = lanes
    this.#seed = seed
    this.#meanPauseMs = meanPauseMs
    this.#failure.promise.catch(() => {})
  }

  start(): void {
    this.#running = this.#lanes.map((lane, i) => this.#run(lane, seededRandom(this.#seed * 1_000 + i)))
    for (const each of this.#running) each.catch((error: unknown) => this.#failure.reject(error))
  }

  /** Rejects when a fault cannot be done or undone. */
  get failed(): Promise<never> {
    return this.#failure.promise
  }

  /** Resolves when the last faults are over. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#running)
  }

  async #run({ faults, isReady }: Lane, random: () => number): Promise<void> {
    const weighted = faults.flatMap(({ share, fault }) => Array.from({ length: share }, () => fault))
    for (;;) {
      await this.#pause(2 * random() * this.#meanPauseMs)
      const chosen = random()
      const draws = Array.from({ length: DRAWS }, random)
      while (!this.#stopping && !isReady()) await sleep(systemClock, POLL_MS)
      if (this.#stopping) return
      await weighted[Math.floor(chosen * weighted.length)]!(() => draws.shift()!)
    }
  }

  async #pause(ms: number): Promise<void> {
    const untilMs = systemClock.monotonicMs() + ms
    while (!this.#stopping && systemClock.monotonicMs() < untilMs) await sleep(systemClock, POLL_MS)
  }
}
