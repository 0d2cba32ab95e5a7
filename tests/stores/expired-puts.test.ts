// What is put into a store and is older than the store keeps is counted, whoever put it; nothing else is, and nothing twice.

import { Windowed } from '../../lib/core/windowed.ts'
import { TopologyTestDriver } from '../../lib/testing/index.ts'
import type { SessionStore, StateStore, StoreBuilder, VersionedKeyValueStore, WindowStore } from '../../stores/store.ts'
import { stores } from '../../stores/stores.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { strings } from '../topology/support/strings.ts'
import { FakeTask } from './fake-task.ts'

interface Kind {
  readonly builder: StoreBuilder<any>
  readonly put: (store: any, key: string, timeMs: number) => void
  readonly remove: (store: any, key: string, timeMs: number) => void
  /** The oldest time that is kept when 1000 is the latest. */
  readonly oldestMs: number
}

const windowed = { ...strings, retentionMs: 100, windowSizeMs: 10 }
const putWindow = (store: WindowStore<string, unknown>, key: string, timeMs: number) => store.put(key, 'v', timeMs)
const removeWindow = (store: WindowStore<string, unknown>, key: string, timeMs: number) => store.put(key, null, timeMs)

const kinds: Readonly<Record<string, Kind>> = {
  window: { builder: stores.window('store', windowed), put: putWindow, remove: removeWindow, oldestMs: 901 },
  'window in the order of time': {
    builder: stores.window('store', { ...windowed, timeOrdered: true }),
    put: putWindow,
    remove: removeWindow,
    oldestMs: 900,
  },
  'window with caching': {
    builder: stores.window('store', { ...windowed, caching: true }),
    put: putWindow,
    remove: removeWindow,
    oldestMs: 901,
  },
  'timestamped window': {
    builder: stores.timestampedWindow('store', windowed),
    put: (store: WindowStore<string, unknown>, key, timeMs) => store.put(key, { value: 'v', timestamp: 5 }, timeMs),
    remove: removeWindow,
    oldestMs: 901,
  },
  session: {
    builder: stores.session('store', { ...strings, retentionMs: 100 }),
    put: (store: SessionStore<string, string>, key, timeMs) => store.put(new Windowed(key, timeMs - 7, timeMs), 'v'),
    remove: (store: SessionStore<string, string>, key, timeMs) => store.remove(new Windowed(key, timeMs - 7, timeMs)),
    oldestMs: 901,
  },
  versioned: {
    builder: stores.versioned('store', { ...strings, historyRetentionMs: 100 }),
    put: (store: VersionedKeyValueStore<string, string>, key, timeMs) => void store.put(key, 'v', timeMs),
    remove: (store: VersionedKeyValueStore<string, string>, key, timeMs) => void store.delete(key, timeMs),
    oldestMs: 900,
  },
}

describe.each(Object.entries(kinds))('a %s store', (_, { builder, put, remove, oldestMs }) => {
  let task: FakeTask
  let store: StateStore
  beforeEach(async () => {
    task = await FakeTask.inMemory()
    store = task.build(builder)
    put(store, 'k', 1000)
  })

  it('counts what comes a millisecond too late, for whatever key, and not what is just in time', () => {
    put(store, 'k', oldestMs)
    put(store, 'other', oldestMs + 1)
    expect(task.expired).toBe(0)

    put(store, 'k', oldestMs - 1)
    put(store, 'other', 8)
    expect(task.expired).toBe(2)
  })

  it('counts deletes that come too late as Java does', () => {
    remove(store, 'k', oldestMs)
    expect(task.expired).toBe(0)

    remove(store, 'k', oldestMs - 1)
    expect(task.expired).toBe(1)
  })

  it('does not count what it restores: that was counted when it was put', async () => {
    put(store, 'k', 8)
    await task.commit(store)
    const restored = await FakeTask.inMemory()
    const again = restored.build(builder)
    const logged = task.changelog
    for (const [offset, record] of [...logged, ...logged].entries()) again.restore({ ...record, offset })

    expect(logged).toHaveLength(2)
    expect({ first: task.expired, restored: restored.expired }).toEqual({ first: 1, restored: 0 })
  })
})

describe('in an application', () => {
  interface Warning {
    readonly cause?: string
    readonly store?: string
  }

  async function run(builder: StreamsBuilder, times: readonly number[]) {
    const warnings: Warning[] = []
    const logger = { debug() {}, info() {}, warn: (fields: object) => void warnings.push(fields), error() {} }
    await using driver = new TopologyTestDriver(builder.build(), { logger })
    const input = driver.createInputTopic<string, string>('in', strings)
    // Each of a key of its own: an aggregate has the latest time of its records.
    for (const timestamp of times) await input.pipeInput({ key: `k${timestamp}`, value: 'v', timestamp })
    return { dropped: driver.metrics().recordsDropped, warnings }
  }

  it('they are drops, and each store says so once, with the place of the first record', async () => {
    const builder = new StreamsBuilder()
    const [first, second] = ['first', 'second'].map((name) => stores.window(name, windowed))
    builder.stream('in', strings).process({
      stores: [first!, second!],
      create: (context) => {
        const both = ['first', 'second'].map((name) => context.store<WindowStore<string, string>>(name))
        return {
          process({ key, value, timestamp }) {
            for (const store of both) store.put(key, value, timestamp)
          },
        }
      },
    })
    const { dropped, warnings } = await run(builder, [1000, 20, 30, 950, 40])

    expect(dropped.expired).toBe(6)
    expect(warnings).toEqual([
      { cause: 'expired', store: 'first', topic: 'in', partition: 0, offset: 1 },
      { cause: 'expired', store: 'second', topic: 'in', partition: 0, offset: 1 },
    ])
  })

  it.each<[string, (builder: StreamsBuilder) => unknown]>([
    [
      'a table',
      (builder) => builder.table('in', { ...strings, store: 'table', versioned: { historyRetentionMs: 100 } }),
    ],
    [
      'a count',
      (builder) =>
        builder
          .stream('in', strings)
          .groupByKey()
          .count({ store: 'table', versioned: { historyRetentionMs: 100 } }),
    ],
    [
      'a reduction',
      (builder) =>
        builder
          .stream('in', strings)
          .groupByKey()
          .reduce((left, right) => left + right, { store: 'table', versioned: { historyRetentionMs: 100 } }),
    ],
  ])('%s with history counts each record once', async (_, build) => {
    const builder = new StreamsBuilder()
    build(builder)
    const { dropped, warnings } = await run(builder, [1000, 20, 950, 30])

    expect(dropped.expired).toBe(2)
    expect(warnings).toEqual([{ cause: 'expired', store: 'table', topic: 'in', partition: 0, offset: 1 }])
  })
})
