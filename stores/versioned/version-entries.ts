import { firstKeptSegment, SEGMENT_BYTES, segmentOf, segmentPrefix, writeSegment } from '../segment.ts'
import type { Rows, VersionedPut } from '../store.ts'
import { StoreTime } from '../store-time.ts'
import { encodeTimestamped, plainValue, timestampOf } from '../value-and-timestamp.ts'
import { VersionHistory } from './version-history.ts'

// The first byte of a row's key.
const META = Buffer.of(0)
const LATEST = 1
const HISTORY = 2

const MIN_SEGMENT_MS = 2_000
/** A history is made of about so many segments. */
const SEGMENTS = 24

/** A value that held from `fromMs` until `toMs`, exclusive; undefined: still. */
export interface VersionEntry {
  readonly value: Buffer
  readonly fromMs: number
  readonly toMs: number | undefined
}

/**
 * Values by key, with their history.
 *
 * Rows: `1 ‖ key` is the latest value with its time; `2 ‖ segment ‖ key` a group with the versions of the key that ended within a segment (VersionHistory);
 * `0` the observed time. A key whose latest version is a deletion has no row of the first kind: the deletion is the end of its last version, or, if there was
 * none, an end alone. So old history goes segment by segment, and what no one can read any more takes no room.
 */
export class VersionEntries {
  readonly #rows: Rows
  readonly #history: VersionHistory
  readonly #time: StoreTime
  readonly #retentionMs: number
  readonly #segmentMs: number
  #droppedBefore = 0
  #lastKey: Buffer | undefined
  #lastLatestKey = META

  constructor(rows: Rows, retentionMs: number) {
    this.#rows = rows
    this.#history = new VersionHistory(rows)
    this.#time = new StoreTime(rows, META)
    this.#retentionMs = retentionMs
    this.#segmentMs = Math.max(MIN_SEGMENT_MS, Math.floor(retentionMs / SEGMENTS))
  }

  /** Earlier times can neither be read nor written. */
  get oldestMs(): number {
    return this.#time.observedMs - this.#retentionMs
  }

  /** Null deletes. */
  put(key: Buffer, value: Buffer | null, timeMs: number): VersionedPut {
    if (timeMs < this.oldestMs) return 'expired'
    this.#time.observe(timeMs)
    const latest = this.#rows.get(this.#latestKey(key))
    if (latest !== undefined && timeMs >= timestampOf(latest)) {
      const fromMs = timestampOf(latest)
      if (timeMs > fromMs) this.#history.append(this.#groupAt(key, timeMs), fromMs, timeMs, plainValue(latest))
      this.#putLatest(key, value, timeMs)
      return 'latest'
    }
    return this.#putBehind(key, value, timeMs, latest === undefined ? undefined : timestampOf(latest))
  }

  latest(key: Buffer): VersionEntry | undefined {
    const row = this.#rows.get(this.#latestKey(key))
    return row === undefined ? undefined : { value: plainValue(row), fromMs: timestampOf(row), toMs: undefined }
  }

  /** What held at a time. */
  at(key: Buffer, timeMs: number): VersionEntry | undefined {
    const latest = this.latest(key)
    if (latest !== undefined && latest.fromMs <= timeMs) return latest
    if (!(timeMs >= this.oldestMs)) return undefined
    for (const group of this.#groupsDownTo(key, timeMs)) {
      const end = this.#history.end(group)
      if (end === undefined) continue
      if (end.fromMs <= timeMs) return undefined
      const version = this.#history.at(group, timeMs)
      // All of this segment held later.
      if (version === undefined) continue
      if (version.value === null) return undefined
      return { value: version.value, fromMs: version.fromMs, toMs: this.#history.after(group, timeMs)!.fromMs }
    }
    return undefined
  }

  /** What held within a range, both ends inclusive, ascending. */
  within(key: Buffer, fromMs: number, toMs: number): VersionEntry[] {
    const lowerMs = Math.max(fromMs, this.oldestMs)
    const found: VersionEntry[] = []
    const latest = this.latest(key)
    if (latest !== undefined && latest.fromMs <= toMs) found.push(latest)
    if (!(lowerMs <= toMs)) return found
    for (const group of this.#groupsDownTo(key, lowerMs)) {
      const versions = this.#history.all(group)
      for (let i = versions.length - 2; i >= 0; i--) {
        const { fromMs: startMs, value } = versions[i]!
        const endMs = versions[i + 1]!.fromMs
        if (endMs <= lowerMs) return found.reverse()
        if (startMs <= toMs && value !== null) found.push({ value, fromMs: startMs, toMs: endMs })
      }
    }
    return found.reverse()
  }

  /** Before each commit: keeps the observed time, and drops segments that have expired. */
  flush(): void {
    this.#time.flush()
    const kept = firstKeptSegment(this.#time.observedMs, this.#retentionMs, this.#segmentMs)
    if (kept <= this.#droppedBefore) return
    this.#droppedBefore = kept
    this.#rows.expire(Buffer.of(HISTORY), segmentPrefix(HISTORY, kept))
  }

  /** Takes nothing as known of the rows: another hand may have changed them. */
  forget(): void {
    this.#time.forget()
    this.#history.reload()
  }

  // ---- inside

  /**
   * Puts a version that is not known to come after all others.
   *
   * @param nextMs - When the version after it starts, as far as is known; undefined: there is none.
   */
  #putBehind(key: Buffer, value: Buffer | null, timeMs: number, nextMs: number | undefined): VersionedPut {
    let toMs = nextMs
    for (const group of this.#groupsDownTo(key, timeMs)) {
      const end = this.#history.end(group)
      if (end === undefined) continue
      // Nothing in this segment, nor before, held as late as this.
      if (end.fromMs <= timeMs) break
      const first = this.#history.first(group)!
      if (first.fromMs <= timeMs) {
        this.#insert(key, group, value, timeMs)
        return 'out-of-order'
      }
      toMs = first.fromMs
    }
    if (toMs !== undefined) {
      this.#putBefore(this.#groupAt(key, toMs), value, timeMs, toMs)
      return 'out-of-order'
    }
    if (value !== null) this.#putLatest(key, value, timeMs)
    else this.#putDeletion(this.#groupAt(key, timeMs), timeMs)
    return 'latest'
  }

  /** Puts a version among those of a group: it cuts short the one that held at its time. */
  #insert(key: Buffer, group: Buffer, value: Buffer | null, timeMs: number): void {
    const cut = this.#history.at(group, timeMs)!
    const older = this.#groupAt(key, timeMs)
    if (cut.fromMs < timeMs && !older.equals(group)) {
      // The one that is cut short ends in an earlier segment now.
      this.#history.append(older, cut.fromMs, timeMs, cut.value)
      this.#history.remove(group, cut.fromMs)
    }
    this.#history.put(group, timeMs, value)
  }

  /** Puts a version that ends where the next one starts; the group is that of its end. */
  #putBefore(group: Buffer, value: Buffer | null, timeMs: number, toMs: number): void {
    const end = this.#history.end(group)
    if (end === undefined || end.fromMs <= timeMs) this.#history.append(group, timeMs, toMs, value)
    else this.#history.put(group, timeMs, value)
  }

  /** Marks the deletion of a key that has no value. */
  #putDeletion(group: Buffer, timeMs: number): void {
    const end = this.#history.end(group)
    if (end === undefined) this.#history.put(group, timeMs, null)
    else if (end.fromMs < timeMs) this.#history.append(group, end.fromMs, timeMs, null)
  }

  #putLatest(key: Buffer, value: Buffer | null, timeMs: number): void {
    this.#rows.put(this.#latestKey(key), value === null ? null : encodeTimestamped(timeMs, value))
  }

  #latestKey(key: Buffer): Buffer {
    if (key === this.#lastKey) return this.#lastLatestKey
    const row = Buffer.allocUnsafe(1 + key.length)
    row[0] = LATEST
    row.set(key, 1)
    this.#lastKey = key
    this.#lastLatestKey = row
    return row
  }

  #groupAt(key: Buffer, timeMs: number): Buffer {
    return this.#group(key, segmentOf(timeMs, this.#segmentMs))
  }

  #group(key: Buffer, segment: number): Buffer {
    const group = Buffer.allocUnsafe(1 + SEGMENT_BYTES + key.length)
    group[0] = HISTORY
    writeSegment(group, segment, 1)
    group.set(key, 1 + SEGMENT_BYTES)
    return group
  }

  /** The groups of a key, from the latest segment down to that of a time. */
  *#groupsDownTo(key: Buffer, timeMs: number): Generator<Buffer, void, undefined> {
    const lowest = segmentOf(Math.max(0, timeMs), this.#segmentMs)
    for (let segment = segmentOf(this.#time.observedMs, this.#segmentMs); segment >= lowest; segment--) {
      yield this.#group(key, segment)
    }
  }
}
