// At least once, results that an operator has held back and lets go of: an instance dies when its stores have everything that they could send, and those behind
// the output have nothing. Whoever takes over, on another disk, writes them.
import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import type { StreamRecord } from '../../lib/core/record.ts'
import { serdes } from '../../lib/serde/index.ts'
import type { KeyValueStore } from '../../stores/store.ts'
import { stores } from '../../stores/stores.ts'
import type { ProcessorContext } from '../../topology/processor.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { windows } from '../../topology/windows.ts'
import { type PlainRecord, TestApp } from '../support/test-app.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

const T0 = 1_700_000_000_000
/** Stores drop windows that are this much older than the latest. */
const LONG_MS = 3_600_000

interface Case {
  readonly name: string
  readonly build: (builder: StreamsBuilder) => void
  /** Committed before the trouble begins. */
  readonly before: readonly PlainRecord[]
  readonly during: readonly PlainRecord[]
  /** In any order; others may be written as well. */
  readonly results: readonly string[]
}

const at = (timeMs: number, value: string, key = 'k'): PlainRecord => ({ key, value, timestamp: T0 + timeMs })

const lists = (builder: StreamsBuilder) =>
  builder
    .stream('in', strings)
    .groupByKey()
    .windowedBy(windows.tumbling({ sizeMs: 20, graceMs: 0 }))
    .reduce((left, right) => `${left},${right}`, { caching: false })

const kinds = (builder: StreamsBuilder) => {
  const stream = builder.stream('in', strings)
  return [stream.filter((value) => value.startsWith('l')), stream.filter((value) => value.startsWith('r'))] as const
}

const cases: readonly Case[] = [
  {
    name: 'suppress lets go of a window',
    build: (builder) => {
      const final = lists(builder).suppress({ until: 'window-closes' }).toStream()
      final.map((value, { key }) => [key, value], strings).to('out')
    },
    before: [at(0, 'a'), at(1, 'b')],
    during: [at(30, 'c')],
    results: ['a,b'],
  },
  {
    name: 'a window comes and goes within a commit, and its store forgets it',
    build: (builder) => {
      const final = lists(builder).suppress({ until: 'window-closes' }).toStream()
      final.map((value, { key }) => [key, value], strings).to('out')
    },
    before: [at(0, 'a')],
    during: [at(30, 'b'), at(31, 'c'), at(LONG_MS, 'd')],
    results: ['a', 'b,c'],
  },
  {
    name: 'a left join gives up on a match',
    build: (builder) => {
      const [left, right] = kinds(builder)
      const within = windows.join({ withinMs: 10, graceMs: 0 })
      left.leftJoin(right, (l, r) => `${l}/${r}`, { within, value: serdes.string() }).to('out')
    },
    before: [at(0, 'l1')],
    during: [at(30, 'l2'), at(50, 'r1')],
    results: ['l1/null', 'l2/null'],
  },
  {
    name: 'a join with grace lets go of a record',
    build: (builder) => {
      const [left, right] = kinds(builder)
      const table = right.toTable({ store: 'history', versioned: { historyRetentionMs: 1_000 } })
      left.join(table, (l, r) => `${l}/${r}`, { graceMs: 20, value: serdes.string() }).to('out')
    },
    before: [at(0, 'r1'), at(1, 'l1')],
    during: [at(30, 'l2'), at(60, 'l3')],
    results: ['l1/r1', 'l2/r1'],
  },
  {
    name: 'distinct lets a record through',
    build: (builder) => {
      builder
        .stream('in', strings)
        .distinct({ withinMs: LONG_MS, id: (value) => value, idSerde: serdes.string() })
        .to('out')
    },
    before: [at(0, 'a')],
    during: [at(1, 'b'), at(2, 'a')],
    results: ['a', 'b'],
  },
  {
    name: 'a processor of the application forwards what it has kept, and deletes it',
    build: (builder) => {
      const parked = stores.keyValue('parked', strings)
      const create = (context: ProcessorContext<string, string>) => {
        const store = context.store<KeyValueStore<string, string>>('parked')
        return {
          process: (record: StreamRecord<string, string>) => {
            const before = store.get(record.key)
            if (before === undefined) return store.put(record.key, record.value)
            store.delete(record.key)
            return context.forward(record.withValue(before))
          },
        }
      }
      builder
        .stream('in', strings)
        .process<string, string>({ ...strings, stores: [parked], create })
        .to('out')
    },
    before: [at(0, 'a')],
    during: [at(1, 'go')],
    results: ['a'],
  },
]

function topologyOf({ build }: Case): Topology {
  const builder = new StreamsBuilder()
  build(builder)
  return builder.build()
}

it.each(cases)('$name: the result is not lost with the instance', async (each) => {
  const app = new TestApp(
    { processingGuarantee: 'at_least_once', sessionTimeoutMs: 1_000, requestTimeoutMs: 800, emitIntervalMs: 0 },
    { nodes: 2 },
  ).topics({ in: 1, out: 1 })
  try {
    const changelogs = new Set<string>()
    let refused = 0
    let trouble: 'none' | 'no output' | 'dead' = 'none'
    app.cluster.intercept((exchange) => {
      if (exchange.clientId !== 'doomed') return undefined
      if (trouble === 'dead') return { dropRequest: 'disconnect' }
      if (exchange.api !== 'produce' && exchange.api !== 'produceV12') return undefined
      const names = exchange.request.topics.map(({ name }) => name)
      for (const name of names) if (name.endsWith('-changelog')) changelogs.add(name)
      if (trouble === 'none' || !names.includes('out')) return undefined
      refused++
      return { answer: errorResponse(exchange, errorCodes.NOT_ENOUGH_REPLICAS) }
    })
    const doomed = await app.start(topologyOf(each), 'doomed', { clientId: 'doomed' })
    await app.produce('in', ...each.before)
    await app.caughtUp('in')
    expect(changelogs.size).toBeGreaterThan(0)
    // One request for both would be refused as a whole.
    for (const topic of changelogs) app.cluster.moveLeader(topic, 0, 1)
    app.cluster.moveLeader('out', 0, 2)
    const written = app.ends('out')

    trouble = 'no output'
    await app.produce('in', ...each.during)
    await until('the output is refused', () => refused > 3)
    trouble = 'dead'
    expect(app.ends('out')).toEqual(written)
    expect(await app.committed('in')).toEqual([each.before.length])
    expect(doomed.errors).toEqual([])

    await app.start(topologyOf(each), 'heir')
    await app.caughtUp('in')
    expect(app.read('out').map(({ value }) => value)).toEqual(expect.arrayContaining([...each.results]))
  } finally {
    await app.close()
  }
})
