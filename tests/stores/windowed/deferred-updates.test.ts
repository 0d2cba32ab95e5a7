// Strategy: random writes of a few keys and many times, as equal keys in other Buffers too, against a Map in the order of the last writes. Enough entries to
// outgrow the table; flushes by hand and by the budget.
import fc from 'fast-check'
import { NO_HEADERS } from '../../../lib/core/record.ts'
import { type DeferredUpdate, DeferredUpdates } from '../../../stores/windowed/deferred-updates.ts'

const step = fc.record({
  do: fc.oneof(
    { weight: 250, arbitrary: fc.constant('put') },
    { weight: 1, arbitrary: fc.constantFrom('flush', 'discard') },
  ),
  key: fc.constantFrom('', 'a', 'a\0', 'b', 'key-of-a-window'),
  /** Times of windows, also such as differ only above the low 32 bits. */
  timeMs: fc.oneof(
    fc.integer({ min: 0, max: 60 }).map((n) => 1_700_000_000_000 + n * 2_000),
    fc.integer({ min: 0, max: 4 }).map((n) => n * 2 ** 32),
  ),
  second: fc.constantFrom(0, 0, 1, 1_700_000_000_000),
  value: fc.option(fc.constantFrom('', 'v', 'w'.repeat(300)), { freq: 6 }),
  sameBuffer: fc.boolean(),
})

type Shown = readonly [key: string, timeMs: number, second: number, before: string, after: string, timestamp: number]

function shown({ key, timeMs, second, before, after, timestamp, context }: DeferredUpdate): Shown {
  // The record in process is told apart by its offset, which here is the timestamp.
  expect(context.offset).toBe(timestamp)
  return [`${key}`, timeMs, second, `${before}`, `${after}`, timestamp]
}

it('updates wait in the order of their last writes, each once, with what was before the first and after the last', () => {
  let most = 0
  let renewed = 0
  let full = 0
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 200, maxLength: 400, size: 'max' }),
      fc.constantFrom(5_000, 1e9),
      (steps, limitBytes) => {
        const budget = { limitBytes, usedBytes: 0 }
        const record = { timestamp: 0, headers: NO_HEADERS, topic: 'input', partition: 3, offset: 0 }
        let current = record
        const gone: Shown[] = []
        const updates = new DeferredUpdates('s', { currentRecord: () => current, cacheBudget: budget }, (update) =>
          gone.push(shown(update)),
        )
        const model = new Map<string, Shown>()
        const expected: Shown[] = []
        const buffers = new Map<string, Buffer>()
        const flush = () => {
          updates.flush()
          expected.push(...model.values())
          model.clear()
        }
        for (const [i, one] of steps.entries()) {
          if (one.do === 'flush') flush()
          else if (one.do === 'discard') {
            updates.discard()
            model.clear()
          } else {
            current = { ...record, offset: i }
            const kept = buffers.get(one.key)
            const key = one.sameBuffer && kept !== undefined ? kept : Buffer.from(one.key)
            buffers.set(one.key, key)
            const after = one.value === null ? undefined : Buffer.from(one.value)
            const name = `${one.key}/${one.timeMs}/${one.second}`
            const waiting = model.get(name)
            expect(updates.renew(key, one.timeMs, one.second, after, i)).toBe(waiting !== undefined)
            if (waiting === undefined) updates.add(key, one.timeMs, one.second, Buffer.from(`${i}`), after, i)
            else renewed++
            model.delete(name)
            model.set(name, [one.key, one.timeMs, one.second, waiting?.[3] ?? `${i}`, `${after}`, i])
            most = Math.max(most, model.size)
            if (updates.isFull) {
              full++
              flush()
            }
          }
          expect(budget.usedBytes > 0).toBe(model.size > 0)
        }
        flush()
        expect(gone).toEqual(expected)
      },
    ),
    { seed: 4_711, numRuns: 40 },
  )
  // Must have happened: the table has grown, twice.
  expect(most).toBeGreaterThan(128)
  expect(renewed).toBeGreaterThan(500)
  expect(full).toBeGreaterThan(50)
})
