import type { Clock, Timer } from '../core/clock.ts'
import type { GroupFailure } from './group-failure.ts'
import { backOffMs } from './outage.ts'

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
  #outages = 0

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** The next heartbeat leaves after one interval. */
  resume(): void {
    if (this.#active) return
    this.#active = true
    this.#outages = 0
    this.#schedule(this.#options.intervalMs)
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
    const { intervalMs, onFailure } = this.#options
    this.#schedule(this.#outages > 0 ? Math.min(backOffMs(this.#outages), intervalMs) : intervalMs)
    if (failure !== undefined) onFailure(failure)
    return failure
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#underWay ??= this.#send()
    })
  }
}
