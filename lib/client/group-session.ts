import type { Clock, Timer } from '../core/clock.ts'

/**
 * Knows when the coordinator must have dropped this member: the session time-out has passed since it last heard from us.
 *
 * While a JoinGroup or SyncGroup is parked at the coordinator (`hold`) it does not expire anybody, nor does this.
 */
export class GroupSession {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #onExpired: () => void
  #deadlineMs: number | undefined
  #leaseUntilMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #held = false

  constructor(clock: Clock, timeoutMs: number, onExpired: () => void) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#onExpired = onExpired
  }

  /** How long the coordinator will wait for the next sign of life, in milliseconds; 0 if it waits no more. */
  get remainingMs(): number {
    return this.#deadlineMs === undefined ? 0 : Math.max(0, this.#deadlineMs - this.#clock.monotonicMs())
  }

  /** Whether the coordinator must have heard from us within the time-out. */
  get hasLease(): boolean {
    return this.#clock.monotonicMs() < this.#leaseUntilMs
  }

  /**
   * The coordinator has heard from us, at this time of the monotonic clock.
   *
   * @param sentMs - When what it has answered was sent: it may have parked that, and the answer may have lain here unread.
   */
  contact(atMs: number, sentMs = atMs): void {
    this.#leaseUntilMs = Math.max(sentMs + this.#timeoutMs, this.#leaseUntilMs)
    this.#deadlineMs = Math.max(atMs + this.#timeoutMs, this.#deadlineMs ?? 0)
    this.#arm()
  }

  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#arm()
  }

  /** The membership is over: nothing is left to expire. */
  end(): void {
    this.#deadlineMs = undefined
    this.#leaseUntilMs = Number.NEGATIVE_INFINITY
    this.#timer?.cancel()
    this.#timer = undefined
  }

  // One timer, set anew when it fires, rather than one for each contact.
  #arm(): void {
    if (this.#timer !== undefined || this.#deadlineMs === undefined) return
    this.#timer = this.#clock.setTimer(this.remainingMs, () => {
      this.#timer = undefined
      if (this.#held || this.#deadlineMs === undefined) return
      if (this.#clock.monotonicMs() < this.#deadlineMs) this.#arm()
      else {
        this.#deadlineMs = undefined
        this.#onExpired()
      }
    })
  }
}
