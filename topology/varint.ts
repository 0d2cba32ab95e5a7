// Zigzag varints as Kafka writes lengths in internal formats: at most 5 bytes, the lower 7 bits first.

export function varintLength(value: number): number {
  let rest = zigzag(value)
  let length = 1
  while (rest > 0x7f) {
    rest >>>= 7
    length++
  }
  return length
}

/** Writes `value`, a whole number of at most 31 bits and a sign. */
export function writeVarint(bytes: Buffer, value: number, at: number): void {
  let rest = zigzag(value)
  let position = at
  while (rest > 0x7f) {
    bytes[position++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[position] = rest
}

/** @returns The number, and the position after it. */
export function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } {
  let rest = 0
  let next = at
  for (let shift = 0; shift <= 28; shift += 7) {
    const byte = bytes[next++]
    if (byte === undefined) break
    rest |= (byte & 0x7f) << shift
    if (byte <= 0x7f) return { value: (rest >>> 1) ^ -(rest & 1), next }
  }
  throw new Error('a length is cut off, or longer than 5 bytes')
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0
}
