// Stores with timestamps as tests that do not care for them see them: as in Java's driver.

import type {
  KeyRange,
  KeyValueStore,
  TimeRange,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  ValueAndTimestamp,
  WindowStore,
} from '../../stores/store.ts'
import type { Windowed } from '../core/windowed.ts'

/** The time of what a test itself puts: none. */
const NO_TIMESTAMP = -1

/** Values without their timestamps. */
export function plainKeyValueStore<K, V>(store: TimestampedKeyValueStore<K, V>): KeyValueStore<K, V> {
  return {
    name: store.name,
    flush: () => store.flush(),
    restore: (record) => store.restore(record),
    get: (key) => store.get(key)?.value,
    put: (key, value) => store.put(key, timed(value)),
    putIfAbsent: (key, value) => store.putIfAbsent(key, { value, timestamp: NO_TIMESTAMP })?.value,
    putAll(entries) {
      for (const [key, value] of entries) store.put(key, timed(value))
    },
    delete: (key) => store.delete(key)?.value,
    range: (from, to) => plain(store.range(from, to)),
    reverseRange: (from, to) => plain(store.reverseRange(from, to)),
    prefixScan: (prefix) => plain(store.prefixScan(prefix)),
    all: () => plain(store.all()),
    approximateEntryCount: () => store.approximateEntryCount(),
  }
}

/** As `plainKeyValueStore`. */
export function plainWindowStore<K, V>(store: TimestampedWindowStore<K, V>): WindowStore<K, V> {
  function fetch(key: K, startMs: number): V | undefined
  function fetch(key: K, range: TimeRange): readonly (readonly [number, V])[]
  function fetch(key: K, at: number | TimeRange): V | undefined | readonly (readonly [number, V])[] {
    return typeof at === 'number' ? store.fetch(key, at)?.value : store.fetch(key, at).map(withoutTime)
  }
  return {
    name: store.name,
    flush: () => store.flush(),
    restore: (record) => store.restore(record),
    put: (key, value, startMs) => store.put(key, timed(value), startMs),
    fetch,
    backwardFetch: (key, range) => store.backwardFetch(key, range).map(withoutTime),
    fetchAll: (range: TimeRange, keys?: KeyRange<K>) => plain<Windowed<K>, V>(store.fetchAll(range, keys)),
    backwardFetchAll: (range: TimeRange, keys?: KeyRange<K>) => plain(store.backwardFetchAll(range, keys)),
    all: () => plain(store.all()),
    backwardAll: () => plain(store.backwardAll()),
  }
}

function timed<V>(value: V | null): ValueAndTimestamp<V> | null {
  return value === null ? null : { value, timestamp: NO_TIMESTAMP }
}

function withoutTime<K, V>([key, { value }]: readonly [K, ValueAndTimestamp<V>]): readonly [K, V] {
  return [key, value]
}

async function* plain<K, V>(
  entries: AsyncIterable<readonly [K, ValueAndTimestamp<V>]>,
): AsyncGenerator<readonly [K, V], void, undefined> {
  for await (const entry of entries) yield withoutTime(entry)
}
