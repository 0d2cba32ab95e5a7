import { TimerHeap } from './timer-heap.ts'

/** A timer that has been set. `cancel()` after it fired, or twice, does nothing. */
export interface Timer {
  cancel(): void
}

/**
 * The only source of time in Millrace, so that a simulation can own it. Everything that waits, times out or reads the
 * time does so through a clock that was handed to it.
 */
export interface Clock {
  /** Wall-clock time in epoch milliseconds. */
  now(): number
  /** Milliseconds since an arbitrary start, never going back: for measuring. Fractions allowed. */
  monotonicMs(): number
  /** Calls `action` once, `delayMs` from now, unless cancelled. Keeps the process alive: what is closed cancels its timers. */
  setTimer(delayMs: number, action: () => void): Timer
  /** Lets timers and I/O of the process run, then goes on. */
  yield(): Promise<void>
}

/** Resolves after `delayMs`. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(delayMs, resolve)
  })
}

class SystemClock implements Clock {
  now(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }

  setTimer(delayMs: number, action: () => void): Timer {
    const timer = setTimeout(action, delayMs)
    return { cancel: () => clearTimeout(timer) }
  }

  yield(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }
}

/** The clock of the machine. */
export const systemClock: Clock = new SystemClock()

/** What yields for longer than this many turns works for ever: time goes on beside it. */
const MAX_SETTLING_TURNS = 1_000
/** Turns of the event loop that are asked for at once: it looks for I/O only after all of them, which costs more than the turns themselves. */
const TURNS_AT_ONCE = 16

/**
 * A clock that stands still until it is told to advance: for tests and simulations. Timers fire in order of time, then of
 * setting. Between two timers every promise that can settle does, so the same program gives the same run.
 *
 * @example
 * const clock = new VirtualClock(0)
 * clock.setTimer(100, () => console.log('at', clock.now()))
 * await clock.advance(250) // prints: at 100
 */
export class VirtualClock implements Clock {
  #nowMs: number
  #sequence = 0
  #yields = 0
  readonly #timers = new TimerHeap()

  constructor(startMs = 0) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  setTimer(delayMs: number, action: () => void): Timer {
    return this.#timers.add(this.#nowMs + Math.max(0, delayMs), this.#sequence++, action)
  }

  yield(): Promise<void> {
    this.#yields++
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#yields--
        resolve()
      })
    })
  }

  /** Moves time forward by `ms`, firing what falls due on the way. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await this.#inTurns(() => this.#fire(untilMs))
    this.#nowMs = untilMs
  }

  /** Advances to each next timer in turn until `done()` holds; at most `limitMs` of virtual time. */
  async advanceUntil(done: () => boolean, limitMs: number): Promise<void> {
    const untilMs = this.#nowMs + limitMs
    await this.#inTurns(() => {
      if (done()) return false
      if (!this.#fire(untilMs)) throw new Error(`not done within ${limitMs} ms of virtual time`)
      return true
    })
  }

  // Whether there was a timer to fire.
  #fire(untilMs: number): boolean {
    const next = this.#timers.first
    if (next === undefined || next.atMs > untilMs) return false
    this.#nowMs = next.atMs
    this.#timers.take()()
    return true
  }

  // Takes steps until one returns false, each in a turn of the macrotask queue of its own: before the next all promise chains have run to their end, and
  // what yielded has gone on.
  #inTurns(step: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOver = false
      let turnsLeft = 0
      let settlingTurns = 0
      const ask = (): void => {
        if (this.#yields > 0) settlingTurns++
        turnsLeft = this.#yields > 0 ? 1 : TURNS_AT_ONCE
        for (let turn = 0; turn < turnsLeft; turn++) setImmediate(take)
      }
      const take = (): void => {
        turnsLeft--
        if (isOver) return
        if (this.#yields === 0 || settlingTurns >= MAX_SETTLING_TURNS) {
          settlingTurns = 0
          try {
            isOver = !step()
          } catch (error) {
            isOver = true
            reject(error)
          }
        }
        if (isOver) resolve()
        else if (turnsLeft === 0) ask()
      }
      ask()
    })
  }
}
