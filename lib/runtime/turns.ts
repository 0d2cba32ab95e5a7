import type { Clock } from '../core/clock.ts'

/** Keeps several long pieces of work from filling the event loop together: between two of their slices sockets, timers and the records of running tasks always get their turn. */
export class Turns {
  readonly #clock: Clock
  #last: Promise<void> = Promise.resolve()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when a slice may be done, in the order of the calls, one in each turn of the event loop. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => this.#clock.yield())
    return this.#last
  }
}
