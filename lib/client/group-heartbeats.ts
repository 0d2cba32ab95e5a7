import type { Clock, Timer } from '../core/clock.ts'
import type { GroupFailure } from './group-failure.ts'
import { backOffMs } from './outage.ts'

/** How often to ask when a rebalance is bound to follow, in milliseconds: it waits for the member that hears of it last. */
const EXPECTANT_INTERVAL_MS = 250

export interface HeartbeatOptions {
  readonly clock: Clock
  readonly intervalMs: number
  /** Sends one heartbeat; resolves with undefined if the coordinator is content. */
  readonly beat: () => Promise<GroupFailure | undefined>
  /** Told of each answer that is not content, unless `pause` came before it. */
  readonly onFailure: (failure: GroupFailure) => void
}

/** Heartbeats on a timer of their own, between a JoinGroup's answer and the next JoinGroup: behind a parked one they would be parked too. */
export class Heartbeats {
  readonly #options: HeartbeatOptions
  #timer: Timer | undefined
  #underWay: Promise<GroupFailure | undefined> | undefined
  // Counts pauses: an answer that comes after one is of no interest.
  #era = 0
  #active = false
  #intervalMs: number
  #outages = 0

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#intervalMs = options.intervalMs
  }

  /** The next heartbeat leaves after one interval, which is a short one if a rebalance is expected. */
  resume(expectsRebalance = false): void {
    if (this.#active) return
    const { intervalMs } = this.#options
    this.#intervalMs = expectsRebalance ? Math.min(EXPECTANT_INTERVAL_MS, intervalMs) : intervalMs
    this.#active = true
    this.#outages = 0
    this.#schedule(this.#intervalMs)
  }

  pause(): void {
    this.#active = false
    this.#era++
    this.#underWay = undefined
    this.#timer?.cancel()
  }

  /** Asks the coordinator, now: an answer to what was asked before this call does not count. */
  async now(): Promise<GroupFailure | undefined> {
    const before = await this.#underWay
    if (!this.#active) return before
    this.#underWay ??= this.#send()
    return this.#underWay
  }

  async #send(): Promise<GroupFailure | undefined> {
    const era = this.#era
    this.#timer?.cancel()
    const failure = await this.#options.beat()
    if (era !== this.#era) return failure
    this.#underWay = undefined
    this.#outages = failure?.kind === 'outage' ? this.#outages + 1 : 0
    const intervalMs = this.#intervalMs
    this.#schedule(this.#outages > 0 ? Math.min(backOffMs(this.#outages), intervalMs) : intervalMs)
    if (failure !== undefined) this.#options.onFailure(failure)
    return failure
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#underWay ??= this.#send()
    })
  }
}
