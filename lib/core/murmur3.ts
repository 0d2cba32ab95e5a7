// Murmur3 of 128 bits for 64-bit machines, on numbers of 32 bits: BigInt would cost several times as much. A product or sum of 64 bits is left in `high` and
// `low`.

const SEED = 104_729
const BLOCK_BYTES = 16
const HASH_BYTES = 16

// The algorithm's two multipliers.
const C1_HIGH = 0x87c37b91
const C1_LOW = 0x114253d5
const C2_HIGH = 0x4cf5ad43
const C2_LOW = 0x2745937f

let high = 0
let low = 0

/** Java Kafka Streams' hash of a value in foreign-key joins: 16 bytes. */
export function murmur3(bytes: Buffer): Buffer {
  const { length } = bytes
  let aHigh = 0
  let aLow = SEED
  let bHigh = 0
  let bLow = SEED

  const whole = length - (length % BLOCK_BYTES)
  for (let at = 0; at < whole; at += BLOCK_BYTES) {
    mixFirst(word(bytes, at + 4, 4), word(bytes, at, 4))
    aHigh ^= high
    aLow ^= low
    rotate(aHigh, aLow, 27)
    add(high, low, bHigh, bLow)
    timesFivePlus(high, low, 0x52dce729)
    aHigh = high
    aLow = low

    mixSecond(word(bytes, at + 12, 4), word(bytes, at + 8, 4))
    bHigh ^= high
    bLow ^= low
    rotate(bHigh, bLow, 31)
    add(high, low, aHigh, aLow)
    timesFivePlus(high, low, 0x38495ab5)
    bHigh = high
    bLow = low
  }

  const rest = length - whole
  if (rest > 8) {
    mixSecond(word(bytes, whole + 12, rest - 12), word(bytes, whole + 8, rest - 8))
    bHigh ^= high
    bLow ^= low
  }
  if (rest > 0) {
    mixFirst(word(bytes, whole + 4, rest - 4), word(bytes, whole, rest))
    aHigh ^= high
    aLow ^= low
  }

  add(aHigh, aLow ^ length, bHigh, bLow ^ length)
  aHigh = high
  aLow = low
  add(bHigh, bLow ^ length, aHigh, aLow)
  bHigh = high
  bLow = low
  finish(aHigh, aLow)
  aHigh = high
  aLow = low
  finish(bHigh, bLow)
  bHigh = high
  bLow = low
  add(aHigh, aLow, bHigh, bLow)
  aHigh = high
  aLow = low
  add(bHigh, bLow, aHigh, aLow)

  const hash = Buffer.allocUnsafe(HASH_BYTES)
  hash.writeInt32BE(aHigh | 0, 0)
  hash.writeInt32BE(aLow | 0, 4)
  hash.writeInt32BE(high | 0, 8)
  hash.writeInt32BE(low | 0, 12)
  return hash
}

/** Up to four bytes as a little-endian number; none if `count` is not positive. */
function word(bytes: Buffer, at: number, count: number): number {
  let value = 0
  for (let i = Math.min(count, 4) - 1; i >= 0; i--) value = (value << 8) | bytes[at + i]!
  return value
}

function mixFirst(h: number, l: number): void {
  multiply(h, l, C1_HIGH, C1_LOW)
  rotate(high, low, 31)
  multiply(high, low, C2_HIGH, C2_LOW)
}

function mixSecond(h: number, l: number): void {
  multiply(h, l, C2_HIGH, C2_LOW)
  rotate(high, low, 33)
  multiply(high, low, C1_HIGH, C1_LOW)
}

function timesFivePlus(h: number, l: number, addend: number): void {
  multiply(h, l, 0, 5)
  add(high, low, 0, addend)
}

function finish(h: number, l: number): void {
  // A shift by 33 leaves one half shifted by 1 in the place of the other.
  multiply(h, l ^ (h >>> 1), 0xff51afd7, 0xed558ccd)
  multiply(high, low ^ (high >>> 1), 0xc4ceb9fe, 0x1a85ec53)
  low ^= high >>> 1
}

function add(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const sum = (aLow >>> 0) + (bLow >>> 0)
  low = sum | 0
  high = (aHigh + bHigh + (sum > 0xffffffff ? 1 : 0)) | 0
}

/** To the left, by 1 to 63 but 32. */
function rotate(h: number, l: number, by: number): void {
  const [upper, lower, rest] = by < 32 ? [h, l, by] : [l, h, by - 32]
  high = (upper << rest) | (lower >>> (32 - rest))
  low = (lower << rest) | (upper >>> (32 - rest))
}

/** The low 64 bits of a product, by halves of 16 bits where a product of 32 would not fit a number. */
function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const a0 = aLow & 0xffff
  const a1 = aLow >>> 16
  const b0 = bLow & 0xffff
  const b1 = bLow >>> 16
  const lowest = a0 * b0
  const middle = a1 * b0 + (lowest >>> 16)
  const other = a0 * b1 + (middle & 0xffff)
  const upper = a1 * b1 + (middle >>> 16) + (other >>> 16)
  low = (other << 16) | (lowest & 0xffff)
  high = (upper + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0
}
