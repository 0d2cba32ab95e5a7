// suppress(), beyond what Java's recorded cases show: bad calls, limits, callbacks that take time, readers of a table that waits, caches.
import { serdes } from '../../lib/serde/index.ts'
import { type TestDriverOptions, TopologyTestDriver } from '../../lib/testing/index.ts'
import type { KTable } from '../../topology/ktable.ts'
import type { SuppressUntilTimeLimit } from '../../topology/options.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { windows } from '../../topology/windows.ts'
import { strings } from './support/strings.ts'

const later = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(resolve, value))

function tableOf(builder: StreamsBuilder): KTable<string, string> {
  return builder.table('in', { ...strings, store: 'table' })
}

function suppressed(options: SuppressUntilTimeLimit, builder = new StreamsBuilder()): StreamsBuilder {
  tableOf(builder).suppress(options).toStream().to('out')
  return builder
}

/** Pipes `key value timestamp`, and gives what came out with each as `key value @timestamp`. */
async function run(
  builder: StreamsBuilder,
  steps: readonly string[],
  options: TestDriverOptions = {},
): Promise<string[][]> {
  await using driver = new TopologyTestDriver(builder.build(), options)
  const out = driver.createOutputTopic<string, string>('out', strings)
  const results: string[][] = []
  for (const step of steps) {
    const [key, value, timestamp, topic = 'in'] = step.split(' ') as [string, string, string, string?]
    await driver
      .createInputTopic<string, string>(topic)
      .pipeInput({ key, value: value === 'null' ? (null as never) : value, timestamp: Number(timestamp) })
    results.push(out.readRecordsToList().map((record) => `${record.key} ${record.value} @${record.timestamp}`))
  }
  return results
}

describe('suppress() refuses', () => {
  it.each<[string, object, RegExp]>([
    ['no options', undefined as never, /until must be/],
    ['an unknown until', { until: 'tomorrow' }, /'window-closes' or 'time-limit', but is tomorrow/],
    ['no time limit', { until: 'time-limit' }, /timeLimitMs must be a whole number of at least 0, not undefined/],
    ['a negative time limit', { until: 'time-limit', timeLimitMs: -1 }, /timeLimitMs .* not -1/],
    ['a limit of no records', { until: 'time-limit', timeLimitMs: 1, maxRecords: 0 }, /maxRecords .* at least 1/],
    ['half a byte', { until: 'time-limit', timeLimitMs: 1, maxBytes: 0.5 }, /maxBytes .* not 0.5/],
    ['an unknown strategy', { until: 'time-limit', timeLimitMs: 1, whenFull: 'wait' }, /whenFull .* but is wait/],
    ['early results of windows', { until: 'window-closes', whenFull: 'emit-early' }, /before it is final/],
  ])('%s', (_, options, message) => {
    const table = tableOf(new StreamsBuilder())
    expect(() => table.suppress(options as never)).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  })

  it('a name that no node can have', () => {
    expect(() => tableOf(new StreamsBuilder()).suppress({ until: 'time-limit', timeLimitMs: 1, name: 'a b' })).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_NODE_NAME' }),
    )
  })

  it('to wait for windows where there are none, and shows the way up', () => {
    const table = tableOf(new StreamsBuilder()).filter(() => true, { name: 'some' })
    expect(() => table.suppress({ until: 'window-closes', name: 'final' } as never)).toThrow(
      expect.objectContaining({
        code: 'STREAMS_NO_WINDOW_CLOSE',
        message: expect.stringContaining('KTABLE-SOURCE-0000000001 → some → final'),
      }),
    )
  })

  it('versioned tables, at once and below verbs that hand versions on', () => {
    const builder = new StreamsBuilder()
    const table = builder.table('in', { ...strings, store: 'table', versioned: { historyRetentionMs: 100 } })
    const options = { until: 'time-limit', timeLimitMs: 5 } as const
    table.filter(() => true).suppress(options)

    expect(() => builder.build()).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT' }))
  })

  it('values without a serde, in build()', () => {
    const builder = new StreamsBuilder()
    tableOf(builder)
      .mapValues((value) => value.length)
      .suppress({ until: 'time-limit', timeLimitMs: 5, name: 'slow' })
    expect(() => builder.build()).toThrow(
      expect.objectContaining({ code: 'STREAMS_MISSING_SERDE', node: 'slow', option: 'value' }),
    )
  })
})

describe('until windows close', () => {
  it('finds the grace above verbs that keep windows', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(windows.tumbling({ sizeMs: 10, graceMs: 5 }))
      .reduce((left, right) => left + right)
      .filter((value) => value !== 'x')
      .mapValues((value) => value.toUpperCase(), { value: serdes.string() })
      .suppress({ until: 'window-closes' })
      .toStream()
      .map((value, { key, window }) => [`${key}@${window.startMs}`, value], strings)
      .to('out')

    expect(await run(builder, ['a x 1', 'b y 2', 'a z 9', 'c - 14', 'c - 15'])).toEqual([
      [],
      [],
      [],
      [],
      ['a@0 XZ @9', 'b@0 Y @2'],
    ])
  })

  it('stops the instance when its buffer is full', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(windows.tumbling({ sizeMs: 10 }))
      .count()
      .suppress({ until: 'window-closes', maxRecords: 2, name: 'final' })

    await expect(run(builder, ['a - 1', 'b - 1', 'c - 1'])).rejects.toMatchObject({
      code: 'STREAMS_SUPPRESS_BUFFER_FULL',
      node: 'final',
      message: expect.stringMatching(/holds 3 records in \d+ bytes, and its limit is 2 records\. /),
    })
  })
})

describe('for a time limit', () => {
  it('0 forwards each update at once', async () => {
    expect(await run(suppressed({ until: 'time-limit', timeLimitMs: 0 }), ['a 1 5', 'a 2 3', 'a 3 9'])).toEqual([
      ['a 1 @5'],
      ['a 2 @3'],
      ['a 3 @9'],
    ])
  })

  it('goes by stream time: what comes late does not wait', async () => {
    const builder = suppressed({ until: 'time-limit', timeLimitMs: 10 })
    expect(await run(builder, ['a 1 100', 'b 2 90', 'c 3 91', 'd 4 101'])).toEqual([[], ['b 2 @90'], [], ['c 3 @91']])
  })

  it('emits early what has waited for the longest when there are too many bytes', async () => {
    // Each of them is 28 + 'in' + key + value long.
    const builder = suppressed({ until: 'time-limit', timeLimitMs: 1_000, maxBytes: 2 * 32 })
    expect(await run(builder, ['a 1 5', 'b 2 6', 'a 333 7', 'c 4 8'])).toEqual([[], [], ['a 333 @7'], []])
  })

  it('stops the instance instead, if told so', async () => {
    const options = { until: 'time-limit', timeLimitMs: 1_000, maxBytes: 40, whenFull: 'shut-down' } as const
    await expect(run(suppressed(options), ['a 1 5', 'b 2 6'])).rejects.toMatchObject({
      code: 'STREAMS_SUPPRESS_BUFFER_FULL',
      message: expect.stringContaining('its limit is 40 bytes'),
    })
  })

  it('keeps the order behind callbacks that take time', async () => {
    const builder = new StreamsBuilder()
    let running = 0
    tableOf(builder)
      .suppress({ until: 'time-limit', timeLimitMs: 10 })
      .toStream()
      .mapValues(
        async (value) => {
          expect(++running).toBe(1)
          const result = await later(value)
          running--
          return result
        },
        { value: serdes.string() },
      )
      .to('out')

    expect(await run(builder, ['c 1 5', 'b 2 5', 'a 3 6', 'd 4 100'])).toEqual([
      [],
      [],
      [],
      ['b 2 @5', 'c 1 @5', 'a 3 @6'],
    ])
  })

  it('lets readers of the table see what was before, for as long as an update waits', async () => {
    const builder = new StreamsBuilder()
    const slow = tableOf(builder).suppress({ until: 'time-limit', timeLimitMs: 10 })
    builder
      .stream('stream', strings)
      .leftJoin(slow, (left, right) => `${left}+${right}`, { value: serdes.string() })
      .to('out')

    expect(
      await run(builder, [
        'a 1 5',
        'a x 6 stream',
        'b 2 20',
        'a y 20 stream',
        'a 3 21',
        'a z 22 stream',
        'a 4 31',
        'a w 31 stream',
      ]),
    ).toEqual([[], ['a x+null @6'], [], ['a y+1 @20'], [], ['a z+1 @22'], [], ['a w+4 @31']])
  })

  it('passes old values on, so that a table below takes them out of its groups', async () => {
    const builder = new StreamsBuilder()
    tableOf(builder)
      .suppress({ until: 'time-limit', timeLimitMs: 0 })
      .groupBy((value, key) => [value, key], strings)
      .reduce(
        (left, right) => left + right,
        (left, right) => left.replace(right, ''),
      )
      .toStream()
      .to('out')

    expect(await run(builder, ['a x 1', 'b x 2', 'a y 3'])).toEqual([['x a @1'], ['x ab @2'], ['x b @3', 'y a @3']])
  })

  it('works below a cache', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .groupByKey()
      .reduce((left, right) => left + right, { store: 'reduced' })
      .suppress({ until: 'time-limit', timeLimitMs: 10 })
      .toStream()
      .to('out')

    expect(await run(builder, ['a 1 5', 'a 2 7', 'b 3 15', 'c 4 30'], { cacheBytes: 1_000_000 })).toEqual([
      [],
      [],
      ['a 12 @7'],
      ['b 3 @15'],
    ])
  })
})
