import { type Clock, systemClock, VirtualClock } from '../../lib/core/clock.ts'

/** Virtual milliseconds for each turn of the event loop: real I/O (LevelDB) has to end before anything times out. */
const STEP_MS = 1

/**
 * Virtual time that passes as fast as the event loop turns. For cases with wall-clock steps the runtime gets `wall` instead: its timers
 * are the same, but the time of day moves only by the steps of the case.
 */
export class GoldenClock {
  readonly timeline: VirtualClock
  readonly wall: Clock
  #wallMs: number

  constructor(startMs: number) {
    const timeline = new VirtualClock(startMs)
    this.timeline = timeline
    this.#wallMs = startMs
    this.wall = {
      now: () => this.#wallMs,
      monotonicMs: () => timeline.monotonicMs(),
      setTimer: (delayMs, action) => timeline.setTimer(delayMs, action),
      yield: () => timeline.yield(),
    }
  }

  advanceWall(ms: number): void {
    this.#wallMs += ms
  }

  /** Lets time pass until a condition holds; fails, saying for what it waited, after `limitMs` of real time. */
  async until(what: string, holds: () => boolean, limitMs = 20_000): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + limitMs
    while (!holds()) {
      if (systemClock.monotonicMs() > deadlineMs) throw new Error(`not within ${limitMs} ms: ${what}`)
      await this.timeline.advance(STEP_MS)
    }
  }

  /** Lets time pass until a promise settles, and gives its result. */
  async settled<T>(what: string, promise: Promise<T>): Promise<T> {
    let ended = false
    const end = () => {
      ended = true
    }
    promise.then(end, end)
    await this.until(what, () => ended)
    return promise
  }
}
