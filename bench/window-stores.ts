// What window, session and versioned stores cost by themselves: the work of an operator for one record, beside that of a count by key.
import type { Windowed } from '../lib/core/windowed.ts'
import { Windowed as WindowedKey } from '../lib/core/windowed.ts'
import { serdes } from '../lib/serde/index.ts'
import type {
  KeyValueStore,
  SessionStore,
  StateStore,
  StoreBuilder,
  TimestampedWindowStore,
  VersionedKeyValueStore,
  WindowStore,
} from '../stores/store.ts'
import { stores } from '../stores/stores.ts'

/** Builds a store over a fresh database. */
export type MakeStore = <S extends StateStore>(builder: StoreBuilder<S>) => Promise<BenchStore<S>>

export interface BenchStore<S> {
  readonly store: S
  commit(): Promise<void>
  close(): Promise<void>
}

const ROUNDS = 24
const WARM_UP = 8
const RECORDS = 20_000
const HOT_KEYS = 10_007
const DAY_MS = 86_400_000
const START_MS = 1_700_000_000_000
const typed = { key: serdes.string(), value: serdes.long() }

type WindowedTable = TimestampedWindowStore<string, number>

/** CPU time that this thread has used. */
function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

/** The work of one record: its key, its event time. */
type Work<S> = (store: S, key: string, timestampMs: number) => void

/**
 * Nanoseconds of a record in the fastest quarter of rounds, and of a record in the commit after each, which lets go of what a cache holds. Of CPU time, this
 * thread's, as others may share the machine.
 */
async function measured<S extends StateStore>(
  make: MakeStore,
  builder: StoreBuilder<S>,
  work: Work<S>,
  keys = HOT_KEYS,
): Promise<{ ns: number; commitNs: number }> {
  const { store, commit, close } = await make(builder)
  if (builder.caching) (store as StateStore as WindowedTable).setFlushListener(() => {}, { sendOldValues: false })
  const [times, commits]: [number[], number[]] = [[], []]
  let record = 0
  for (let round = 0; round < ROUNDS; round++) {
    // New strings, as they come from a record.
    const keyed = Array.from({ length: RECORDS }, (_, i) => `key-${((record + i) * 7_919) % keys}`)
    const start = cpuMicros()
    for (const key of keyed) work(store, key, START_MS + Math.floor(record++ / 20))
    const done = cpuMicros()
    store.flush()
    await commit()
    if (round < WARM_UP) continue
    times.push(((done - start) * 1_000) / RECORDS)
    commits.push(((cpuMicros() - done) * 1_000) / RECORDS)
  }
  await close()
  const fastQuarter = (list: number[]) => Math.round(list.sort((a, b) => a - b)[list.length >> 2]!)
  return { ns: fastQuarter(times), commitNs: fastQuarter(commits) }
}

function countWindows(starts: (timestampMs: number) => readonly number[]): Work<WindowedTable> {
  return (store, key, timestampMs) => {
    for (const startMs of starts(timestampMs)) {
      const before = store.fetch(key, startMs)
      store.put(key, { value: before === undefined ? 1 : before.value + 1, timestamp: timestampMs }, startMs)
    }
  }
}

function hoppingStarts(sizeMs: number, advanceMs: number): (timestampMs: number) => readonly number[] {
  return (timestampMs) => {
    const last = timestampMs - (timestampMs % advanceMs)
    return Array.from({ length: sizeMs / advanceMs }, (_, i) => last - sizeMs + (i + 1) * advanceMs)
  }
}

/** Nanoseconds a record, by what it is counted by. `only`: some of them. */
export async function windowStores(
  make: MakeStore,
  only: readonly string[] | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const windowed = { ...typed, windowSizeMs: 10_000, retentionMs: DAY_MS }
  const tumbling = countWindows((timestampMs) => [timestampMs - (timestampMs % 10_000)])
  const hopping = countWindows(hoppingStarts(10_000, 2_000))
  const table = (name: string, caching = false) => stores.timestampedWindow(name, { ...windowed, caching })
  const count: Work<KeyValueStore<string, number>> = (store, key) => store.put(key, (store.get(key) ?? 0) + 1)
  const join: Work<WindowStore<string, string>> = (store, key, timestampMs) => {
    store.put(key, 'a value of some thirty characters', timestampMs)
    store.fetch(key, { fromMs: timestampMs - 5, toMs: timestampMs + 5 })
  }
  const session: Work<SessionStore<string, number>> = (store, key, timestampMs) => {
    const range = { earliestEndMs: timestampMs - 100, latestStartMs: timestampMs + 100 }
    let [total, startMs, endMs] = [1, timestampMs, timestampMs]
    for (const [found, value] of store.findSessions(key, range)) {
      total += value
      startMs = Math.min(startMs, found.window.startMs)
      endMs = Math.max(endMs, found.window.endMs)
      store.remove(found as Windowed<string>)
    }
    store.put(new WindowedKey(key, startMs, endMs), total)
  }
  const version: Work<VersionedKeyValueStore<string, number>> = (store, key, timestampMs) =>
    void store.put(key, (store.get(key)?.value ?? 0) + 1, timestampMs)
  const joined = { key: serdes.string(), value: serdes.string(), windowSizeMs: 10, retentionMs: 10 }
  const cases: Readonly<Record<string, () => Promise<unknown>>> = {
    countByKey: () => measured(make, stores.keyValue('by-key', typed), count),
    tumbling: () => measured(make, table('tumbling'), tumbling),
    tumblingCaching: () => measured(make, table('tumbling-caching', true), tumbling),
    hoppingOf5: () => measured(make, table('hopping'), hopping),
    hoppingOf5Caching: () => measured(make, table('hopping-caching', true), hopping),
    // One of 1000 records a second, its key every half second: two matches.
    join: () => measured(make, stores.window('join', { ...joined, retainDuplicates: true }), join, 100),
    // 200 of a key at a time, all within the window.
    joinOf200: () =>
      measured(
        make,
        stores.window('join-200', { ...joined, windowSizeMs: 1_000, retentionMs: 1_000, retainDuplicates: true }),
        (store, key, timestampMs) => {
          store.put(key, 'a value of some thirty characters', timestampMs)
          store.fetch(key, { fromMs: timestampMs - 500, toMs: timestampMs + 500 })
        },
        50,
      ),
    session: () => measured(make, stores.session('session', { ...typed, retentionMs: DAY_MS }), session, 1_000),
    versioned: () => measured(make, stores.versioned('versioned', { ...typed, historyRetentionMs: 60_000 }), version),
  }
  const results: Record<string, unknown> = {}
  for (const [name, run] of Object.entries(cases)) if (only?.includes(name) ?? true) results[name] = await run()
  return results
}
