// Zigzag varints, as the fields of a record are written: 7 bits a byte, lowest first, the sign in the lowest bit.
//
// Numbers are split into the sign and the rest, so that every safe integer is exact though a doubled one may not be.
// Callers read and write the one-byte form themselves where it counts.

/** No more bytes than this make a varint: 64 bits. */
const MAX_BYTES = 10

/** Where the varint that was read last ended. A variable, because returning two numbers would cost an object each time. */
export let varintEnd = 0

/** Reads a varint of up to 64 bits. One that does not end sets `varintEnd` past the end of the bytes. */
export function readVarint(bytes: Buffer, start: number): number {
  let at = start
  let byte = bytes[at++]!
  let low = byte & 127
  for (let shift = 7; byte > 127 && shift < 28; shift += 7) {
    byte = bytes[at++]!
    low |= (byte & 127) << shift
  }
  varintEnd = at
  return byte > 127 ? readLong(bytes, start, at, low) : (low >>> 1) ^ -(low & 1)
}

function readLong(bytes: Buffer, start: number, from: number, low: number): number {
  let at = from
  let high = 0
  let scale = 1
  let byte = 128
  while (byte > 127 && at - start < MAX_BYTES) {
    byte = bytes[at++]!
    high += (byte & 127) * scale
    scale *= 128
  }
  varintEnd = byte > 127 ? bytes.length + 1 : at
  const rest = (low >>> 1) + high * 0x8000000
  return low & 1 ? -rest - 1 : rest
}

/** Writes a safe integer at `at`, where there must be room for ten bytes, and returns where it ends. */
export function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start
  if (value >= -0x40000000 && value < 0x40000000) {
    let rest = (value << 1) ^ (value >> 31)
    while (rest > 127) {
      bytes[at++] = (rest & 127) | 128
      rest >>>= 7
    }
    bytes[at++] = rest
    return at
  }
  let rest = value < 0 ? -value - 1 : value
  let byte = (rest % 64) * 2 + (value < 0 ? 1 : 0)
  rest = Math.floor(rest / 64)
  while (rest > 0) {
    bytes[at++] = byte | 128
    byte = rest % 128
    rest = Math.floor(rest / 128)
  }
  bytes[at++] = byte
  return at
}

/** How many bytes `writeVarint` takes for a safe integer. */
export function varintSize(value: number): number {
  if (value >= -64 && value < 64) return 1
  if (value >= -0x40000000 && value < 0x40000000) {
    const significantBits = 32 - Math.clz32((value << 1) ^ (value >> 31))
    return Math.ceil(significantBits / 7)
  }
  let size = 1
  for (let rest = Math.floor((value < 0 ? -value - 1 : value) / 64); rest > 0; rest = Math.floor(rest / 128)) size++
  return size
}
