// The keys of windowed changelogs: Java's WindowKeySchema and SessionKeySchema. Times are 8 bytes, big-endian.
//
//   window   key ‖ start ‖ sequence number (4 bytes): 0 in a store without duplicates
//   session  key ‖ end ‖ start
import { readInt64, writeInt64 } from '../../lib/serde/int64.ts'

const TIME_BYTES = 8
const SEQUENCE_BYTES = 4

/** What tells an entry of a windowed store from all others. */
export interface EntryId {
  /** Serialized; of what was read from a changelog, a view. */
  readonly key: Buffer
  /** The start of the window, or the end of the session. */
  readonly timeMs: number
  /** The start of the session, the sequence number of a duplicate, or else 0. */
  readonly second: number
}

export function windowKey(key: Buffer, startMs: number, sequence: number): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + TIME_BYTES + SEQUENCE_BYTES)
  bytes.set(key)
  writeInt64(bytes, startMs, key.length)
  bytes.writeInt32BE(sequence, key.length + TIME_BYTES)
  return bytes
}

export function readWindowKey(bytes: Buffer): EntryId {
  const end = bytes.length - TIME_BYTES - SEQUENCE_BYTES
  return { key: bytes.subarray(0, end), timeMs: readInt64(bytes, end), second: bytes.readInt32BE(end + TIME_BYTES) }
}

export function sessionKey(key: Buffer, startMs: number, endMs: number): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + 2 * TIME_BYTES)
  bytes.set(key)
  writeInt64(bytes, endMs, key.length)
  writeInt64(bytes, startMs, key.length + TIME_BYTES)
  return bytes
}

export function readSessionKey(bytes: Buffer): EntryId {
  const end = bytes.length - 2 * TIME_BYTES
  return { key: bytes.subarray(0, end), timeMs: readInt64(bytes, end), second: readInt64(bytes, end + TIME_BYTES) }
}
