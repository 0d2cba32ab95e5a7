// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of record batches and of LevelDB. node:zlib has only the IEEE polynomial.

const REVERSED_POLYNOMIAL = 0x82f63b78
const SLICES = 16

// Slicing-by-16: table k holds the checksum of each byte value followed by k zero bytes, so 16 bytes cost 16 independent
// look-ups instead of 16 dependent ones. One flat array, because V8 then keeps one base address.
const TABLE = new Int32Array(SLICES * 256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ REVERSED_POLYNOMIAL : crc >>> 1
  TABLE[byte] = crc
}
for (let i = 256; i < SLICES * 256; i++) TABLE[i] = (TABLE[i - 256]! >>> 8) ^ TABLE[TABLE[i - 256]! & 255]!

/** The CRC-32C of `bytes` from `start` (inclusive) to `end` (exclusive), as an unsigned 32-bit integer. */
export function crc32c(bytes: Buffer, start: number, end: number): number {
  const T = TABLE
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let crc = -1
  let at = start
  for (; at + 16 <= end; at += 16) {
    const a = crc ^ view.getInt32(at, true)
    const b = view.getInt32(at + 4, true)
    const c = view.getInt32(at + 8, true)
    const d = view.getInt32(at + 12, true)
    crc =
      T[3840 + (a & 255)]! ^
      T[3584 + ((a >>> 8) & 255)]! ^
      T[3328 + ((a >>> 16) & 255)]! ^
      T[3072 + (a >>> 24)]! ^
      T[2816 + (b & 255)]! ^
      T[2560 + ((b >>> 8) & 255)]! ^
      T[2304 + ((b >>> 16) & 255)]! ^
      T[2048 + (b >>> 24)]! ^
      T[1792 + (c & 255)]! ^
      T[1536 + ((c >>> 8) & 255)]! ^
      T[1280 + ((c >>> 16) & 255)]! ^
      T[1024 + (c >>> 24)]! ^
      T[768 + (d & 255)]! ^
      T[512 + ((d >>> 8) & 255)]! ^
      T[256 + ((d >>> 16) & 255)]! ^
      T[d >>> 24]!
  }
  for (; at < end; at++) crc = T[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}
