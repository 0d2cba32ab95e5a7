// What comes of windows of a user's own: of each update, when they close, and where their function is at fault.
import type { Window } from '../../../lib/core/windowed.ts'
import { handlers } from '../../../lib/runtime/error-handlers.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { TestDriverOptions } from '../../../lib/testing/topology-test-driver.ts'
import { aggregateFold, countFold } from '../../../topology/processors/fold.ts'
import { windows } from '../../../topology/windows.ts'
import { strings } from '../support/strings.ts'
import { nameOf, WindowTask } from '../support/window-task.ts'
import { long, runWindowed } from './support.ts'
import { growing, overlapping } from './uneven-windows.ts'

const concat = (left: string, right: string) => left + right
const onClose = { emit: 'on-window-close' } as const

describe('each update', () => {
  it('is that of a window, with its own end', async () => {
    const { results } = await runWindowed(
      (stream) => stream.windowedBy(growing()).count(),
      [
        ['a', 0],
        ['b', 9],
        ['c', 10],
        ['d', 29],
        ['e', 99],
      ],
    )

    expect(results).toEqual([
      ['k@0-10', 1, 0],
      ['k@0-10', 2, 9],
      ['k@10-30', 1, 10],
      ['k@10-30', 2, 29],
      ['k@60-100', 1, 99],
    ])
  })

  it('comes for all windows of a record, in the order of the function; records in none are dropped', async () => {
    const { results, dropped } = await runWindowed(
      (stream) => stream.windowedBy(overlapping(100)).reduce(concat),
      [
        ['a', 43],
        ['b', 70],
        [null, 44],
        ['c', 44, null],
        ['d', 45],
      ],
    )

    expect(results.map(([window, value]) => [window, value])).toEqual([
      ['k@40-60', 'a'],
      ['k@0-50', 'a'],
      ['k@42-45', 'a'],
      ['k@40-60', 'anull'],
      ['k@0-50', 'anull'],
      ['k@42-45', 'anull'],
      ['k@40-60', 'anulld'],
      ['k@0-50', 'anulld'],
    ])
    expect(dropped).toMatchObject({ 'no-window': 1, 'null-key': 1, late: 0 })
  })

  it.each([
    { streamTimeMs: 34, late: 0, last: 'ab', why: 'grace goes on' },
    { streamTimeMs: 35, late: 1, last: 'clock', why: 'grace ends here' },
  ])('counts until end and grace of its window, at stream time $streamTimeMs: $why', async (expected) => {
    const { results, dropped } = await runWindowed(
      (stream) => stream.windowedBy(growing(5)).reduce(concat),
      [
        ['a', 15],
        ['clock', expected.streamTimeMs],
        ['b', 29],
      ],
    )

    expect(dropped.late).toBe(expected.late)
    expect(results.at(-1)![1]).toBe(expected.last)
  })

  it('is late once for each window that has closed', async () => {
    const { results, dropped } = await runWindowed(
      (stream) => stream.windowedBy(overlapping()).reduce(concat),
      [
        ['clock', 52],
        ['a', 43],
      ],
    )

    expect(results.at(-1)).toEqual(['k@40-60', 'clocka', 52])
    expect(dropped.late).toBe(2)
  })

  it('may take its time: windows of a record keep their order', async () => {
    let turn = 0
    const { results } = await runWindowed(
      (stream) =>
        stream.windowedBy(overlapping(100)).aggregate(
          async () => '',
          async (all, value): Promise<string> => {
            // The first call takes longest.
            for (let waits = 5 - turn++; waits > 0; waits--) await Promise.resolve()
            return all + value
          },
          strings,
        ),
      [
        ['a', 43],
        ['b', 48],
      ],
    )

    expect(results.map(([window, value]) => [window, value])).toEqual([
      ['k@40-60', 'a'],
      ['k@0-50', 'a'],
      ['k@42-45', 'a'],
      ['k@40-60', 'ab'],
      ['k@0-50', 'ab'],
    ])
  })
})

describe('emit on-window-close', () => {
  it('forwards each window once when its grace is over, by end, start and key', async () => {
    const { results } = await runWindowed(
      (stream) => stream.windowedBy(overlapping(5), onClose).reduce(concat),
      [
        ['a', 43, 'y'],
        ['b', 43, 'x'],
        ['c', 49, 'x'],
        ['clock', 50, 'z'],
        ['d', 44, 'x'],
        ['clock', 70, 'z'],
        ['late', 59, 'x'],
      ],
    )

    expect(results).toEqual([
      // With the record of time 50.
      ['x@42-45', 'b', 43],
      ['y@42-45', 'a', 43],
      // With that of time 70, which is in no window.
      ['x@0-50', 'bcd', 49],
      ['y@0-50', 'a', 43],
      ['x@40-60', 'bcd', 49],
      ['y@40-60', 'a', 43],
      ['z@40-60', 'clock', 50],
    ])
  })

  it('loses nothing when time jumps on by more than the store keeps', async () => {
    const { results } = await runWindowed(
      (stream) => stream.windowedBy(growing(5), onClose).reduce(concat),
      [
        ['a', 5],
        ['b', 12],
        ['c', 3_000],
      ],
    )

    expect(results).toEqual([
      ['k@0-10', 'a', 5],
      ['k@10-30', 'b', 12],
    ])
  })

  it('looks at most every emitIntervalMs by the clock, unless the store would forget', async () => {
    const task = await WindowTask.start({
      windows: growing(),
      fold: countFold,
      emit: 'on-window-close',
      emitIntervalMs: 1_000,
      ...long,
    })
    const startsAfter = async (timestamp: number): Promise<readonly number[]> => {
      const before = task.forwarded.length
      await task.process('k', 'x', timestamp)
      return task.forwarded.slice(before).map(({ key }) => key.window.startMs)
    }

    expect(await startsAfter(1)).toEqual([])
    expect(await startsAfter(15)).toEqual([])
    task.advance(999)
    expect(await startsAfter(31)).toEqual([])
    task.advance(1)
    expect(await startsAfter(32)).toEqual([0, 10])
    expect(await startsAfter(70)).toEqual([])
    // The window from 30 on would be forgotten: it is kept for 500 ms.
    expect(await startsAfter(1_000)).toEqual([30, 60])
  })

  it('forgets what an abort takes back, and finds what was committed', async () => {
    const list = aggregateFold<string, string, string>('node', { initializer: () => '', aggregator: concat })
    const task = await WindowTask.start({
      windows: overlapping(),
      fold: list,
      value: serdes.string(),
      emit: 'on-window-close',
    })
    await task.process('k', 'a', 43)
    await task.commit()
    await task.process('k', 'b', 44)
    await task.process('k', 'c', 55)
    expect(task.forwarded.map(({ key }) => nameOf(key))).toEqual(['k@42-45', 'k@0-50'])
    await task.abort()
    expect(task.forwarded).toEqual([])
    await task.process('k', 'd', 55)

    expect(task.forwarded.map(({ key, value }) => [nameOf(key), value.newValue])).toEqual([
      ['k@42-45', 'a'],
      ['k@0-50', 'a'],
    ])
  })
})

describe('a function', () => {
  const run = (windowsFor: () => Window[], options: TestDriverOptions = {}) =>
    runWindowed(
      (stream) => stream.windowedBy(windows.custom({ windowsFor, maxSizeMs: 10 })).count(),
      [['a', 12]],
      options,
    )
  const throwing = () => {
    throw new RangeError('no such time')
  }

  it.each([{}, { processingHandler: handlers.logAndContinue }])(
    'that gives no windows stops the instance with the time and the record, and no handler is asked %#',
    async (options) => {
      await expect(run(() => [{ startMs: 20, endMs: 30 }], options)).rejects.toMatchObject({
        code: 'STREAMS_INVALID_WINDOWS',
        timestampMs: 12,
        message: expect.stringMatching(/windowsFor\(12\) .* \[20, 30\), in which it is not.*record at in-0 offset 0/),
      })
    },
  )

  it('that throws is as any callback that throws', async () => {
    await expect(run(throwing)).rejects.toMatchObject({
      code: 'STREAMS_PROCESSING',
      cause: expect.objectContaining({ message: 'no such time' }),
    })
    const { dropped } = await run(throwing, { processingHandler: handlers.logAndContinue })
    expect(dropped['processing-error']).toBe(1)
  })
})
