// Control batches: one record that ends a transaction. Its key says how; applications never see it.
import { HEADER_BYTES, writeBatchHeader } from './record-batch.ts'
import { readVarint, varintEnd, writeVarint } from './varint.ts'

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
  const key = Buffer.alloc(4) // version 0, type
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

/** Whether the first record of a control batch, at `at`, says that a transaction was aborted. Kafka knows further types. */
export function isAbortMarker(records: Buffer, at: number): boolean {
  readVarint(records, at) // length
  readVarint(records, varintEnd + 1) // timestamp delta, behind the attributes
  readVarint(records, varintEnd) // offset delta
  const keyLength = readVarint(records, varintEnd)
  const keyAt = varintEnd
  return keyLength >= 4 && keyAt + 4 <= records.length && records.readInt16BE(keyAt + 2) === ABORT
}
