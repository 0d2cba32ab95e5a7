import type { ConsumedRecord } from '../../lib/core/record.ts'
import { Windowed } from '../../lib/core/windowed.ts'
import { readInt64, writeInt64 } from '../../lib/serde/int64.ts'
import { InvalidStoreArgumentError } from '../errors.ts'
import { headersToLog } from '../log-headers.ts'
import { NO_RECORD } from '../logged-rows.ts'
import type {
  FlushListener,
  KeyRange,
  RecordContext,
  SessionRange,
  SessionStore,
  StoreContext,
  TimeRange,
} from '../store.ts'
import { StoreSerdes } from '../store-serdes.ts'
import { readSessionKey, sessionKey } from './changelog-keys.ts'
import { type DeferredUpdate, DeferredUpdates } from './deferred-updates.ts'
import { type KeyedTimeEntry, TimeEntries } from './time-entries.ts'
import { sessionEntriesOptions, type WindowedStoreSettings } from './window-options.ts'

const TIME_BYTES = 8
const ALL: SessionRange = { earliestEndMs: 0, latestStartMs: Number.MAX_SAFE_INTEGER }

/**
 * Sessions of keys over TimeEntries: an entry's time is the session's end, the tail of its sort key the start.
 */
export class SessionEntriesStore<K, A> implements SessionStore<K, A> {
  readonly name: string
  readonly #serdes: StoreSerdes<K, A>
  readonly #settings: WindowedStoreSettings<K, A>
  readonly #context: StoreContext
  readonly #entries: TimeEntries
  readonly #deferred: DeferredUpdates | undefined
  #listener: FlushListener<Windowed<K>, A> | undefined
  #sendOldValues = false

  constructor(name: string, settings: WindowedStoreSettings<K, A>, context: StoreContext) {
    this.name = name
    this.#serdes = new StoreSerdes(name, context.changelogTopic, settings)
    this.#settings = settings
    this.#context = context
    this.#entries = new TimeEntries(context.rows, sessionEntriesOptions(settings))
    const { cacheBudget } = context
    if (settings.caching && cacheBudget !== undefined && cacheBudget.limitBytes > 0) {
      this.#deferred = new DeferredUpdates(name, { ...context, cacheBudget }, (update) => this.#letGo(update))
    }
  }

  // ---- reads and writes

  put({ key, window: { startMs, endMs } }: Windowed<K>, aggregate: A | null): void {
    this.#requireSession(startMs, endMs)
    if (aggregate === undefined) {
      throw new InvalidStoreArgumentError(this.name, 'undefined was put; null removes (is a return missing?)')
    }
    const keyBytes = this.#serdes.keyBytes(key)
    const bytes = aggregate === null ? undefined : this.#serdes.valueBytes(aggregate)
    const { timestamp } = this.#context.currentRecord() ?? NO_RECORD
    const tail = startTail(startMs)
    this.#entries.observe(endMs)
    if (endMs < this.#entries.oldestMs) this.#context.expired()
    this.#deferred?.add(keyBytes, endMs, startMs, () => this.#entries.get(keyBytes, endMs, tail), bytes, timestamp)
    this.#entries.put(keyBytes, endMs, tail, bytes ?? null)
    if (this.#context.changelogOffset !== undefined) this.#entries.logged(endMs, this.#context.changelogOffset)
    if (this.#deferred === undefined) {
      this.#log(sessionKey(keyBytes, startMs, endMs), bytes, timestamp, this.#context.currentRecord())
    } else if (this.#deferred.isFull) this.#deferred.flush()
  }

  remove(session: Windowed<K>): void {
    this.put(session, null)
  }

  fetchSession(key: K, startMs: number, endMs: number): A | undefined {
    this.#requireSession(startMs, endMs)
    const bytes = this.#entries.get(this.#serdes.keyBytes(key), endMs, startTail(startMs))
    return bytes === undefined ? undefined : this.#serdes.valueOf(bytes)
  }

  findSessions(key: K, { earliestEndMs, latestStartMs }: SessionRange): readonly (readonly [Windowed<K>, A])[] {
    const found: (readonly [Windowed<K>, A])[] = []
    const keyBytes = this.#serdes.keyBytes(key)
    this.#entries.scan(keyBytes, earliestEndMs, Number.MAX_SAFE_INTEGER, (endMs, value, leaf, tailStart) => {
      const startMs = readInt64(leaf, tailStart)
      if (startMs <= latestStartMs) found.push([new Windowed(key, startMs, endMs), this.#serdes.valueOf(value)])
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
    if (!this.#settings.timeOrdered)
      throw new InvalidStoreArgumentError(this.name, 'it was not built with `timeOrdered`')
    for await (const entry of this.#entries.byTime(fromMs, toMs, TIME_BYTES)) yield await this.#session(entry)
  }

  setFlushListener(
    listener: FlushListener<Windowed<K>, A>,
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
    const { key, startMs, endMs } = readSessionKey(logged)
    // A restore that has to start over empties the rows below.
    this.#entries.reload()
    this.#entries.restored(Math.max(timestamp, endMs))
    this.#entries.observe(endMs)
    this.#entries.logged(endMs, () => offset)
    this.#entries.put(key, endMs, startTail(startMs), value)
    // What was observed is written with what was restored.
    this.#entries.flush()
  }

  // ---- inside

  async *#all(
    { earliestEndMs, latestStartMs }: SessionRange,
    keys: KeyRange<K>,
    reverse: boolean,
  ): AsyncGenerator<readonly [Windowed<K>, A], void, undefined> {
    const bounds = {
      from: keys.from === undefined ? undefined : this.#serdes.keyBytes(keys.from),
      to: keys.to === undefined ? undefined : this.#serdes.keyBytes(keys.to),
      reverse,
    }
    for await (const entry of this.#entries.all(earliestEndMs, Number.MAX_SAFE_INTEGER, bounds)) {
      if (startOf(entry) <= latestStartMs) yield await this.#session(entry)
    }
  }

  async #session(entry: KeyedTimeEntry): Promise<readonly [Windowed<K>, A]> {
    const { key, timeMs, value } = entry
    await this.#serdes.prepare(key, value)
    return [new Windowed(this.#serdes.keyOf(key), startOf(entry), timeMs), this.#serdes.valueOf(value)]
  }

  #letGo({ key, timeMs, sessionStartMs, before, after, timestamp, context }: DeferredUpdate): void {
    // As in Java: the end of a session that came and went within the cache, or never was, is nobody's business.
    if (this.#listener !== undefined && after === undefined && before === undefined) return
    this.#log(sessionKey(key, sessionStartMs, timeMs), after, timestamp, context)
    this.#listener?.({
      key: new Windowed(this.#serdes.keyOf(key), sessionStartMs, timeMs),
      newValue: after === undefined ? null : this.#serdes.valueOf(after),
      oldValue: before === undefined || !this.#sendOldValues ? null : this.#serdes.valueOf(before),
      timestamp,
      context,
    })
  }

  #log(key: Buffer, bytes: Buffer | undefined, timestamp: number, record: RecordContext | undefined): void {
    const headers = headersToLog(this.#settings.logHeaders, bytes === undefined, record)
    this.#context.log(key, bytes ?? null, timestamp, headers)
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
