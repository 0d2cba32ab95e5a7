// What only a broker writes into a batch; see record-batch.ts for the layout of the header.

import { crc32c } from '../../core/crc32c.ts'
import { compress } from '../protocol/compression.ts'
import { type BatchHeader, HEADER_BYTES } from '../protocol/record-batch.ts'

const LENGTH_AT = 8
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const FIRST_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35
const RECORD_COUNT_AT = 57
/** Bytes before those that the length field counts. */
const BEFORE_LENGTH_ENDS = 12

const LOG_APPEND_TIME = 8
const DELETE_HORIZON = 64
const NO_TIMESTAMP = -1

/** Gives all records of a batch the broker's time. */
export function stampLogAppendTime(batch: Buffer, nowMs: number): void {
  batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES_AT) | LOG_APPEND_TIME, ATTRIBUTES_AT)
  batch.writeBigInt64BE(BigInt(Math.floor(nowMs)), MAX_TIMESTAMP_AT)
  seal(batch)
}

/** When compaction may drop the tombstones, or the control marker, of a batch; undefined until a first compaction has set it. */
export function deleteHorizonMs(batch: Buffer): number | undefined {
  if ((batch.readInt16BE(ATTRIBUTES_AT) & DELETE_HORIZON) === 0) return undefined
  return Number(batch.readBigInt64BE(FIRST_TIMESTAMP_AT))
}

export interface CompactedRecords {
  /** Encoded, not compressed, their timestamps relative to `firstTimestamp`. */
  readonly records: Buffer
  readonly recordCount: number
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  /** Whether `firstTimestamp` is the time at which tombstones may go. */
  readonly hasDeleteHorizon: boolean
}

/** The batch with other records; offsets, producer, sequences and codec stay. */
export function rewriteBatch(batch: Buffer, header: BatchHeader, content: CompactedRecords): Buffer {
  const { recordCount, firstTimestamp, maxTimestamp, hasDeleteHorizon } = content
  const isPlain = header.codec === 'none' || recordCount === 0
  const records = isPlain ? content.records : compress(header.codec, content.records)
  const written = Buffer.concat([batch.subarray(0, HEADER_BYTES), records])
  const attributes = batch.readInt16BE(ATTRIBUTES_AT) & ~DELETE_HORIZON
  written.writeInt32BE(written.length - BEFORE_LENGTH_ENDS, LENGTH_AT)
  written.writeInt16BE(hasDeleteHorizon ? attributes | DELETE_HORIZON : attributes, ATTRIBUTES_AT)
  written.writeBigInt64BE(BigInt(firstTimestamp), FIRST_TIMESTAMP_AT)
  written.writeBigInt64BE(BigInt(maxTimestamp), MAX_TIMESTAMP_AT)
  written.writeInt32BE(recordCount, RECORD_COUNT_AT)
  seal(written)
  return written
}

/** What is left of a batch whose records have all gone: its header, which holds the producer's sequence. */
export function emptiedBatch(batch: Buffer, header: BatchHeader): Buffer {
  return rewriteBatch(batch, header, {
    records: Buffer.alloc(0),
    recordCount: 0,
    firstTimestamp: NO_TIMESTAMP,
    maxTimestamp: header.maxTimestamp,
    hasDeleteHorizon: false,
  })
}

function seal(batch: Buffer): void {
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT, batch.length), CRC_AT)
}
