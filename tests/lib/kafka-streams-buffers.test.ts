// What waits in buffers, of suppress() and of stream-table joins with grace, over the life of an application: it comes out as if nothing had happened.
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

function built(build: (builder: StreamsBuilder) => void): () => Topology {
  return () => {
    const builder = new StreamsBuilder()
    build(builder)
    return builder.build()
  }
}

const topologies: Readonly<Record<string, () => Topology>> = {
  'suppress until windows close': built((builder) =>
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(windows.tumbling({ sizeMs: 40, graceMs: 70 }))
      .reduce((left, right) => `${left},${right}`, { caching: false })
      .suppress({ until: 'window-closes' })
      .toStream()
      .map((value, { key, window }) => [`${key}@${window.startMs - T0}`, value], strings)
      .to('out'),
  ),
  'suppress for a time limit': built((builder) =>
    builder
      .stream('in', strings)
      .groupByKey()
      .reduce((left, right) => `${left.split(',').at(-1)},${right}`, { caching: false })
      .suppress({ until: 'time-limit', timeLimitMs: 50, maxRecords: 5 })
      .toStream()
      .to('out'),
  ),
  // Both sides come of one topic, so that the order in which they do is known.
  'a stream-table join with grace': built((builder) => {
    const stream = builder.stream('in', strings)
    const table = stream
      .filter((value) => value.startsWith('l'))
      .toTable({ store: 'history', versioned: { historyRetentionMs: 1_000 } })
    stream
      .filter((value) => value.startsWith('r'))
      .join(table, (left, right) => `${left}/${right}`, { graceMs: 80, value: serdes.string() })
      .to('out')
  }),
}

describe.each(Object.entries(topologies))('%s gives the same, record for record,', (_, topology) => {
  let app: TestApp
  let expected: readonly string[]
  beforeEach(async () => {
    app = new TestApp({ emitIntervalMs: 0 }).topics({ in: 1, out: 1 })
    expected = (await inDriver(topology())).flat()
  })
  afterEach(() => app.close())

  it('if nothing happens', async () => {
    await app.produce('in', ...records)
    await app.start(topology())
    await app.caughtUp('in')

    expect(app.read('out').map(shown)).toEqual(expected)
    expect(expected.length).toBeGreaterThan(50)
  })

  it.each([
    ['is stopped and started again', false],
    ['loses its disk, and restores its buffer from the changelog', true],
  ])('if the application %s', async (__, lost) => {
    for (let part = 0; part < 4; part++) {
      const name = lost ? `instance-${part}` : 'instance'
      const instance = await app.start(topology(), name)
      await app.produce('in', ...records.slice(part * 60, (part + 1) * 60))
      await app.caughtUp('in')
      await instance.close()
      if (lost) rmSync(join(app.folder, name), { recursive: true, force: true })
      if (lost && part > 0) expect(instance.restored.reduce((sum, event) => sum + event.records, 0)).toBeGreaterThan(0)
    }
    expect(app.read('out').map(shown)).toEqual(expected)
  })

  it('if transactions are aborted in the middle', async () => {
    let aborted = 0
    let seen = 0
    app.cluster.intercept((exchange) => {
      if (exchange.api !== 'endTxn' || ++seen % 3 !== 0 || aborted >= 4) return undefined
      aborted++
      return { answer: errorResponse(exchange, errorCodes.PRODUCER_FENCED) }
    })
    await app.start(topology(), 'a', { commitIntervalMs: 5 })
    for (let part = 0; part < 8; part++) {
      await app.produce('in', ...records.slice(part * 30, (part + 1) * 30))
      await app.caughtUp('in')
    }
    expect(aborted).toBeGreaterThan(1)
    expect(app.read('out').map(shown)).toEqual(expected)
  })
})

it('stream time is known after a restart: what comes late does not wait', async () => {
  const app = new TestApp().topics({ in: 1, out: 1 })
  const topology = built((builder) =>
    builder.table('in', strings).suppress({ until: 'time-limit', timeLimitMs: 50 }).toStream().to('out'),
  )
  try {
    const first = await app.start(topology())
    await app.produce('in', { key: 'a', value: 'waits', timestamp: T0 + 100 })
    await app.caughtUp('in')
    await first.close()
    await app.start(topology())
    await app.produce('in', { key: 'b', value: 'late', timestamp: T0 + 10 })
    await app.caughtUp('in')

    expect(app.read('out').map(shown)).toEqual(['b late @10'])
  } finally {
    await app.close()
  }
})
