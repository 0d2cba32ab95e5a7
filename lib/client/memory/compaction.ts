// What Kafka's log cleaner does, done at once and up to the first open transaction; its rules decide what a restore meets: gaps between offsets,
// empty batches, batches whose first timestamp is a delete horizon, markers of transactions that have gone.
import { type BatchHeader, readBatchHeader } from '../protocol/record-batch.ts'
import { varintSize, writeVarint } from '../protocol/varint.ts'
import { type CompactedRecords, deleteHorizonMs, emptiedBatch, rewriteBatch } from './batch-bytes.ts'
import { CleanedTransactions } from './cleaned-transactions.ts'
import type { PartitionLog } from './partition-log.ts'
import { RecordCursor } from './record-cursor.ts'
import type { StoredBatch } from './stored-batches.ts'

/** Keeps, of each key, the last record; drops aborted records; drops tombstones and idle markers once their time has come. */
export function compact(log: PartitionLog, nowMs: number, deleteRetentionMs: number): void {
  const endOffset = log.lastStableOffset
  const endIndex = log.batches.indexOf(endOffset)
  const latest = latestOffsets(log, endIndex)
  const transactions = new CleanedTransactions(log.aborted.all)
  const kept: StoredBatch['bytes'][] = []
  for (let index = 0; index < log.batches.count; index++) {
    const batch = log.batches.at(index)!
    const cleaned =
      index < endIndex
        ? cleanBatch(batch, { log, latest, transactions, nowMs, deleteRetentionMs, isLast: index === endIndex - 1 })
        : batch.bytes
    if (cleaned !== undefined) kept.push(cleaned)
  }
  log.batches.replace(kept.map((bytes) => ({ bytes, header: readBatchHeader(bytes, 0)! })))
  log.aborted.replace(transactions.retained.concat(log.aborted.all.filter(({ lastOffset }) => lastOffset >= endOffset)))
  log.changed()
}

interface Cleaning {
  readonly log: PartitionLog
  readonly latest: ReadonlyMap<string, number>
  readonly transactions: CleanedTransactions
  readonly nowMs: number
  readonly deleteRetentionMs: number
  /** The last batch of the range is kept, so that the range's end stays known. */
  readonly isLast: boolean
}

function latestOffsets(log: PartitionLog, endIndex: number): Map<string, number> {
  const latest = new Map<string, number>()
  const transactions = new CleanedTransactions(log.aborted.all)
  for (let index = 0; index < endIndex; index++) {
    const { bytes, header } = log.batches.at(index)!
    if (transactions.read(bytes, header) || header.control) continue
    const cursor = new RecordCursor(bytes, header)
    while (cursor.next()) {
      const key = cursor.key()
      if (key !== undefined) latest.set(key, cursor.offset)
    }
  }
  return latest
}

// Undefined: nothing of the batch is kept.
function cleanBatch({ bytes, header }: StoredBatch, cleaning: Cleaning): Buffer | undefined {
  const mayDiscard = cleaning.transactions.read(bytes, header)
  const horizonMs = deleteHorizonMs(bytes)
  const isDue = horizonMs !== undefined && horizonMs <= cleaning.nowMs
  const discard = header.control ? mayDiscard && isDue : mayDiscard
  const keepEmpty = cleaning.isLast || (header.producerId >= 0 && cleaning.log.producers.isLastOf(header))
  const empty = (): Buffer | undefined => (keepEmpty ? emptiedBatch(bytes, header) : undefined)
  if (discard || header.recordCount === 0) return empty()
  const filtered = filterRecords(bytes, header, cleaning, horizonMs, isDue)
  if (filtered.recordCount === 0) return empty()
  // The clock of a tombstone, and of a marker without records, starts at the first compaction that meets it.
  const startClock = horizonMs === undefined && (filtered.hasTombstones || (header.control && mayDiscard))
  if (!startClock && filtered.recordCount === header.recordCount) return bytes
  return rewriteBatch(
    bytes,
    header,
    encode(filtered, startClock ? cleaning.nowMs + cleaning.deleteRetentionMs : horizonMs),
  )
}

interface Filtered {
  readonly cursorBytes: Buffer
  readonly records: readonly { readonly restStart: number; readonly end: number; readonly timestamp: number }[]
  readonly recordCount: number
  readonly hasTombstones: boolean
  readonly logAppendTimeMs: number | undefined
}

function filterRecords(
  bytes: Buffer,
  header: BatchHeader,
  { latest }: Cleaning,
  horizonMs: number | undefined,
  isDue: boolean,
): Filtered {
  const cursor = new RecordCursor(bytes, header)
  const records: { restStart: number; end: number; timestamp: number }[] = []
  let hasTombstones = false
  while (cursor.next()) {
    const key = cursor.key()
    const isLatest = header.control || (key !== undefined && latest.get(key) === cursor.offset)
    const isExpired = !header.control && !cursor.hasValue && horizonMs !== undefined && isDue
    if (!isLatest || isExpired) continue
    if (!cursor.hasValue) hasTombstones = true
    records.push({ restStart: cursor.restStart, end: cursor.end, timestamp: cursor.timestamp })
  }
  const logAppendTimeMs = header.logAppendTime ? header.maxTimestamp : undefined
  return { cursorBytes: cursor.bytes, records, recordCount: records.length, hasTombstones, logAppendTimeMs }
}

// Records keep all but their timestamp delta, which depends on the batch's first timestamp.
function encode(filtered: Filtered, horizonMs: number | undefined): CompactedRecords {
  const firstTimestamp = horizonMs ?? filtered.records[0]!.timestamp
  const parts: Buffer[] = []
  let maxTimestamp = -1
  for (const { restStart, end, timestamp } of filtered.records) {
    const delta = timestamp - firstTimestamp
    const prefix = Buffer.alloc(20)
    const bodyBytes = 1 + varintSize(delta) + end - restStart
    const afterLength = writeVarint(prefix, 0, bodyBytes)
    prefix[afterLength] = 0
    const afterDelta = writeVarint(prefix, afterLength + 1, delta)
    parts.push(prefix.subarray(0, afterDelta), filtered.cursorBytes.subarray(restStart, end))
    maxTimestamp = Math.max(maxTimestamp, timestamp)
  }
  return {
    records: Buffer.concat(parts),
    recordCount: filtered.recordCount,
    firstTimestamp,
    maxTimestamp: filtered.logAppendTimeMs ?? maxTimestamp,
    hasDeleteHorizon: horizonMs !== undefined,
  }
}
