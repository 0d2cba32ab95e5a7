// Windows of a user's own differ in length: whoever knows only their starts, as stores and topics do, finds out where they end.
import type { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import type { TimestampedWindowStore } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import type { CustomWindows } from '../../../topology/custom-windows.ts'
import { countFold } from '../../../topology/processors/fold.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { windows } from '../../../topology/windows.ts'
import { TestApp } from '../../support/test-app.ts'
import { strings } from '../support/strings.ts'
import { nameOf, WindowTask } from '../support/window-task.ts'
import { long, runWindowed, windowedTopology } from './support.ts'
import { growing } from './uneven-windows.ts'

const onClose = { emit: 'on-window-close' } as const

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
