import { serdes } from '../../../lib/serde/index.ts'
import { Change } from '../../../topology/change.ts'
import { countFold } from '../../../topology/processors/fold.ts'
import { windows } from '../../../topology/windows.ts'
import { strings } from '../support/strings.ts'
import { nameOf, WindowTask } from '../support/window-task.ts'
import { runWindowed } from './support.ts'

const sessions = windows.session({ inactivityGapMs: 10, graceMs: 5 })

describe('sessions with a gap of 10 ms', () => {
  it('grow with each record within the gap; what they replace is deleted first', async () => {
    const { results, outputs } = await runWindowed(
      (grouped) => grouped.windowedBy(sessions).count(),
      [
        ['a', 5],
        ['b', 15],
        ['c', 26],
      ],
    )

    expect(results).toEqual([
      ['k@5-5', 1, 5],
      ['k@5-5', null, 5],
      ['k@5-15', 2, 15],
      ['k@26-26', 1, 26],
    ])
    // As in Java.
    expect(outputs.every(({ headers }) => headers.length === 0)).toBe(true)
  })

  it('become one by a record between them: merged in their order, then the record added', async () => {
    const { results } = await runWindowed(
      (grouped) =>
        grouped.windowedBy(windows.session({ inactivityGapMs: 10, graceMs: 100 })).aggregate(
          () => '',
          (all, value) => all + value,
          (left, right, key) => `${left}|${key}:${right}`,
          strings,
        ),
      [
        ['a', 30],
        ['b', 15],
        ['c', 22],
      ],
    )

    expect(results.slice(2)).toEqual([
      ['k@15-15', null, 15],
      ['k@30-30', null, 30],
      ['k@15-30', '|k:b|k:ac', 30],
    ])
  })

  it('of one moment are written over', async () => {
    const { results } = await runWindowed(
      (grouped) => grouped.windowedBy(sessions).count(),
      [
        ['a', 5],
        ['b', 5],
      ],
    )

    expect(results).toEqual([
      ['k@5-5', 1, 5],
      ['k@5-5', 2, 5],
    ])
  })

  // A session that ended at 20 takes records until stream time has passed 20 + gap + grace = 35.
  it.each([
    { streamTimeMs: 35, late: 0 },
    { streamTimeMs: 36, late: 1 },
  ])('take late records for gap and grace: stream time $streamTimeMs', async ({ streamTimeMs, late }) => {
    const { dropped } = await runWindowed(
      (grouped) => grouped.windowedBy(sessions).count(),
      [
        ['tick', streamTimeMs, 'clock'],
        ['late', 20],
      ],
    )

    expect(dropped.late).toBe(late)
  })

  it('count null values, drop null keys', async () => {
    const { results, dropped } = await runWindowed(
      (grouped) => grouped.windowedBy(sessions).count(),
      [
        [null, 5],
        ['x', 5, null],
      ],
    )

    expect(results).toEqual([['k@5-5', 1, 5]])
    expect(dropped['null-key']).toBe(1)
  })

  it('take asynchronous callbacks, and delete on null', async () => {
    const { results } = await runWindowed(
      (grouped) =>
        grouped.windowedBy(sessions).aggregate(
          async () => '',
          async (all, value) => (value === 'clear' ? null : all + value),
          async (left, right) => left + right,
          strings,
        ),
      [
        ['a', 5],
        ['b', 6],
        ['clear', 7],
      ],
    )

    expect(results.map(([window, value]) => [window, value])).toEqual([
      ['k@5-5', 'a'],
      ['k@5-5', null],
      ['k@5-6', 'ab'],
      ['k@5-6', null],
      ['k@5-7', null],
    ])
  })

  it('with on-window-close come once, when gap and grace are over, with their end as event time', async () => {
    const { results } = await runWindowed(
      (grouped) => grouped.windowedBy(sessions, { emit: 'on-window-close' }).count({ retentionMs: 1_000 }),
      [
        ['a', 5, 'y'],
        ['b', 5, 'x'],
        ['c', 12, 'y'],
        ['tick', 20, 'clock'],
        ['tick', 21, 'clock'],
        ['tick', 28, 'clock'],
      ],
    )

    expect(results).toEqual([
      ['x@5-5', 1, 5],
      ['y@5-12', 2, 12],
    ])
  })

  it('from a cache come with the event time that they have without one', async () => {
    const task = await WindowTask.start({
      windows: sessions,
      fold: countFold,
      value: serdes.long(),
      cacheBytes: 1_000_000,
    })
    await task.process('k', 'x', 20)
    await task.commit()
    await task.process('k', 'x', 14)
    await task.commit()

    expect(task.forwarded.map(({ key, value, timestamp }) => [nameOf(key), value, timestamp])).toEqual([
      ['k@20-20', new Change(1, null), 20],
      ['k@20-20', new Change(null, null), 20],
      ['k@14-20', new Change(2, null), 20],
    ])
  })
})
