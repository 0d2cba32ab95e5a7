import type { ConsumedRecord } from '../../lib/core/record.ts'
import type { Windowed } from '../../lib/core/windowed.ts'
import { readInt64 } from '../../lib/serde/int64.ts'
import { InvalidStoreArgumentError } from '../errors.ts'
import { headersToLog } from '../log-headers.ts'
import { NO_RECORD } from '../logged-rows.ts'
import type { FlushListener, KeyRange, RecordContext, StoreContext } from '../store.ts'
import { StoreSerdes } from '../store-serdes.ts'
import { type DeferredUpdate, DeferredUpdates } from './deferred-updates.ts'
import { type KeyedTimeEntry, TimeEntries, type TimeEntriesOptions } from './time-entries.ts'
import type { WindowedStoreSettings } from './window-options.ts'

/**
 * What stores of windows and of sessions share: entries by time, the changelog, what a cache holds back, and who hears of it.
 *
 * What tells entries apart is a key, a time and a *second* number: the start of a session, the sequence number of a duplicate, or else 0.
 */
export abstract class WindowedStore<K, V> {
  readonly name: string
  protected readonly serdes: StoreSerdes<K, V>
  protected readonly entries: TimeEntries
  protected readonly context: StoreContext
  readonly #settings: WindowedStoreSettings<K, V>
  readonly #deferred: DeferredUpdates | undefined
  /** The sort key of the entry that is restored. */
  #sort = Buffer.alloc(0)
  #listener: FlushListener<Windowed<K>, V> | undefined
  #sendOldValues = false

  constructor(
    name: string,
    settings: WindowedStoreSettings<K, V>,
    entriesOptions: TimeEntriesOptions,
    context: StoreContext,
  ) {
    this.name = name
    this.serdes = new StoreSerdes(name, context.changelogTopic, settings)
    this.entries = new TimeEntries(context.rows, entriesOptions)
    this.context = context
    this.#settings = settings
    const { cacheBudget } = context
    if (settings.caching && cacheBudget !== undefined && cacheBudget.limitBytes > 0) {
      this.#deferred = new DeferredUpdates(name, { ...context, cacheBudget }, (update) => this.#letGo(update))
    }
  }

  // ---- what an entry looks like

  /** What follows the time in its sort key. */
  protected abstract tailOf(second: number): Buffer
  /** What stands before its value; good until the next call. */
  protected abstract headOf(timestamp: number): Buffer
  /** The value's bytes in it. */
  protected abstract valueIn(entry: Buffer): Buffer
  /** Its key in the changelog. */
  protected abstract logKey(key: Buffer, timeMs: number, second: number): Buffer
  protected abstract windowed(key: Buffer, timeMs: number, second: number): Windowed<K>

  setFlushListener(
    listener: FlushListener<Windowed<K>, V>,
    { sendOldValues }: { readonly sendOldValues: boolean },
  ): boolean {
    this.#listener = listener
    this.#sendOldValues = sendOldValues
    return this.#deferred !== undefined
  }

  // ---- for the task

  flush(): void {
    this.#deferred?.flush()
    this.entries.flush()
  }

  discard(): void {
    this.#deferred?.discard()
    this.entries.forget()
  }

  get gatheredBytes(): number {
    return this.entries.gatheredBytes
  }

  flushGathered(): Iterable<void> {
    return this.entries.flushGathered()
  }

  get neededChangelogOffset(): number | undefined {
    return this.entries.lowestLoggedOffset
  }

  get restoredTimeMs(): number {
    return this.entries.restoredMs
  }

  // ---- for the classes that extend this one

  /** Writes an entry, undefined deletes it; its changelog record and its update follow now, or when the cache lets go of them. */
  protected write(key: Buffer, timeMs: number, second: number, value: Buffer | undefined, timestamp: number): void {
    const { entries, context } = this
    const deferred = this.#deferred
    const tail = this.tailOf(second)
    entries.observe(timeMs)
    if (timeMs < entries.oldestMs) context.expired()
    if (deferred !== undefined && !deferred.renew(key, timeMs, second, value, timestamp)) {
      deferred.add(key, timeMs, second, entries.get(key, timeMs, tail), value, timestamp)
    }
    entries.put(key, timeMs, tail, value ?? null, this.headOf(timestamp))
    if (context.changelogOffset !== undefined) entries.logged(timeMs, context.changelogOffset)
    if (deferred === undefined) this.log(key, timeMs, second, value, timestamp, context.currentRecord())
    else if (deferred.isFull) deferred.flush()
  }

  protected log(
    key: Buffer,
    timeMs: number,
    second: number,
    value: Buffer | undefined,
    timestamp: number,
    record: RecordContext | undefined,
  ): void {
    const headers = headersToLog(this.#settings.logHeaders, value === undefined, record)
    this.context.log(this.logKey(key, timeMs, second), value ?? null, timestamp, headers)
  }

  /**
   * Puts, or for null removes, the entry that a record of the changelog stands for.
   *
   * @param logKey - The record's key: the entry's up to `keyEnd`, then its sort key up to `sortEnd`.
   */
  protected restoreEntry(
    logKey: Buffer,
    keyEnd: number,
    sortEnd: number,
    { value, timestamp, offset }: ConsumedRecord,
  ): void {
    if (this.#sort.length !== sortEnd - keyEnd) this.#sort = Buffer.alloc(sortEnd - keyEnd)
    const sort = this.#sort
    // By hand: a call into Buffer costs more than so few bytes.
    for (let i = 0, at = keyEnd; at < sortEnd; i++, at++) sort[i] = logKey[at]!
    const timeMs = readInt64(logKey, keyEnd)
    this.entries.restore(logKey.toString('latin1', 0, keyEnd), timeMs, sort, value, this.headOf(timestamp))
    this.entries.logged(timeMs, () => offset)
  }

  /** The entries of all keys in a range of times; see TimeEntries. */
  protected allEntries(
    fromMs: number,
    toMs: number,
    keys: KeyRange<K>,
    reverse: boolean,
  ): AsyncIterable<KeyedTimeEntry> {
    const from = keys.from === undefined ? undefined : this.serdes.keyBytes(keys.from)
    const to = keys.to === undefined ? undefined : this.serdes.keyBytes(keys.to)
    return this.entries.all(fromMs, toMs, { from, to, reverse })
  }

  /** The window, once the serdes can read its key and value. */
  protected async prepared({ key, timeMs, value }: KeyedTimeEntry, second: number): Promise<Windowed<K>> {
    await this.serdes.prepare(key, this.valueIn(value))
    return this.windowed(key, timeMs, second)
  }

  /** Event time of the record in process. */
  protected get recordTimestamp(): number {
    return (this.context.currentRecord() ?? NO_RECORD).timestamp
  }

  protected requireTimeOrdered(): void {
    if (!this.#settings.timeOrdered)
      throw new InvalidStoreArgumentError(this.name, 'it was not built with `timeOrdered`')
  }

  // ---- inside

  #letGo({ key, timeMs, second, before, after, timestamp, context }: DeferredUpdate): void {
    const listener = this.#listener
    // As in Java: the delete of what came and went within the cache, or never was, is nobody's business.
    if (listener !== undefined && after === undefined && before === undefined) return
    this.log(key, timeMs, second, after, timestamp, context)
    listener?.({
      key: this.windowed(key, timeMs, second),
      newValue: after === undefined ? null : this.serdes.valueOf(after),
      oldValue: before === undefined || !this.#sendOldValues ? null : this.serdes.valueOf(this.valueIn(before)),
      timestamp,
      context,
    })
  }
}
