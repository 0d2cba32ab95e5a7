import { slidingSteps } from '../../../topology/processors/sliding-windows.ts'
import { windows } from '../../../topology/windows.ts'
import { strings } from '../support/strings.ts'
import { runWindowed } from './support.ts'

const at = (value: string, timestamp: number) => ({ value, timestamp })

// Time difference 10. A step is shown as `start: what it starts with`, `+` if the record is added.
describe('the windows that a record changes', () => {
  const shown = (timeMs: number, found: readonly (readonly [number, ReturnType<typeof at>])[]) =>
    slidingSteps(timeMs, 10, found).map(
      ({ startMs, endMs, stored, adds }) => `${startMs}-${endMs}: ${stored?.value ?? 'new'}${adds ? ' +' : ''}`,
    )

  it.each([
    { why: 'the first one: its left window', timeMs: 20, found: [], steps: ['10-20: new +'] },
    {
      why: 'one after another: the right window of that, a left window with both',
      timeMs: 25,
      found: [[10, at('a', 20)]],
      steps: ['21-31: new +', '15-25: a +'],
    },
    {
      why: 'one too late to share a window, but for the right window of that before; as in Java its own left one again',
      timeMs: 31,
      found: [[13, at('a', 20)]],
      steps: ['21-31: new +', '21-31: new +'],
    },
    {
      why: 'one of the same time: only what there is',
      timeMs: 20,
      found: [
        [21, at('b', 25)],
        [15, at('ab', 25)],
        [10, at('a', 20)],
      ],
      steps: ['15-25: ab +', '10-20: a +'],
    },
    {
      why: 'one before another: its left window, and a right one with the other',
      timeMs: 18,
      found: [[10, at('a', 20)]],
      steps: ['10-20: a +', '8-18: new +', '19-29: a'],
    },
    { why: 'one before the time difference: the window from 0 on', timeMs: 4, found: [], steps: ['0-10: new +'] },
    {
      why: 'a second one before the time difference',
      timeMs: 6,
      found: [[0, at('a', 4)]],
      steps: ['5-15: new +', '0-10: a +'],
    },
    {
      why: 'an early one before another',
      timeMs: 2,
      found: [[0, at('a', 4)]],
      steps: ['3-13: a', '0-10: a +'],
    },
  ] as const)('$why', ({ timeMs, found, steps }) => {
    expect(shown(timeMs, found)).toEqual(steps)
  })
})

describe('a reduce in sliding windows of 10 ms with 5 ms grace', () => {
  const reduce = (records: Parameters<typeof runWindowed>[1], options = {}) =>
    runWindowed(
      (grouped) =>
        grouped
          .windowedBy(windows.sliding({ timeDifferenceMs: 10, graceMs: 5 }), options)
          .reduce((left, right) => left + right, { ...strings, retentionMs: 1_000 }),
      records,
    )

  it('drops null keys and null values', async () => {
    const { results, dropped } = await reduce([
      ['a', 20, null],
      [null, 20],
    ])

    expect(results).toEqual([])
    expect(dropped).toMatchObject({ 'null-key': 1, 'null-value': 1 })
  })

  // A window has closed when stream time has passed its end by more than 5 ms. A record at 20 that can change none, as the last one ends at 30, is dropped once.
  it.each([
    { streamTimeMs: 25, changed: ['k@15-25', 'k@10-20'], late: 0 },
    { streamTimeMs: 26, changed: ['k@15-25'], late: 1 },
    { streamTimeMs: 30, changed: ['k@15-25'], late: 1 },
    { streamTimeMs: 31, changed: [], late: 2 },
    { streamTimeMs: 36, changed: [], late: 1 },
  ])('changes windows that are still open: stream time $streamTimeMs', async ({ streamTimeMs, changed, late }) => {
    const { results, dropped } = await reduce([
      ['a', 25],
      ['tick', streamTimeMs, 'clock'],
      ['late', 20],
    ])

    expect(results.filter(([window, value]) => window.startsWith('k') && value.includes('late'))).toEqual(
      changed.map((window) => [window, expect.anything(), expect.any(Number)]),
    )
    expect(dropped.late).toBe(late)
  })

  it('forwards each window once when it has closed, if asked to', async () => {
    const { results } = await reduce(
      [
        ['a', 20],
        ['b', 25],
        ['tick', 30, 'clock'],
        ['tick', 31, 'clock'],
        ['tick', 40, 'clock'],
      ],
      { emit: 'on-window-close' },
    )

    expect(results.filter(([window]) => window.startsWith('k'))).toEqual([
      ['k@10-20', 'a', 20],
      ['k@15-25', 'ab', 25],
      ['k@21-31', 'b', 25],
    ])
  })
})
