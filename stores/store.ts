// The contracts between processors, stores and the task that owns them.
import type { ConsumedRecord, Headers } from '../lib/core/record.ts'

/** What every store of a task can do for the task. */
export interface StateStore {
  readonly name: string
  /** Writes and forwards what the cache has held back. Called in topological order before each commit. */
  flush(): void | Promise<void>
  /** Applies one record of the store's changelog. */
  restore(record: ConsumedRecord): void
  /** Forgets what the cache has held back and gives its bytes back to the budget: the task closes, or starts over from its last commit. */
  discard?(): void
}

/** A value and the event time of the record that made it, in epoch milliseconds. */
export interface ValueAndTimestamp<V> {
  readonly value: V
  readonly timestamp: number
}

/**
 * Keys and values of one task. Keys are compared, and ranges ordered, by their serialized bytes. Point reads and writes are
 * synchronous; reads see every write before them, also uncommitted ones.
 */
export interface KeyValueStore<K, V> extends StateStore {
  get(key: K): V | undefined
  /** A null value deletes. */
  put(key: K, value: V | null): void
  /** Writes only if the key has no value. Returns the value that was there. */
  putIfAbsent(key: K, value: V): V | undefined
  putAll(entries: Iterable<readonly [K, V | null]>): void
  /** Returns the value that was there. */
  delete(key: K): V | undefined
  /** Ascending, from a snapshot; both ends inclusive, undefined for an open end. */
  range(from: K | undefined, to: K | undefined): AsyncIterable<readonly [K, V]>
  /** As `range`, descending. */
  reverseRange(from: K | undefined, to: K | undefined): AsyncIterable<readonly [K, V]>
  /** Every key whose bytes start with these, ascending. */
  prefixScan(prefix: Buffer): AsyncIterable<readonly [K, V]>
  all(): AsyncIterable<readonly [K, V]>
  /** May count uncommitted and deleted keys wrongly; exact when nothing is uncommitted. */
  approximateEntryCount(): Promise<number>
}

/** The store under the DSL's tables: each value with its event time. */
export interface TimestampedKeyValueStore<K, V> extends KeyValueStore<K, ValueAndTimestamp<V>> {
  /**
   * Has updates reported when the cache lets go of them, at the latest by `flush()`, and not as they happen. Returns false, and never
   * calls, if the store has no cache: then the writer forwards each update itself.
   */
  setFlushListener(listener: FlushListener<K, V>, options: { readonly sendOldValues: boolean }): boolean
}

/** One update let go by a cache: several writes of a key have become one. */
export interface CacheFlush<K, V> {
  readonly key: K
  /** Null: the key was deleted. */
  readonly newValue: V | null
  /** The value before the first write that the cache held back; null if there was none, or if old values were not asked for. */
  readonly oldValue: V | null
  /** Event time of the last write. */
  readonly timestamp: number
  /** The record in process at the last write. */
  readonly context: RecordContext
}

export type FlushListener<K, V> = (flush: CacheFlush<K, V>) => void

/** The record that a task is processing, as stores need to know it. */
export interface RecordContext {
  readonly timestamp: number
  readonly headers: Headers
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/**
 * A key-value space of bytes that belongs to one store: uncommitted writes over committed rows. A Buffer handed over as a key must not
 * change afterwards either: the same Buffer is taken for the same key.
 */
export interface Rows {
  /** The bytes must not be changed by the reader. */
  get(key: Buffer): Buffer | undefined
  /** Null deletes. The bytes must not change afterwards. */
  put(key: Buffer, value: Buffer | null): void
  /** From a snapshot, `from` and `to` inclusive, in byte order (or the reverse). */
  range(options: RowRange): AsyncIterable<readonly [Buffer, Buffer]>
}

export interface RowRange {
  readonly from?: Buffer
  readonly to?: Buffer
  readonly prefix?: Buffer
  readonly reverse?: boolean
}

/** Bytes of unforwarded updates held by all caches of an instance, against their common limit. */
export interface CacheBudget {
  readonly limitBytes: number
  usedBytes: number
}

/** What a task gives a store to stand on. */
export interface StoreContext {
  readonly rows: Rows
  /** The changelog's name on the cluster; serdes get it also where logging is off. */
  readonly changelogTopic: string
  /** Sends to the changelog; does nothing where logging is off. */
  log(key: Buffer, value: Buffer | null, timestamp: number, headers: Headers): void
  /** The record in process; undefined while restoring. */
  currentRecord(): RecordContext | undefined
  /** Undefined: no cache, every write is logged and forwarded as it happens. */
  readonly cacheBudget: CacheBudget | undefined
}

/** Declares a store: its name, what it is made of, how to make it. Made once, used by every task. */
export interface StoreBuilder<S extends StateStore = StateStore> {
  readonly name: string
  /** Whether writes go to a changelog topic, from which a lost store is restored. */
  readonly logging: boolean
  /** Whether updates are held back and merged until the next commit. */
  readonly caching: boolean
  /** False: kept in memory only, and restored from the changelog at each start. */
  readonly persistent: boolean
  /** Settings of the changelog topic, over the defaults. */
  readonly changelogConfigs: Readonly<Record<string, string>>
  build(context: StoreContext): S
}
