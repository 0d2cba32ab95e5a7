// Flow: stream-task → [task-punctuations] → process-graph
import { isPromise } from '../../topology/callbacks.ts'
import type { Cancellable, PunctuationOptions, Punctuator } from '../../topology/processor.ts'
import type { Clock } from '../core/clock.ts'
import { StreamRecord } from '../core/record.ts'
import type { ForwardScope } from './forward.ts'
import { PunctuationQueue, requireSchedule } from './punctuation.ts'

/** What the processors of one task have scheduled, in stream time and by the clock, and the firing of what is due. */
export class TaskPunctuations {
  readonly #scope: ForwardScope
  readonly #clock: Clock
  readonly #streamTime = new PunctuationQueue()
  readonly #wallClock = new PunctuationQueue()

  constructor(scope: ForwardScope, clock: Clock) {
    this.#scope = scope
    this.#clock = clock
  }

  schedule(nodeName: string, options: PunctuationOptions, punctuator: Punctuator): Cancellable {
    requireSchedule(nodeName, options, punctuator)
    if (options.time === 'stream') return this.#streamTime.add(nodeName, options, options.startMs ?? 0, punctuator)
    const firstMs = options.startMs ?? this.#clock.now() + options.everyMs
    return this.#wallClock.add(nodeName, options, firstMs, punctuator)
  }

  /** When the next one by the clock is due, in epoch milliseconds; undefined if there is none. */
  get nextWallClockMs(): number | undefined {
    return this.#wallClock.nextMs
  }

  isStreamTimeDue(streamTimeMs: number): boolean {
    const { nextMs } = this.#streamTime
    return nextMs !== undefined && nextMs <= streamTimeMs
  }

  isWallClockDue(): boolean {
    const { nextMs } = this.#wallClock
    return nextMs !== undefined && nextMs <= this.#clock.now()
  }

  /** Fires what is due; returns a promise as soon as one is asynchronous: what else is due has to be fired after it. */
  fireStreamTime(streamTimeMs: number): void | Promise<void> {
    return this.#fire(this.#streamTime, streamTimeMs)
  }

  /** As `fireStreamTime`. */
  fireWallClock(): void | Promise<void> {
    return this.#fire(this.#wallClock, this.#clock.now())
  }

  clear(): void {
    this.#streamTime.clear()
    this.#wallClock.clear()
  }

  #fire(queue: PunctuationQueue, nowMs: number): void | Promise<void> {
    for (let due = queue.takeDue(nowMs); due !== undefined; due = queue.takeDue(nowMs)) {
      this.#scope.nodeName = due.nodeName
      this.#scope.current = new StreamRecord(null, null, Math.max(0, due.timestampMs))
      const { nodeName } = due
      try {
        const pending = due.punctuator(due.timestampMs)
        if (isPromise(pending) || !this.#scope.idle) {
          return Promise.resolve(pending)
            .catch((error: unknown) => this.#scope.fail(nodeName, error))
            .then(() => this.#scope.settled())
        }
      } catch (error) {
        this.#scope.fail(nodeName, error)
      }
    }
    this.#scope.current = undefined
  }
}
