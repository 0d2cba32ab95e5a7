// Whatever windows are opened, and however few of them are known at once: each is taken once, when its time comes, in order of its end.
import fc from 'fast-check'
import { Windowed } from '../../../lib/core/windowed.ts'
import type { TimeRange } from '../../../stores/store.ts'
import { OpenWindows } from '../../../topology/processors/open-windows.ts'

const SEED = 20_261_123
const MAX_SIZE_MS = 100

/** Windows by their starts; the length of each follows from it. */
class Starts {
  readonly ends = { maxSizeMs: MAX_SIZE_MS, endOf: (startMs: number) => startMs + 1 + ((startMs * 37) % MAX_SIZE_MS) }
  readonly startsMs = new Set<number>()
  looks = 0

  readonly store = { fetchByTime: (range: TimeRange) => this.#fetch(range) }

  async *#fetch({ fromMs, toMs }: TimeRange) {
    this.looks++
    for (const startMs of [...this.startsMs].sort((a, b) => a - b)) {
      if (startMs < fromMs || startMs > toMs) continue
      for (const key of ['a', 'b']) {
        yield [new Windowed(key, startMs, this.ends.endOf(startMs)), { value: 1, timestamp: startMs }] as const
      }
    }
  }

  /** Those that end after the one time and up to the other. */
  between(afterMs: number, untilMs: number): readonly string[] {
    const windows = [...this.startsMs].map((startMs) => ({ startMs, endMs: this.ends.endOf(startMs) }))
    return windows
      .filter(({ endMs }) => endMs > afterMs && endMs <= untilMs)
      .sort((a, b) => a.endMs - b.endMs || a.startMs - b.startMs)
      .flatMap(({ startMs, endMs }) => ['a', 'b'].map((key) => `${key}@${startMs}-${endMs}`))
  }
}

async function taken(open: OpenWindows<string, number>, closeMs: number): Promise<readonly string[]> {
  if (open.closed(closeMs) === undefined) return []
  const names: string[] = []
  for await (const [{ key, window }] of open.take(closeMs)) names.push(`${key}@${window.startMs}-${window.endMs}`)
  return names
}

/** Time goes on by the first; from there on, or somewhat before, a window starts, unless it would be closed. Now and then the process starts anew. */
const steps = fc.array(
  fc.record({
    gapMs: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 300 })),
    backMs: fc.integer({ min: 0, max: 90 }),
    restarts: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  }),
  { maxLength: 60 },
)

it('are taken as if all were known', async () => {
  // Of these windows at most two end at once.
  const maxWindows = fc.constantFrom(4, 7, 16_384)
  await fc.assert(
    fc.asyncProperty(maxWindows, steps, async (max, script) => {
      const starts = new Starts()
      let open = new OpenWindows(starts.store, starts.ends, -1, max)
      let [closeMs, emittedMs] = [0, -1]
      for (const { gapMs, backMs, restarts } of script) {
        closeMs += gapMs
        if (restarts) open = new OpenWindows(starts.store, starts.ends, emittedMs, max)
        expect(await taken(open, closeMs)).toEqual(starts.between(emittedMs, closeMs))
        emittedMs = closeMs
        const startMs = Math.max(0, closeMs - backMs)
        if (starts.ends.endOf(startMs) <= closeMs) continue
        starts.startsMs.add(startMs)
        open.add(startMs, starts.ends.endOf(startMs))
      }
      expect(await taken(open, 1_000_000)).toEqual(starts.between(emittedMs, 1_000_000))
    }),
    { seed: SEED, numRuns: 500 },
  )
})

it('are not looked for while none closes', async () => {
  const starts = new Starts()
  const open = new OpenWindows(starts.store, starts.ends, -1)
  expect(await taken(open, 0)).toEqual([])
  const { looks } = starts
  starts.startsMs.add(10)
  open.add(10, starts.ends.endOf(10))

  for (let closeMs = 1; closeMs < 81; closeMs++) expect(await taken(open, closeMs)).toEqual([])

  expect(starts.looks).toBe(looks)
  expect(await taken(open, 81)).toEqual(['a@10-81', 'b@10-81'])
})

it('say where those start that are due, for one who would forget them', async () => {
  const starts = new Starts()
  const open = new OpenWindows(starts.store, starts.ends, -1)
  expect(open.closed(-1)).toBeUndefined()
  expect(open.closed(0)).toEqual({ fromMs: 0, toMs: -1 })
  await taken(open, 0)
  for (const startMs of [10, 4]) open.add(startMs, startMs + 20)

  expect(open.closed(23)).toBeUndefined()
  expect(open.closed(24)).toEqual({ fromMs: 4, toMs: 23 })
})

it('are forgotten beyond the maximum, and then looked for again', async () => {
  const looks = async (max: number) => {
    const starts = new Starts()
    const open = new OpenWindows(starts.store, starts.ends, -1, max)
    await taken(open, 0)
    const { endOf } = starts.ends
    const lastFirst = Array.from({ length: 20 }, (_, startMs) => startMs).sort((a, b) => endOf(b) - endOf(a))
    for (const startMs of lastFirst) {
      starts.startsMs.add(startMs)
      open.add(startMs, endOf(startMs))
    }
    const before = starts.looks
    expect(await taken(open, 200)).toHaveLength(40)
    return starts.looks - before
  }

  // Each time about 20 looks, one for each start.
  expect(await looks(4)).toBeGreaterThan((await looks(20)) + 4 * 20)
})
