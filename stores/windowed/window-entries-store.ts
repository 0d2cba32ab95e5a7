import type { ConsumedRecord } from '../../lib/core/record.ts'
import { Windowed } from '../../lib/core/windowed.ts'
import { InvalidStoreArgumentError } from '../errors.ts'
import { headersToLog } from '../log-headers.ts'
import { NO_RECORD } from '../logged-rows.ts'
import type { FlushListener, KeyRange, RecordContext, StoreContext, TimeRange, WindowStore } from '../store.ts'
import { StoreSerdes } from '../store-serdes.ts'
import { readWindowKey, windowKey } from './changelog-keys.ts'
import { type DeferredUpdate, DeferredUpdates } from './deferred-updates.ts'
import { type KeyedTimeEntry, TimeEntries } from './time-entries.ts'
import { type WindowStoreSettings, windowEntriesOptions } from './window-options.ts'

const SEQUENCE_BYTES = 4
const MAX_SEQUENCE = 0x7fffffff
const NO_TAIL = Buffer.alloc(0)

/**
 * Windows of keys over TimeEntries. What differs between kinds of stores is the form of an entry: see the classes that extend this one.
 *
 * `E` is what users put and get; `V` is what the value serde takes.
 */
export abstract class WindowEntriesStore<K, V, E> implements WindowStore<K, E> {
  readonly name: string
  protected readonly serdes: StoreSerdes<K, V>
  readonly #settings: WindowStoreSettings<K, V>
  readonly #context: StoreContext
  readonly #entries: TimeEntries
  readonly #deferred: DeferredUpdates | undefined
  #listener: FlushListener<Windowed<K>, V> | undefined
  #sendOldValues = false

  constructor(name: string, settings: WindowStoreSettings<K, V>, context: StoreContext) {
    this.name = name
    this.serdes = new StoreSerdes(name, context.changelogTopic, settings)
    this.#settings = settings
    this.#context = context
    this.#entries = new TimeEntries(context.rows, windowEntriesOptions(settings))
    const { cacheBudget } = context
    if (settings.caching && !settings.retainDuplicates && cacheBudget !== undefined && cacheBudget.limitBytes > 0) {
      this.#deferred = new DeferredUpdates(name, { ...context, cacheBudget }, (update) => this.#letGo(update))
    }
  }

  // ---- what an entry looks like

  /** The bytes of an entry; undefined if it stands for a delete. */
  protected abstract encode(entry: E): Buffer | undefined
  /** The event time that the changelog gets with an entry. */
  protected abstract timestampOf(bytes: Buffer): number
  protected abstract decode(bytes: Buffer): E
  /** The value's bytes in an entry: what the changelog gets. */
  protected abstract valueBytes(bytes: Buffer): Buffer
  /** The entry that a record of the changelog stands for. */
  protected abstract restored(value: Buffer, timestamp: number): Buffer

  // ---- reads and writes

  put(key: K, entry: E | null, startMs: number): void {
    if (!Number.isSafeInteger(startMs) || startMs < 0) {
      throw new InvalidStoreArgumentError(
        this.name,
        `a window cannot start at ${startMs}: it takes whole milliseconds from 0 on`,
      )
    }
    if (entry === undefined) throw this.undefinedPut()
    const { retainDuplicates } = this.#settings
    const keyBytes = this.serdes.keyBytes(key)
    const bytes = entry === null ? undefined : this.encode(entry)
    const timestamp = bytes === undefined ? this.recordTimestamp : this.timestampOf(bytes)
    if (retainDuplicates && bytes === undefined) {
      // Deletes nothing, as no entry is meant; Java logs it all the same.
      const nothing = windowKey(keyBytes, startMs, this.#nextSequence())
      this.#log(nothing, undefined, timestamp, this.#context.currentRecord())
      return
    }
    const sequence = retainDuplicates ? this.#nextSequence() : 0
    const tail = retainDuplicates ? sequenceTail(sequence) : NO_TAIL
    this.#entries.observe(startMs)
    if (startMs < this.#entries.oldestMs) this.#context.expired()
    this.#deferred?.add(keyBytes, startMs, 0, () => this.#entries.get(keyBytes, startMs, tail), bytes, timestamp)
    this.#entries.put(keyBytes, startMs, tail, bytes ?? null)
    if (this.#context.changelogOffset !== undefined) this.#entries.logged(startMs, this.#context.changelogOffset)
    if (this.#deferred === undefined) {
      this.#log(windowKey(keyBytes, startMs, sequence), bytes, timestamp, this.#context.currentRecord())
    } else if (this.#deferred.isFull) this.#deferred.flush()
  }

  fetch(key: K, startMs: number): E | undefined
  fetch(key: K, range: TimeRange): readonly (readonly [startMs: number, value: E])[]
  fetch(key: K, at: number | TimeRange): E | undefined | readonly (readonly [startMs: number, value: E])[] {
    if (typeof at !== 'number') return this.#range(key, at)
    const keyBytes = this.serdes.keyBytes(key)
    if (this.#settings.retainDuplicates) return this.#range(key, { fromMs: at, toMs: at })[0]?.[1]
    const bytes = this.#entries.get(keyBytes, at, NO_TAIL)
    return bytes === undefined ? undefined : this.decode(bytes)
  }

  backwardFetch(key: K, range: TimeRange): readonly (readonly [startMs: number, value: E])[] {
    return this.#range(key, range).toReversed()
  }

  fetchAll(range: TimeRange, keys: KeyRange<K> = {}): AsyncIterable<readonly [Windowed<K>, E]> {
    return this.#all(range, keys, false)
  }

  backwardFetchAll(range: TimeRange, keys: KeyRange<K> = {}): AsyncIterable<readonly [Windowed<K>, E]> {
    return this.#all(range, keys, true)
  }

  all(): AsyncIterable<readonly [Windowed<K>, E]> {
    return this.#all({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }, {}, false)
  }

  backwardAll(): AsyncIterable<readonly [Windowed<K>, E]> {
    return this.#all({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }, {}, true)
  }

  /** See TimestampedWindowStore. */
  async *fetchByTime({ fromMs, toMs }: TimeRange): AsyncGenerator<readonly [Windowed<K>, E], void, undefined> {
    if (!this.#settings.timeOrdered)
      throw new InvalidStoreArgumentError(this.name, 'it was not built with `timeOrdered`')
    const from = Math.max(fromMs, this.#entries.oldestMs)
    const tailBytes = this.#settings.retainDuplicates ? SEQUENCE_BYTES : 0
    for await (const entry of this.#entries.byTime(from, toMs, tailBytes)) yield await this.#windowed(entry)
  }

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
    this.#entries.flush()
  }

  discard(): void {
    this.#deferred?.discard()
  }

  get neededChangelogOffset(): number | undefined {
    return this.#entries.lowestLoggedOffset
  }

  get restoredTimeMs(): number {
    return this.#entries.restoredMs
  }

  restore({ key: logged, value, timestamp, offset }: ConsumedRecord): void {
    if (logged === null) return
    const { key, startMs, sequence } = readWindowKey(logged)
    const tail = this.#settings.retainDuplicates ? sequenceTail(sequence) : NO_TAIL
    // A restore that has to start over empties the rows below.
    this.#entries.reload()
    this.#entries.restored(timestamp)
    if (sequence > this.#entries.counter) this.#entries.counter = sequence
    if (value !== null || !this.#settings.retainDuplicates) {
      this.#entries.observe(startMs)
      this.#entries.logged(startMs, () => offset)
      const entry = value === null ? null : this.restored(value, timestamp)
      this.#entries.put(key, startMs, tail, entry)
    }
    // What was observed is written with what was restored.
    this.#entries.flush()
  }

  // ---- inside

  /** Event time of the record in process. */
  protected get recordTimestamp(): number {
    return (this.#context.currentRecord() ?? NO_RECORD).timestamp
  }

  protected undefinedPut(): InvalidStoreArgumentError {
    return new InvalidStoreArgumentError(this.name, 'undefined was put; null deletes (is a return missing?)')
  }

  #range(key: K, { fromMs, toMs }: TimeRange): (readonly [number, E])[] {
    const found: (readonly [number, E])[] = []
    this.#entries.scan(this.serdes.keyBytes(key), fromMs, toMs, (startMs, bytes) =>
      found.push([startMs, this.decode(bytes)]),
    )
    return found
  }

  async *#all(
    { fromMs, toMs }: TimeRange,
    keys: KeyRange<K>,
    reverse: boolean,
  ): AsyncGenerator<readonly [Windowed<K>, E], void, undefined> {
    const bounds = {
      from: keys.from === undefined ? undefined : this.serdes.keyBytes(keys.from),
      to: keys.to === undefined ? undefined : this.serdes.keyBytes(keys.to),
      reverse,
    }
    for await (const entry of this.#entries.all(fromMs, toMs, bounds)) yield await this.#windowed(entry)
  }

  async #windowed({ key, timeMs, value }: KeyedTimeEntry): Promise<readonly [Windowed<K>, E]> {
    await this.serdes.prepare(key, this.valueBytes(value))
    return [this.#window(key, timeMs), this.decode(value)]
  }

  #window(key: Buffer, startMs: number): Windowed<K> {
    const { ends, windowSizeMs } = this.#settings
    const endMs = ends === undefined ? Math.min(startMs + windowSizeMs, Number.MAX_SAFE_INTEGER) : ends.endOf(startMs)
    return new Windowed(this.serdes.keyOf(key), startMs, endMs)
  }

  #letGo({ key, timeMs, before, after, timestamp, context }: DeferredUpdate): void {
    // As in Java: the delete of what came and went within the cache, or never was, is nobody's business.
    if (this.#listener !== undefined && after === undefined && before === undefined) return
    this.#log(windowKey(key, timeMs, 0), after, timestamp, context)
    this.#listener?.({
      key: this.#window(key, timeMs),
      newValue: after === undefined ? null : this.serdes.valueOf(this.valueBytes(after)),
      oldValue: before === undefined || !this.#sendOldValues ? null : this.serdes.valueOf(this.valueBytes(before)),
      timestamp,
      context,
    })
  }

  #log(key: Buffer, bytes: Buffer | undefined, timestamp: number, record: RecordContext | undefined): void {
    const headers = headersToLog(this.#settings.logHeaders, bytes === undefined, record)
    this.#context.log(key, bytes === undefined ? null : this.valueBytes(bytes), timestamp, headers)
  }

  #nextSequence(): number {
    const { counter } = this.#entries
    this.#entries.counter = counter === MAX_SEQUENCE ? 0 : counter + 1
    return this.#entries.counter
  }
}

function sequenceTail(sequence: number): Buffer {
  const tail = Buffer.allocUnsafe(SEQUENCE_BYTES)
  tail.writeInt32BE(sequence)
  return tail
}
