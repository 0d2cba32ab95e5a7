import { readInt64, writeInt64 } from '../../lib/serde/int64.ts'
import { GroupRows } from '../grouped/group-rows.ts'
import type { Entry, VisitEntry } from '../grouped/leaf.ts'
import { firstKeptSegment, SEGMENT_BYTES, segmentOf, segmentPrefix, writeSegment } from '../segment.ts'
import type { Rows } from '../store.ts'
import { StoreTime } from '../store-time.ts'
import { GatheredEntries } from './gathered-entries.ts'
import { LoggedSegments } from './logged-segments.ts'
import { type Bucket, TimeBuckets } from './time-buckets.ts'

// The first byte of a row's key.
const META = Buffer.of(0)
const ENTRIES = 1
const BY_TIME = 2
const LOGGED = Buffer.of(3)

const TIME_BYTES = 8
const INDEX_PREFIX_BYTES = 1 + TIME_BYTES
const PREFIX_BYTES = 1 + SEGMENT_BYTES
const BUCKET_BYTES = 2
const EMPTY: Buffer = Buffer.alloc(0)
/** Sort keys at hand, a power of two: windows of different keys start at the same times. */
const SORT_KEYS = 16
const GOLDEN = 0x9e3779b1
const NO_BUCKET: Bucket = { segment: -1, index: 0, startMs: 0, endMs: 0 }

export interface TimeEntriesOptions {
  /** How long entries can be seen after the latest time that was observed, in event milliseconds. */
  readonly retentionMs: number
  /** Entries are dropped segment by segment. */
  readonly segmentMs: number
  /** Entries of one key within this time lie in one group, read together. At least a 65536th of a segment. */
  readonly bucketMs: number
  /** Keeps an index by time, for `byTime`. */
  readonly timeOrdered: boolean
  /** Whether an entry is still seen when it is exactly `retentionMs` old. */
  readonly retentionInclusive: boolean
}

/**
 * An entry of one key: its time, its value, and where it was found: what follows the time in its sort key, the *tail*, starts at `tailStart` of `leaf`.
 */
export type VisitTimeEntry = (timeMs: number, value: Buffer, leaf: Buffer, tailStart: number) => void

/** An entry with its key. */
export interface KeyedTimeEntry {
  readonly key: Buffer
  readonly timeMs: number
  /** What follows the time in the sort key; empty if nothing does. */
  readonly tail: Buffer
  readonly value: Buffer
}

/**
 * Entries by key and time, under windows and sessions: what lies close in time is read together, and what has expired is dropped in ranges.
 *
 * Rows: `1 ‖ segment ‖ key ‖ bucket` is a group (see GroupRows) with the entries of one key and bucket, by time, then tail; `2 ‖ time ‖ tail ‖ key` an index
 * entry; `0` the observed time, a counter and the time restored; `3` see LoggedSegments.
 *
 * Times are at least 0. Whether an entry can be seen is a matter of time alone (`oldestMs`), as in Java. Its bytes go when its whole segment has expired:
 * with the commit after that, or, if the process dies between, with the first one of its next life.
 */
export class TimeEntries {
  readonly #rows: Rows
  readonly #groups: GroupRows
  readonly #options: TimeEntriesOptions
  readonly #buckets: TimeBuckets
  readonly #time: StoreTime
  readonly #logged: LoggedSegments
  readonly #gathered: GatheredEntries
  /** The bucket of the last entry that was restored, and the latest time that the rows had when the first one since the last flush was. */
  #restoredBucket: Bucket = NO_BUCKET
  #inRowsMs = -1
  #droppedBefore = 0
  // get, then put of one key and bucket: the group's key is made once.
  #lastKey: Buffer | undefined
  #lastBucket: Bucket = NO_BUCKET
  #lastGroup = EMPTY
  readonly #sortTimes: number[] = Array.from({ length: SORT_KEYS }, () => -1)
  readonly #sortKeys: Buffer[] = Array.from({ length: SORT_KEYS }, () => EMPTY)

  constructor(rows: Rows, options: TimeEntriesOptions) {
    this.#rows = rows
    this.#groups = new GroupRows(rows)
    this.#options = options
    this.#time = new StoreTime(rows, META)
    this.#logged = new LoggedSegments(rows, LOGGED, options.segmentMs)
    this.#buckets = new TimeBuckets(options.segmentMs, options.bucketMs)
    this.#gathered = new GatheredEntries(this.#groups, groupOfText)
  }

  /** The latest time put; -1 before the first. */
  get observedMs(): number {
    return this.#time.observedMs
  }

  /** The time of the oldest entry that can be seen. */
  get oldestMs(): number {
    return this.observedMs - this.#options.retentionMs + (this.#options.retentionInclusive ? 0 : 1)
  }

  /** The start of the oldest segment that is kept; up to a segment before `oldestMs`. */
  get keptMs(): number {
    const { retentionMs, segmentMs } = this.#options
    return firstKeptSegment(this.#time.observedMs, retentionMs, segmentMs) * segmentMs
  }

  /** A number that the store counts up, 0 at first; kept with the entries. */
  get counter(): number {
    return this.#time.counter
  }

  set counter(value: number) {
    this.#time.counter = value
  }

  /** The latest event time of a record that was restored; -1 if there was none. */
  get restoredMs(): number {
    return this.#time.restoredMs
  }

  /** Says that a record of this event time was restored. */
  restored(timeMs: number): void {
    this.#time.restored(timeMs)
  }

  /** Says that an entry with this time is logged at `offset()`, or later. */
  logged(timeMs: number, offset: () => number): void {
    this.#logged.add(timeMs, offset)
  }

  /** The lowest offset at which something that is kept may have been logged; undefined if nothing was. */
  get lowestLoggedOffset(): number | undefined {
    return this.#logged.lowest
  }

  /** Raises the observed time. */
  observe(timeMs: number): void {
    this.#time.observe(timeMs)
  }

  /** Undefined also if the entry has expired. */
  get(key: Buffer, timeMs: number, tail: Buffer): Buffer | undefined {
    return timeMs < this.oldestMs ? undefined : this.#get(key, timeMs, tail)
  }

  /** Writes an entry, its value `head` and `value` in one, or deletes it (null); one whose segment has expired is left alone. */
  put(key: Buffer, timeMs: number, tail: Buffer, value: Buffer | null, head = EMPTY): void {
    if (timeMs < this.keptMs) return
    const added = this.#groups.put(this.#group(key, timeMs), this.#sort(timeMs, tail), value, head)
    if (this.#options.timeOrdered && added !== 0) this.#rows.put(indexKey(timeMs, tail, key), added > 0 ? EMPTY : null)
  }

  /**
   * As `observe` and `put`, for what is restored: reads see it after the next flush. All Buffers may change after the call.
   *
   * @param keyText - The key, one character a byte.
   * @param sort - The entry's time and tail.
   */
  restore(keyText: string, timeMs: number, sort: Buffer, value: Buffer | null, head: Buffer): void {
    const gathered = this.#gathered
    if (gathered.isEmpty) {
      this.#inRowsMs = this.observedMs
      this.#restoredBucket = NO_BUCKET
    }
    this.observe(timeMs)
    if (timeMs < this.keptMs) return
    if (timeMs < this.#restoredBucket.startMs || timeMs >= this.#restoredBucket.endMs) {
      this.#restoredBucket = this.#buckets.at(timeMs)
      gathered.enter(this.#restoredBucket, this.#restoredBucket.startMs > this.#inRowsMs)
    }
    const added = gathered.put(keyText, sort, value, head)
    if (!this.#options.timeOrdered || added === 0) return
    const key = Buffer.from(keyText, 'latin1')
    this.#rows.load(indexKey(timeMs, sort.subarray(TIME_BYTES), key), added > 0 ? EMPTY : null)
  }

  /** Bytes that were restored since the last flush and are not among the rows yet. */
  get gatheredBytes(): number {
    return this.#gathered.bytes
  }

  /** Puts what was restored among the rows; where the iteration stands, other work may get its turn. */
  flushGathered(): Iterable<void> {
    return this.#gathered.flush()
  }

  /** Visits the entries of a key whose time lies in the range, both ends inclusive, by time, then tail. */
  scan(key: Buffer, fromMs: number, toMs: number, visit: VisitTimeEntry): void {
    const lower = Math.max(fromMs, this.oldestMs, 0)
    const upper = Math.min(toMs, this.observedMs)
    if (!(lower <= upper)) return
    // Sort keys that begin with the time after the last one are above its bare time, but for that itself: without a tail it is left out below.
    const [from, before] = [sortKey(lower, EMPTY), sortKey(upper + 1, EMPTY)]
    const visitEntry: VisitEntry = (leaf, sortStart, valueStart, end) => {
      const timeMs = readInt64(leaf, sortStart)
      if (timeMs <= upper) visit(timeMs, leaf.subarray(valueStart, end), leaf, sortStart + TIME_BYTES)
    }
    for (let timeMs = lower; timeMs <= upper; timeMs = this.#lastBucket.endMs) {
      this.#groups.scan(this.#group(key, timeMs), from, before, visitEntry)
    }
  }

  /** All entries in the range of times, and of keys if given: by segment, then by key and time. From a snapshot. */
  async *all(
    fromMs: number,
    toMs: number,
    keys: { readonly from?: Buffer | undefined; readonly to?: Buffer | undefined; readonly reverse?: boolean },
  ): AsyncGenerator<KeyedTimeEntry, void, undefined> {
    const lower = Math.max(fromMs, this.oldestMs, 0)
    const upper = Math.min(toMs, this.observedMs)
    if (!(lower <= upper)) return
    const reverse = keys.reverse ?? false
    const range = { from: this.#segmentPrefix(lower), to: this.#segmentPrefix(upper, 1), reverse }
    for await (const [group, entries] of this.#groups.groups(range)) {
      const key = group.subarray(PREFIX_BYTES, group.length - BUCKET_BYTES)
      if (keys.from !== undefined && key.compare(keys.from) < 0) continue
      if (keys.to !== undefined && key.compare(keys.to) > 0) continue
      for (const entry of reverse ? entries.toReversed() : entries) {
        const { timeMs, tail, value } = timeEntry(entry)
        if (timeMs >= lower && timeMs <= upper) yield { key, timeMs, tail, value }
      }
    }
  }

  /**
   * All entries in the range of times, by time, tail and key, also those that have expired and are still kept; the keys from a snapshot. For entries
   * with an index.
   */
  async *byTime(fromMs: number, toMs: number, tailBytes: number): AsyncGenerator<KeyedTimeEntry, void, undefined> {
    const lower = Math.max(fromMs, this.keptMs)
    const upper = Math.min(toMs, this.observedMs)
    if (!(lower <= upper)) return
    const range = { from: indexKey(lower, EMPTY, EMPTY), to: indexKey(upper + 1, EMPTY, EMPTY) }
    for await (const [row] of this.#rows.range(range)) {
      const timeMs = readInt64(row, 1)
      if (timeMs > upper) return
      const tail = row.subarray(INDEX_PREFIX_BYTES, INDEX_PREFIX_BYTES + tailBytes)
      const key = row.subarray(INDEX_PREFIX_BYTES + tailBytes)
      const value = this.#get(key, timeMs, tail)
      // Gone since the snapshot was taken.
      if (value !== undefined) yield { key, timeMs, tail, value }
    }
  }

  /** Before each commit: puts what was restored among the rows, keeps the observed time and the counter, and drops segments that have expired. */
  flush(): void {
    for (const _ of this.flushGathered());
    this.#time.flush()
    const { keptMs } = this
    this.#logged.flush(keptMs)
    // After a crash also what an earlier life had no time to drop: nothing has been dropped in this one.
    if (keptMs <= this.#droppedBefore) return
    this.#droppedBefore = keptMs
    this.#rows.expire(Buffer.of(ENTRIES), this.#segmentPrefix(keptMs))
    if (this.#options.timeOrdered) this.#rows.expire(Buffer.of(BY_TIME), indexKey(keptMs, EMPTY, EMPTY))
  }

  /** Takes nothing as known of the rows: another hand may have changed them. */
  forget(): void {
    this.#gathered.discard()
    this.#time.forget()
    this.#logged.reload()
    this.#groups.reload()
  }

  // ---- inside

  #get(key: Buffer, timeMs: number, tail: Buffer): Buffer | undefined {
    return this.#groups.get(this.#group(key, timeMs), this.#sort(timeMs, tail))
  }

  #group(key: Buffer, timeMs: number): Buffer {
    const last = this.#lastBucket
    if (timeMs < last.startMs || timeMs >= last.endMs) this.#lastBucket = this.#buckets.at(timeMs)
    else if (key === this.#lastKey) return this.#lastGroup
    const { segment, index } = this.#lastBucket
    const at = PREFIX_BYTES + key.length
    const group = Buffer.allocUnsafe(at + BUCKET_BYTES)
    group[0] = ENTRIES
    writeSegment(group, segment, 1)
    group.set(key, PREFIX_BYTES)
    group[at] = index >> 8
    group[at + 1] = index
    this.#lastKey = key
    this.#lastGroup = group
    return group
  }

  #sort(timeMs: number, tail: Buffer): Buffer {
    if (tail.length > 0) return sortKey(timeMs, tail)
    const place = Math.imul(timeMs, GOLDEN) >>> 28
    if (this.#sortTimes[place] !== timeMs) {
      this.#sortTimes[place] = timeMs
      this.#sortKeys[place] = sortKey(timeMs, EMPTY)
    }
    return this.#sortKeys[place]!
  }

  /** Of the segment with this time, or of one `further` on. */
  #segmentPrefix(timeMs: number, further = 0): Buffer {
    return segmentPrefix(ENTRIES, segmentOf(timeMs, this.#options.segmentMs) + further)
  }
}

function groupOfText(keyText: string, { segment, index }: Bucket): Buffer {
  const at = PREFIX_BYTES + keyText.length
  const group = Buffer.allocUnsafe(at + BUCKET_BYTES)
  group[0] = ENTRIES
  writeSegment(group, segment, 1)
  group.write(keyText, PREFIX_BYTES, 'latin1')
  group[at] = index >> 8
  group[at + 1] = index
  return group
}

function indexKey(timeMs: number, tail: Buffer, key: Buffer): Buffer {
  const row = Buffer.allocUnsafe(INDEX_PREFIX_BYTES + tail.length + key.length)
  row[0] = BY_TIME
  writeInt64(row, timeMs, 1)
  row.set(tail, INDEX_PREFIX_BYTES)
  row.set(key, INDEX_PREFIX_BYTES + tail.length)
  return row
}

function sortKey(timeMs: number, tail: Buffer): Buffer {
  const sort = Buffer.allocUnsafe(TIME_BYTES + tail.length)
  writeInt64(sort, timeMs, 0)
  if (tail.length > 0) sort.set(tail, TIME_BYTES)
  return sort
}

function timeEntry([sort, value]: Entry): Omit<KeyedTimeEntry, 'key'> {
  return { timeMs: readInt64(sort, 0), tail: sort.subarray(TIME_BYTES), value }
}
