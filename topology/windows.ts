// How records are put into windows of event time. Plain data, but for custom ones; the processors do the arithmetic.
import { checkOptions } from './check-options.ts'

import { CustomWindows, type CustomWindowsOptions } from './custom-windows.ts'
import { atLeast, type Grace, graceOf, whole } from './durations.ts'
import { InvalidArgumentError } from './errors.ts'

/** Windows of one size that start every `advanceMs`, from the epoch on; the end is exclusive. Tumbling: both are equal. */
export interface TimeWindows {
  readonly kind: 'time'
  readonly sizeMs: number
  readonly advanceMs: number
  readonly graceMs: number
}

/** For each record the window that ends with it, and those that it falls into; both ends inclusive. */
export interface SlidingWindows {
  readonly kind: 'sliding'
  readonly timeDifferenceMs: number
  readonly graceMs: number
}

/** One window that starts at a time and never ends. */
export interface UnlimitedWindows {
  readonly kind: 'unlimited'
  readonly startMs: number
}

/** Sessions: records of a key that follow each other within the gap; both ends inclusive. */
export interface SessionWindows {
  readonly kind: 'session'
  readonly inactivityGapMs: number
  readonly graceMs: number
}

/** Which records of two streams meet: those of the other at most `beforeMs` earlier or `afterMs` later. */
export interface JoinWindows {
  readonly kind: 'join'
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
}

/** Windows that a window store keeps. */
export type FixedWindows = TimeWindows | UnlimitedWindows

/** When a windowed aggregation forwards its results: with each update, or once, when the window has closed. */
export type EmitStrategy = 'on-window-update' | 'on-window-close'

/**
 * Declares windows. All times are event time, in milliseconds.
 *
 * Every factory throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` for what is not a whole number within its bounds.
 *
 * @example
 * clicks.groupByKey().windowedBy(windows.tumbling({ sizeMs: 60_000, graceMs: 10_000 })).count()
 */
export const windows = {
  /**
   * Windows that follow each other without a gap: [0, size), [size, 2 × size)…
   *
   * @param options - `sizeMs` at least 1, `graceMs` at least 0.
   * @example
   * const hours = windows.tumbling({ sizeMs: 3_600_000, graceMs: 60_000 })
   */
  tumbling(options: { readonly sizeMs: number } & Grace): TimeWindows {
    checkOptions('windows.tumbling', options, { sizeMs: true, graceMs: true })
    const sizeMs = atLeast('windows.tumbling', 'sizeMs', options?.sizeMs, 1)
    return { kind: 'time', sizeMs, advanceMs: sizeMs, graceMs: graceOf('windows.tumbling', options) }
  },

  /**
   * Windows of one size, a new one every `advanceMs`: a record is in size / advance of them, each with a result of its own.
   *
   * @param options - `sizeMs` at least 1, `advanceMs` from 1 to `sizeMs`, `graceMs` at least 0.
   * @example
   * const lastHourEachMinute = windows.hopping({ sizeMs: 3_600_000, advanceMs: 60_000 })
   */
  hopping(options: { readonly sizeMs: number; readonly advanceMs: number } & Grace): TimeWindows {
    checkOptions('windows.hopping', options, { sizeMs: true, advanceMs: true, graceMs: true })
    const sizeMs = atLeast('windows.hopping', 'sizeMs', options?.sizeMs, 1)
    const advanceMs = atLeast('windows.hopping', 'advanceMs', options.advanceMs, 1)
    if (advanceMs > sizeMs) {
      throw new InvalidArgumentError(
        'windows.hopping',
        `advanceMs (${advanceMs}) must not exceed sizeMs (${sizeMs}): records would fall between windows.`,
      )
    }
    return { kind: 'time', sizeMs, advanceMs, graceMs: graceOf('windows.hopping', options) }
  },

  /**
   * Windows that end at each record, and those that it falls into: two records are in one if they are at most `timeDifferenceMs` apart.
   *
   * @param options - `timeDifferenceMs` and `graceMs` at least 0.
   * @example
   * const withinTenMinutes = windows.sliding({ timeDifferenceMs: 600_000, graceMs: 60_000 })
   */
  sliding(options: { readonly timeDifferenceMs: number } & Grace): SlidingWindows {
    checkOptions('windows.sliding', options, { timeDifferenceMs: true, graceMs: true })
    const timeDifferenceMs = atLeast('windows.sliding', 'timeDifferenceMs', options?.timeDifferenceMs, 0)
    return { kind: 'sliding', timeDifferenceMs, graceMs: graceOf('windows.sliding', options) }
  },

  /**
   * One window from a time on, without an end; earlier records are dropped (counted).
   *
   * @param options - `startMs`: epoch milliseconds, at least 0, which is the default.
   * @example
   * const sinceLaunch = windows.unlimited({ startMs: Date.UTC(2024, 0, 1) })
   */
  unlimited(options: { readonly startMs?: number } = {}): UnlimitedWindows {
    checkOptions('windows.unlimited', options, { startMs: true })
    return { kind: 'unlimited', startMs: atLeast('windows.unlimited', 'startMs', options.startMs ?? 0, 0) }
  },

  /**
   * A session of a key ends when nothing came for longer than `inactivityGapMs`. A record may join two sessions into one.
   *
   * @param options - `inactivityGapMs` and `graceMs` at least 0.
   * @example
   * const visits = windows.session({ inactivityGapMs: 300_000, graceMs: 60_000 })
   */
  session(options: { readonly inactivityGapMs: number } & Grace): SessionWindows {
    checkOptions('windows.session', options, { inactivityGapMs: true, graceMs: true })
    const inactivityGapMs = atLeast('windows.session', 'inactivityGapMs', options?.inactivityGapMs, 0)
    return { kind: 'session', inactivityGapMs, graceMs: graceOf('windows.session', options) }
  },

  /**
   * Windows of your own: days of a time zone, months, anything that a function of event time can tell. See CustomWindowsOptions for what it has to say.
   *
   * @example
   * const months = windows.custom({
   *   windowOf: (timestampMs) => {
   *     const [year, month] = [new Date(timestampMs).getUTCFullYear(), new Date(timestampMs).getUTCMonth()]
   *     return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) }
   *   },
   *   maxSizeMs: 31 * 86_400_000,
   * })
   */
  custom(options: CustomWindowsOptions): CustomWindows {
    return new CustomWindows(options)
  },

  /**
   * For joins of two streams: a record of the left one meets those of the right one from `beforeMs` earlier to `afterMs` later, both
   * inclusive. One of them may be negative, as long as the window has not a negative length. `withinMs` stands for both.
   *
   * @example
   * const answeredInTime = windows.join({ beforeMs: 0, afterMs: 30_000, graceMs: 5_000 })
   */
  join(
    options: ({ readonly withinMs: number } | { readonly beforeMs: number; readonly afterMs: number }) & Grace,
  ): JoinWindows {
    const method = 'windows.join'
    checkOptions(method, options, { withinMs: true, beforeMs: true, afterMs: true, graceMs: true })
    const both: { readonly withinMs?: number; readonly beforeMs?: number; readonly afterMs?: number } = options ?? {}
    const beforeMs = whole(method, 'beforeMs', both.beforeMs ?? both.withinMs)
    const afterMs = whole(method, 'afterMs', both.afterMs ?? both.withinMs)
    if (beforeMs + afterMs < 0) {
      throw new InvalidArgumentError(
        method,
        `beforeMs (${beforeMs}) and afterMs (${afterMs}) make a window that ends before it starts.`,
      )
    }
    return { kind: 'join', beforeMs, afterMs, graceMs: graceOf(method, options) }
  },
}
