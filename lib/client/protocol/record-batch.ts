// The header of a record batch, format version 2: the only one that Kafka 4 knows. All integers are big-endian.
//
//    0 baseOffset i64      21 attributes i16       43 producerId i64
//    8 length i32          23 lastOffsetDelta i32  51 producerEpoch i16
//   12 leaderEpoch i32     27 firstTimestamp i64   53 baseSequence i32
//   16 magic i8            35 maxTimestamp i64     57 recordCount i32
//   17 crc u32                                     61 records
//
// The checksum covers everything from the attributes on, so a broker can set offset and epoch without computing it again.

import { crc32c } from '../../core/crc32c.ts'
import { CorruptRecordError } from '../errors.ts'
import { type CompressionCodec, compressionCodecs } from './compression.ts'

export const HEADER_BYTES = 61

const LENGTH_AT = 8
const LEADER_EPOCH_AT = 12
const MAGIC_AT = 16
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const MAGIC = 2
// `length` counts from behind itself.
const BEFORE_LENGTH_ENDS = 12

/** The offset after it is still a safe integer. */
const MAX_OFFSET = Number.MAX_SAFE_INTEGER - 1

const CODEC_MASK = 7
const LOG_APPEND_TIME = 8
const TRANSACTIONAL = 16
const CONTROL = 32

export interface BatchHeader {
  readonly baseOffset: number
  /** The whole batch, header included. */
  readonly sizeBytes: number
  readonly codec: CompressionCodec
  readonly transactional: boolean
  readonly control: boolean
  /** The broker's time at writing is every record's timestamp: `maxTimestamp`. */
  readonly logAppendTime: boolean
  /** Of the batch as it was written: compaction may have removed the record itself, or all of them. */
  readonly lastOffset: number
  /** What the records' timestamps count from. */
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  /** -1: the producer was not idempotent. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

/**
 * Reads the header of the batch that begins at `at`, without a look at checksum and records.
 *
 * @returns Undefined if the bytes end before the batch does: a fetch response may end in the middle of one.
 * @throws CorruptRecordError `STREAMS_CORRUPT_RECORD`: no batch of format version 2 can look like this.
 */
export function readBatchHeader(bytes: Buffer, at: number): BatchHeader | undefined {
  const left = bytes.length - at
  if (left <= MAGIC_AT) return undefined
  const magic = bytes.readInt8(at + MAGIC_AT)
  if (magic !== MAGIC) throw new CorruptRecordError(`record format version ${magic} instead of ${MAGIC}`)
  const sizeBytes = BEFORE_LENGTH_ENDS + bytes.readInt32BE(at + LENGTH_AT)
  if (sizeBytes < HEADER_BYTES) throw new CorruptRecordError(`a batch of ${sizeBytes} bytes`)
  if (sizeBytes > left) return undefined

  const baseOffset = readInt64(bytes, at)
  const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT)
  const codec = compressionCodecs[attributes & CODEC_MASK]
  const lastOffsetDelta = bytes.readInt32BE(at + 23)
  const lastOffset = baseOffset + lastOffsetDelta
  const recordCount = bytes.readInt32BE(at + 57)
  if (codec === undefined) throw new CorruptRecordError(`compression codec number ${attributes & CODEC_MASK}`)
  if (baseOffset < 0 || lastOffsetDelta < 0 || lastOffset > MAX_OFFSET || recordCount < 0) {
    throw new CorruptRecordError(
      `a batch with base offset ${baseOffset}, last offset delta ${lastOffsetDelta}, ${recordCount} records`,
    )
  }
  return {
    baseOffset,
    sizeBytes,
    codec,
    transactional: (attributes & TRANSACTIONAL) !== 0,
    control: (attributes & CONTROL) !== 0,
    logAppendTime: (attributes & LOG_APPEND_TIME) !== 0,
    lastOffset,
    firstTimestamp: readInt64(bytes, at + 27),
    maxTimestamp: readInt64(bytes, at + 35),
    producerId: readInt64(bytes, at + 43),
    producerEpoch: bytes.readInt16BE(at + 51),
    baseSequence: bytes.readInt32BE(at + 53),
    recordCount,
  }
}

/** Whether the checksum of a complete batch is that of its bytes. */
export function hasValidChecksum(bytes: Buffer, at: number, sizeBytes: number): boolean {
  return bytes.readUInt32BE(at + CRC_AT) === crc32c(bytes, at + ATTRIBUTES_AT, at + sizeBytes)
}

/** Sets the base offset, and the leader epoch, in place. Both lie outside the checksum. */
export function setBaseOffset(batch: Buffer, baseOffset: number, partitionLeaderEpoch?: number): void {
  writeInt64(batch, 0, baseOffset)
  if (partitionLeaderEpoch !== undefined) batch.writeInt32BE(partitionLeaderEpoch, LEADER_EPOCH_AT)
}

/** What a header says about a batch that is about to be sent; its base offset is 0 and the broker's to set. */
export interface NewBatch {
  readonly codec: CompressionCodec
  readonly transactional: boolean
  readonly control: boolean
  readonly lastOffsetDelta: number
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

/** Writes the header in front of the records, which begin at HEADER_BYTES and fill the rest, then the checksum. */
export function writeBatchHeader(batch: Buffer, header: NewBatch): void {
  const attributes =
    compressionCodecs.indexOf(header.codec) |
    (header.transactional ? TRANSACTIONAL : 0) |
    (header.control ? CONTROL : 0)
  setBaseOffset(batch, 0, -1)
  batch.writeInt32BE(batch.length - BEFORE_LENGTH_ENDS, LENGTH_AT)
  batch.writeInt8(MAGIC, MAGIC_AT)
  batch.writeInt16BE(attributes, ATTRIBUTES_AT)
  batch.writeInt32BE(header.lastOffsetDelta, 23)
  writeInt64(batch, 27, header.firstTimestamp)
  writeInt64(batch, 35, header.maxTimestamp)
  writeInt64(batch, 43, header.producerId)
  batch.writeInt16BE(header.producerEpoch, 51)
  batch.writeInt32BE(header.baseSequence, 53)
  batch.writeInt32BE(header.recordCount, 57)
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT, batch.length), CRC_AT)
}

// Exact for safe integers, which offsets, epoch milliseconds and producer ids are. BigInt would cost ten times as much.
function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 4294967296 + bytes.readUInt32BE(at + 4)
}

function writeInt64(bytes: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 4294967296)
  bytes.writeInt32BE(high, at)
  bytes.writeUInt32BE(value - high * 4294967296, at + 4)
}
