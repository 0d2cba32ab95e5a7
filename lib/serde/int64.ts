// 8 bytes, big-endian, for whole numbers within ±2^53. Shifts instead of Buffer's own readers and writers, which check their arguments: half the time.
const TWO_POW_32 = 4_294_967_296

export function writeInt64(bytes: Buffer, value: number, at: number): void {
  const high = Math.floor(value / TWO_POW_32)
  const low = value >>> 0
  bytes[at] = high >> 24
  bytes[at + 1] = high >> 16
  bytes[at + 2] = high >> 8
  bytes[at + 3] = high
  bytes[at + 4] = low >>> 24
  bytes[at + 5] = low >>> 16
  bytes[at + 6] = low >>> 8
  bytes[at + 7] = low
}

export function readInt64(bytes: Buffer, at: number): number {
  const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  const low = ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0
  return high * TWO_POW_32 + low
}
