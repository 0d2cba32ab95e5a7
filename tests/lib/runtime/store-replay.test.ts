// How much of a changelog a replay holds at a time, seen after each record.
import type { FetchedPartition } from '../../../lib/client/client.ts'
import { OffsetOutOfRangeError } from '../../../lib/client/errors.ts'
import { systemClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { type ConsumedRecord, NO_HEADERS } from '../../../lib/core/record.ts'
import { RestoreMemory } from '../../../lib/runtime/restore-memory.ts'
import type { RestoreProgress } from '../../../lib/runtime/restore-progress.ts'
import { StoreReplay } from '../../../lib/runtime/store-replay.ts'
import type { StreamTask } from '../../../lib/runtime/stream-task.ts'
import { Turns } from '../../../lib/runtime/turns.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { MemoryState } from '../../../stores/memory/memory-state.ts'
import { OverlayDatabase } from '../../../stores/overlay-database.ts'
import type { StateStore, StoreBuilder } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import type { TaskDatabase } from '../../../stores/task-database.ts'
import { windowKey } from '../../../stores/windowed/changelog-keys.ts'
import { FakeTask } from '../../stores/fake-task.ts'
import { until } from '../../support/until.ts'

const CHANGELOG = { topic: 'changelog', partition: 0 }
const typed = { key: serdes.string(), value: serdes.string() }
const keyValue = stores.timestampedKeyValue('store', typed)
const windows = stores.timestampedWindow('store', { ...typed, retentionMs: 3_600_000, windowSizeMs: 10_000 })

/** A changelog of records with values of these sizes. */
function feedOf(sizes: readonly number[], keyOf: (n: number) => Buffer): FetchedPartition {
  let offset = 0
  return {
    ...CHANGELOG,
    highWatermark: sizes.length,
    lastStableOffset: sizes.length,
    logStartOffset: 0,
    get position() {
      return offset
    },
    next(): ConsumedRecord | undefined {
      const size = sizes[offset]
      if (size === undefined) return undefined
      const key = keyOf(offset)
      return { offset: offset++, timestamp: offset, key, value: Buffer.alloc(size), headers: NO_HEADERS }
    },
  }
}

/** Replays into a store; what it holds is told after each record. */
async function replaying(
  builder: StoreBuilder<StateStore>,
  feed: FetchedPartition,
  memory: RestoreMemory,
  onHeld: (bytes: number) => void,
  database?: TaskDatabase,
) {
  const task = database === undefined ? await FakeTask.inMemory() : new FakeTask(database)
  task.record = undefined
  const store = task.build(builder)
  const held = () => task.database.uncommittedBytes + (store.gatheredBytes ?? 0)
  const { restore } = store
  store.restore = (record) => {
    restore.call(store, record)
    onHeld(held())
  }
  let cancelled = false
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const resume of waiting) resume()
    waiting.clear()
  }
  const replay = new StoreReplay(
    {
      task: { name: '0_0', database: task.database } as StreamTask,
      name: 'store',
      store,
      changelog: CHANGELOG,
      consumed: undefined,
      isSource: false,
      isPersistent: true,
      isPurged: false,
    },
    { from: 0, target: feed.highWatermark },
    {
      fetcher: { add: () => feed, remove: () => {}, close: async () => {} },
      clock: systemClock,
      logger: silentLogger,
      turns: new Turns(systemClock),
      progress: { read: () => {}, reached: () => {} } as unknown as RestoreProgress,
      identity: { topicId: 't', clusterId: 'c' },
      memory,
      woken: () =>
        new Promise((resolve) => {
          waiting.add(resolve)
        }),
      wake,
      cancelled: () => cancelled,
    },
  )
  const leave = memory.enter(held)
  const cancel = () => {
    cancelled = true
    wake()
  }
  return { done: replay.run().finally(leave), database: task.database, wake, cancel, isWaiting: () => waiting.size > 0 }
}

const keyed = (n: number) => Buffer.from(`key-${n}`)
const inWindows = (n: number) => windowKey(Buffer.from(`key-${n % 50}`), Math.floor(n / 50) * 1_000, 0)

describe('what a replay holds', () => {
  it.each([
    { of: 'a store of keys and values', builder: keyValue, keyOf: keyed, least: 20_000 },
    { of: 'a store that gathers', builder: windows, keyOf: inWindows, least: 40_000 },
  ])('of $of is never more than its share, record by record', async ({ builder, keyOf, least }) => {
    const memory = new RestoreMemory(64 * 1024)
    const feed = feedOf(new Array<number>(5_000).fill(40), keyOf)
    let most = 0
    const { done, database } = await replaying(builder, feed, memory, (bytes) => {
      most = Math.max(most, bytes)
      // Here a generation may be on its way while the next one fills.
      expect(bytes).toBeLessThanOrEqual(64 * 1024)
    })
    expect(await done).toBe(5_000)
    expect(most).toBeGreaterThan(least)
    expect(database.uncommittedBytes).toBe(0)
    expect(memory.count).toBe(0)
  })

  it('goes beyond it by one record only: one that is larger than the share, which lies there alone', async () => {
    const sizes = [100, 100, 50_000, 100, 100]
    const seen: number[] = []
    const memory = new RestoreMemory(32 * 1024)
    const { done } = await replaying(keyValue, feedOf(sizes, keyed), memory, (bytes) => seen.push(bytes))
    await done
    expect(seen.filter((bytes) => bytes > 32 * 1024)).toHaveLength(1)
    expect(seen[2]).toBeLessThan(50_000 + 2 * 300 + 192)
  })

  it('waits for room that others have taken, and goes on when there is some', async () => {
    const memory = new RestoreMemory(64 * 1024)
    let others = 64 * 1024
    memory.enter(() => others)
    let records = 0
    const feed = feedOf(new Array<number>(100).fill(40), keyed)
    const { done, wake, isWaiting } = await replaying(keyValue, feed, memory, (bytes) => {
      records++
      expect(bytes + others).toBeLessThanOrEqual(64 * 1024)
    })
    await until('it waits', isWaiting)
    expect(records).toBe(0)
    others = 40 * 1024
    wake()
    expect(await done).toBe(100)
    expect(records).toBe(100)
  })

  it('is written when another store begins and its share shrinks, also while it waits for more to read', async () => {
    const memory = new RestoreMemory(64 * 1024)
    const feed = feedOf(new Array<number>(80).fill(40), keyed)
    const open = { ...feed, highWatermark: 81 }
    Object.defineProperty(open, 'position', { get: () => feed.position })
    const { done, wake, cancel, isWaiting, database } = await replaying(keyValue, open, memory, () => {})
    await until('all is read that there is', isWaiting)
    expect(database.uncommittedBytes).toBeGreaterThan(10_000)
    for (let i = 0; i < 3; i++) memory.enter(() => 0)
    wake()
    await until('it is on disk', () => database.uncommittedBytes === 0)
    expect(database.position('store')?.offset).toBe(80)
    cancel()
    expect(await done).toBe(80)
  })
})

/** Memory whose first write takes as long as it is told, and then fails. */
class FullAfterAWhile extends MemoryState {
  readonly isWriting = Promise.withResolvers<void>()
  readonly fails = Promise.withResolvers<void>()

  override async write(...args: Parameters<MemoryState['write']>): Promise<void> {
    this.isWriting.resolve()
    await this.fails.promise
    return super.write(...args)
  }
}

it('a replay that fails while a batch is on its way, which fails too, leaves nothing behind: the next one can begin', async () => {
  const state = new FullAfterAWhile()
  const database = new OverlayDatabase(state)
  const feed = feedOf(new Array<number>(5_000).fill(40), keyed)
  let isWriting = false
  void state.isWriting.promise.then(() => {
    isWriting = true
  })
  const { next } = feed
  feed.next = () => {
    if (isWriting) throw new OffsetOutOfRangeError(CHANGELOG.topic, CHANGELOG.partition, feed.position)
    return next.call(feed)
  }
  const { done } = await replaying(keyValue, feed, new RestoreMemory(16 * 1024), () => {}, database)
  const outcome = done.catch((error: unknown) => error)
  await state.isWriting.promise
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
  state.fails.reject(new Error('no space left on device'))
  expect(await outcome).toBeInstanceOf(OffsetOutOfRangeError)
  expect(database.uncommittedBytes).toBe(0)
  expect(() => database.seal()).not.toThrow()
})

it('shares are those of as many as restore, and what is left is what none of them holds', () => {
  const memory = new RestoreMemory(1_000)
  const leaveFirst = memory.enter(() => 300)
  expect([memory.shareBytes, memory.freeBytes]).toEqual([1_000, 700])
  const leaveSecond = memory.enter(() => 900)
  expect([memory.count, memory.shareBytes, memory.freeBytes]).toEqual([2, 500, -200])
  leaveFirst()
  leaveSecond()
  expect(memory.count).toBe(0)
})
