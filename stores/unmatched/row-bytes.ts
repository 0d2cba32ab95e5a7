// The bytes of unmatched records, in rows as in the changelog; Java's TimestampedKeyAndJoinSide and list of LeftOrRightValue:
//
//   key    timestamp (8 bytes, big-endian) ‖ side ‖ key            side: 1 left, 0 right
//   value  1 ‖ count (4) ‖ for each value: length (4) ‖ side ‖ value
import { readInt64, writeInt64 } from '../../lib/serde/int64.ts'

/** Which stream of a join a record belongs to. */
export type Side = 'left' | 'right'

const TIME_BYTES = 8
const PREFIX_BYTES = TIME_BYTES + 1
const LENGTH_BYTES = 4
const LIST_HEADER_BYTES = 1 + LENGTH_BYTES
/** Java's flag of a list whose values have lengths of their own. */
const VARIABLE_SIZE = 1

export interface RowKey {
  readonly timestamp: number
  readonly side: Side
  readonly key: Buffer
}

export function encodeRowKey({ timestamp, side, key }: RowKey): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + key.length)
  writeInt64(bytes, timestamp, 0)
  bytes[TIME_BYTES] = sideByte(side)
  bytes.set(key, PREFIX_BYTES)
  return bytes
}

export function decodeRowKey(bytes: Buffer): RowKey {
  return {
    timestamp: readInt64(bytes, 0),
    side: bytes[TIME_BYTES] === 1 ? 'left' : 'right',
    key: bytes.subarray(PREFIX_BYTES),
  }
}

/** The least key of this time or a later one. */
export function rowKeyFrom(timestamp: number): Buffer {
  const bytes = Buffer.alloc(TIME_BYTES)
  writeInt64(bytes, timestamp, 0)
  return bytes
}

/** The list with one value more; undefined stands for an empty one. */
export function appendValue(list: Buffer | undefined, side: Side, value: Buffer): Buffer {
  const before = list?.length ?? LIST_HEADER_BYTES
  const bytes = Buffer.allocUnsafe(before + LENGTH_BYTES + 1 + value.length)
  if (list === undefined) bytes[0] = VARIABLE_SIZE
  else bytes.set(list)
  bytes.writeInt32BE((list === undefined ? 0 : list.readInt32BE(1)) + 1, 1)
  bytes.writeInt32BE(1 + value.length, before)
  bytes[before + LENGTH_BYTES] = sideByte(side)
  bytes.set(value, before + LENGTH_BYTES + 1)
  return bytes
}

/** The values of a list, in the order in which they were added. */
export function valuesOf(list: Buffer): Buffer[] {
  const values: Buffer[] = []
  for (let at = LIST_HEADER_BYTES; at < list.length; ) {
    const end = at + LENGTH_BYTES + list.readInt32BE(at)
    values.push(list.subarray(at + LENGTH_BYTES + 1, end))
    at = end
  }
  return values
}

/** Whether a list has more than one value. */
export function hasSeveral(list: Buffer): boolean {
  return list.readInt32BE(1) > 1
}

function sideByte(side: Side): number {
  return side === 'left' ? 1 : 0
}
