// The root of a group that has outgrown one leaf: the next free leaf number, then for each leaf, the one with the highest keys first,
//
//   length of its least sort key (varint) ‖ that key ‖ its number (4 bytes, big-endian)
//
// The least key of the lowest leaf counts as lower than every other, whatever it is. Highest first, since keys are mostly times and most of what is
// looked for is recent: it is found without a look at the rest.
import { compareAt, readLength, varintBytes, writeLength } from './leaf.ts'

export const ROOT = 1
const NUMBER_BYTES = 4
const HEADER_BYTES = 1 + NUMBER_BYTES

export interface LeafRef {
  readonly least: Buffer
  readonly number: number
}

/** Leaves in ascending order. */
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
  return { nextNumber: bytes.readUInt32BE(1), leaves: leaves.reverse() }
}

export function encodeRoot({ nextNumber, leaves }: Root): Buffer {
  const size = leaves.reduce((sum, { least }) => sum + varintBytes(least.length) + least.length + NUMBER_BYTES, 0)
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + size)
  bytes[0] = ROOT
  bytes.writeUInt32BE(nextNumber, 1)
  let at = HEADER_BYTES
  for (const { least, number } of leaves.toReversed()) {
    at = writeLength(bytes, at, least.length)
    bytes.set(least, at)
    at = bytes.writeUInt32BE(number, at + least.length)
  }
  return bytes
}

/** The number of the leaf that holds a sort key, or would. */
export function leafFor(root: Buffer, sort: Buffer): number {
  for (let at = HEADER_BYTES; ; ) {
    const length = readLength(root, at)
    at += varintBytes(length)
    const next = at + length + NUMBER_BYTES
    if (next === root.length || compareAt(root, at, length, sort) <= 0) return root.readUInt32BE(at + length)
    at = next
  }
}

/** The numbers of the leaves that may hold keys from `from` to `to`, both inclusive, ascending. */
export function leavesIn(root: Buffer, from: Buffer, to: Buffer): number[] {
  const numbers: number[] = []
  for (let at = HEADER_BYTES; ; ) {
    const length = readLength(root, at)
    at += varintBytes(length)
    const next = at + length + NUMBER_BYTES
    const lowest = next === root.length
    if (lowest || compareAt(root, at, length, to) <= 0) numbers.push(root.readUInt32BE(at + length))
    if (lowest || compareAt(root, at, length, from) <= 0) return numbers.reverse()
    at = next
  }
}
