// Flow: stream-task → [punctuation] → process-graph

import type { Cancellable, PunctuationOptions, Punctuator } from '../../topology/processor.ts'
import { InvalidArgumentError } from '../core/errors.ts'
import { Heap } from '../core/heap.ts'
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

class ScheduleHeap extends Heap<Schedule> {
  protected override isBefore(schedule: Schedule, other: Schedule): boolean {
    return schedule.nextMs < other.nextMs
  }
}

/** The punctuators of one task in one of the two times. Intervals that were missed fire once. Of those due at the same time Java's first is the first. */
export class PunctuationQueue {
  readonly #schedules = new ScheduleHeap()

  add(nodeName: string, { everyMs }: PunctuationOptions, firstMs: number, punctuator: Punctuator): Cancellable {
    const schedule: Schedule = { nodeName, everyMs, punctuator, nextMs: firstMs }
    this.#schedules.offer(schedule)
    return { cancel: () => this.#schedules.keep((each) => each !== schedule) }
  }

  /** Takes the earliest schedule that is due at `nowMs`, and sets it for its next interval. */
  takeDue(nowMs: number): DuePunctuation | undefined {
    const earliest = this.#schedules.first
    if (earliest === undefined || earliest.nextMs > nowMs) return undefined
    this.#schedules.poll()
    const missed = Math.floor((nowMs - earliest.nextMs) / earliest.everyMs)
    earliest.nextMs += (missed + 1) * earliest.everyMs
    this.#schedules.offer(earliest)
    return { nodeName: earliest.nodeName, timestampMs: nowMs, punctuator: earliest.punctuator }
  }

  /** When the next one is due; undefined if nothing is scheduled. */
  get nextMs(): number | undefined {
    return this.#schedules.first?.nextMs
  }

  clear(): void {
    this.#schedules.clear()
  }
}
