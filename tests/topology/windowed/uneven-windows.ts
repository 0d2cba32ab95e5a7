// Windows of a user's own, for tests: one after the other, each longer than the one before; and some that overlap and leave gaps.
import type { Window } from '../../../lib/core/windowed.ts'
import type { CustomWindows } from '../../../topology/custom-windows.ts'
import { windows } from '../../../topology/windows.ts'

/** [0, 10), [10, 30), [30, 60), [60, 100), [100, 150)… */
export const growing = (graceMs = 0): CustomWindows =>
  windows.custom({
    windowOf: (timestampMs) => {
      let [startMs, sizeMs] = [0, 10]
      while (timestampMs >= startMs + sizeMs) {
        startMs += sizeMs
        sizeMs += 10
      }
      return { startMs, endMs: startMs + sizeMs }
    },
    maxSizeMs: 500,
    graceMs,
  })

/** Of each 100 ms: [40, 60), [0, 50) and [42, 45), in this order. */
export const overlapping = (graceMs = 0): CustomWindows =>
  windows.custom({
    windowsFor: (timestampMs) => {
      const baseMs = timestampMs - (timestampMs % 100)
      const of = (startMs: number, endMs: number) => ({ startMs: baseMs + startMs, endMs: baseMs + endMs })
      return [of(40, 60), of(0, 50), of(42, 45)].filter((window) => isIn(timestampMs, window))
    },
    maxSizeMs: 50,
    graceMs,
  })

function isIn(timestampMs: number, { startMs, endMs }: Window): boolean {
  return timestampMs >= startMs && timestampMs < endMs
}
