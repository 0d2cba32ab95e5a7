import type { Window, WindowEnds } from '../lib/core/windowed.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { atLeast, type Grace, graceOf } from './durations.ts'
import { InvalidArgumentError, InvalidWindowsError } from './errors.ts'

const METHOD = 'windows.custom'
/** Of one time. */
const MAX_WINDOWS = 10_000
/** Windows whose ends are known, to be forgotten all at once when there are more. */
const MAX_ENDS = 65_536
/** Windows that are not asked for again: enough for records out of order, few enough to be looked through. */
const MAX_RECENT = 16

/** What all custom windows say. */
export interface CustomWindowsLimits extends Grace {
  /** How long the longest window is, in milliseconds, at least 1: of days in a time zone 25 hours. A store keeps windows for so long, and `graceMs`. */
  readonly maxSizeMs: number
}

/** Windows of which each time has exactly one: days, months. */
export interface AdjoiningWindowsOptions extends CustomWindowsLimits {
  /**
   * The window in which this event time lies. Asked once for a window rather than for each record: the last 16 are remembered. Must be pure, as `windowsFor`.
   */
  readonly windowOf: (timestampMs: number) => Window
  readonly windowsFor?: never
}

/** Windows that may overlap, or leave gaps. */
export interface OverlappingWindowsOptions extends CustomWindowsLimits {
  /**
   * All windows in which this event time lies, in the order in which their results shall come; at most 10,000. A record in none is dropped, and counted as `no-window`.
   *
   * Asked for each record. Must be pure: the same time has the same windows always, also after a restart, and a window is among those of each time in it. That is how the
   * end of a window is found from its start, which is all that stores and topics keep. So no two windows may start at once.
   */
  readonly windowsFor: (timestampMs: number) => Iterable<Window>
  readonly windowOf?: never
}

/**
 * Windows as a function of event time: `windowOf` if they follow each other without gaps, else `windowsFor`.
 *
 * A window has a start and an end in epoch milliseconds, whole numbers; the end is exclusive. One that starts before the epoch counts as if it started there. A function that gives anything
 * else stops the instance with InvalidWindowsError `STREAMS_INVALID_WINDOWS`.
 */
export type CustomWindowsOptions = AdjoiningWindowsOptions | OverlappingWindowsOptions

/** Windows made by `windows.custom`: for `windowedBy`, and for `serdes.timeWindowed`, which learns their ends from them. */
export class CustomWindows implements WindowEnds {
  readonly kind = 'custom'
  readonly maxSizeMs: number
  readonly graceMs: number
  readonly #asked: 'windowOf' | 'windowsFor'
  readonly #ask: (timestampMs: number) => Iterable<Window>
  readonly #ends = new Map<number, number>()
  /** Of adjoining windows; the latest first. */
  readonly #recent: (readonly Window[])[] = []

  /** Made by `windows.custom`. */
  constructor(options: CustomWindowsOptions) {
    checkOptions(METHOD, options, { windowOf: true, windowsFor: true, maxSizeMs: true, graceMs: true })
    const { windowOf, windowsFor, maxSizeMs }: Partial<CustomWindowsOptions> = options ?? {}
    if (windowOf !== undefined && windowsFor !== undefined) {
      throw new InvalidArgumentError(METHOD, 'takes windowOf or windowsFor, not both.')
    }
    checkCallback(METHOD, windowOf ?? windowsFor)
    this.#asked = windowOf === undefined ? 'windowsFor' : 'windowOf'
    this.#ask = windowOf === undefined ? windowsFor! : (timestampMs) => [windowOf(timestampMs)]
    this.maxSizeMs = atLeast(METHOD, 'maxSizeMs', maxSizeMs, 1)
    this.graceMs = graceOf(METHOD, options)
  }

  /**
   * The windows in which a time lies.
   *
   * @throws InvalidWindowsError `STREAMS_INVALID_WINDOWS`
   */
  windowsFor(timestampMs: number): readonly Window[] {
    if (this.#asked === 'windowsFor') return this.#lasting(timestampMs)
    for (const remembered of this.#recent) if (isIn(timestampMs, remembered[0]!)) return remembered
    const { startMs, endMs } = this.#lasting(timestampMs)[0]!
    const window = { startMs, endMs }
    if (this.#found(endMs - 1)[0]!.startMs !== startMs) {
      throw this.#invalid(
        timestampMs,
        `gave ${shown(window)}, and another window for ${endMs - 1}, which is in it: windows that overlap are for windowsFor.`,
      )
    }
    const answer = [window]
    if (this.#recent.unshift(answer) > MAX_RECENT) this.#recent.pop()
    return answer
  }

  /** @throws InvalidWindowsError `STREAMS_INVALID_WINDOWS`: no window starts there. */
  endOf(startMs: number): number {
    const known = this.#ends.get(startMs)
    if (known !== undefined) return known
    const window = this.#found(startMs).find((each) => each.startMs === startMs)
    if (window === undefined) {
      throw this.#invalid(
        startMs,
        'gave no window that starts there, but there is one in a store, in a topic or among those of a later time. If the windows were changed, name the store anew or reset the application.',
      )
    }
    if (this.#ends.size >= MAX_ENDS) this.#ends.clear()
    this.#ends.set(startMs, window.endMs)
    return window.endMs
  }

  /** Those that are found again from their starts. */
  #lasting(timestampMs: number): readonly Window[] {
    const found = this.#found(timestampMs)
    for (const window of found) {
      const endMs = this.endOf(window.startMs)
      if (endMs === window.endMs) continue
      throw this.#invalid(
        timestampMs,
        `gave ${shown(window)}, which for its start, ${window.startMs}, ends at ${endMs}: the windows of a time must not change.`,
      )
    }
    return found
  }

  #found(timestampMs: number): readonly Window[] {
    const given = this.#ask(timestampMs)
    if (typeof given?.[Symbol.iterator] !== 'function') {
      throw this.#invalid(
        timestampMs,
        `gave ${given === null ? 'null' : typeof given}; it must return windows to iterate over: [{ startMs, endMs }].`,
      )
    }
    const found: Window[] = []
    for (const window of given) {
      const problem =
        found.length === MAX_WINDOWS ? `gave more than ${MAX_WINDOWS} windows.` : this.#problemWith(window, timestampMs)
      if (problem !== undefined) throw this.#invalid(timestampMs, problem)
      found.push(window.startMs < 0 ? { startMs: 0, endMs: window.endMs } : window)
    }
    if (found.length > 1 && new Set(found.map(({ startMs }) => startMs)).size < found.length) {
      throw this.#invalid(
        timestampMs,
        'gave two windows with one start: stores and topics tell windows apart by their starts.',
      )
    }
    return found
  }

  // Costs no text if there is no problem: it is asked for each record.
  #problemWith(window: Window, timestampMs: number): string | undefined {
    const { startMs, endMs }: Partial<Window> = window ?? {}
    if (!Number.isSafeInteger(startMs) || !Number.isSafeInteger(endMs)) {
      const values = `{ startMs: ${String(startMs)}, endMs: ${String(endMs)} }`
      return `gave ${values}: both must be whole milliseconds (is a return missing?).`
    }
    if (endMs! <= startMs!) return `gave ${shown(window)}: it must end after it starts.`
    if (!isIn(timestampMs, window)) {
      return `gave ${shown(window)}, in which it is not: the start is inclusive, the end exclusive.`
    }
    if (endMs! - startMs! > this.maxSizeMs) {
      return `gave ${shown(window)}, longer than its maxSizeMs, ${this.maxSizeMs}: raise that.`
    }
    return undefined
  }

  #invalid(timestampMs: number, problem: string): InvalidWindowsError {
    return new InvalidWindowsError(this.#asked, timestampMs, problem)
  }
}

function isIn(timestampMs: number, { startMs, endMs }: Window): boolean {
  return timestampMs >= startMs && timestampMs < endMs
}

function shown({ startMs, endMs }: Window): string {
  return `the window [${startMs}, ${endMs})`
}
