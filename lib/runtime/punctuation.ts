// Flow: stream-task → [punctuation] → process-graph

import type { Cancellable, PunctuationOptions, Punctuator } from '../../topology/processor.ts'
import { InvariantError } from '../core/errors.ts'

interface Schedule {
  readonly nodeName: string
  readonly everyMs: number
  readonly punctuator: Punctuator
  nextMs: number
}

/** A schedule that is due, and the time to call it with. */
export interface DuePunctuation {
  readonly nodeName: string
  readonly timestampMs: number
  readonly punctuator: Punctuator
}

/** @throws InvariantError `STREAMS_INVARIANT` */
export function requireInterval(nodeName: string, everyMs: number): void {
  if (Number.isFinite(everyMs) && everyMs >= 1) return
  throw new InvariantError(`Node '${nodeName}' schedules every ${everyMs} ms; an interval is at least 1 ms`)
}

/** The punctuators of one task in one of the two times. Intervals that were missed fire once. */
export class PunctuationQueue {
  readonly #schedules = new Set<Schedule>()

  add(nodeName: string, { everyMs }: PunctuationOptions, firstMs: number, punctuator: Punctuator): Cancellable {
    requireInterval(nodeName, everyMs)
    const schedule: Schedule = { nodeName, everyMs, punctuator, nextMs: firstMs }
    this.#schedules.add(schedule)
    return { cancel: () => void this.#schedules.delete(schedule) }
  }

  /** Takes the earliest schedule that is due at `nowMs`, and sets it for its next interval. */
  takeDue(nowMs: number): DuePunctuation | undefined {
    let earliest: Schedule | undefined
    for (const schedule of this.#schedules) {
      if (schedule.nextMs <= nowMs && (earliest === undefined || schedule.nextMs < earliest.nextMs)) earliest = schedule
    }
    if (earliest === undefined) return undefined
    const missed = Math.floor((nowMs - earliest.nextMs) / earliest.everyMs)
    earliest.nextMs += (missed + 1) * earliest.everyMs
    return { nodeName: earliest.nodeName, timestampMs: nowMs, punctuator: earliest.punctuator }
  }

  /** When the next one is due; undefined if nothing is scheduled. */
  get nextMs(): number | undefined {
    let next: number | undefined
    for (const { nextMs } of this.#schedules) next = next === undefined ? nextMs : Math.min(next, nextMs)
    return next
  }

  clear(): void {
    this.#schedules.clear()
  }
}
