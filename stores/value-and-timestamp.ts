// A row of a timestamped store: the event time as 8 bytes, big-endian, then the value. Java's format, in the store only: its changelog
// has the value alone, and the time as the record's.

export const TIMESTAMP_BYTES = 8
const TWO_POW_32 = 4_294_967_296

export function encodeTimestamped(timestamp: number, value: Buffer): Buffer {
  const row = Buffer.allocUnsafe(TIMESTAMP_BYTES + value.length)
  const high = Math.floor(timestamp / TWO_POW_32)
  const low = timestamp >>> 0
  row[0] = high >> 24
  row[1] = high >> 16
  row[2] = high >> 8
  row[3] = high
  row[4] = low >>> 24
  row[5] = low >>> 16
  row[6] = low >>> 8
  row[7] = low
  row.set(value, TIMESTAMP_BYTES)
  return row
}

export function timestampOf(row: Buffer): number {
  const high = (row[0]! << 24) | (row[1]! << 16) | (row[2]! << 8) | row[3]!
  const low = ((row[4]! << 24) | (row[5]! << 16) | (row[6]! << 8) | row[7]!) >>> 0
  return high * TWO_POW_32 + low
}

/** The value's bytes: a view. */
export function plainValue(row: Buffer): Buffer {
  return row.subarray(TIMESTAMP_BYTES)
}
