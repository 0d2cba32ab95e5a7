// Windows of a user's own: the n-th of them 10 × n ms long; and windows that overlap or leave gaps.
import type { Window, Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import type { TimestampedWindowStore } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import type { CustomWindows } from '../../../topology/custom-windows.ts'
import { aggregateFold, countFold } from '../../../topology/processors/fold.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { windows } from '../../../topology/windows.ts'
import { TestApp } from '../../support/test-app.ts'
import { strings } from '../support/strings.ts'
import { nameOf, WindowTask } from '../support/window-task.ts'
import { long, runWindowed, windowedTopology } from './support.ts'

const concat = (left: string, right: string) => left + right
const onClose = { emit: 'on-window-close' } as const

/** [0, 10), [10, 30), [30, 60), [60, 100), [100, 150)… */
const growing = (graceMs = 0) =>
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
const overlapping = (graceMs = 0) =>
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

describe('the store', () => {
  async function filled(retentionMs?: number) {
    const driver = new TopologyTestDriver(
      windowedTopology((stream) =>
        stream.windowedBy(growing(5)).count({ store: 'counts', ...(retentionMs !== undefined && { retentionMs }) }),
      ),
    )
    const input = driver.createInputTopic('in')
    for (const timestamp of [5, 15, 65, 600]) await input.pipeInput({ key: 'k', value: 'x', timestamp })
    return { driver, store: driver.getTimestampedWindowStore<string, number>('counts')! }
  }

  it('keeps windows for the longest size and grace, or for retentionMs, and knows their ends', async () => {
    for (const [retentionMs, expected] of [
      [undefined, ['60-100', '550-660']],
      [10_000, ['0-10', '10-30', '60-100', '550-660']],
    ] as const) {
      const { driver, store } = await filled(retentionMs)
      await using _ = driver
      const shown: string[] = []
      for await (const [{ window }] of store.all()) shown.push(`${window.startMs}-${window.endMs}`)

      expect(shown).toEqual(expected)
      expect(store.fetch('k', 60)).toEqual({ value: 1, timestamp: 65 })
    }
  })

  it('cannot keep them for less', () => {
    expect(() => windowedTopology((stream) => stream.windowedBy(growing(5)).count({ retentionMs: 504 }))).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', message: expect.stringContaining('at least 505') }),
    )
  })

  it('stops the instance, and says what to do, if it has windows that the function does not know', async () => {
    const app = new TestApp({ emitIntervalMs: 0 }).topics({ in: 1, out: 1 })
    const topology = (within: CustomWindows) =>
      windowedTopology((stream) => stream.windowedBy(within, onClose).count({ store: 'counts', retentionMs: 1_000 }))
    const sevens = (timestampMs: number) => {
      const startMs = timestampMs - (timestampMs % 7)
      return { startMs, endMs: startMs + 7 }
    }
    try {
      const first = await app.start(topology(growing()))
      await app.produce('in', { key: 'k', value: 'x', timestamp: 12 })
      await app.caughtUp('in')
      await first.close()
      const second = await app.start(topology(windows.custom({ windowOf: sevens, maxSizeMs: 7 })))
      await app.produce('in', { key: 'k', value: 'x', timestamp: 100 })

      expect(await second.failed()).toMatchObject({
        code: 'STREAMS_INVALID_WINDOWS',
        timestampMs: 10,
        message: expect.stringMatching(/^windowOf\(10\) .* name the store anew or reset the application\./),
      })
    } finally {
      await app.close()
    }
  })

  it('of a processor takes their ends, too', async () => {
    const builder = new StreamsBuilder()
    const typed = { key: serdes.string(), value: serdes.long(), retentionMs: 1_000, windowSizeMs: 500 }
    builder.stream('in', strings).process({
      stores: [stores.timestampedWindow('own', { ...typed, ends: growing() })],
      create: (context) => {
        const store = context.store<TimestampedWindowStore<string, number>>('own')
        return { process: ({ key, timestamp }) => store.put(key, { value: 1, timestamp }, timestamp) }
      },
    })
    await using driver = new TopologyTestDriver(builder.build())
    await driver.createInputTopic('in').pipeInput({ key: 'k', value: 'x', timestamp: 30 })
    const entries: string[] = []
    for await (const [windowed] of driver.getTimestampedWindowStore<string, number>('own')!.all())
      entries.push(nameOf(windowed))

    expect(entries).toEqual(['k@30-60'])
    expect(() => stores.window('own', { ...typed, ends: 5 as never })).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_CONFIG', message: expect.stringContaining('windows.custom') }),
    )
  })
})

describe('their ends are known', () => {
  it('behind a cache', async () => {
    const task = await WindowTask.start({ windows: growing(), fold: countFold, cacheBytes: 1_000_000, ...long })

    await task.process('k', 'x', 15)
    await task.process('k', 'x', 16)
    expect(task.forwarded).toEqual([])
    await task.commit()

    expect(task.forwarded.map(({ key, value }) => [nameOf(key), value.newValue])).toEqual([['k@10-30', 2]])
  })

  it('to suppress(), which waits for each one', async () => {
    const { results } = await runWindowed(
      (stream) => stream.windowedBy(growing(5)).count().suppress({ until: 'window-closes' }),
      [
        ['a', 5],
        ['b', 12],
        ['c', 15],
        ['d', 34],
        ['e', 35],
        ['f', 65],
      ],
    )

    expect(results).toEqual([
      ['k@0-10', 1, 5],
      ['k@10-30', 2, 15],
      ['k@30-60', 2, 35],
    ])
  })

  it.each(['on-window-update', 'on-window-close'] as const)(
    'to an application with caches that restores, with suppress() or without: %s',
    async (emit) => {
      const app = new TestApp({ emitIntervalMs: 0, cacheBytes: 10_000_000 }).topics({ in: 1, out: 1 })
      const topology = () =>
        windowedTopology((stream) => {
          const counts = stream.windowedBy(growing(5), { emit }).count()
          return emit === 'on-window-close' ? counts : counts.suppress({ until: 'window-closes' })
        })
      const feed = async (...times: readonly number[]) => {
        await app.produce('in', ...times.map((timestamp) => ({ key: 'k', value: 'x', timestamp })))
        await app.caughtUp('in')
      }
      try {
        const first = await app.start(topology(), 'a')
        await feed(5, 12, 31)
        await first.close()
        const second = await app.start(topology(), 'b')
        await feed(33, 34, 64, 65, 104, 105)

        expect(second.restored.some(({ records }) => records > 0)).toBe(true)
        const key = serdes.timeWindowed(serdes.string(), growing())
        const out = app
          .read('out')
          .map(({ key: text, timestamp }) => [nameOf(key.deserialize('out', Buffer.from(text!))), timestamp])
        expect(out).toEqual([
          ['k@0-10', 5],
          ['k@10-30', 12],
          ['k@30-60', 34],
          ['k@60-100', 65],
        ])
      } finally {
        await app.close()
      }
    },
  )

  it('behind a repartition topic, and in what is aggregated there', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(growing())
      .count()
      .toStream()
      .repartition({ name: 'again', key: serdes.timeWindowed(serdes.string(), growing()) })
      .groupByKey()
      .reduce((left, right) => Math.max(left, right), { store: 'max' })
      .toStream()
      .to('out')
    await using driver = new TopologyTestDriver(builder.build())
    const input = driver.createInputTopic('in')
    for (const timestamp of [1, 12, 13, 35]) await input.pipeInput({ key: 'a', value: 'x', timestamp })
    const outputs = driver.createOutputTopic<Windowed<string>, number>('out').readRecordsToList()

    expect(outputs.map(({ key, value }) => [nameOf(key!), value])).toEqual([
      ['a@0-10', 1],
      ['a@10-30', 1],
      ['a@10-30', 2],
      ['a@30-60', 1],
    ])
  })
})

it('a function that throws, or gives no windows, stops the instance with the time and the record', async () => {
  const run = (windowsFor: () => Window[]) =>
    runWindowed((stream) => stream.windowedBy(windows.custom({ windowsFor, maxSizeMs: 10 })).count(), [['a', 12]])

  await expect(run(() => [{ startMs: 20, endMs: 30 }])).rejects.toMatchObject({
    code: 'STREAMS_INVALID_WINDOWS',
    timestampMs: 12,
    message: expect.stringMatching(/windowsFor\(12\) .* \[20, 30\), in which it is not.*record at in-0 offset 0/),
  })
  await expect(
    run(() => {
      throw new RangeError('no such time')
    }),
  ).rejects.toMatchObject({ code: 'STREAMS_PROCESSING', cause: expect.objectContaining({ message: 'no such time' }) })
})
