import type { WindowEnds } from '../../lib/core/windowed.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import type { LogHeaders } from '../store-options.ts'
import type { TimeEntriesOptions } from './time-entries.ts'

// As in Java: two segments make up the retention, but none is shorter than a minute.
const MIN_SEGMENT_MS = 60_000
/** Windows of a key that are read, and written, together: so many follow each other without overlapping. */
const WINDOWS_PER_BUCKET = 4
/** A read of a key over all its time looks into so many buckets of each segment at most, three segments at most. */
const MAX_BUCKETS_PER_SEGMENT = 1_024
/** Sessions of a key are looked for up to the latest one: mostly in one bucket or two, and in few even if they are late. */
const SESSION_BUCKETS_PER_SEGMENT = 16

/** What all stores of windows and sessions are made of, with every default filled in. */
export interface WindowedStoreSettings<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  readonly retentionMs: number
  readonly timeOrdered: boolean
  readonly logHeaders: LogHeaders
  readonly caching: boolean
}

/** What a window store is made of. */
export interface WindowStoreSettings<K, V> extends WindowedStoreSettings<K, V> {
  /** Of the windows; for stores of records to be joined, the time within which entries are looked for. */
  readonly windowSizeMs: number
  /** Where windows differ in length; undefined: all have their size. */
  readonly ends?: WindowEnds | undefined
  /** Keeps every value put, where another store would replace. */
  readonly retainDuplicates: boolean
}

export function windowEntriesOptions(settings: WindowStoreSettings<any, any>): TimeEntriesOptions {
  const { retentionMs, windowSizeMs, timeOrdered } = settings
  const segmentMs = segmentMsOf(retentionMs)
  const bucketMs = Math.max(windowSizeMs * WINDOWS_PER_BUCKET, Math.ceil(segmentMs / MAX_BUCKETS_PER_SEGMENT))
  return {
    retentionMs,
    segmentMs,
    bucketMs: Math.min(segmentMs, bucketMs),
    timeOrdered,
    retentionInclusive: timeOrdered,
  }
}

export function sessionEntriesOptions(settings: WindowedStoreSettings<any, any>): TimeEntriesOptions {
  const { retentionMs, timeOrdered } = settings
  const segmentMs = segmentMsOf(retentionMs)
  const bucketMs = Math.ceil(segmentMs / SESSION_BUCKETS_PER_SEGMENT)
  return { retentionMs, segmentMs, bucketMs, timeOrdered, retentionInclusive: false }
}

function segmentMsOf(retentionMs: number): number {
  return Math.max(Math.floor(retentionMs / 2), MIN_SEGMENT_MS)
}
