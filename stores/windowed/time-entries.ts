import { readInt64, writeInt64 } from '../../lib/serde/int64.ts'
import { GroupRows } from '../grouped/group-rows.ts'
import type { Entry } from '../grouped/leaf.ts'
import type { Rows } from '../store.ts'

// The first byte of a row's key.
const META = Buffer.of(0)
const ENTRIES = 1
const BY_TIME = 2

const TIME_BYTES = 8
const PREFIX_BYTES = 1 + TIME_BYTES
const EMPTY = Buffer.alloc(0)

export interface TimeEntriesOptions {
  /** How long entries are kept after the latest time that was observed, in event milliseconds. */
  readonly retentionMs: number
  /** Entries are dropped segment by segment. */
  readonly segmentMs: number
  /** Entries of one key within this time lie in one group, read together. */
  readonly bucketMs: number
  /** Keeps an index by time, for `byTime`. */
  readonly timeOrdered: boolean
}

/** An entry of one key: its time, the rest of its sort key, its value. */
export interface TimeEntry {
  readonly timeMs: number
  /** What follows the time in the sort key; empty if nothing does. */
  readonly tail: Buffer
  readonly value: Buffer
}

/** An entry with its key. */
export interface KeyedTimeEntry extends TimeEntry {
  readonly key: Buffer
}

/**
 * Entries by key and time, under windows and sessions: what lies close in time is read together, and what has expired is dropped in ranges.
 *
 * Rows: `1 ‖ segment ‖ key ‖ bucket` is a group (see GroupRows) with the entries of one key and bucket, by time, then tail; `2 ‖ time ‖ tail ‖ key` an index entry;
 * `0` the observed time and a counter. A segment is the number of the bucket's start in units of `segmentMs`.
 *
 * Times are at least 0. Whether an entry can still be seen is a matter of time alone (`oldestMs`), as in Java; segments only decide when its bytes go.
 */
export class TimeEntries {
  readonly #rows: Rows
  readonly #groups: GroupRows
  readonly #options: TimeEntriesOptions
  #observedMs = -1
  #counter = 0
  #changed = false
  #firstSegment = 0
  // get, then put of one key and bucket: the group's key is made once.
  #lastKey: Buffer | undefined
  #lastBucket = 0
  #lastGroup = EMPTY

  constructor(rows: Rows, options: TimeEntriesOptions) {
    this.#rows = rows
    this.#groups = new GroupRows(rows)
    this.#options = options
  }

  /** The latest time put; -1 before the first. */
  get observedMs(): number {
    return this.#observedMs
  }

  /** The time of the oldest entry that can be seen; with an index by time a millisecond earlier, as in Java. */
  get oldestMs(): number {
    const { retentionMs, timeOrdered } = this.#options
    return this.#observedMs - retentionMs + (timeOrdered ? 0 : 1)
  }

  /** A number that the store counts up, 0 at first; kept with the entries. */
  get counter(): number {
    return this.#counter
  }

  set counter(value: number) {
    this.#counter = value
    this.#changed = true
  }

  /** Raises the observed time. */
  observe(timeMs: number): void {
    if (timeMs <= this.#observedMs) return
    this.#observedMs = timeMs
    this.#changed = true
  }

  get(key: Buffer, timeMs: number, tail: Buffer): Buffer | undefined {
    return this.#groups.get(this.#group(key, timeMs), sortKey(timeMs, tail))
  }

  /** Writes an entry, null deletes it; one whose segment has expired is left alone. */
  put(key: Buffer, timeMs: number, tail: Buffer, value: Buffer | null): void {
    if (this.#segmentOf(timeMs) < this.#liveSegment()) return
    this.#groups.put(this.#group(key, timeMs), sortKey(timeMs, tail), value)
    if (this.#options.timeOrdered) this.#rows.put(indexKey(timeMs, tail, key), value === null ? null : EMPTY)
  }

  /** The entries of a key whose time lies in the range, both ends inclusive, by time, then tail. */
  scan(key: Buffer, fromMs: number, toMs: number): TimeEntry[] {
    const { bucketMs } = this.#options
    const found: TimeEntry[] = []
    const lower = Math.max(fromMs, 0)
    const upper = Math.min(toMs, this.#observedMs)
    if (upper < lower) return found
    const [from, to] = [sortKey(lower, EMPTY), sortKey(upper + 1, EMPTY)]
    for (let bucket = Math.floor(lower / bucketMs); bucket * bucketMs <= upper; bucket++) {
      for (const entry of this.#groups.scan(this.#bucket(key, bucket), from, to)) {
        const timed = timeEntry(entry)
        if (timed.timeMs <= upper) found.push(timed)
      }
    }
    return found
  }

  /** All entries in the range of times, and of keys if given: by segment, then by key and time. From a snapshot. */
  async *all(
    fromMs: number,
    toMs: number,
    keys: { readonly from?: Buffer | undefined; readonly to?: Buffer | undefined; readonly reverse?: boolean },
  ): AsyncGenerator<KeyedTimeEntry, void, undefined> {
    const range = {
      from: segmentPrefix(this.#segmentOf(Math.max(fromMs, 0))),
      to: this.#afterSegment(toMs),
      reverse: keys.reverse ?? false,
    }
    for await (const [group, entries] of this.#groups.groups(range)) {
      const key = group.subarray(PREFIX_BYTES, group.length - TIME_BYTES)
      if (keys.from !== undefined && key.compare(keys.from) < 0) continue
      if (keys.to !== undefined && key.compare(keys.to) > 0) continue
      for (const entry of range.reverse ? entries.toReversed() : entries) {
        const { timeMs, tail, value } = timeEntry(entry)
        if (timeMs >= fromMs && timeMs <= toMs) yield { key, timeMs, tail, value }
      }
    }
  }

  /** The keys of all entries in the range of times, by time, tail and key; from a snapshot. For stores with an index. */
  async *byTime(fromMs: number, toMs: number, tailBytes: number): AsyncGenerator<KeyedTimeEntry, void, undefined> {
    const upper = Math.min(toMs, this.#observedMs)
    if (upper < fromMs) return
    const range = { from: indexKey(Math.max(fromMs, 0), EMPTY, EMPTY), to: indexKey(upper + 1, EMPTY, EMPTY) }
    for await (const [row] of this.#rows.range(range)) {
      const timeMs = readInt64(row, 1)
      if (timeMs > upper) return
      const tail = row.subarray(PREFIX_BYTES, PREFIX_BYTES + tailBytes)
      const key = row.subarray(PREFIX_BYTES + tailBytes)
      const value = this.get(key, timeMs, tail)
      // Gone since the snapshot was taken.
      if (value !== undefined) yield { key, timeMs, tail, value }
    }
  }

  /** Reads what was kept of an earlier life. */
  open(): void {
    const meta = this.#rows.get(META)
    if (meta === undefined) return
    this.#observedMs = Math.max(this.#observedMs, readInt64(meta, 0))
    this.#counter = readInt64(meta, TIME_BYTES)
    // What had expired in an earlier life may still be there.
    this.#firstSegment = 0
    this.#dropExpired()
  }

  /** Before each commit: keeps the observed time, and drops segments that have expired. */
  flush(): void {
    if (!this.#changed) return
    this.#changed = false
    const meta = Buffer.allocUnsafe(2 * TIME_BYTES)
    writeInt64(meta, this.#observedMs, 0)
    writeInt64(meta, this.#counter, TIME_BYTES)
    this.#rows.put(META, meta)
    this.#dropExpired()
  }

  // ---- inside

  #dropExpired(): void {
    const live = this.#liveSegment()
    if (live <= this.#firstSegment) return
    this.#firstSegment = live
    this.#rows.expire(Buffer.of(ENTRIES), segmentPrefix(live))
    if (!this.#options.timeOrdered) return
    this.#rows.expire(Buffer.of(BY_TIME), indexKey(live * this.#options.segmentMs, EMPTY, EMPTY))
  }

  #segmentOf(timeMs: number): number {
    const { bucketMs, segmentMs } = this.#options
    return Math.floor((Math.floor(timeMs / bucketMs) * bucketMs) / segmentMs)
  }

  // A bucket may reach beyond the end of its segment.
  #liveSegment(): number {
    const { bucketMs, segmentMs } = this.#options
    return Math.floor((this.oldestMs - 1 - bucketMs) / segmentMs)
  }

  #afterSegment(timeMs: number): Buffer {
    return segmentPrefix(this.#segmentOf(Math.min(timeMs, Math.max(0, this.#observedMs))) + 1)
  }

  #group(key: Buffer, timeMs: number): Buffer {
    return this.#bucket(key, Math.floor(timeMs / this.#options.bucketMs))
  }

  #bucket(key: Buffer, bucket: number): Buffer {
    if (key === this.#lastKey && bucket === this.#lastBucket) return this.#lastGroup
    const { bucketMs, segmentMs } = this.#options
    const group = Buffer.allocUnsafe(PREFIX_BYTES + key.length + TIME_BYTES)
    group[0] = ENTRIES
    writeInt64(group, Math.floor((bucket * bucketMs) / segmentMs), 1)
    group.set(key, PREFIX_BYTES)
    writeInt64(group, bucket, PREFIX_BYTES + key.length)
    this.#lastKey = key
    this.#lastBucket = bucket
    this.#lastGroup = group
    return group
  }
}

function segmentPrefix(segment: number): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
  prefix[0] = ENTRIES
  writeInt64(prefix, segment, 1)
  return prefix
}

function indexKey(timeMs: number, tail: Buffer, key: Buffer): Buffer {
  const row = Buffer.allocUnsafe(PREFIX_BYTES + tail.length + key.length)
  row[0] = BY_TIME
  writeInt64(row, timeMs, 1)
  row.set(tail, PREFIX_BYTES)
  row.set(key, PREFIX_BYTES + tail.length)
  return row
}

function sortKey(timeMs: number, tail: Buffer): Buffer {
  const sort = Buffer.allocUnsafe(TIME_BYTES + tail.length)
  writeInt64(sort, timeMs, 0)
  if (tail.length > 0) sort.set(tail, TIME_BYTES)
  return sort
}

function timeEntry([sort, value]: Entry): TimeEntry {
  return { timeMs: readInt64(sort, 0), tail: sort.subarray(TIME_BYTES), value }
}
