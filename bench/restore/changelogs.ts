// The stores that are restored, and what lies in their changelogs: as counts by key, by window, and by session would have left it.
import { StreamsBuilder, serdes, type Topology, windows } from '../../lib/index.ts'
import { sessionKey, windowKey } from '../../stores/windowed/changelog-keys.ts'

export const STORES = ['key-value', 'window', 'session'] as const
export type StoreName = (typeof STORES)[number]

/** Under the windows and sessions. */
const KEYS = 10_007
const WINDOW_MS = 10_000
/** Records are 1 ms apart, those of one key 10,007 ms: each one extends its key's session. */
const GAP_MS = 15_000

/** Counts in one store, named 'counts'. */
export function countTopology(store: StoreName, input: string): Topology {
  const builder = new StreamsBuilder()
  const grouped = builder.stream(input, { key: serdes.string(), value: serdes.string() }).groupByKey()
  if (store === 'key-value') grouped.count({ store: 'counts' })
  if (store === 'window') grouped.windowedBy(windows.tumbling({ sizeMs: WINDOW_MS })).count({ store: 'counts' })
  if (store === 'session') grouped.windowedBy(windows.session({ inactivityGapMs: GAP_MS })).count({ store: 'counts' })
  return builder.build()
}

export interface ChangelogRecord {
  /** What decides about the partition. */
  readonly recordKey: Buffer
  readonly key: Buffer
  readonly value: Buffer | null
  readonly timestamp: number
}

/** Record number `n` of `records`; of a key-value store each one has another key. */
export function changelogRecord(store: StoreName, n: number, records: number, startMs: number): ChangelogRecord {
  const count = Buffer.alloc(8)
  count.writeBigInt64BE(BigInt(n + 1))
  if (store === 'key-value') {
    const key = Buffer.from(`user-${String((n * 7_919) % records).padStart(9, '0')}`)
    return { recordKey: key, key, value: count, timestamp: startMs + n }
  }
  // A session that is extended is deleted under its old end, and put under the new one.
  const update = store === 'session' ? n >> 1 : n
  const recordKey = Buffer.from(`key-${update % KEYS}`)
  const timestamp = startMs + update
  if (store === 'window') {
    const windowStart = timestamp - (timestamp % WINDOW_MS)
    return { recordKey, key: windowKey(recordKey, windowStart, 0), value: count, timestamp }
  }
  const first = startMs + (update % KEYS)
  if (n % 2 === 1) return { recordKey, key: sessionKey(recordKey, first, timestamp), value: count, timestamp }
  return { recordKey, key: sessionKey(recordKey, first, Math.max(first, timestamp - KEYS)), value: null, timestamp }
}
