// Hot paths make no promise per record: an asynchronous look into a store, or an await too many, would show here as at least one for
// each, above the thousand or so of a start and of commits. Forwards that wait behind a full producer make four each: those of a flush of 12,000 cached windows some 1,800.
import { createHook } from 'node:async_hooks'
import { systemClock } from '../../lib/core/clock.ts'
import type { KafkaStreams } from '../../lib/kafka-streams.ts'
import { serdes } from '../../lib/serde/index.ts'
import type { KStream } from '../../topology/kstream.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { windows } from '../../topology/windows.ts'
import { TestApp } from '../support/test-app.ts'
import { strings } from '../topology/support/strings.ts'

const T0 = 1_700_000_000_000
const RECORDS = 6_000
const KEYS = 50
const long = { value: serdes.long() }

const verbs: Readonly<Record<string, (source: KStream<string, string>) => void>> = {
  count: (source) => source.groupByKey().count().toStream().to('out', long),
  'a count in tumbling windows': (source) => {
    const tumbling = windows.tumbling({ sizeMs: 1_000 })
    source.groupByKey().windowedBy(tumbling).count().toStream().to('out')
  },
  'a count in hopping windows': (source) => {
    const hopping = windows.hopping({ sizeMs: 1_000, advanceMs: 200 })
    source.groupByKey().windowedBy(hopping).count().toStream().to('out')
  },
  'a count in sliding windows': (source) => {
    source
      .groupByKey()
      .windowedBy(windows.sliding({ timeDifferenceMs: 200 }))
      .count()
      .toStream()
      .to('out')
  },
  'a count of sessions': (source) => {
    const sessions = windows.session({ inactivityGapMs: 500 })
    source.groupByKey().windowedBy(sessions).count().toStream().to('out')
  },
  'a join of streams': (source) => {
    const within = windows.join({ withinMs: 100 })
    source.join(source, (left, right) => left + right, { within, value: serdes.string() }).to('out')
  },
  'an outer join of streams': (source) => {
    const within = windows.join({ withinMs: 100 })
    source.outerJoin(source, (left, right) => `${left}${right}`, { within, value: serdes.string() }).to('out')
  },
  'a join of tables': (source) => {
    const lengths = source.mapValues((value) => value.length, long).toTable()
    source
      .toTable()
      .join(lengths, (value, length) => `${value}${length}`)
      .toStream()
      .to('out', strings)
  },
}

function topologyOf(verb: (source: KStream<string, string>) => void): Topology {
  const builder = new StreamsBuilder()
  verb(builder.stream('in', strings))
  return builder.build()
}

/** Settles when all records are processed; looks by timers alone, since a wait that made promises would count itself. */
function processed(streams: KafkaStreams): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (streams.metrics().recordsProcessed === RECORDS) resolve()
      else systemClock.setTimer(10, look)
    }
    look()
  })
}

/** Promises that were made while an application processed the records. */
async function promisesOf(topology: Topology, cacheBytes: number): Promise<number> {
  const app = new TestApp({ cacheBytes, commitIntervalMs: 500 }).topics({ in: 1, out: 1 })
  let promises = 0
  const hook = createHook({
    init: (_, type) => {
      if (type === 'PROMISE') promises++
    },
  })
  try {
    const records = Array.from({ length: RECORDS }, (_, i) => ({
      key: `k${i % KEYS}`,
      value: `v${i}`,
      timestamp: T0 + i,
    }))
    await app.produce('in', ...records)
    const { streams } = app.open(topology)
    hook.enable()
    await streams.start()
    await processed(streams)
    return promises
  } finally {
    hook.disable()
    await app.close()
  }
}

describe.each(Object.keys(verbs))('%s', (name) => {
  it.each([0, 10_000_000])('costs no promise per record, with a cache of %i bytes', async (cacheBytes) => {
    expect(await promisesOf(topologyOf(verbs[name]!), cacheBytes)).toBeLessThan(RECORDS)
  })
})

it('a callback that returns promises does show', async () => {
  const slow = topologyOf((source) => source.mapValues(async (value) => value, strings).to('out'))
  expect(await promisesOf(slow, 0)).toBeGreaterThan(RECORDS)
})
