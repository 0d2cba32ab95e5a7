// Control batches: one record that ends a transaction. Its key says how; applications never see it.
import { CorruptRecordError } from '../errors.ts'
import { HEADER_BYTES, writeBatchHeader } from './record-batch.ts'
import { readVarint, varintEnd, writeVarint } from './varint.ts'

/** Two numbers of 16 bits: version and type. Later versions may add to it. */
const KEY_BYTES = 4
const ABORT = 0
const COMMIT = 1

/** Builds the marker that ends a producer's transaction in one partition. `timestamp` in epoch milliseconds. */
export function encodeControlBatch(marker: {
  readonly type: 'commit' | 'abort'
  readonly producerId: number
  readonly producerEpoch: number
  readonly timestamp: number
  readonly coordinatorEpoch?: number
}): Buffer {
  const key = Buffer.alloc(KEY_BYTES) // version 0, type
  key.writeInt16BE(marker.type === 'commit' ? COMMIT : ABORT, 2)
  const value = Buffer.alloc(6) // version 0, epoch of the transaction coordinator
  value.writeInt32BE(marker.coordinatorEpoch ?? 0, 2)

  const batch = Buffer.alloc(HEADER_BYTES + 17)
  let at = writeVarint(batch, HEADER_BYTES, 16)
  at += 3 // attributes, timestamp delta, offset delta: all 0
  at = writeVarint(batch, at, key.length)
  at += key.copy(batch, at)
  at = writeVarint(batch, at, value.length)
  value.copy(batch, at) // and no headers: 0
  writeBatchHeader(batch, {
    codec: 'none',
    transactional: true,
    control: true,
    lastOffsetDelta: 0,
    firstTimestamp: marker.timestamp,
    maxTimestamp: marker.timestamp,
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    baseSequence: -1,
    recordCount: 1,
  })
  return batch
}

/**
 * Whether the first record of a control batch, from `at` up to `end` at most, says that a transaction was aborted. Kafka knows further types.
 *
 * @throws CorruptRecordError `STREAMS_CORRUPT_RECORD`: no control record can look like this.
 */
export function isAbortMarker(records: Buffer, at: number, end: number): boolean {
  const length = readVarint(records, at)
  const recordEnd = varintEnd + length
  readVarint(records, varintEnd + 1) // timestamp delta, behind the attributes
  readVarint(records, varintEnd) // offset delta
  const keyLength = readVarint(records, varintEnd)
  const keyAt = varintEnd
  if (keyLength < KEY_BYTES || keyAt + keyLength > recordEnd || recordEnd > end || records.readInt16BE(keyAt) < 0) {
    throw new CorruptRecordError(`a control record of ${length} bytes in ${end - at}, with a key of ${keyLength} bytes`)
  }
  return records.readInt16BE(keyAt + 2) === ABORT
}
