// Random records through windowed aggregations on real stores: the results equal a naive model, however large the cache is and wherever commits and aborts
// happen. After an abort, records since the last commit are processed again, as a task does.
import fc from 'fast-check'
import type { Window } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { CustomWindows } from '../../../topology/custom-windows.ts'
import { aggregateFold } from '../../../topology/processors/fold.ts'
import { windows } from '../../../topology/windows.ts'
import { nameOf, WindowTask, type WindowTaskOptions } from '../support/window-task.ts'
import {
  type Contents,
  customWindowContents,
  type Input,
  sessionContents,
  slidingWindowContents,
  timeWindowContents,
} from './models.ts'

const SEED = 20_240_917
const RUNS = 300
const PRINTABLE = serdes.json<readonly string[]>()

/** Collects values in order: what differs in content or order differs in the result. */
const list = aggregateFold<string, string, readonly string[]>('node', {
  initializer: () => [],
  aggregator: (values, value) => [...values, value],
  merger: (left, right) => [...left, ...right],
})

type Settings = Pick<WindowTaskOptions<readonly string[]>, 'cacheBytes' | 'emitIntervalMs'>
type Step = { readonly input: Input; readonly after: 'go-on' | 'commit' | 'abort' }

/** Records whose times go up and down by at most `disorderMs`, a few of which are followed by a commit or an abort. */
function steps(disorderMs: number): fc.Arbitrary<readonly Step[]> {
  const step = fc.record({
    key: fc.constantFrom('a', 'b'),
    gapMs: fc.integer({ min: 0, max: 12 }),
    backMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: disorderMs })),
    after: fc.oneof(
      { weight: 6, arbitrary: fc.constant('go-on' as const) },
      { weight: 2, arbitrary: fc.constant('commit' as const) },
      { weight: 1, arbitrary: fc.constant('abort' as const) },
    ),
  })
  return fc.array(step, { minLength: 1, maxLength: 60 }).map((list) => {
    let nowMs = 0
    return list.map(({ key, gapMs, backMs, after }, i) => {
      nowMs += gapMs
      return { input: { key, value: String(i), timeMs: Math.max(0, nowMs - backMs) }, after }
    })
  })
}

/** Windows that come again every `everyMs`: by their starts, each with its length. */
interface Pattern {
  readonly everyMs: number
  readonly lengths: ReadonlyMap<number, number>
}

const patterns: fc.Arbitrary<Pattern> = fc
  .record({
    everyMs: fc.integer({ min: 15, max: 60 }),
    windows: fc.array(fc.tuple(fc.nat({ max: 59 }), fc.integer({ min: 1, max: 100 })), { minLength: 1, maxLength: 5 }),
  })
  .map(({ everyMs, windows }) => ({
    everyMs,
    lengths: new Map(windows.map(([startMs, lengthMs]) => [startMs % everyMs, lengthMs])),
  }))

const LONGEST_MS = 100

function windowsAround({ everyMs, lengths }: Pattern, timeMs: number): Window[] {
  const found: Window[] = []
  for (
    let baseMs = timeMs - (timeMs % everyMs);
    baseMs > timeMs - LONGEST_MS - everyMs && baseMs >= 0;
    baseMs -= everyMs
  ) {
    for (const [offsetMs, lengthMs] of lengths) {
      const startMs = baseMs + offsetMs
      if (startMs <= timeMs && timeMs < startMs + lengthMs) found.push({ startMs, endMs: startMs + lengthMs })
    }
  }
  return found
}

function repeated(pattern: Pattern, graceMs: number): CustomWindows {
  return windows.custom({ windowsFor: (timeMs) => windowsAround(pattern, timeMs), maxSizeMs: LONGEST_MS, graceMs })
}

const settings: fc.Arbitrary<Settings> = fc.record({
  // A budget of 2000 bytes is full after a few windows.
  cacheBytes: fc.constantFrom(0, 2_000, 1_000_000),
  emitIntervalMs: fc.constantFrom(0, 40),
})

async function run(
  options: Omit<WindowTaskOptions<readonly string[]>, 'fold' | 'value'>,
  script: readonly Step[],
): Promise<WindowTask<readonly string[]>> {
  const task = await WindowTask.start({ ...options, fold: list, value: PRINTABLE })
  let committed = 0
  for (const [i, { input, after }] of script.entries()) {
    task.advance(10)
    await task.process(input.key, input.value, input.timeMs)
    if (after === 'commit') {
      await task.commit()
      committed = i + 1
    } else if (after === 'abort') {
      await task.abort()
      for (const again of script.slice(committed, i + 1)) {
        await task.process(again.input.key, again.input.value, again.input.timeMs)
      }
    }
  }
  await task.commit()
  return task
}

const sorted = (contents: ReadonlyMap<string, readonly string[]>) => [...contents].sort(([a], [b]) => (a < b ? -1 : 1))
/** Sessions put values in the order of the sessions that they came from. */
const unordered = (contents: Contents) =>
  sorted(new Map([...contents].map(([key, values]) => [key, [...values].sort()])))
const inputsOf = (script: readonly Step[]) => script.map(({ input }) => input)

describe('the table equals a naive model, with any cache, over commits and aborts', () => {
  it('in tumbling and hopping windows, with late records', async () => {
    const shape = fc.record({
      advanceMs: fc.integer({ min: 1, max: 15 }),
      factor: fc.integer({ min: 1, max: 4 }),
      extraMs: fc.integer({ min: 0, max: 5 }),
      graceMs: fc.integer({ min: 0, max: 20 }),
    })
    await fc.assert(
      fc.asyncProperty(shape, settings, steps(60), async ({ advanceMs, factor, extraMs, graceMs }, options, script) => {
        const hopping = windows.hopping({ sizeMs: advanceMs * factor + extraMs, advanceMs, graceMs })
        const task = await run({ ...options, windows: hopping }, script)

        expect(sorted(task.table())).toEqual(sorted(timeWindowContents(hopping, inputsOf(script))))
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it('in windows of a user’s own, which overlap and leave gaps, with late records', async () => {
    const shape = fc.record({ pattern: patterns, graceMs: fc.integer({ min: 0, max: 20 }) })
    await fc.assert(
      fc.asyncProperty(shape, settings, steps(60), async ({ pattern, graceMs }, options, script) => {
        const task = await run({ ...options, windows: repeated(pattern, graceMs) }, script)
        const expected = customWindowContents((timeMs) => windowsAround(pattern, timeMs), graceMs, inputsOf(script))

        expect(sorted(task.table())).toEqual(sorted(expected))
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it('in sliding windows', async () => {
    const difference = fc.integer({ min: 0, max: 40 })
    await fc.assert(
      fc.asyncProperty(difference, settings, steps(80), async (timeDifferenceMs, options, script) => {
        const sliding = windows.sliding({ timeDifferenceMs, graceMs: 10_000 })
        const task = await run({ ...options, windows: sliding }, script)

        expect(sorted(task.table())).toEqual(sorted(slidingWindowContents(sliding, inputsOf(script))))
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it('in sessions, with late records', async () => {
    const shape = fc.record({
      inactivityGapMs: fc.integer({ min: 0, max: 15 }),
      graceMs: fc.integer({ min: 0, max: 40 }),
    })
    await fc.assert(
      fc.asyncProperty(shape, settings, steps(60), async (given, options, script) => {
        const session = windows.session(given)
        const task = await run({ ...options, windows: session }, script)

        expect(unordered(task.table())).toEqual(unordered(sessionContents(session, inputsOf(script))))
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })
})

describe('what windows emit when they close', () => {
  const cases = {
    hopping: () => windows.hopping({ sizeMs: 25, advanceMs: 10, graceMs: 15 }),
    session: () => windows.session({ inactivityGapMs: 8, graceMs: 15 }),
    sliding: () => windows.sliding({ timeDifferenceMs: 20, graceMs: 10_000 }),
  }
  /** Stream time goes far beyond all windows, slowly enough that none expires unseen, and time enough for a look. */
  const END: Step = { input: { key: 'end', value: 'end', timeMs: 20_000 }, after: 'commit' }

  it.each(Object.keys(cases) as (keyof typeof cases)[])(
    'is the last result of each, once, whatever happens between: %s',
    async (kind) => {
      const closing = cases[kind]()
      await fc.assert(
        fc.asyncProperty(settings, steps(60), async (options, script) => {
          const updated = await run({ windows: closing, retentionMs: 100_000 }, script)
          const task = await run({ ...options, windows: closing, emit: 'on-window-close', retentionMs: 100_000 }, [
            ...script,
            END,
            END,
            END,
            END,
            END,
          ])
          const emitted = task.forwarded.filter(({ key }) => key.key !== 'end')

          expect(task.table().size).toBe(task.forwarded.length)
          expect(emitted.length).toBeGreaterThan(0)
          const table = new Map([...task.table()].filter(([name]) => !name.startsWith('end')))
          expect(sorted(table)).toEqual(sorted(updated.table()))
        }),
        { seed: SEED, numRuns: RUNS / 3 },
      )
    },
  )

  it('is all that windows of a user’s own have come to, however time jumps, and whatever the store forgets', async () => {
    const shape = fc.record({ pattern: patterns, graceMs: fc.integer({ min: 0, max: 20 }) })
    const jumps = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 60, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(shape, settings, steps(30), jumps, async ({ pattern, graceMs }, options, script, jumped) => {
        let sumMs = 0
        const jumpy = script.map(({ input, after }, i) => {
          sumMs += jumped[i]! % 3 === 0 ? jumped[i]! : 0
          return { input: { ...input, timeMs: input.timeMs + sumMs }, after }
        })
        const closing = repeated(pattern, graceMs)
        const late: Step[] = Array.from({ length: 10 }, (_, i) => {
          return { input: { key: 'end', value: 'end', timeMs: 100_000 + i * 1_000 }, after: 'go-on' }
        })
        const task = await run({ ...options, windows: closing, emit: 'on-window-close' }, [...jumpy, ...late])
        const emitted = task.forwarded.map(({ key, value }) => [nameOf(key), value.newValue] as const)
        const expected = customWindowContents((timeMs) => windowsAround(pattern, timeMs), graceMs, inputsOf(jumpy))

        expect(emitted.filter(([name]) => !name.startsWith('end')).sort()).toEqual(sorted(expected))
      }),
      { seed: SEED, numRuns: RUNS / 3 },
    )
  })

  it('does not depend on how often they are looked for, also where the store forgets windows early', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(30, 100, 100_000), steps(30), async (emitIntervalMs, script) => {
        const options = { windows: windows.hopping({ sizeMs: 20, advanceMs: 5, graceMs: 5 }) }
        const end = [END, END, END, END, END, END, END, END, END, END].map((step, i) => ({
          ...step,
          input: { ...step.input, timeMs: 10_000 * (i + 1) },
        }))
        const always = await run({ ...options, emit: 'on-window-close' }, [...script, ...end])
        const seldom = await run({ ...options, emit: 'on-window-close', emitIntervalMs }, [...script, ...end])
        const inputs = (task: typeof always) => [...task.table()].filter(([name]) => !name.startsWith('end')).sort()

        expect(inputs(seldom)).toEqual(inputs(always))
      }),
      { seed: SEED, numRuns: RUNS / 3 },
    )
  })
})
