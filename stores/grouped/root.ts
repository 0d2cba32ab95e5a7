// The root of a group that has outgrown one leaf: the next free leaf number, then for each leaf, in order,
//
//   length of its least sort key (varint) ‖ that key ‖ its number (4 bytes, big-endian)
//
// The least key of the first leaf counts as lower than every other, whatever it is.
import { readLength, varintBytes, writeLength } from './leaf.ts'

export const ROOT = 1
const NUMBER_BYTES = 4
const HEADER_BYTES = 1 + NUMBER_BYTES

export interface LeafRef {
  readonly least: Buffer
  readonly number: number
}

export interface Root {
  readonly nextNumber: number
  readonly leaves: readonly LeafRef[]
}

export function decodeRoot(bytes: Buffer): Root {
  const leaves: LeafRef[] = []
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    const length = readLength(bytes, at)
    at += varintBytes(length)
    leaves.push({ least: bytes.subarray(at, at + length), number: bytes.readUInt32BE(at + length) })
    at += length + NUMBER_BYTES
  }
  return { nextNumber: bytes.readUInt32BE(1), leaves }
}

export function encodeRoot({ nextNumber, leaves }: Root): Buffer {
  const size = leaves.reduce((sum, { least }) => sum + varintBytes(least.length) + least.length + NUMBER_BYTES, 0)
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + size)
  bytes[0] = ROOT
  bytes.writeUInt32BE(nextNumber, 1)
  let at = HEADER_BYTES
  for (const { least, number } of leaves) {
    at = writeLength(bytes, at, least.length)
    bytes.set(least, at)
    at = bytes.writeUInt32BE(number, at + least.length)
  }
  return bytes
}

/** Which leaf holds a sort key: the last one whose least key is not above it, else the first. */
export function leafFor({ leaves }: Root, sort: Buffer): number {
  let low = 1
  let high = leaves.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (leaves[middle]!.least.compare(sort) <= 0) low = middle + 1
    else high = middle
  }
  return low - 1
}
