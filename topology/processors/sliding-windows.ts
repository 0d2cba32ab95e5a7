// Which sliding windows a record changes. A window is kept for each distinct set of records that are at most the time difference apart: one that ends at each record (its
// left window), and one that starts a millisecond after it (its right window) once there is a later record in it. Both ends are inclusive.
import type { ValueAndTimestamp } from '../../stores/store.ts'
import type { WindowState } from './window-updates.ts'

/** A window to be written. */
export interface SlidingStep<VR> extends WindowState<VR> {
  /** False: the window is new, and gets what is stored as it is, which the record is not part of. */
  readonly adds: boolean
}

type Stored<VR> = ValueAndTimestamp<VR>
/** A window's start and what is in it; the event time is that of the latest record in the window. */
type Found<VR> = readonly [startMs: number, stored: Stored<VR>]

/** From the start of the first to that of the last window that matters to a record. */
export function relevantStarts(
  timeMs: number,
  differenceMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  // A millisecond beyond: there starts the record's own right window.
  return { fromMs: Math.max(0, timeMs - 2 * differenceMs), toMs: timeMs + 1 }
}

/**
 * The windows that a record changes or makes, in Java's order: that in which updates are forwarded.
 *
 * @param found - The windows of the record's key whose starts are relevant, latest first.
 */
export function slidingSteps<VR>(
  timeMs: number,
  differenceMs: number,
  found: readonly Found<VR>[],
): readonly SlidingStep<VR>[] {
  if (timeMs < differenceMs) return earlySteps(timeMs, differenceMs, found)
  const steps: SlidingStep<VR>[] = []
  const add = (startMs: number, stored: Stored<VR> | undefined) => steps.push(adding(startMs, differenceMs, stored))
  let hasLeft = false
  let hasRight = false
  /** What is in the latest window that ends before the record. */
  let left: Stored<VR> | undefined
  /** What is in the latest window that has the record and goes on after it. */
  let right: Stored<VR> | undefined
  /** The latest record before this one, if the two are close enough for a common window. */
  let previousMs: number | undefined
  for (const [startMs, stored] of found) {
    const endMs = startMs + differenceMs
    if (startMs > timeMs) {
      hasRight = true
    } else if (endMs > timeMs) {
      right ??= stored
      add(startMs, stored)
    } else if (endMs === timeMs) {
      hasLeft = true
      add(startMs, stored)
      // A record of the same time was here: there are all windows already.
      if (stored.timestamp >= timeMs) return steps
      previousMs = stored.timestamp
    } else {
      left = stored
      previousMs = stored.timestamp
      break
    }
  }
  if (previousMs !== undefined) {
    const startMs = previousMs + 1
    if (startMs + differenceMs >= timeMs && !has(found, startMs)) add(startMs, undefined)
  }
  if (!hasLeft) {
    const isShared = previousMs !== undefined && previousMs >= timeMs - differenceMs
    add(timeMs - differenceMs, isShared ? { value: left!.value, timestamp: timeMs } : undefined)
  }
  if (!hasRight && right !== undefined && right.timestamp > timeMs) steps.push(copying(timeMs + 1, differenceMs, right))
  return steps
}

// Records before the time difference would have left windows that start before time does: all of them share that from 0 on.
function earlySteps<VR>(timeMs: number, differenceMs: number, found: readonly Found<VR>[]): readonly SlidingStep<VR>[] {
  const steps: SlidingStep<VR>[] = []
  let hasRight = false
  let shared: Stored<VR> | undefined
  let right: Stored<VR> | undefined
  for (const [startMs, stored] of found.toReversed()) {
    if (startMs === 0) shared = stored
    else if (startMs > timeMs) hasRight = true
    else {
      right = stored
      steps.push(adding(startMs, differenceMs, stored))
    }
  }
  if (shared !== undefined && shared.timestamp > timeMs) right ??= shared
  if (!hasRight && right !== undefined && right.timestamp > timeMs) steps.push(copying(timeMs + 1, differenceMs, right))
  if (shared !== undefined && shared.timestamp < timeMs && !has(found, shared.timestamp + 1)) {
    steps.push(adding(shared.timestamp + 1, differenceMs, undefined))
  }
  steps.push(adding(0, differenceMs, shared))
  return steps
}

function has(found: readonly Found<unknown>[], startMs: number): boolean {
  return found.some(([foundMs]) => foundMs === startMs)
}

function adding<VR>(startMs: number, differenceMs: number, stored: Stored<VR> | undefined): SlidingStep<VR> {
  return { startMs, endMs: startMs + differenceMs, stored, adds: true }
}

function copying<VR>(startMs: number, differenceMs: number, stored: Stored<VR>): SlidingStep<VR> {
  return { startMs, endMs: startMs + differenceMs, stored, adds: false }
}
