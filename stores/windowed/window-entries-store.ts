import type { ConsumedRecord } from '../../lib/core/record.ts'
import { Windowed } from '../../lib/core/windowed.ts'
import { InvalidStoreArgumentError } from '../errors.ts'
import type { KeyRange, StoreContext, TimeRange, WindowStore } from '../store.ts'
import { WINDOW_TIMES_BYTES, windowKey } from './changelog-keys.ts'
import type { KeyedTimeEntry } from './time-entries.ts'
import { type WindowStoreSettings, windowEntriesOptions } from './window-options.ts'
import { WindowedStore } from './windowed-store.ts'

const SEQUENCE_BYTES = 4
const MAX_SEQUENCE = 0x7fffffff
const NO_TAIL = Buffer.alloc(0)

/**
 * Windows of keys over TimeEntries. What differs between kinds of stores is the form of an entry: see the classes that extend this one.
 *
 * `E` is what users put and get; `V` is what the value serde takes.
 */
export abstract class WindowEntriesStore<K, V, E> extends WindowedStore<K, V> implements WindowStore<K, E> {
  readonly #settings: WindowStoreSettings<K, V>

  constructor(name: string, settings: WindowStoreSettings<K, V>, context: StoreContext) {
    // Duplicates do not become one.
    const caching = settings.caching && !settings.retainDuplicates
    super(name, { ...settings, caching }, windowEntriesOptions(settings), context)
    this.#settings = settings
  }

  // ---- what an entry looks like

  /** The value of what is put; null if it stands for a delete. */
  protected abstract takeValue(entry: E): V | null
  /** The event time that the changelog gets with an entry. */
  protected abstract timestampOf(entry: E): number
  protected abstract decode(bytes: Buffer): E

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
    const value = entry === null ? null : this.takeValue(entry)
    const timestamp = value === null ? this.recordTimestamp : this.timestampOf(entry!)
    const bytes = value === null ? undefined : this.serdes.valueBytes(value)
    const sequence = retainDuplicates ? this.#nextSequence() : 0
    if (retainDuplicates && bytes === undefined) {
      // Deletes nothing, as no entry is meant; Java logs it all the same.
      this.log(keyBytes, startMs, sequence, bytes, timestamp, this.context.currentRecord())
    } else this.write(keyBytes, startMs, sequence, bytes, timestamp)
  }

  fetch(key: K, startMs: number): E | undefined
  fetch(key: K, range: TimeRange): readonly (readonly [startMs: number, value: E])[]
  fetch(key: K, at: number | TimeRange): E | undefined | readonly (readonly [startMs: number, value: E])[] {
    if (typeof at !== 'number') return this.#range(key, at)
    const keyBytes = this.serdes.keyBytes(key)
    if (this.#settings.retainDuplicates) return this.#range(key, { fromMs: at, toMs: at })[0]?.[1]
    const bytes = this.entries.get(keyBytes, at, NO_TAIL)
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
    this.requireTimeOrdered()
    const from = Math.max(fromMs, this.entries.oldestMs)
    const tailBytes = this.#settings.retainDuplicates ? SEQUENCE_BYTES : 0
    for await (const entry of this.entries.byTime(from, toMs, tailBytes)) yield await this.#entry(entry)
  }

  // ---- for the task

  restore(record: ConsumedRecord): void {
    const { key, value, timestamp } = record
    if (key === null) return
    const { entries } = this
    const { retainDuplicates } = this.#settings
    const keyEnd = key.length - WINDOW_TIMES_BYTES
    const sequenceAt = key.length - SEQUENCE_BYTES
    const sequence = key.readInt32BE(sequenceAt)
    entries.restored(timestamp)
    if (sequence > entries.counter) entries.counter = sequence
    if (value !== null || !retainDuplicates)
      this.restoreEntry(key, keyEnd, retainDuplicates ? key.length : sequenceAt, record)
  }

  // ---- inside

  protected undefinedPut(): InvalidStoreArgumentError {
    return new InvalidStoreArgumentError(this.name, 'undefined was put; null deletes (is a return missing?)')
  }

  protected tailOf(sequence: number): Buffer {
    return this.#settings.retainDuplicates ? sequenceTail(sequence) : NO_TAIL
  }

  protected logKey(key: Buffer, startMs: number, sequence: number): Buffer {
    return windowKey(key, startMs, sequence)
  }

  protected windowed(key: Buffer, startMs: number): Windowed<K> {
    const { ends, windowSizeMs } = this.#settings
    const endMs = ends === undefined ? Math.min(startMs + windowSizeMs, Number.MAX_SAFE_INTEGER) : ends.endOf(startMs)
    return new Windowed(this.serdes.keyOf(key), startMs, endMs)
  }

  #range(key: K, { fromMs, toMs }: TimeRange): (readonly [number, E])[] {
    const found: (readonly [number, E])[] = []
    this.entries.scan(this.serdes.keyBytes(key), fromMs, toMs, (startMs, bytes) =>
      found.push([startMs, this.decode(bytes)]),
    )
    return found
  }

  async *#all(
    { fromMs, toMs }: TimeRange,
    keys: KeyRange<K>,
    reverse: boolean,
  ): AsyncGenerator<readonly [Windowed<K>, E], void, undefined> {
    for await (const entry of this.allEntries(fromMs, toMs, keys, reverse)) yield await this.#entry(entry)
  }

  async #entry(entry: KeyedTimeEntry): Promise<readonly [Windowed<K>, E]> {
    return [await this.prepared(entry, 0), this.decode(entry.value)]
  }

  #nextSequence(): number {
    const { counter } = this.entries
    this.entries.counter = counter === MAX_SEQUENCE ? 0 : counter + 1
    return this.entries.counter
  }
}

function sequenceTail(sequence: number): Buffer {
  const tail = Buffer.allocUnsafe(SEQUENCE_BYTES)
  tail.writeInt32BE(sequence)
  return tail
}
