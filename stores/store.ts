// The contracts between processors, stores and the task that owns them.
import type { ConsumedRecord, Headers } from '../lib/core/record.ts'
import type { Windowed } from '../lib/core/windowed.ts'
import type { Serde } from '../lib/serde/serde.ts'

/** What every store of a task can do for the task. */
export interface StateStore {
  readonly name: string
  /** Writes and forwards what the cache has held back. Called in topological order before each commit, and before what was restored is written. */
  flush(): void | Promise<void>
  /**
   * Applies one record of the store's changelog, without keeping hold of its bytes. Reads need not see it before the next commit, and nothing may be put before the next
   * `flush`.
   */
  restore(record: ConsumedRecord): void
  /** Approximate bytes of what `restore` has gathered and `flush` will put among the rows. Absent: it puts everything there at once. */
  readonly gatheredBytes?: number
  /** Puts what `restore` has gathered among the rows, as `flush` does, a few milliseconds' work a step: other work may get its turn between two of them. */
  flushGathered?(): Iterable<void>
  /**
   * The offset of its changelog before which a restore needs no record, as of the last flush; undefined if that cannot be told. Records before it are deleted when
   * that flush has been committed.
   */
  readonly neededChangelogOffset?: number | undefined
  /**
   * The latest event time of the records that were restored, in this life of the store or before, as far as they can tell; -1 if there were none. What put them there knew a stream
   * time of at least that. Only stores of windows and sessions, and buffers, say so.
   */
  readonly restoredTimeMs?: number
  /** Reads what it needs of its rows: called once after the restore, before the first record. */
  open?(): void | Promise<void>
  /**
   * Forgets what the cache has held back, and gives its bytes back to the budget, and whatever else it took from its rows: the task closes, starts over from its last commit, or
   * restores the store from the start.
   */
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

/** Event times in epoch milliseconds, both inclusive. */
export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

/** Keys by their serialized bytes, both inclusive; undefined for an open end. */
export interface KeyRange<K> {
  readonly from?: K | undefined
  readonly to?: K | undefined
}

/**
 * Values of one task by key and window start. Point reads, reads of one key and writes are synchronous; they see every write before them, also
 * uncommitted ones. Starts are whole milliseconds from 0 on.
 *
 * An entry expires, for reads, when its start is `retentionMs` or more before the latest start that was put. (More than that in a store built with
 * `timeOrdered`, as in Java.) A store that retains duplicates keeps every value put, in order: `put` never replaces there, a null deletes nothing (but
 * is logged, as in Java), and `fetch` of one start finds the first.
 *
 * @example
 * const seen = context.store<WindowStore<string, string>>('seen-ids')
 * const near = { fromMs: record.timestamp - 20, toMs: record.timestamp + 20 }
 * if (seen.fetch(record.value, near).length > 0) return
 * seen.put(record.value, record.key, record.timestamp)
 */
export interface WindowStore<K, V> extends StateStore {
  /**
   * A null value deletes. A start that has expired is not stored (but logged, as in Java), and counted as a drop, `expired`.
   *
   * @throws InvalidStoreArgumentError `STREAMS_INVALID_STORE_ARGUMENT`: the start is not a whole number of milliseconds from 0 on, the value is
   *   undefined, or the key null or undefined.
   */
  put(key: K, value: V | null, startMs: number): void
  /** The value of one window; undefined if there is none, or if it has expired. */
  fetch(key: K, startMs: number): V | undefined
  /** The entries of one key whose start lies in the range, ascending. */
  fetch(key: K, range: TimeRange): readonly (readonly [startMs: number, value: V])[]
  /** As `fetch` of a range, descending. */
  backwardFetch(key: K, range: TimeRange): readonly (readonly [startMs: number, value: V])[]
  /**
   * Entries of all keys, or of a range of them, whose start lies in the range; by segment (half the retention, at least a minute), key bytes and
   * start. From a snapshot.
   */
  fetchAll(range: TimeRange, keys?: KeyRange<K>): AsyncIterable<readonly [Windowed<K>, V]>
  /** As `fetchAll`, the other way round. */
  backwardFetchAll(range: TimeRange, keys?: KeyRange<K>): AsyncIterable<readonly [Windowed<K>, V]>
  /** Every entry that has not expired, in the order of `fetchAll`. */
  all(): AsyncIterable<readonly [Windowed<K>, V]>
  /** As `all`, the other way round. */
  backwardAll(): AsyncIterable<readonly [Windowed<K>, V]>
}

/** The store under windowed aggregations: each value with its event time. */
export interface TimestampedWindowStore<K, V> extends WindowStore<K, ValueAndTimestamp<V>> {
  /** See TimestampedKeyValueStore. */
  setFlushListener(listener: FlushListener<Windowed<K>, V>, options: { readonly sendOldValues: boolean }): boolean
  /**
   * The entries of all keys whose start lies in the range, by start, then key bytes: what windows that close are emitted in. Only of stores
   * built with `timeOrdered`.
   */
  fetchByTime(range: TimeRange): AsyncIterable<readonly [Windowed<K>, ValueAndTimestamp<V>]>
}

/** Which sessions `findSessions` is to find: those that end at or after the one and start at or before the other. */
export interface SessionRange {
  readonly earliestEndMs: number
  readonly latestStartMs: number
}

/**
 * Aggregates of one task by key and session. Reads of one key and writes are synchronous. A session starts and ends with a record, both inclusive, in whole
 * milliseconds from 0 on. It expires, for reads, when its end is `retentionMs` or more before the latest end that was put.
 *
 * @example
 * const visits = context.store<SessionStore<string, number>>('visits')
 * const near = { earliestEndMs: at - 60_000, latestStartMs: at + 60_000 }
 * for (const [{ window }, clicks] of visits.findSessions('ada', near)) console.log(window.startMs, window.endMs, clicks)
 */
export interface SessionStore<K, A> extends StateStore {
  /**
   * A null aggregate removes the session. One that has expired is not stored (but logged, as in Java), and counted as a drop, `expired`.
   *
   * @throws InvalidStoreArgumentError `STREAMS_INVALID_STORE_ARGUMENT`: the session's times are none, the aggregate is undefined, or the key null or
   *   undefined.
   */
  put(session: Windowed<K>, aggregate: A | null): void
  remove(session: Windowed<K>): void
  /** The aggregate of one session; undefined if there is none, or if it has expired. */
  fetchSession(key: K, startMs: number, endMs: number): A | undefined
  /** The sessions of one key, by end, then start. */
  findSessions(key: K, range: SessionRange): readonly (readonly [Windowed<K>, A])[]
  /** As `findSessions`, the other way round. */
  backwardFindSessions(key: K, range: SessionRange): readonly (readonly [Windowed<K>, A])[]
  /** All live sessions of one key. */
  fetch(key: K): readonly (readonly [Windowed<K>, A])[]
  /** Sessions of all keys, or of a range of them; by segment (half the retention, at least a minute), key bytes, end and start. From a snapshot. */
  findAllSessions(range: SessionRange, keys?: KeyRange<K>): AsyncIterable<readonly [Windowed<K>, A]>
  /** As `findAllSessions`, the other way round. */
  backwardFindAllSessions(range: SessionRange, keys?: KeyRange<K>): AsyncIterable<readonly [Windowed<K>, A]>
  /** See TimestampedKeyValueStore. */
  setFlushListener(listener: FlushListener<Windowed<K>, A>, options: { readonly sendOldValues: boolean }): boolean
  /**
   * Sessions of all keys that end within the range, by end, start, key bytes, also those that have expired and are still kept: what sessions that close
   * are emitted in. Only of stores built with `timeOrdered`.
   */
  findByEnd(range: TimeRange): AsyncIterable<readonly [Windowed<K>, A]>
}

/** A value that held from `timestamp` until `validToMs`, exclusive; undefined: still. */
export interface VersionedRecord<V> {
  readonly value: V
  readonly timestamp: number
  readonly validToMs: number | undefined
}

/** What became of a put: it is the key's latest value; an older one beside it; or older than the history and not stored. */
export type VersionedPut = 'latest' | 'out-of-order' | 'expired'

/**
 * Values of one task by key, with their history: what held at any time up to `historyRetentionMs` before the latest time that was put. The latest value of a
 * key never expires. All reads and writes are synchronous; times are whole milliseconds from 0 on.
 *
 * @example
 * const prices = context.store<VersionedKeyValueStore<string, number>>('prices')
 * prices.put('SFO', 120, record.timestamp)
 * const then = prices.getAsOf('SFO', order.timestamp) // { value, timestamp, validToMs } or undefined
 */
export interface VersionedKeyValueStore<K, V> extends StateStore {
  /**
   * A null value deletes from that time on. A time beyond the history is not stored (but logged, as in Java), and counted as a drop, `expired`.
   *
   * @throws InvalidStoreArgumentError `STREAMS_INVALID_STORE_ARGUMENT`: the time is none, the value is undefined, or the key null or undefined.
   */
  put(key: K, value: V | null, timestampMs: number): VersionedPut
  /** Deletes from that time on, and returns what held then; undefined also beyond the history. */
  delete(key: K, timestampMs: number): VersionedRecord<V> | undefined
  /** What holds now; undefined if nothing does. */
  get(key: K): VersionedRecord<V> | undefined
  /** What held at that time; undefined if nothing did, or if it is beyond the history. */
  getAsOf(key: K, timestampMs: number): VersionedRecord<V> | undefined
  /** The versions of a key that held within the range, ascending. */
  versions(key: K, range: TimeRange): readonly VersionedRecord<V>[]
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
  /**
   * For what is restored: as `put`, but reads need not see it before the next commit, and both Buffers may change afterwards. Of one key, there is either a `put` or
   * a `load` in a commit. Much cheaper where rows lie on disk: the bytes go straight into the batch.
   */
  load(key: Buffer, value: Buffer | null): void
  /** From a snapshot, `from` and `to` inclusive, in byte order (or the reverse). */
  range(options: RowRange): AsyncIterable<readonly [Buffer, Buffer]>
  /**
   * Says that the rows from `from` up to, and without, `before` are needed no more: with the next commit, or some time after it, they are deleted, much
   * faster than one by one. Until then they may be read, or not.
   */
  expire(from: Buffer, before: Buffer): void
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
  /** An offset of the changelog at or before that of the next record logged; absent where logging is off. */
  readonly changelogOffset?: () => number
  /** The record in process; undefined while restoring. */
  currentRecord(): RecordContext | undefined
  /** Undefined: no cache, every write is logged and forwarded as it happens. */
  readonly cacheBudget: CacheBudget | undefined
  /** Says that what was put is older than the store keeps. */
  expired(): void
}

/** What a store is for those who query it, and which settings its changelog topic gets. */
export type StoreKind =
  | 'key-value'
  | 'timestamped-key-value'
  | 'window'
  | 'timestamped-window'
  | 'session'
  | 'versioned'
  | 'buffer'

/** Declares a store: its name, what it is made of, how to make it. Made once, used by every task. */
export interface StoreBuilder<S extends StateStore = StateStore> {
  readonly name: string
  readonly kind: StoreKind
  /** How long windows, sessions and versions are kept, in event time; undefined for other stores. */
  readonly retentionMs?: number
  /** Whether writes go to a changelog topic, from which a lost store is restored. */
  readonly logging: boolean
  /** Whether updates are held back and merged until the next commit. */
  readonly caching: boolean
  /** False: kept in memory only, and restored from the changelog at each start. */
  readonly persistent: boolean
  /** What turns its keys and values into bytes: told the store's changelog before the first record (see `Serde.start`). */
  readonly serdes?: readonly Serde<any>[]
  /** Settings of the changelog topic, over the defaults. */
  readonly changelogConfigs: Readonly<Record<string, string>>
  build(context: StoreContext): S
}
