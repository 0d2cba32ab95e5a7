import { type Clock, systemClock, type Timer } from '../../lib/core/clock.ts'

/** The machine's clock, whose timers can be stopped all at once: a cluster in memory waits for the sessions of members that did not leave. */
export class StoppableClock implements Clock {
  readonly #timers = new Set<Timer>()

  now(): number {
    return systemClock.now()
  }

  monotonicMs(): number {
    return systemClock.monotonicMs()
  }

  setTimer(delayMs: number, action: () => void): Timer {
    const timer = systemClock.setTimer(delayMs, () => {
      this.#timers.delete(timer)
      action()
    })
    this.#timers.add(timer)
    return {
      cancel: () => {
        this.#timers.delete(timer)
        timer.cancel()
      },
    }
  }

  yield(): Promise<void> {
    return systemClock.yield()
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }
}
