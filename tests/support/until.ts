import { sleep, systemClock } from '../../lib/core/clock.ts'

const POLL_MS = 2

/** Checks a condition again and again until it holds; fails, saying for what it waited, after `limitMs`. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, limitMs = 10_000): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + limitMs
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await sleep(systemClock, POLL_MS)
  }
}
