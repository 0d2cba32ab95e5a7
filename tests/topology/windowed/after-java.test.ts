// Java commits no stream times of operators. Where it ran the application before, they are learnt from what it logged: what was late for it is late here.

import { systemClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { decodePartitionMetadata, encodePartitionMetadata } from '../../../lib/runtime/partition-metadata.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import type { Topology } from '../../../topology/topology.ts'
import { windows } from '../../../topology/windows.ts'
import { TestApp } from '../../support/test-app.ts'
import { strings } from '../support/strings.ts'
import { windowedTopology } from './support.ts'

const T0 = 1_700_000_000_000
const join = (left: string, right: string) => left + right

/** Of 20 ms, 5 ms after the multiples. */
const shifted = windows.custom({
  windowOf: (timestampMs) => {
    const startMs = Math.floor((timestampMs - 5) / 20) * 20 + 5
    return { startMs, endMs: startMs + 20 }
  },
  maxSizeMs: 20,
  graceMs: 15,
})

function outerJoin(): Topology {
  const builder = new StreamsBuilder()
  const stream = builder.stream('in', strings)
  const within = windows.join({ withinMs: 20 })
  stream
    .filter((value) => value < 'm')
    .outerJoin(
      stream.filter((value) => value >= 'm'),
      (left, right) => `${left}/${right}`,
      { within, value: serdes.string() },
    )
    .to('out')
  return builder.build()
}

function built(build: (builder: StreamsBuilder) => void): () => Topology {
  return () => {
    const builder = new StreamsBuilder()
    build(builder)
    return builder.build()
  }
}

const kinds: Readonly<Record<string, () => Topology>> = {
  'tumbling windows': () =>
    windowedTopology((grouped) => grouped.windowedBy(windows.tumbling({ sizeMs: 20, graceMs: 15 })).reduce(join)),
  // A subclass of Java's Windows.
  'windows of a user’s own': () => windowedTopology((grouped) => grouped.windowedBy(shifted).reduce(join)),
  'sliding windows': () =>
    windowedTopology((grouped) =>
      grouped.windowedBy(windows.sliding({ timeDifferenceMs: 20, graceMs: 15 })).reduce(join),
    ),
  sessions: () =>
    windowedTopology((grouped) => grouped.windowedBy(windows.session({ inactivityGapMs: 20 })).reduce(join)),
  // A record that is alone, and late on arrival, is let go at once.
  'an outer join': outerJoin,
  'buffers of suppress() until windows close': built((builder) =>
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(windows.tumbling({ sizeMs: 20, graceMs: 15 }))
      .reduce(join)
      .suppress({ until: 'window-closes' })
      .toStream()
      .map((value, { key }) => [key, value], strings)
      .to('out'),
  ),
  // A record that is older than the limit on arrival does not wait. (With Java it does after a restart: suppress() knows no time then until a record comes.)
  'buffers of suppress() for a time limit': built((builder) =>
    builder.table('in', strings).suppress({ until: 'time-limit', timeLimitMs: 30 }).toStream().to('out'),
  ),
  // Nor does one in a join that is older than the grace.
  'buffers of joins with grace': built((builder) => {
    const stream = builder.stream('in', strings)
    const history = stream.toTable({ store: 'history', versioned: { historyRetentionMs: 1_000 } })
    stream.leftJoin(history, (left, right) => `${left}/${right}`, { graceMs: 30, value: serdes.string() }).to('out')
  }),
}

/** Where each value is a key of its own. */
const manyKeys = new Set(['buffers of suppress() for a time limit', 'buffers of joins with grace'])

const first = [
  ['a', 20],
  ['b', 50],
  // The time that counts is not that of the window, 140, but its own; and not that of the last record.
  ['z', 159],
  ['c', 131],
] as const
// Late by 159, not by 140; then on time.
const then = [
  ['d', 120],
  ['e', 90],
  ['q', 110],
  ['f', 160],
  ['r', 250],
] as const

/** What comes out, with a change of hands between or without. */
async function outputs(kind: string, hands: 'one' | 'two' | 'two, the second fails before its first commit') {
  const topology = kinds[kind]!
  const app = new TestApp({ emitIntervalMs: 0, cacheBytes: 0 }).topics({ in: 1, out: 1 })
  const feed = async (records: readonly (readonly [string, number])[]) => {
    const keyOf = (value: string) => (manyKeys.has(kind) ? value : 'k')
    await app.produce('in', ...records.map(([value, at]) => ({ key: keyOf(value), value, timestamp: T0 + at })))
    await app.caughtUp('in')
  }
  try {
    const instance = await app.start(topology())
    await feed(first)
    if (hands !== 'one') {
      await instance.close()
      await forgetOperatorTimes(app)
      if (hands !== 'two') await (await app.start(topology(), 'b')).close()
      const second = await app.start(topology(), 'b')
      expect(second.restored.some(({ records }) => records > 0)).toBe(hands === 'two')
    }
    await feed(then)
    return app.read('out').map(({ key, value, timestamp }) => [key, value, timestamp - T0])
  } finally {
    await app.close()
  }
}

/** Leaves the offsets of the group as Java would commit them. */
async function forgetOperatorTimes(app: TestApp): Promise<void> {
  const client = app.cluster.connect({
    clientId: 'java',
    clock: systemClock,
    logger: silentLogger,
    requestTimeoutMs: 10_000,
  })
  const committed = [...(await client.admin.committedOffsets(app.applicationId)).values()]
  const times = committed.map(({ metadata }) => decodePartitionMetadata(metadata ?? ''))
  expect(times.some(({ operatorTimesMs }) => operatorTimesMs.size > 0)).toBe(true)
  const asJava = committed.map(({ topic, partition, offset }, i) => ({
    topic,
    partition,
    offset,
    metadata: encodePartitionMetadata({ ...times[i]!, operatorTimesMs: new Map() }),
  }))
  await client.admin.alterOffsets(app.applicationId, asJava)
  await client.close()
}

describe.each(Object.keys(kinds))('%s know what is late', (kind) => {
  it.each(['two', 'two, the second fails before its first commit'] as const)('in hands: %s', async (hands) => {
    const inOne = await outputs(kind, 'one')

    expect(inOne.length).toBeGreaterThan(3)
    expect(await outputs(kind, hands)).toEqual(inOne)
  })
})
