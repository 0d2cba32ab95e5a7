import type { Serde } from '../../lib/serde/serde.ts'
import type { TimeEntriesOptions } from './time-entries.ts'

// As in Java: two segments make up the retention, but none is shorter than a minute.
const MIN_SEGMENT_MS = 60_000
/** Windows of a key that are read together: so many follow each other without overlapping. */
const WINDOWS_PER_BUCKET = 32

/** What a window or session store is made of, with every default filled in. */
export interface WindowedStoreSettings<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** Of the windows; for sessions, and stores of records to be joined, the time within which entries are looked for. */
  readonly windowSizeMs: number
  readonly retentionMs: number
  /** Keeps every value put, where another store would replace. */
  readonly retainDuplicates: boolean
  /** Whether changelog records carry the headers of the record in process. */
  readonly logHeaders: boolean
  readonly timeOrdered: boolean
  readonly caching: boolean
}

export function segmentOptions(settings: WindowedStoreSettings<any, any>): TimeEntriesOptions {
  const { retentionMs, windowSizeMs, timeOrdered } = settings
  const segmentMs = Math.max(Math.floor(retentionMs / 2), MIN_SEGMENT_MS)
  return {
    retentionMs,
    segmentMs,
    bucketMs: Math.min(segmentMs, Math.max(1, windowSizeMs) * WINDOWS_PER_BUCKET),
    timeOrdered,
  }
}
