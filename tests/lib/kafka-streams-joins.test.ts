// Joins of streams in an application: what they keep survives a stop, a lost disk and an abort; equal keys meet, however the topics are partitioned.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import { serdes } from '../../lib/serde/index.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { windows } from '../../topology/windows.ts'
import { inDriver, lateRecords as records, shown, T0 } from '../support/late-records.ts'
import { TestApp } from '../support/test-app.ts'
import { strings } from '../topology/support/strings.ts'

const within = windows.join({ beforeMs: 20, afterMs: 30, graceMs: 10 })

/** An outer join of the two halves of one topic, so that the order in which records come is that of the topic. */
function halves(): Topology {
  const builder = new StreamsBuilder()
  const stream = builder.stream('in', strings)
  stream
    .filter((value) => value.startsWith('l'))
    .outerJoin(
      stream.filter((value) => value.startsWith('r')),
      (left, right) => `${left}/${right}`,
      { within, value: serdes.string(), emitUnmatched: 'when-due', store: 'j' },
    )
    .to('out')
  return builder.build()
}

describe('an outer join gives the same, record for record,', () => {
  let app: TestApp
  let steps: readonly (readonly string[])[]
  let expected: readonly string[]
  beforeEach(async () => {
    app = new TestApp({ processingGuarantee: 'exactly_once', emitIntervalMs: 0 }).topics({ in: 1, out: 1 })
    steps = await inDriver(halves())
    expected = steps.flat()
  })
  afterEach(() => app.close())

  it('if nothing happens; there is something of everything in it', async () => {
    await app.produce('in', ...records)
    await app.start(halves())
    await app.caughtUp('in')

    expect(app.read('out').map(shown)).toEqual(expected)
    const alone = expected.filter((result) => result.includes('null'))
    expect(alone.filter((result) => result.includes('/null')).length).toBeGreaterThan(10)
    expect(alone.filter((result) => result.includes('null/')).length).toBeGreaterThan(10)
    expect(expected.length - alone.length).toBeGreaterThan(50)
  })

  it.each([
    ['is stopped and started again', false],
    ['loses its disk, and restores its stores from their changelogs', true],
  ])('if the application %s', async (_, lost) => {
    const stops = [60, 61, 120, 121, 180, 181, records.length]
    for (const [i, to] of stops.entries()) {
      const instance = await app.start(halves())
      await app.produce('in', ...records.slice(stops[i - 1] ?? 0, to))
      await app.caughtUp('in')
      await instance.close()
      if (lost) rmSync(join(app.folder, 'a'), { recursive: true })
      const restored = instance.restored.reduce((sum, event) => sum + event.records, 0)
      if (i > 0) expect(restored > 0).toBe(lost)
      expect(app.read('out').map(shown)).toEqual(steps.slice(0, to).flat())
    }
  })

  it('if transactions are aborted, and the task starts over', async () => {
    const instance = await app.start(halves())
    await app.produce('in', ...records.slice(0, 60))
    await app.caughtUp('in')
    let aborts = 0
    for (let from = 60; from < records.length; from += 60) {
      let left = 1
      const mend = app.cluster.intercept((exchange) => {
        if (left === 0 || exchange.api !== 'endTxn') return undefined
        left--
        aborts++
        return { answer: errorResponse(exchange, errorCodes.PRODUCER_FENCED) }
      })
      await app.produce('in', ...records.slice(from, from + 60))
      await app.caughtUp('in')
      mend()
    }
    expect(aborts).toBe(3)
    expect(instance.logged('start over')).toBeDefined()
    expect(app.read('out').map(shown)).toEqual(expected)
  })
})

describe('a join of topics that are partitioned differently', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp().topics({ left: 3, right: 2, out: 2 })
  })
  afterEach(() => app.close())

  const all = windows.join({ withinMs: 1_000, graceMs: 100_000 })
  const lefts = Array.from({ length: 60 }, (_, i) => ({
    key: `x${i}`,
    value: `l${i % 13}-${i}`,
    timestamp: T0 + i,
    partition: i % 3,
  }))
  const rights = Array.from({ length: 60 }, (_, i) => ({
    key: `y${i}`,
    value: `r${i % 17}-${i}`,
    timestamp: T0 + i,
    partition: i % 2,
  }))
  const number = (value: string) => value.slice(1).split('-')[0]!

  it('is refused where keys cannot meet', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('left', strings)
      .join(builder.stream('right', strings), (left, right) => left + right, { within: all, value: serdes.string() })
      .to('out')
    await expect(app.start(builder.build())).rejects.toMatchObject({
      code: 'STREAMS_NOT_COPARTITIONED',
      message: expect.stringMatching(/left.*3.*right.*2/s),
    })
  })

  it.each<['none' | 'all']>([['none'], ['all']])(
    'finds all pairs through repartition topics, optimization: %s',
    async (optimization) => {
      const builder = new StreamsBuilder()
      const keyed = { key: serdes.string() }
      builder
        .stream('left', strings)
        .selectKey(number, keyed)
        .join(builder.stream('right', strings).selectKey(number, keyed), (left, right) => `${left}+${right}`, {
          within: all,
          name: 'pair',
          value: serdes.string(),
        })
        .to('out')
      await app.produce('left', ...lefts)
      await app.produce('right', ...rights)
      await app.start(builder.build({ optimization }))
      await app.caughtUp('left', 'right')
      await app.caughtUp('app-pair-left-repartition', 'app-pair-right-repartition')

      const pairs = lefts.flatMap((left) =>
        rights
          .filter((right) => number(left.value) === number(right.value))
          .map((right) => `${left.value}+${right.value}`),
      )
      expect(pairs.length).toBeGreaterThan(100)
      expect(
        app
          .read('out')
          .map(({ value }) => value)
          .sort(),
      ).toEqual(pairs.sort())
      expect(app.ends('app-pair-left-repartition').filter((end) => end > 5).length).toBe(3)
      expect(app.ends('app-pair-right-repartition').length).toBe(3)
    },
  )
})
