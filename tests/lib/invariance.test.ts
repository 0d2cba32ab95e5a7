// What comes of a topic's records does not depend on how they were cut into fetches and commits, on caches, on transactions that were aborted, on restarts, or on disks
// that were lost: random topologies under random schedules end as the same topology does record by record in the test driver.
import type { Client } from '../../lib/client/client.ts'
import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/log.ts'
import type { Windowed } from '../../lib/core/windowed.ts'
import { decodePartitionMetadata } from '../../lib/runtime/partition-metadata.ts'
import { serdes } from '../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../lib/testing/index.ts'
import type { CustomWindows } from '../../topology/custom-windows.ts'
import type { KStream } from '../../topology/kstream.ts'
import type { KTable } from '../../topology/ktable.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { windows } from '../../topology/windows.ts'
import { type Chance, FUZZ_TIMEOUT_MS, fuzzAsync } from '../support/fuzz.ts'
import { TestApp } from '../support/test-app.ts'
import { strings } from '../topology/support/strings.ts'
import { nameOf } from '../topology/support/window-task.ts'

const T0 = 1_700_000_000_000
const RECORDS = 150
const DELETED = 'deleted'

interface Input {
  readonly key: string
  readonly value: string
  readonly timestamp: number
}

/** Adds results under keys of its own. */
type Branch = (source: KStream<string, string>) => KStream<string, string>
type WindowedTable = (source: KStream<string, string>) => KTable<Windowed<string>, string>

const concat = (left: string, right: string) => left + right

/** Times are chosen so that some records are late and some windows stay open. */
function branches(chance: Chance): Readonly<Record<string, Branch>> {
  const graceMs = chance.below(60)
  const tumbling = windows.tumbling({ sizeMs: 10 + chance.below(60), graceMs })
  const advanceMs = 5 + chance.below(20)
  const hopping = windows.hopping({ sizeMs: advanceMs * (1 + chance.below(4)), advanceMs, graceMs })
  const session = windows.session({ inactivityGapMs: 5 + chance.below(30), graceMs })
  const sliding = windows.sliding({ timeDifferenceMs: 5 + chance.below(30), graceMs })
  const uneven = unevenWindows(advanceMs, graceMs)
  const within = windows.join({ beforeMs: chance.below(40), afterMs: chance.below(40), graceMs })
  const tables = {
    tumbling: (source) => source.groupByKey().windowedBy(tumbling).reduce(concat, { store: 'tumbling' }),
    hopping: (source) => source.groupByKey().windowedBy(hopping).reduce(concat, { store: 'hopping' }),
    sliding: (source) => source.groupByKey().windowedBy(sliding).reduce(concat, { store: 'sliding' }),
    session: (source) => source.groupByKey().windowedBy(session).reduce(concat, { store: 'session' }),
    uneven: (source) => source.groupByKey().windowedBy(uneven).reduce(concat, { store: 'uneven' }),
  } satisfies Readonly<Record<string, WindowedTable>>
  const both = (left: string | null, right: string | null) => `${left}+${right}`
  // Java's own rule looks at what is due in an order that a restart changes.
  const joined = (store: string) => ({ within, store, value: serdes.string(), emitUnmatched: 'when-due' as const })
  const half = (source: KStream<string, string>, side: 'l' | 'r') => source.filter((value) => value.startsWith(side))
  return {
    count: (source) =>
      source.groupByKey().count({ store: 'count' }).toStream().mapValues(String, { value: serdes.string() }),
    ...Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, flat(table)])),
    'tumbling, final': flat((source) => tables.tumbling(source).suppress({ until: 'window-closes' })),
    'session, final': flat((source) => tables.session(source).suppress({ until: 'window-closes' })),
    'uneven, final': flat((source) => tables.uneven(source).suppress({ until: 'window-closes' })),
    'uneven, closed': flat((source) =>
      source.groupByKey().windowedBy(uneven, { emit: 'on-window-close' }).reduce(concat, { store: 'uneven' }),
    ),
    join: (source) => half(source, 'l').join(half(source, 'r'), both, joined('join')),
    leftJoin: (source) => half(source, 'l').leftJoin(half(source, 'r'), both, joined('leftJoin')),
    outerJoin: (source) => half(source, 'l').outerJoin(half(source, 'r'), both, joined('outerJoin')),
  }
}

/** Windows that start every `advanceMs` and are once, twice, and three times as long. */
function unevenWindows(advanceMs: number, graceMs: number): CustomWindows {
  return windows.custom({
    windowsFor: (timestampMs) => {
      const last = Math.floor(timestampMs / advanceMs)
      return [last - 2, last - 1, last]
        .map((n) => ({ startMs: n * advanceMs, endMs: (n + 1 + (n % 3)) * advanceMs }))
        .filter(({ endMs }) => endMs > timestampMs)
    },
    maxSizeMs: 3 * advanceMs,
    graceMs,
  })
}

function flat(table: WindowedTable): Branch {
  return (source) =>
    table(source)
      .toStream()
      .map((value, windowed) => [nameOf(windowed), value ?? DELETED], strings)
}

/** Joins are never cached: each of their results counts. Of tables what they end as does. */
const isJoin = (name: string) => name.endsWith('oin')

/** One or two of the branches; results have the name of theirs before their key. */
function randomTopology(chance: Chance): { readonly names: readonly string[]; readonly build: () => Topology } {
  const all = branches(chance)
  const first = chance.pick(Object.keys(all))
  // A second use of a store's name would be refused.
  const others = Object.keys(all).filter((name) => name.split(',')[0] !== first.split(',')[0])
  const names = chance.oneIn(2) ? [first] : [first, chance.pick(others)]
  const build = () => {
    const builder = new StreamsBuilder()
    const source = builder.stream('in', strings)
    for (const name of names) {
      all[name]!(source)
        .map((value, key) => [`${name}: ${key}`, value], strings)
        .to('out')
    }
    return builder.build()
  }
  return { names, build }
}

function randomRecords(chance: Chance): readonly Input[] {
  let nowMs = T0
  return Array.from({ length: RECORDS }, (_, i) => {
    nowMs += chance.below(12)
    const timestamp = nowMs - (chance.oneIn(3) ? chance.below(120) : 0)
    return { key: chance.pick(['a', 'b', 'c']), value: `${chance.pick(['l', 'r'])}${i} `, timestamp }
  })
}

interface Result {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
}

/** The last values of tables, by key, and all results of joins, in order. */
function ending(names: readonly string[], results: readonly Result[]): unknown {
  return names.map((name) => {
    const own = results.filter(({ key }) => key!.startsWith(`${name}: `))
    if (isJoin(name)) return own.map(({ key, value, timestamp }) => [key, value, timestamp - T0])
    const latest = new Map(own.map(({ key, value, timestamp }) => [key, [value, timestamp - T0]]))
    // A cache may hide that there ever was one.
    return [...latest].filter(([, [value]]) => value !== DELETED).sort(([a], [b]) => (a! < b! ? -1 : 1))
  })
}

async function inDriver(topology: Topology, records: readonly Input[]): Promise<readonly Result[]> {
  await using driver = new TopologyTestDriver(topology)
  const input = driver.createInputTopic<string, string>('in')
  const output = driver.createOutputTopic<string, string>('out')
  for (const record of records) await input.pipeInput(record)
  return output.readRecordsToList()
}

/** What was done to the applications, all runs together. */
const done = { aborts: 0, restarts: 0, lostDisks: 0 }

/** Runs the application with everything that may happen to it; checks what it committed at its end. */
async function disturbed(chance: Chance, build: () => Topology, records: readonly Input[]): Promise<readonly Result[]> {
  const app = new TestApp({ emitIntervalMs: 0, processingGuarantee: 'exactly_once' }).topics({ in: 1, out: 1 })
  const start = (disk: number) =>
    app.start(build(), `disk-${disk}`, {
      cacheBytes: chance.pick([0, 2_000, 10_000_000]),
      commitIntervalMs: chance.pick([1, 10, 60]),
    })
  let abortNext = false
  app.cluster.intercept((exchange) => {
    if (!abortNext || exchange.api !== 'endTxn') return undefined
    abortNext = false
    done.aborts++
    return { answer: errorResponse(exchange, errorCodes.PRODUCER_FENCED) }
  })
  try {
    let disk = 0
    let instance = await start(disk)
    for (let at = 0; at < records.length; ) {
      const to = Math.min(records.length, at + 1 + chance.below(30))
      await app.produce('in', ...records.slice(at, to))
      at = to
      if (chance.oneIn(3)) await app.caughtUp('in')
      if (chance.oneIn(4)) abortNext = true
      if (chance.oneIn(4)) {
        // Of its last commit nothing is taken back: it would end with that error.
        abortNext = false
        await instance.close()
        done.restarts++
        if (chance.oneIn(2)) {
          disk++
          done.lostDisks++
        }
        instance = await start(disk)
      }
    }
    abortNext = false
    await app.caughtUp('in')
    await expectTimes(app, records)
    return app.read('out')
  } finally {
    await app.close()
  }
}

/** Stream times are committed with the offsets. */
async function expectTimes(app: TestApp, records: readonly Input[]): Promise<void> {
  const context = { clientId: 'times', clock: systemClock, logger: silentLogger, requestTimeoutMs: 10_000 }
  const client: Client = app.cluster.connect(context)
  const [committed] = (await client.admin.committedOffsets(app.applicationId)).values()
  await client.close()
  const { partitionTimeMs, operatorTimesMs } = decodePartitionMetadata(committed!.metadata ?? '')
  const latestMs = Math.max(...records.map(({ timestamp }) => timestamp))
  expect(partitionTimeMs).toBe(latestMs)
  for (const timeMs of operatorTimesMs.values()) expect(timeMs).toBeLessThanOrEqual(latestMs)
}

it(
  'random topologies end the same under random schedules',
  async () => {
    const seen = new Set<string>()
    await fuzzAsync(24, async (chance) => {
      const { names, build } = randomTopology(chance)
      for (const name of names) seen.add(name)
      const records = randomRecords(chance)
      const expected = ending(names, await inDriver(build(), records))

      expect({ names, ending: ending(names, await disturbed(chance, build, records)) }).toEqual({
        names,
        ending: expected,
      })
    })
    if (process.env.MILLRACE_FUZZ_RUNS === undefined) {
      expect(seen.size).toBe(13)
      expect(Math.min(...Object.values(done))).toBeGreaterThan(10)
    }
  },
  FUZZ_TIMEOUT_MS,
)
