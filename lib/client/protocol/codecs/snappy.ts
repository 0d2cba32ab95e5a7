// Snappy as Java's clients frame it (snappy-java's stream): a magic number, two version numbers, then blocks of up to 32 KiB, each behind its size.
// Other clients write one block without any frame; Java reads both, and so does this.
//
//   82 'SNAPPY' 00 | version i32 | least version i32 | { size i32 | block }*        big-endian
import {
  compressSnappyBlock,
  decompressSnappyBlock,
  readSnappyLength,
  snappyBlockBound,
} from '../../../core/snappy-block.ts'

const MAGIC = Buffer.from('\x82SNAPPY\0', 'latin1')
const MAGIC_START = MAGIC.readInt32BE(0)
const HEADER_BYTES = 16
const VERSION = 1
const BLOCK_BYTES = 32 * 1024

/** `bytes` in Java's frame. */
export function compressSnappy(bytes: Buffer): Buffer {
  const blockCount = Math.ceil(bytes.length / BLOCK_BYTES)
  const framed = Buffer.allocUnsafe(HEADER_BYTES + snappyBlockBound(bytes.length) + blockCount * (4 + 32))
  let at = MAGIC.copy(framed)
  at = framed.writeInt32BE(VERSION, at)
  at = framed.writeInt32BE(VERSION, at)
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    const to = Math.min(from + BLOCK_BYTES, bytes.length)
    const end = compressSnappyBlock(bytes, from, to, framed, at + 4)
    framed.writeInt32BE(end - at - 4, at)
    at = end
  }
  return framed.subarray(0, at)
}

/**
 * What Java's frame, or a block without one, holds.
 *
 * @throws Error: damaged, or more than `maxBytes`, which is known before memory is taken.
 */
export function decompressSnappy(bytes: Buffer, maxBytes: number): Buffer {
  let length = 0
  forEachBlock(bytes, (from, to) => {
    length += readSnappyLength(bytes, from, to).length
    if (length > maxBytes) throw new Error(`more than ${maxBytes} bytes when decompressed`)
  })
  const content = Buffer.allocUnsafe(length)
  let at = 0
  forEachBlock(bytes, (from, to) => {
    const block = readSnappyLength(bytes, from, to)
    decompressSnappyBlock(bytes, block.elementsAt, to, content, at, block.length)
    at += block.length
  })
  return content
}

function startsWithMagic(bytes: Buffer): boolean {
  return bytes.length >= HEADER_BYTES && bytes.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) === 0
}

function forEachBlock(bytes: Buffer, visit: (from: number, to: number) => void): void {
  if (!startsWithMagic(bytes)) {
    visit(0, bytes.length)
    return
  }
  let at = HEADER_BYTES
  while (at < bytes.length) {
    if (bytes.length - at < 4) throw new Error('a Snappy frame is cut off')
    const size = bytes.readInt32BE(at)
    // Frames may be joined: the next one's header stands where a size would be.
    if (size === MAGIC_START && bytes.length - at >= HEADER_BYTES) {
      at += HEADER_BYTES
      continue
    }
    at += 4
    if (size <= 0 || size > bytes.length - at) {
      throw new Error(`a Snappy frame with a block of ${size} bytes, ${bytes.length - at} left`)
    }
    visit(at, at + size)
    at += size
  }
}
