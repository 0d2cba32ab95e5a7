// The keys of windowed changelogs: Java's WindowKeySchema and SessionKeySchema. Times are 8 bytes, big-endian.
//
//   window   key ‖ start ‖ sequence number (4 bytes): 0 in a store without duplicates
//   session  key ‖ end ‖ start
import { writeInt64 } from '../../lib/serde/int64.ts'

const TIME_BYTES = 8
const SEQUENCE_BYTES = 4

/** What follows the key. A window's start, or all of a session's, is the sort key of its entry. */
export const WINDOW_TIMES_BYTES = TIME_BYTES + SEQUENCE_BYTES
export const SESSION_TIMES_BYTES = 2 * TIME_BYTES

export function windowKey(key: Buffer, startMs: number, sequence: number): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + TIME_BYTES + SEQUENCE_BYTES)
  bytes.set(key)
  writeInt64(bytes, startMs, key.length)
  bytes.writeInt32BE(sequence, key.length + TIME_BYTES)
  return bytes
}

export function sessionKey(key: Buffer, startMs: number, endMs: number): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + 2 * TIME_BYTES)
  bytes.set(key)
  writeInt64(bytes, endMs, key.length)
  writeInt64(bytes, startMs, key.length + TIME_BYTES)
  return bytes
}
