import type { ConsumedRecord } from '../../lib/core/record.ts'
import { Windowed } from '../../lib/core/windowed.ts'
import { readInt64, writeInt64 } from '../../lib/serde/int64.ts'
import { InvalidStoreArgumentError } from '../errors.ts'
import type { KeyRange, SessionRange, SessionStore, StoreContext, TimeRange } from '../store.ts'
import { SESSION_TIMES_BYTES, sessionKey } from './changelog-keys.ts'
import type { KeyedTimeEntry } from './time-entries.ts'
import { sessionEntriesOptions, type WindowedStoreSettings } from './window-options.ts'
import { WindowedStore } from './windowed-store.ts'

const TIME_BYTES = 8
const NO_HEAD = Buffer.alloc(0)
const ALL: SessionRange = { earliestEndMs: 0, latestStartMs: Number.MAX_SAFE_INTEGER }

/**
 * Sessions of keys over TimeEntries: an entry's time is the session's end, the tail of its sort key the start.
 */
export class SessionEntriesStore<K, A> extends WindowedStore<K, A> implements SessionStore<K, A> {
  constructor(name: string, settings: WindowedStoreSettings<K, A>, context: StoreContext) {
    super(name, settings, sessionEntriesOptions(settings), context)
  }

  // ---- reads and writes

  put({ key, window: { startMs, endMs } }: Windowed<K>, aggregate: A | null): void {
    this.#requireSession(startMs, endMs)
    if (aggregate === undefined) {
      throw new InvalidStoreArgumentError(this.name, 'undefined was put; null removes (is a return missing?)')
    }
    const keyBytes = this.serdes.keyBytes(key)
    const bytes = aggregate === null ? undefined : this.serdes.valueBytes(aggregate)
    this.write(keyBytes, endMs, startMs, bytes, this.recordTimestamp)
  }

  remove(session: Windowed<K>): void {
    this.put(session, null)
  }

  fetchSession(key: K, startMs: number, endMs: number): A | undefined {
    this.#requireSession(startMs, endMs)
    const bytes = this.entries.get(this.serdes.keyBytes(key), endMs, startTail(startMs))
    return bytes === undefined ? undefined : this.serdes.valueOf(bytes)
  }

  findSessions(key: K, { earliestEndMs, latestStartMs }: SessionRange): readonly (readonly [Windowed<K>, A])[] {
    const found: (readonly [Windowed<K>, A])[] = []
    const keyBytes = this.serdes.keyBytes(key)
    this.entries.scan(keyBytes, earliestEndMs, Number.MAX_SAFE_INTEGER, (endMs, value, leaf, tailStart) => {
      const startMs = readInt64(leaf, tailStart)
      if (startMs <= latestStartMs) found.push([new Windowed(key, startMs, endMs), this.serdes.valueOf(value)])
    })
    return found
  }

  backwardFindSessions(key: K, range: SessionRange): readonly (readonly [Windowed<K>, A])[] {
    return this.findSessions(key, range).toReversed()
  }

  fetch(key: K): readonly (readonly [Windowed<K>, A])[] {
    return this.findSessions(key, ALL)
  }

  findAllSessions(range: SessionRange, keys: KeyRange<K> = {}): AsyncIterable<readonly [Windowed<K>, A]> {
    return this.#all(range, keys, false)
  }

  backwardFindAllSessions(range: SessionRange, keys: KeyRange<K> = {}): AsyncIterable<readonly [Windowed<K>, A]> {
    return this.#all(range, keys, true)
  }

  async *findByEnd({ fromMs, toMs }: TimeRange): AsyncGenerator<readonly [Windowed<K>, A], void, undefined> {
    this.requireTimeOrdered()
    for await (const entry of this.entries.byTime(fromMs, toMs, TIME_BYTES)) yield await this.#session(entry)
  }

  // ---- for the task

  restore(record: ConsumedRecord): void {
    const { key, timestamp } = record
    if (key === null) return
    const keyEnd = key.length - SESSION_TIMES_BYTES
    this.entries.restored(Math.max(timestamp, readInt64(key, keyEnd)))
    this.restoreEntry(key, keyEnd, key.length, record)
  }

  // ---- inside

  protected tailOf(startMs: number): Buffer {
    return startTail(startMs)
  }

  protected headOf(): Buffer {
    return NO_HEAD
  }

  protected valueIn(entry: Buffer): Buffer {
    return entry
  }

  protected logKey(key: Buffer, endMs: number, startMs: number): Buffer {
    return sessionKey(key, startMs, endMs)
  }

  protected windowed(key: Buffer, endMs: number, startMs: number): Windowed<K> {
    return new Windowed(this.serdes.keyOf(key), startMs, endMs)
  }

  async *#all(
    { earliestEndMs, latestStartMs }: SessionRange,
    keys: KeyRange<K>,
    reverse: boolean,
  ): AsyncGenerator<readonly [Windowed<K>, A], void, undefined> {
    for await (const entry of this.allEntries(earliestEndMs, Number.MAX_SAFE_INTEGER, keys, reverse)) {
      if (startOf(entry) <= latestStartMs) yield await this.#session(entry)
    }
  }

  async #session(entry: KeyedTimeEntry): Promise<readonly [Windowed<K>, A]> {
    return [await this.prepared(entry, startOf(entry)), this.serdes.valueOf(entry.value)]
  }

  #requireSession(startMs: number, endMs: number): void {
    const valid = Number.isSafeInteger(startMs) && Number.isSafeInteger(endMs) && startMs >= 0 && endMs >= startMs
    if (valid) return
    throw new InvalidStoreArgumentError(
      this.name,
      `a session cannot last from ${startMs} to ${endMs}: both are whole milliseconds from 0 on, in this order`,
    )
  }
}

function startTail(startMs: number): Buffer {
  const tail = Buffer.allocUnsafe(TIME_BYTES)
  writeInt64(tail, startMs, 0)
  return tail
}

function startOf({ tail }: KeyedTimeEntry): number {
  return readInt64(tail, 0)
}
