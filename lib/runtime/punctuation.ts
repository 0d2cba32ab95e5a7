// Flow: stream-task → [punctuation] → process-graph

import type { Cancellable, PunctuationOptions, Punctuator } from '../../topology/processor.ts'
import { InvalidArgumentError } from '../core/errors.ts'
import { typeName } from '../serde/errors.ts'

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

/**
 * Checks what a processor hands to `schedule`.
 *
 * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`
 */
export function requireSchedule(nodeName: string, options: PunctuationOptions, punctuator: Punctuator): void {
  const { everyMs, time, startMs }: Partial<PunctuationOptions> = options ?? {}
  const times: readonly unknown[] = ['stream', 'wall-clock']
  if (!Number.isSafeInteger(everyMs) || everyMs! < 1) {
    throw invalid(nodeName, `everyMs is ${everyMs}; an interval is whole milliseconds, and at least 1 ms`)
  }
  if (!times.includes(time)) throw invalid(nodeName, `time is '${time}', and must be 'stream' or 'wall-clock'`)
  if (startMs !== undefined && !(Number.isSafeInteger(startMs) && startMs >= 0)) {
    throw invalid(nodeName, `startMs is ${startMs}, and must be whole milliseconds of at least 0`)
  }
  if (typeof punctuator !== 'function')
    throw invalid(nodeName, `the punctuator is ${typeName(punctuator)}, no function`)
}

function invalid(nodeName: string, problem: string): InvalidArgumentError {
  return new InvalidArgumentError('schedule', `node '${nodeName}': ${problem}.`)
}

/** The punctuators of one task in one of the two times. Intervals that were missed fire once. */
export class PunctuationQueue {
  readonly #schedules = new Set<Schedule>()

  add(nodeName: string, { everyMs }: PunctuationOptions, firstMs: number, punctuator: Punctuator): Cancellable {
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
