// LZ4's frame format (v1.6), in which Kafka's batches are compressed: a header, blocks, an end mark. All integers are little-endian.
//
//   magic u32 | flags u8 | block size u8 | [content size u64] | header checksum u8 | { size u32 | block | [checksum u32] }* | 0 u32 | [checksum u32]
//
// Kafka's Java client reads frames of independent blocks only, and writes blocks of 64 KiB without checksums, as this does: a batch has its own.
import { compressLz4Block, decompressLz4Block, lz4BlockBound } from './lz4-block.ts'
import { xxh32 } from './xxh32.ts'

const MAGIC = 0x184d2204
const HEADER_BYTES = 7

const VERSION_MASK = 0xc0
const VERSION_1 = 0x40
const INDEPENDENT_BLOCKS = 0x20
const BLOCK_CHECKSUMS = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY = 0x01

const BLOCK_BYTES = 64 * 1024
const BLOCK_BYTES_CODE = 4
/** Set in a block's size: the block is stored as it was. */
const UNCOMPRESSED = 0x8000_0000
/** A match of many bytes grows by 255 with each byte of its length. */
const MAX_EXPANSION = 255

const CUT_OFF = 'an LZ4 frame is cut off'

/** One frame that holds `bytes`. */
export function compressLz4(bytes: Buffer): Buffer {
  const blockCount = Math.ceil(bytes.length / BLOCK_BYTES)
  const frame = Buffer.allocUnsafe(HEADER_BYTES + lz4BlockBound(bytes.length) + blockCount * (4 + 16) + 4)
  frame.writeUInt32LE(MAGIC, 0)
  frame[4] = VERSION_1 | INDEPENDENT_BLOCKS
  frame[5] = BLOCK_BYTES_CODE << 4
  frame[6] = headerChecksum(frame, 4, 6)
  let at = HEADER_BYTES
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    const to = Math.min(from + BLOCK_BYTES, bytes.length)
    const end = compressLz4Block(bytes, from, to, frame, at + 4)
    const size = end - at - 4
    if (size < to - from) {
      at = frame.writeUInt32LE(size, at) + size
    } else {
      at = frame.writeUInt32LE(((to - from) | UNCOMPRESSED) >>> 0, at)
      at += bytes.copy(frame, at, from, to)
    }
  }
  return frame.subarray(0, frame.writeUInt32LE(0, at))
}

/**
 * What a frame holds. Every frame that the format allows can be read: blocks of each size, dependent ones, stored ones, with checksums (which are
 * checked) or a content size; only those that need a dictionary cannot.
 *
 * @throws Error: damaged, or more than `maxBytes`. Memory is taken as blocks are read, never for a size that a frame claims to have.
 */
export function decompressLz4(bytes: Buffer, maxBytes: number): Buffer {
  const { flags, maxBlockBytes, contentBytes, end: headerEnd } = readHeader(bytes)
  const checksumBytes = (flags & BLOCK_CHECKSUMS) === 0 ? 0 : 4
  let content: Buffer = Buffer.allocUnsafe(Math.min(maxBytes, bytes.length * 4))
  let length = 0
  let at = headerEnd
  for (;;) {
    if (bytes.length - at < 4) throw new Error(CUT_OFF)
    const sizeField = bytes.readUInt32LE(at)
    at += 4
    if (sizeField === 0) break
    const isStored = sizeField >= UNCOMPRESSED
    const size = isStored ? sizeField - UNCOMPRESSED : sizeField
    const end = at + size
    if (size > maxBlockBytes) throw new Error(`an LZ4 block of ${size} bytes, where ${maxBlockBytes} are the most`)
    if (end + checksumBytes > bytes.length) throw new Error(CUT_OFF)
    if (checksumBytes > 0 && bytes.readUInt32LE(end) !== xxh32(bytes, at, end)) {
      throw new Error("an LZ4 block's checksum does not match")
    }

    const most = isStored ? size : Math.min(maxBlockBytes, size * MAX_EXPANSION)
    const limit = Math.min(maxBytes, length + most)
    if (isStored && length + size > maxBytes) throw new Error(`more than ${maxBytes} bytes when decompressed`)
    content = withRoom(content, length, limit, maxBytes)
    if (isStored) length += bytes.copy(content, length, at, end)
    else {
      const windowStart = (flags & INDEPENDENT_BLOCKS) === 0 ? 0 : length
      length = decompressLz4Block(bytes, at, end, { bytes: content, at: length, limit, windowStart })
    }
    at = end + checksumBytes
  }
  const result = content.subarray(0, length)
  checkEnd(bytes, at, flags, result)
  if (contentBytes !== undefined && contentBytes !== length) {
    throw new Error(`an LZ4 frame of ${length} bytes that should have ${contentBytes}`)
  }
  return result
}

interface Header {
  readonly flags: number
  readonly maxBlockBytes: number
  readonly contentBytes: number | undefined
  readonly end: number
}

function readHeader(bytes: Buffer): Header {
  if (bytes.length < HEADER_BYTES) throw new Error(CUT_OFF)
  const magic = bytes.readUInt32LE(0)
  const flags = bytes[4]!
  const blockBytesCode = (bytes[5]! >>> 4) & 7
  if (magic !== MAGIC) throw new Error(`an LZ4 frame that begins with ${magic.toString(16)}`)
  if ((flags & VERSION_MASK) !== VERSION_1) throw new Error(`an LZ4 frame of version ${flags >>> 6}`)
  if ((flags & DICTIONARY) !== 0) throw new Error('an LZ4 frame that needs a dictionary')
  if (blockBytesCode < BLOCK_BYTES_CODE) throw new Error(`an LZ4 frame with block size code ${blockBytesCode}`)
  const hasContentSize = (flags & CONTENT_SIZE) !== 0
  const checksumAt = hasContentSize ? 14 : 6
  if (bytes.length <= checksumAt) throw new Error(CUT_OFF)
  if (bytes[checksumAt] !== headerChecksum(bytes, 4, checksumAt)) {
    throw new Error("an LZ4 frame's header does not match its checksum")
  }
  return {
    flags,
    maxBlockBytes: BLOCK_BYTES << (2 * (blockBytesCode - BLOCK_BYTES_CODE)), // 64 KiB, 256 KiB, 1 MiB, 4 MiB
    contentBytes: hasContentSize ? Number(bytes.readBigUInt64LE(6)) : undefined,
    end: checksumAt + 1,
  }
}

function headerChecksum(bytes: Buffer, from: number, to: number): number {
  return (xxh32(bytes, from, to) >>> 8) & 255
}

/** What follows the last block: a checksum if there is one, and nothing else. */
function checkEnd(bytes: Buffer, at: number, flags: number, content: Buffer): void {
  const checksumBytes = (flags & CONTENT_CHECKSUM) === 0 ? 0 : 4
  if (bytes.length < at + checksumBytes) throw new Error(CUT_OFF)
  if (bytes.length > at + checksumBytes)
    throw new Error(`${bytes.length - at - checksumBytes} bytes after an LZ4 frame`)
  if (checksumBytes > 0 && bytes.readUInt32LE(at) !== xxh32(content, 0, content.length)) {
    throw new Error("an LZ4 frame's checksum does not match")
  }
}

function withRoom(content: Buffer, used: number, needed: number, maxBytes: number): Buffer {
  if (needed <= content.length) return content
  const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(needed, content.length * 2)))
  content.copy(larger, 0, 0, used)
  return larger
}
