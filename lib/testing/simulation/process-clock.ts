import type { Clock, Timer } from '../../core/clock.ts'

/** Node's timers wait for at least this long. */
const SHORTEST_MS = 1

const NO_TIMER: Timer = { cancel() {} }

/** Something that is to happen in the process. */
class Waiting implements Timer {
  readonly action: () => void
  isCancelled = false
  /** What it waits for, if it is a time. */
  timer: Timer | undefined

  constructor(action: () => void) {
    this.action = action
  }

  cancel(): void {
    this.isCancelled = true
    this.timer?.cancel()
  }
}

/**
 * The clock of one simulated process, over that of the whole simulation. Everything that the process does begins with a timer or with an answer from
 * outside, and both come through here: so a process that is stopped does nothing more, though its promises still exist; and one that is paused, as by
 * SIGSTOP, finds everything at once when it is resumed.
 */
export class ProcessClock implements Clock {
  readonly #clock: Clock
  #state: 'running' | 'paused' | 'stopped' = 'running'
  #timers: Waiting[] = []
  #answers: Waiting[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  setTimer(delayMs: number, action: () => void): Timer {
    return this.#setTimer(Math.max(delayMs, SHORTEST_MS), action)
  }

  // A turn of the event loop: while the process is paused there is none.
  yield(): Promise<void> {
    return new Promise((resolve) => {
      this.#setTimer(0, resolve)
    })
  }

  /** An answer from outside has come: the process gets it now, or when it is resumed, or never. */
  arrived(action: () => void): void {
    if (this.#state === 'running') action()
    else if (this.#state === 'paused') this.#answers.push(new Waiting(action))
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused'
  }

  /** Each thing that waits gets a turn of its own. Which comes first depends on where the process was when it was paused. */
  resume(timersFirst: boolean): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    const timers = this.#timers
    const answers = this.#answers
    this.#timers = []
    this.#answers = []
    const [first, second] = timersFirst ? [timers, answers] : [answers, timers]
    for (const waiting of [...first, ...second]) this.#clock.setTimer(0, () => this.#run(waiting))
  }

  stop(): void {
    this.#state = 'stopped'
    this.#timers = []
    this.#answers = []
  }

  #setTimer(delayMs: number, action: () => void): Timer {
    if (this.#state === 'stopped') return NO_TIMER
    const waiting = new Waiting(action)
    waiting.timer = this.#clock.setTimer(delayMs, () => this.#run(waiting))
    return waiting
  }

  #run(waiting: Waiting): void {
    if (waiting.isCancelled || this.#state === 'stopped') return
    if (this.#state === 'paused') this.#timers.push(waiting)
    else waiting.action()
  }
}
