// A row of a timestamped store: the event time as 8 bytes, big-endian, then the value. Java's format, in the store only: its changelog
// has the value alone, and the time as the record's.

import { readInt64, writeInt64 } from '../lib/serde/int64.ts'

export const TIMESTAMP_BYTES = 8
export function encodeTimestamped(timestamp: number, value: Buffer): Buffer {
  const row = Buffer.allocUnsafe(TIMESTAMP_BYTES + value.length)
  writeInt64(row, timestamp, 0)
  row.set(value, TIMESTAMP_BYTES)
  return row
}

export function timestampOf(row: Buffer): number {
  return readInt64(row, 0)
}

/** The value's bytes: a view. */
export function plainValue(row: Buffer): Buffer {
  return row.subarray(TIMESTAMP_BYTES)
}
