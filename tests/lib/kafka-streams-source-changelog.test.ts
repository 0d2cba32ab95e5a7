// `reuse.ktable.source.topics`: a table whose topic serves as the changelog of its store. Of every update the old value is needed downstream: a store that
// lost one, or ran ahead, shows in the counts.
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/log.ts'
import type { ProcessingGuarantee } from '../../lib/runtime/config.ts'
import { serdes } from '../../lib/serde/index.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import type { TableOptions } from '../../topology/options.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { type PlainRecord, TestApp } from '../support/test-app.ts'
import { strings } from '../topology/support/strings.ts'

/** Where users are, counted by city; counts are text. */
function perCity(
  options: Partial<TableOptions<string, string>> & { key?: Serde<string>; value?: Serde<string> } = {},
): Topology {
  const builder = new StreamsBuilder()
  builder
    .table('users', { ...strings, store: 'users-store', ...options })
    .groupBy((city, user) => [city, user], strings)
    .count({ store: 'per-city' })
    .toStream()
    .mapValues(String, strings)
    .to('counts')
  return builder.build({ optimization: 'all' })
}

const COUNTED = ['users', 'app-per-city-repartition'] as const
const cities = ['Rome', 'Oslo', 'Bern', 'Cork']

/** Users who move about, and sometimes leave. */
function moves(from: number, to: number): PlainRecord[] {
  return Array.from({ length: to - from }, (_, i) => {
    const n = (from + i) * 7
    const user = n % 23
    return {
      key: `u${user}`,
      value: n % 13 === 0 ? null : cities[(n >> 2) % cities.length]!,
      partition: user % 2,
      timestamp: 1_700_000_000_000 + from + i,
    }
  })
}

/** How many users are in each city at the end; a city that was seen and is empty has '0'. */
function truth(records: readonly PlainRecord[]): ReadonlyMap<string, string> {
  const where = new Map(records.map(({ key, value }) => [key, value]))
  const seen = new Set(records.flatMap(({ value }) => value ?? []))
  return new Map([...seen].map((city) => [city, String([...where.values()].filter((each) => each === city).length)]))
}

describe.each<ProcessingGuarantee>(['exactly_once', 'at_least_once'])('%s: a table over its topic', (guarantee) => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp({ processingGuarantee: guarantee, requestTimeoutMs: 2_000 }).topics({ users: 2, counts: 1 })
  })
  afterEach(() => app.close())

  const restoredOf = (instance: { restored: readonly { store: string; partition: number; records: number }[] }) =>
    instance.restored
      .filter(({ store }) => store === 'users-store')
      .sort((a, b) => a.partition - b.partition)
      .map(({ records }) => records)

  it('has no changelog topic, and nothing is written to its own', async () => {
    await app.produce('users', ...moves(0, 100))
    await app.start(perCity())
    await app.caughtUp(...COUNTED)

    expect(app.cluster.partitionCount('app-users-store-changelog')).toBe(0)
    expect(app.cluster.partitionCount('app-per-city-changelog')).toBe(2)
    expect(app.read('users').length).toBe(100)
    expect(app.latest('counts')).toEqual(truth(moves(0, 100)))
  })

  it('has nothing to restore after a clean stop, and goes on', async () => {
    await app.produce('users', ...moves(0, 100))
    const first = await app.start(perCity())
    await app.caughtUp(...COUNTED)
    await first.close()
    await app.produce('users', ...moves(100, 200))
    const second = await app.start(perCity())
    await app.caughtUp(...COUNTED)

    expect(restoredOf(second)).toEqual([0, 0])
    expect(app.latest('counts')).toEqual(truth(moves(0, 200)))
  })

  it('is restored on an empty disk up to what was consumed, not to the end of the topic', async () => {
    await app.produce('users', ...moves(0, 100))
    const first = await app.start(perCity())
    await app.caughtUp(...COUNTED)
    const consumed = await app.committed('users')
    await first.close()
    rmSync(join(app.folder, 'a'), { recursive: true })
    await app.produce('users', ...moves(100, 200))
    const second = await app.start(perCity())
    await app.caughtUp(...COUNTED)

    expect(restoredOf(second)).toEqual(consumed)
    // A store that had run ahead would have the new values for old ones: users would be counted where they never were.
    expect(app.latest('counts')).toEqual(truth(moves(0, 200)))
  })

  it('is restored from a compacted topic', async () => {
    await app.produce('users', ...moves(0, 100))
    const first = await app.start(perCity())
    await app.caughtUp(...COUNTED)
    await first.close()
    app.cluster.compact('users')
    await app.produce('users', ...moves(100, 200))
    const second = await app.start(perCity(), 'b')
    await app.caughtUp(...COUNTED)

    expect(restoredOf(second).every((records) => records > 0 && records < 50)).toBe(true)
    expect(app.latest('counts')).toEqual(truth(moves(0, 200)))
  })

  it('reads the tail that a disk lacks: it was left behind by a crash between the commit and its batch', async () => {
    await app.produce('users', ...moves(0, 100))
    const first = await app.start(perCity())
    await app.caughtUp(...COUNTED)
    await first.close()
    cpSync(join(app.folder, 'a'), join(app.folder, 'behind'), { recursive: true })
    await app.produce('users', ...moves(100, 150))
    const second = await app.start(perCity())
    await app.caughtUp(...COUNTED)
    await second.close()
    await app.produce('users', ...moves(150, 200))
    const third = await app.start(perCity(), 'behind')
    await app.caughtUp(...COUNTED)

    expect(restoredOf(third).reduce((sum, records) => sum + records)).toBe(50)
    expect(app.latest('counts')).toEqual(truth(moves(0, 200)))
  })

  it('keeps what it has where the committed offsets are gone', async () => {
    await app.produce('users', ...moves(0, 100))
    const first = await app.start(perCity())
    await app.caughtUp(...COUNTED)
    await first.close()
    // Every record is processed again, over what the store holds.
    const client = app.cluster.connect({
      clientId: 'operator',
      clock: systemClock,
      logger: silentLogger,
      requestTimeoutMs: 2_000,
    })
    await client.admin.deleteOffsets(
      'app',
      [0, 1].map((partition) => ({ topic: 'users', partition })),
    )
    await client.close()
    const second = await app.start(perCity())
    await app.caughtUp(...COUNTED)

    expect(second.logged('emptied')).toBeUndefined()
    expect(app.latest('counts')).toEqual(truth(moves(0, 100)))
  })
})

describe('a table over its topic', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp({ requestTimeoutMs: 2_000 }).topics({ users: 2, counts: 1 })
  })
  afterEach(() => app.close())

  it('goes back with its task after an abort: nothing lost, nothing doubled', async () => {
    const instance = await app.start(perCity())
    await app.produce('users', ...moves(0, 100))
    await app.caughtUp(...COUNTED)
    let left = 3
    app.cluster.intercept((exchange) => {
      if (left === 0 || exchange.api !== 'endTxn') return undefined
      left--
      return { answer: errorResponse(exchange, errorCodes.INVALID_TXN_STATE) }
    })
    for (let at = 100; at < 200; at += 20) {
      await app.produce('users', ...moves(at, at + 20))
      await app.caughtUp(...COUNTED)
    }

    expect(left).toBe(0)
    expect(instance.logged('start over')).toBeDefined()
    expect(app.latest('counts')).toEqual(truth(moves(0, 200)))
  })

  it('starts over from the topic when that was created anew', async () => {
    await app.produce('users', ...moves(0, 100))
    const first = await app.start(perCity())
    await app.caughtUp(...COUNTED)
    await first.close()
    app.cluster.deleteTopic('users')
    app.topics({ users: 2 })
    await app.produce('users', ...moves(0, 40))
    const second = await app.start(perCity())

    expect(second.logged('emptied')).toMatchObject({ fields: { store: 'users-store' } })
  })

  it('is restored as it was consumed: by the source’s serdes, with its event times, without what it dropped', async () => {
    // Keys in any case are the same user; events before the year 2001 are none. The serde has something to wait for.
    let prepared = 0
    const folded: Serde<string> = {
      serialize: (_, user) => Buffer.from(user),
      deserialize: (_, bytes) => bytes.toString().toLowerCase(),
      prepare: () => {
        prepared++
        return Promise.resolve()
      },
    }
    const topology = () =>
      perCity({ key: folded, timestamp: ({ timestamp }) => (timestamp < 978_307_200_000 ? -1 : timestamp) })
    await app.produce(
      'users',
      { key: 'Ada', value: 'Rome' },
      { key: 'ADA', value: 'Oslo' },
      { key: 'ada', value: 'Bern', timestamp: 5 },
      { key: null, value: 'Cork' },
    )
    const first = await app.start(topology())
    await app.caughtUp(...COUNTED)
    await first.close()
    const preparedOnce = prepared
    const second = await app.start(topology(), 'b')
    await app.produce('users', { key: 'aDA', value: 'Cork' })
    await app.caughtUp(...COUNTED)

    expect(restoredOf(second)).toEqual([3])
    expect(prepared).toBeGreaterThan(preparedOnce + 1)
    expect(app.latest('counts')).toEqual(
      new Map([
        ['Rome', '0'],
        ['Oslo', '0'],
        ['Cork', '1'],
      ]),
    )
  })

  const restoredOf = (instance: { restored: readonly { store: string; records: number }[] }) =>
    instance.restored.flatMap(({ store, records }) => (store === 'users-store' && records > 0 ? records : []))
})

it('a table that is kept for its old values alone reuses its topic, too; without the optimization it does not', async () => {
  const changelogs = (optimization: 'all' | 'none') => {
    const builder = new StreamsBuilder()
    builder
      .table('users', { key: serdes.string(), value: serdes.string() })
      .groupBy((city, user) => [city, user], strings)
      .count({ store: 'per-city' })
    const [first] = builder.build({ optimization }).physical().subtopologies
    return [...first!.sourceChangelogs.values()].map(({ name }) => name)
  }

  expect(changelogs('all')).toEqual(['users'])
  expect(changelogs('none')).toEqual([])
})
