import type { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import { Change } from '../../../topology/change.ts'
import { countFold } from '../../../topology/processors/fold.ts'
import { windows } from '../../../topology/windows.ts'
import { strings } from '../support/strings.ts'
import { nameOf, WindowTask } from '../support/window-task.ts'
import { runWindowed, windowedTopology } from './support.ts'

const tumbling = windows.tumbling({ sizeMs: 10, graceMs: 5 })

// The window [0, 10) takes records until stream time reaches its end and grace: 15.
describe('a count in windows of 10 ms with 5 ms grace', () => {
  it.each([
    { streamTimeMs: 9, result: ['k@0-10', 1, 3], late: 0, why: 'the window is open' },
    { streamTimeMs: 14, result: ['k@0-10', 1, 3], late: 0, why: 'the window has ended, grace has not' },
    { streamTimeMs: 15, result: undefined, late: 1, why: 'grace ends exactly here' },
  ])('at stream time $streamTimeMs: $why', async ({ streamTimeMs, result, late }) => {
    const { results, dropped } = await runWindowed(
      (grouped) => grouped.windowedBy(tumbling).count(),
      [
        ['tick', streamTimeMs, 'clock'],
        ['late', 3],
      ],
    )

    expect(results.slice(1)).toEqual(result === undefined ? [] : [result])
    expect(dropped.late).toBe(late)
  })

  it('counts null values, drops null keys', async () => {
    const { results, dropped } = await runWindowed(
      (grouped) => grouped.windowedBy(tumbling).count(),
      [
        [null, 1],
        ['x', 2, null],
      ],
    )

    expect(results).toEqual([['k@0-10', 1, 1]])
    expect(dropped).toMatchObject({ 'null-key': 1, 'null-value': 0 })
  })

  it('has the highest event time of its records and the headers of the last one', async () => {
    const { outputs } = await runWindowed(
      (grouped) => grouped.windowedBy(tumbling).count(),
      [
        ['a', 7],
        ['b', 4],
      ],
    )

    expect(outputs.map(({ timestamp }) => timestamp)).toEqual([7, 7])
    expect(outputs[1]!.headers).toEqual([['trace', Buffer.from('b')]])
  })
})

describe('windows of a record', () => {
  it('are all hopping windows around it, earliest first, none before the epoch', async () => {
    const { results } = await runWindowed(
      (grouped) => grouped.windowedBy(windows.hopping({ sizeMs: 10, advanceMs: 4 })).count(),
      [
        ['a', 5],
        ['b', 13],
      ],
    )

    expect(results.map(([window]) => window)).toEqual(['k@0-10', 'k@4-14', 'k@4-14', 'k@8-18', 'k@12-22'])
  })

  it('count as late one by one', async () => {
    const { results, dropped } = await runWindowed(
      (grouped) => grouped.windowedBy(windows.hopping({ sizeMs: 10, advanceMs: 5 })).count(),
      [
        ['tick', 12, 'clock'],
        ['partly', 7],
        ['tick', 17, 'clock'],
        ['wholly', 6],
      ],
    )

    expect(results.filter(([window]) => window.startsWith('k'))).toEqual([['k@5-15', 1, 7]])
    expect(dropped.late).toBe(3)
  })

  it('is the only one of unlimited windows; what comes before its start is dropped, and counted', async () => {
    const { results, dropped } = await runWindowed(
      (grouped) => grouped.windowedBy(windows.unlimited({ startMs: 100 })).count(),
      [
        ['early', 99],
        ['a', 100],
        ['b', 1_700_000_000_000],
        ['c', 100],
      ],
    )

    expect(results.map(([window, count]) => [window, count])).toEqual([
      [`k@100-${Number.MAX_SAFE_INTEGER}`, 1],
      [`k@100-${Number.MAX_SAFE_INTEGER}`, 2],
      [`k@100-${Number.MAX_SAFE_INTEGER}`, 3],
    ])
    expect(dropped.early).toBe(1)
  })
})

describe('callbacks', () => {
  it('of reduce: the first value as it is, each later one reduced; null deletes, and the next starts anew', async () => {
    const { results } = await runWindowed(
      (grouped) =>
        grouped
          .windowedBy(tumbling)
          .reduce((left, right, key) => (right === 'clear' ? (null as never) : `${left}${right}${key}`)),
      [
        ['a', 1],
        ['b', 2],
        ['clear', 3],
        ['c', 4],
      ],
    )

    expect(results.map(([, value]) => value)).toEqual(['a', 'abk', null, 'c'])
  })

  it('may be asynchronous: windows of a record and records keep their order', async () => {
    let turn = 0
    const { results } = await runWindowed(
      (grouped) =>
        grouped.windowedBy(windows.hopping({ sizeMs: 10, advanceMs: 5 })).aggregate(
          async () => '',
          async (all, value): Promise<string> => {
            // The first call takes longest.
            for (let waits = 5 - turn++; waits > 0; waits--) await Promise.resolve()
            return all + value
          },
          strings,
        ),
      [
        ['a', 6],
        ['b', 7],
      ],
    )

    expect(results.map(([window, value]) => [window, value])).toEqual([
      ['k@0-10', 'a'],
      ['k@5-15', 'a'],
      ['k@0-10', 'ab'],
      ['k@5-15', 'ab'],
    ])
  })

  it.each<[what: string, initializer: () => unknown, aggregator: () => unknown]>([
    ['an initializer', () => undefined, () => ''],
    ['an aggregator', () => '', () => undefined],
    ['an asynchronous aggregator', () => '', async () => undefined],
  ])('%s without a return stops with the name of the node', async (_, initializer, aggregator) => {
    const run = runWindowed(
      (grouped) =>
        grouped
          .windowedBy(tumbling)
          .aggregate(initializer as () => string, aggregator as () => string, { ...strings, name: 'collect' }),
      [['a', 1]],
    )

    await expect(run).rejects.toMatchObject({
      code: 'STREAMS_CALLBACK_RESULT',
      message: expect.stringContaining("'collect'"),
    })
  })
})

describe('emit on-window-close', () => {
  const onClose = { emit: 'on-window-close' } as const

  it('forwards the last result of each window once, in order of start and key, when its grace is over', async () => {
    const { results } = await runWindowed(
      (grouped) => grouped.windowedBy(tumbling, onClose).count({ retentionMs: 1_000 }),
      [
        ['a', 1, 'y'],
        ['b', 2, 'x'],
        ['c', 12, 'x'],
        ['tick', 14, 'clock'],
        ['d', 3, 'x'],
        ['tick', 15, 'clock'],
        ['late', 4, 'x'],
        ['tick', 26, 'clock'],
      ],
    )

    expect(results).toEqual([
      ['x@0-10', 2, 3],
      ['y@0-10', 1, 1],
      ['clock@10-20', 2, 15],
      ['x@10-20', 1, 12],
    ])
  })

  it('looks for closed windows at most every emitIntervalMs by the clock', async () => {
    await using driver = new TopologyTestDriver(
      windowedTopology((grouped) => grouped.windowedBy(tumbling, onClose).count({ retentionMs: 1_000 })),
      { emitIntervalMs: 1_000 },
    )
    const input = driver.createInputTopic('in')
    const output = driver.createOutputTopic<Windowed<string>, number>('out')
    const startsAfter = async (timestamp: number): Promise<number[]> => {
      await input.pipeInput({ key: 'k', value: 'x', timestamp })
      return output.readRecordsToList().map(({ key }) => key!.window.startMs)
    }

    expect(await startsAfter(1)).toEqual([])
    // The first record was a look.
    expect(await startsAfter(40)).toEqual([])
    await driver.advanceWallClockTime(1_000)
    expect(await startsAfter(41)).toEqual([0])
    expect(await startsAfter(60)).toEqual([])
    await driver.advanceWallClockTime(999)
    expect(await startsAfter(61)).toEqual([])
    await driver.advanceWallClockTime(1)
    expect(await startsAfter(62)).toEqual([40])
  })
})

describe('the store', () => {
  it('keeps windows for their size and grace, or for retentionMs', async () => {
    for (const [retentionMs, expected] of [
      [undefined, [10, 20]],
      [100, [0, 10, 20]],
    ] as const) {
      await using driver = new TopologyTestDriver(
        windowedTopology((grouped) =>
          grouped.windowedBy(tumbling).count({ store: 'counts', ...(retentionMs !== undefined && { retentionMs }) }),
        ),
      )
      const input = driver.createInputTopic('in')
      for (const timestamp of [5, 15, 25]) await input.pipeInput({ key: 'k', value: 'x', timestamp })
      const store = driver.getTimestampedWindowStore<string, number>('counts')!

      expect(store.fetch('k', { fromMs: 0, toMs: 100 }).map(([startMs]) => startMs)).toEqual(expected)
      expect(store.fetch('k', 20)).toEqual({ value: 1, timestamp: 25 })
    }
  })

  it('is of the kind, and with the settings, that were asked for', () => {
    const topology = windowedTopology((grouped) =>
      grouped.windowedBy(tumbling).count({
        store: 'counts',
        caching: false,
        logging: false,
        persistent: false,
        changelogConfigs: { 'segment.bytes': '1000' },
      }),
    )

    expect(topology.physical().subtopologies[0]!.stores).toMatchObject([
      {
        name: 'counts',
        kind: 'timestamped-window',
        retentionMs: 15,
        caching: false,
        logging: false,
        persistent: false,
        changelogConfigs: { 'segment.bytes': '1000' },
      },
    ])
  })
})

describe('with a cache', () => {
  it('updates of a window between two commits come out as one, in the order of the last ones', async () => {
    const task = await WindowTask.start({
      windows: tumbling,
      fold: countFold,
      value: serdes.long(),
      cacheBytes: 1_000_000,
    })

    await task.process('a', 'x', 1)
    await task.process('b', 'x', 2)
    await task.process('a', 'x', 3)
    expect(task.forwarded).toEqual([])
    await task.commit()

    expect(task.forwarded.map(({ key, value, timestamp }) => [nameOf(key), value, timestamp])).toEqual([
      ['b@0-10', new Change(1, null), 2],
      ['a@0-10', new Change(2, null), 3],
    ])
  })
})
