// How a restore goes: what is told of it, what a rebalance leaves of it, what it does with changelogs that are not as one might expect, and how much memory it takes.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/log.ts'
import { KafkaStreams } from '../../lib/kafka-streams.ts'
import type { RestoringEvent } from '../../lib/runtime/restore-progress.ts'
import { openLevelTaskDatabase } from '../../stores/level/index.ts'
import { diskStorage } from '../../stores/state-storage.ts'
import type { TaskDatabase } from '../../stores/task-database.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { type PlainRecord, TestApp, type TestInstance } from '../support/test-app.ts'
import { countByKey } from '../support/topologies.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

const CHANGELOG = 'app-counts-changelog'
const UNCOMMITTED_BYTES = 32 * 1024

let app: TestApp
beforeEach(() => {
  // Batches of 16 KiB of a store that restores alone, of 2 KiB where eight do.
  app = new TestApp({ uncommittedBytes: UNCOMMITTED_BYTES })
})
afterEach(() => app.close())

/** A count as the store logs it. */
function logged(key: string, count: number, partition = 0): PlainRecord {
  return { key, value: `\0\0\0\0\0\0\0${String.fromCharCode(count)}`, partition }
}

/** So many records, each under another key. */
function many(count: number, partition = 0, name = 'k'): PlainRecord[] {
  return Array.from({ length: count }, (_, i) => logged(`${name}${i}`, 1, partition))
}

/** Opens a transaction in partitions of the changelog: what is written behind its record cannot be read before it ends. */
async function openTransaction(partitions: readonly number[]): Promise<{ end(): Promise<void> }> {
  const context = { clientId: 'stranger', clock: systemClock, logger: silentLogger, requestTimeoutMs: 5_000 }
  const client = app.cluster.connect(context)
  const producer = client.producer({ transactionalId: 'stranger', transactionTimeoutMs: 600_000 })
  await producer.init()
  for (const partition of partitions)
    producer.send(CHANGELOG, partition, Buffer.from('held'), Buffer.from('\0\0\0\0\0\0\0\x07'), 1, [])
  await producer.flush()
  return {
    end: async () => {
      await producer.commit([], { groupId: 'app', memberId: '', generation: -1, instanceId: null })
      await client.close()
    },
  }
}

interface Watched {
  readonly instance: TestInstance
  readonly restoring: RestoringEvent[]
  readonly suspended: RestoringEvent[]
  readonly started: Promise<void>
}

/** Starts an instance, and does not wait until it runs. */
function watched(name = 'a'): Watched {
  const instance = app.open(countByKey(), name)
  const [restoring, suspended]: [RestoringEvent[], RestoringEvent[]] = [[], []]
  instance.streams.on('restoring', (event) => restoring.push(event))
  instance.streams.on('restoreSuspended', (event) => suspended.push(event))
  const started = instance.streams.start()
  started.catch(() => {})
  return { instance, restoring, suspended, started }
}

/** The count of a key, seen by counting it once more. */
async function countedOnce(key: string): Promise<string | null | undefined> {
  await app.produce('in', { key, value: '' })
  await app.caughtUp('in')
  return app.latest('out').get(key)
}

describe('what is told of a restore', () => {
  it('is where it begins and ends, how far it has come, and how long it may last', async () => {
    app.topics({ in: 1, out: 1, [CHANGELOG]: 1 })
    await app.produce(CHANGELOG, ...many(5_000))
    const { instance, restoring, suspended, started } = watched()
    await started

    const place = { store: 'counts', topic: CHANGELOG, partition: 0, startingOffset: 0, endOffset: 5_000 }
    expect(restoring[0]).toEqual({ ...place, records: 0, remaining: 5_000, recordsPerSecond: 0, etaMs: undefined })
    expect(restoring.length).toBeGreaterThan(3)
    for (const [i, event] of restoring.entries()) {
      expect(event).toMatchObject({ ...place, remaining: 5_000 - event.records })
      if (i === 0) continue
      expect(event.records).toBeGreaterThanOrEqual(restoring[i - 1]!.records)
      expect(event.recordsPerSecond).toBeGreaterThan(0)
      expect(event.etaMs).toBeGreaterThanOrEqual(0)
    }
    expect(restoring.at(-1)).toMatchObject({ records: 5_000, remaining: 0, etaMs: 0 })
    expect(instance.restored).toMatchObject([{ store: 'counts', partition: 0, records: 5_000 }])
    expect(suspended).toEqual([])
    expect(instance.log).toMatchObject([
      { level: 'warn', message: expect.stringContaining('nothing of it lies in the state directory') },
    ])
  })

  it('is nothing where nothing is lacking', async () => {
    app.topics({ in: 1, out: 1 })
    const { instance, restoring, started } = watched()
    await started
    expect(restoring).toEqual([])
    expect(instance.restored).toMatchObject([{ records: 0 }])
    expect(instance.log).toEqual([])
  })
})

describe('what is told of the restore of a global store', () => {
  it('is about all partitions of its topic together, and goes on where it was committed', async () => {
    app.topics({ in: 1, out: 1, cities: 3 })
    await app.produce('cities', ...[0, 1, 2].flatMap((partition) => many(100, partition, `c${partition}-`)))
    const builder = new StreamsBuilder()
    builder.globalTable('cities', { ...strings, store: 'cities' })
    const topology = builder.build()
    const run = async () => {
      const instance = app.open(topology)
      const restoring: RestoringEvent[] = []
      instance.streams.on('restoring', (event) => restoring.push(event))
      await instance.streams.start()
      await instance.close()
      return { restoring, restored: instance.restored }
    }
    const first = await run()
    const all = { store: 'cities', topic: 'cities', partition: -1 }
    expect(first.restoring[0]).toMatchObject({ ...all, startingOffset: 0, endOffset: 300, remaining: 300 })
    expect(first.restored).toMatchObject([{ store: 'cities', partition: -1, records: 300 }])

    await app.produce('cities', ...many(7, 2, 'more'))
    const second = await run()
    expect(second.restoring[0]).toMatchObject({ ...all, startingOffset: 300, endOffset: 307, remaining: 7 })
    expect(second.restored).toMatchObject([{ records: 7 }])
  })
})

describe('a restore that is interrupted', () => {
  it('by a rebalance: keeps what it has, and goes on from there when the task comes back', async () => {
    app.topics({ in: 2, out: 2, [CHANGELOG]: 2 })
    await app.produce(CHANGELOG, ...many(500, 0), ...many(500, 1))
    const transaction = await openTransaction([0, 1])
    await app.produce(CHANGELOG, ...many(100, 0, 'later'), ...many(100, 1, 'later'))
    const a = watched('a')
    await until('all is read that can be', () => a.instance.streams.metrics().recordsRestored === 1_000)

    const b = watched('b')
    await until('one task is given up', () => a.suspended.length === 1)
    const { partition } = a.suspended[0]!
    expect(a.suspended).toMatchObject([{ records: 500, startingOffset: 0, remaining: 101 }])
    await until('the other instance restores it', () => b.restoring.length > 0)
    expect(b.restoring[0]).toMatchObject({ partition, startingOffset: 0 })

    await b.instance.close()
    const resumed = () => a.restoring.filter((event) => event.partition === partition && event.startingOffset > 0)
    await until('it comes back', () => resumed().length > 0)
    expect(resumed()[0]).toMatchObject({ startingOffset: 500, records: 0, remaining: 101 })
    await transaction.end()
    await a.started
    // Each record was read once: of both partitions 500, then 100 and that of the transaction.
    expect(a.instance.streams.metrics().recordsRestored).toBe(2 * 601)
    expect(a.instance.restored.find((event) => event.partition === partition)).toMatchObject({ records: 101 })
  })

  it('by a rebalance, before its turn has come: does not keep the group waiting', async () => {
    // A third restores at once, and half of all moves: among those that wait for their turn some go, and some stay.
    const partitions = Array.from({ length: 24 }, (_, partition) => partition)
    app.topics({ in: 24, out: 1, [CHANGELOG]: 24 })
    const transaction = await openTransaction(partitions)
    const a = watched('a')
    await until('eight of the tasks restore', () => a.restoring.length === 8)

    const b = watched('b')
    await until('the other instance has got its half', () => b.restoring.length === 8, 25_000)
    await transaction.end()
    await until('all are restored', () => {
      const restored = new Set([...a.instance.restored, ...b.instance.restored].map(({ partition }) => partition))
      return restored.size === 24
    })
  }, 60_000)

  it('by closing: the next start reads only what is left', async () => {
    app.topics({ in: 1, out: 1, [CHANGELOG]: 1 })
    await app.produce(CHANGELOG, ...many(300))
    const transaction = await openTransaction([0])
    const first = watched()
    await until('all is read that can be', () => first.instance.streams.metrics().recordsRestored === 300)
    await first.instance.close()
    expect(first.suspended).toMatchObject([{ records: 300, remaining: 1 }])

    await transaction.end()
    const second = watched()
    await second.started
    expect(second.instance.restored).toMatchObject([{ records: 1 }])
    expect(await countedOnce('k299')).toBe('2')
    expect(await countedOnce('held')).toBe('8')
  })
})

describe('a changelog', () => {
  it('that starts after the position: the store is emptied, and holds what the changelog has', async () => {
    app.topics({ in: 1, out: 1, [CHANGELOG]: 1 })
    await app.produce(CHANGELOG, logged('a', 1))
    const first = await app.start(countByKey())
    await first.close()
    await app.produce(CHANGELOG, logged('b', 2), logged('c', 3))
    app.cluster.deleteRecordsBefore(CHANGELOG, 0, 2)
    const { instance, restoring, started } = watched()
    await started

    const why = 'its changelog starts at 2, after its position 1'
    expect(instance.log).toMatchObject([{ level: 'warn', message: expect.stringContaining(why) }])
    expect(restoring[0]).toMatchObject({ startingOffset: 2, endOffset: 3 })
    for (const [key, count] of Object.entries({ a: '1', b: '1', c: '4' })) expect(await countedOnce(key)).toBe(count)
  })

  it('that is cut while it is read: the restore begins anew, with what is left', async () => {
    app.topics({ in: 1, out: 1, [CHANGELOG]: 1 })
    await app.produce(CHANGELOG, ...many(300))
    const transaction = await openTransaction([0])
    await app.produce(CHANGELOG, ...many(10, 0, 'later'))
    const { instance, restoring, started } = watched()
    await until('all is read that can be', () => instance.streams.metrics().recordsRestored === 300)
    app.cluster.deleteRecordsBefore(CHANGELOG, 0, 305)
    await transaction.end()
    await started

    expect(instance.logged('its changelog was cut while it was restored')).toBeDefined()
    expect(restoring.some(({ startingOffset }) => startingOffset === 305)).toBe(true)
    expect(await countedOnce('k0')).toBe('1')
    expect(await countedOnce('later9')).toBe('2')
  })

  it('with tombstones, aborted transactions and what compaction has left is read to its end', async () => {
    app.topics({ in: 1, out: 1, [CHANGELOG]: 1 })
    await app.produce(CHANGELOG, logged('gone', 1), logged('twice', 1), logged('kept', 5))
    await app.transaction('abort', CHANGELOG, logged('kept', 9), logged('never', 9))
    await app.produce(CHANGELOG, logged('twice', 2), { key: 'gone', value: null })
    await app.transaction('abort', CHANGELOG, logged('twice', 9))
    app.cluster.compact(CHANGELOG)
    await app.transaction('abort', CHANGELOG, logged('kept', 9))
    const { instance, restoring, started } = watched()
    await started

    const [end] = app.ends(CHANGELOG)
    expect(restoring[0]).toMatchObject({ endOffset: end })
    expect(restoring.at(-1)).toMatchObject({ remaining: 0 })
    expect(instance.restored).toMatchObject([{ records: 3 }])
    for (const [key, count] of Object.entries({ kept: '6', twice: '3', gone: '1', never: '1' }))
      expect(await countedOnce(key)).toBe(count)
  })
})

describe('the memory of restores', () => {
  it('is bounded for all tasks together, though several restore at once', async () => {
    const partitions = Array.from({ length: 20 }, (_, partition) => partition)
    app.topics({ in: 20, out: 1, [CHANGELOG]: 20 })
    for (const partition of partitions) await app.produce(CHANGELOG, ...many(1_500, partition))
    const databases: TaskDatabase[] = []
    const seenBytes: number[] = []
    const look = () => seenBytes.push(databases.reduce((sum, { uncommittedBytes }) => sum + uncommittedBytes, 0))
    const streams = new KafkaStreams(
      countByKey(),
      {
        applicationId: 'app',
        client: app.cluster,
        stateDir: join(app.folder, 'a'),
        uncommittedBytes: UNCOMMITTED_BYTES,
        logger: silentLogger,
      },
      {
        ...diskStorage,
        openDatabase: async (options) => {
          const database = await openLevelTaskDatabase(options)
          databases.push(database)
          const { write } = database
          database.write = (positions) => {
            look()
            return write.call(database, positions)
          }
          return database
        },
      },
    )
    const open = new Set<number>()
    let mostAtOnce = 0
    streams.on('restoring', ({ partition }) => {
      open.add(partition)
      mostAtOnce = Math.max(mostAtOnce, open.size)
    })
    streams.on('restored', ({ partition }) => open.delete(partition))
    await streams.start()
    try {
      expect(streams.metrics().recordsRestored).toBe(20 * 1_500)
      expect(readdirSync(join(app.folder, 'a', 'app')).filter((name) => name.startsWith('0_'))).toHaveLength(20)
      // How many of them meet depends on the machine.
      expect(mostAtOnce).toBeGreaterThan(1)
      expect(mostAtOnce).toBeLessThanOrEqual(8)
      // What was restored is more than ten times as much.
      expect(Math.max(...seenBytes)).toBeGreaterThan(UNCOMMITTED_BYTES / 4)
      expect(Math.max(...seenBytes)).toBeLessThanOrEqual(UNCOMMITTED_BYTES)
    } finally {
      await streams.close()
    }
  })
})

describe('a disk that fails while a store is restored', () => {
  it('leaves the store as far as its last batch: the next start reads the rest', async () => {
    app.topics({ in: 1, out: 1, [CHANGELOG]: 1 })
    await app.produce(CHANGELOG, ...many(5_000))
    let writes = 0
    const streams = new KafkaStreams(
      countByKey(),
      {
        applicationId: 'app',
        client: app.cluster,
        stateDir: join(app.folder, 'a'),
        uncommittedBytes: UNCOMMITTED_BYTES,
        logger: silentLogger,
      },
      {
        ...diskStorage,
        openDatabase: async (options) => {
          const database = await openLevelTaskDatabase(options)
          const { write } = database
          database.write = (positions) => {
            if (++writes === 4) return Promise.reject(new Error('the disk is gone'))
            return write.call(database, positions)
          }
          return database
        },
      },
    )
    await expect(streams.start()).rejects.toThrow('the disk is gone')
    expect(writes).toBe(4)

    const { instance, restoring, started } = watched()
    await started
    const { startingOffset } = restoring[0]!
    expect(startingOffset).toBeGreaterThan(0)
    expect(instance.restored).toMatchObject([{ records: 5_000 - startingOffset }])
    for (const i of [0, startingOffset - 1, startingOffset, 4_999]) expect(await countedOnce(`k${i}`)).toBe('2')
  })
})
