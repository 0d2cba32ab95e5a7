// The functions that users hand to the DSL. They should be pure: after a crash a task may see the same record again.
import type { StreamRecord } from '../lib/core/record.ts'

/**
 * A result, at once or later. A promise is awaited before the task's next record, so that order is kept; a callback that does not need
 * one should not return one: it costs more than most callbacks do.
 */
export type Awaitable<T> = T | Promise<T>

/** Decides by value, key or record. A truthy result means yes; `undefined` is an error. */
export type Predicate<K, V> = (value: V, key: K, record: StreamRecord<K, V>) => Awaitable<boolean>

/** Makes another value. `null` is a tombstone, `undefined` an error. */
export type ValueMapper<K, V, VR> = (value: V, key: K, record: StreamRecord<K, V>) => Awaitable<VR>

/** Makes any number of values: an array, a generator, any iterable. */
export type FlatValueMapper<K, V, VR> = (value: V, key: K, record: StreamRecord<K, V>) => Awaitable<Iterable<VR>>

/** Makes another key and value, as a pair. */
export type KeyValueMapper<K, V, KR, VR> = (
  value: V,
  key: K,
  record: StreamRecord<K, V>,
) => Awaitable<readonly [key: KR, value: VR]>

/** Makes any number of pairs of key and value. */
export type FlatMapper<K, V, KR, VR> = (
  value: V,
  key: K,
  record: StreamRecord<K, V>,
) => Awaitable<Iterable<readonly [key: KR, value: VR]>>

/** Makes a key. `null` is allowed, but a record with a null key is dropped by the next verb that needs its key. */
export type KeySelector<K, V, KR> = (value: V, key: K, record: StreamRecord<K, V>) => Awaitable<KR>

/**
 * Decides by the value and key of a table. It may be asked at any time, also about values that were there before, so there is no record to look
 * at.
 */
export type TablePredicate<K, V> = (value: V, key: K) => Awaitable<boolean>

/** Makes another value of a table's. As TablePredicate it may be asked at any time. `null` stands for none. */
export type TableValueMapper<K, V, VR> = (value: V, key: K) => Awaitable<VR | null>

/** Says to which group an entry of a table belongs, and with which value: null for either means to none. Must be pure. */
export type TableGrouper<K, V, KR, VR> = (value: V, key: K) => Awaitable<readonly [group: KR | null, value: VR | null]>

/**
 * Finds in a table's entry the key of another table's. Null: it has none there. Must be pure: it is asked again about old values.
 */
export type ForeignKeySelector<K, V, KF> = (value: V, key: K) => Awaitable<KF | null>

/** Makes one value of two that were joined. */
export type ValueJoiner<K, V, VO, VR> = (left: V, right: VO, key: K) => Awaitable<VR>

/** Makes one aggregate of those of two sessions that have become one. */
export type Merger<K, VR> = (left: VR, right: VR, key: K) => Awaitable<VR | null>

/** Looks at a record; what it returns is ignored, but a promise is awaited. */
export type Action<K, V> = (value: V, key: K, record: StreamRecord<K, V>) => unknown

/** Makes the first aggregate of a key. Must make a new one each time if the aggregator changes it in place. */
export type Initializer<VR> = () => Awaitable<VR>

/** Adds a value to the aggregate of its key. `null` deletes the aggregate, so that the next value starts with a new one. */
export type Aggregator<K, V, VR> = (aggregate: VR, value: V, key: K) => Awaitable<VR | null>

/** Makes one value of two of a key: `left` is what came of the earlier ones. `null` deletes. */
export type Reducer<K, V> = (left: V, right: V, key: K) => Awaitable<V | null>

/** Tells whether a callback, or `forward`, has left work for later. Any object with a `then` counts. */
export function isPromise<T>(result: T | Promise<T>): result is Promise<T> {
  return typeof result === 'object' && result !== null && typeof (result as { then?: unknown }).then === 'function'
}
