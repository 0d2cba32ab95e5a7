// What windowed aggregations come to, worked out from all records at once or from plain lists: slow, and easy to believe.
import type { Window } from '../../../lib/core/windowed.ts'
import type { SessionWindows, SlidingWindows, TimeWindows } from '../../../topology/windows.ts'

export interface Input {
  readonly key: string
  readonly value: string
  readonly timeMs: number
}

/** Values by key and window, `key@start-end`, in the order in which they came. */
export type Contents = ReadonlyMap<string, readonly string[]>

/** Each record is in the windows around it that have not closed by then. */
export function timeWindowContents({ sizeMs, advanceMs, graceMs }: TimeWindows, inputs: readonly Input[]): Contents {
  const contents = new Map<string, string[]>()
  let streamTimeMs = -1
  for (const { key, value, timeMs } of inputs) {
    streamTimeMs = Math.max(streamTimeMs, timeMs)
    const firstMs = Math.max(0, Math.floor((timeMs - sizeMs) / advanceMs) * advanceMs)
    for (let startMs = firstMs; startMs <= timeMs; startMs += advanceMs) {
      const endMs = startMs + sizeMs
      if (timeMs < endMs && endMs > streamTimeMs - graceMs) append(contents, `${key}@${startMs}-${endMs}`, value)
    }
  }
  return contents
}

/** Each record is in those windows of its time that have not closed by then. */
export function customWindowContents(
  windowsFor: (timeMs: number) => readonly Window[],
  graceMs: number,
  inputs: readonly Input[],
): Contents {
  const contents = new Map<string, string[]>()
  let streamTimeMs = -1
  for (const { key, value, timeMs } of inputs) {
    streamTimeMs = Math.max(streamTimeMs, timeMs)
    for (const { startMs, endMs } of windowsFor(timeMs)) {
      if (endMs > streamTimeMs - graceMs) append(contents, `${key}@${startMs}-${endMs}`, value)
    }
  }
  return contents
}

/** Of records none of which is late: a window that ends with each one, and one that starts after it if there is anything in it. */
export function slidingWindowContents({ timeDifferenceMs }: SlidingWindows, inputs: readonly Input[]): Contents {
  const contents = new Map<string, string[]>()
  for (const key of new Set(inputs.map((input) => input.key))) {
    const own = inputs.filter((input) => input.key === key)
    const starts = new Set(own.flatMap(({ timeMs }) => [Math.max(0, timeMs - timeDifferenceMs), timeMs + 1]))
    for (const startMs of starts) {
      const endMs = startMs + timeDifferenceMs
      for (const { value, timeMs } of own) {
        if (timeMs >= startMs && timeMs <= endMs) append(contents, `${key}@${startMs}-${endMs}`, value)
      }
    }
  }
  return contents
}

interface Session {
  readonly key: string
  readonly startMs: number
  readonly endMs: number
  readonly values: readonly string[]
}

/** A record joins all sessions within the gap, if what comes of it has not closed by then. A store keeps sessions for gap and grace after the latest end. */
export function sessionContents({ inactivityGapMs, graceMs }: SessionWindows, inputs: readonly Input[]): Contents {
  let sessions: readonly Session[] = []
  const gone: Session[] = []
  let streamTimeMs = -1
  let latestEndMs = -1
  for (const { key, value, timeMs } of inputs) {
    streamTimeMs = Math.max(streamTimeMs, timeMs)
    const joined = sessions.filter(
      (session) =>
        session.key === key && session.endMs >= timeMs - inactivityGapMs && session.startMs <= timeMs + inactivityGapMs,
    )
    const merged = {
      key,
      startMs: Math.min(timeMs, ...joined.map(({ startMs }) => startMs)),
      endMs: Math.max(timeMs, ...joined.map(({ endMs }) => endMs)),
      values: [...joined.flatMap(({ values }) => values), value],
    }
    if (merged.endMs < streamTimeMs - graceMs - inactivityGapMs) continue
    sessions = [...sessions.filter((session) => !joined.includes(session)), merged]
    latestEndMs = Math.max(latestEndMs, merged.endMs)
    const oldestMs = latestEndMs - graceMs - inactivityGapMs + 1
    gone.push(...sessions.filter(({ endMs }) => endMs < oldestMs))
    sessions = sessions.filter(({ endMs }) => endMs >= oldestMs)
  }
  return new Map(
    [...gone, ...sessions].map(({ key, startMs, endMs, values }) => [`${key}@${startMs}-${endMs}`, values]),
  )
}

function append(contents: Map<string, string[]>, window: string, value: string): void {
  const values = contents.get(window)
  if (values === undefined) contents.set(window, [value])
  else values.push(value)
}
