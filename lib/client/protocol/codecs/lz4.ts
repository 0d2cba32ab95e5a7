// LZ4's frame format (v1.6), in which Kafka's batches are compressed: a header, blocks, an end mark. All integers are little-endian.
//
//   magic u32 | flags u8 | block size u8 | [content size u64] | header checksum u8 | { size u32 | block | [checksum u32] }* | 0 u32 | [checksum u32]
//
// Kafka's Java client reads frames of independent blocks only, and writes blocks of 64 KiB without checksums, as this does: a batch has its own.
import { compressLz4Block, decompressLz4Block, lz4BlockBound, lz4BlockLength } from './lz4-block.ts'
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
 * @throws Error: damaged, or more than `maxBytes`, which is known before memory is taken.
 */
export function decompressLz4(bytes: Buffer, maxBytes: number): Buffer {
  const header = readHeader(bytes)
  let length = 0
  const end = forEachBlock(bytes, header, (from, to, isStored) => {
    const size = isStored ? to - from : lz4BlockLength(bytes, from, to)
    if (size > header.maxBlockBytes) throw blockTooLarge(size, header)
    length += size
    if (length > maxBytes) throw new Error(`more than ${maxBytes} bytes when decompressed`)
  })
  const content = Buffer.allocUnsafe(length)
  let at = 0
  forEachBlock(bytes, header, (from, to, isStored) => {
    if (isStored) at += bytes.copy(content, at, from, to)
    else at = decompressLz4Block(bytes, from, to, content, at, header.dependentBlocks ? 0 : at)
  })
  checkEnd(bytes, end, header, content)
  return content
}

interface Header {
  /** Where the first block begins. */
  readonly end: number
  readonly maxBlockBytes: number
  readonly dependentBlocks: boolean
  readonly blockChecksums: boolean
  readonly contentChecksum: boolean
  readonly contentBytes: number | undefined
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
    end: checksumAt + 1,
    maxBlockBytes: BLOCK_BYTES << (2 * (blockBytesCode - BLOCK_BYTES_CODE)), // 64 KiB, 256 KiB, 1 MiB, 4 MiB
    dependentBlocks: (flags & INDEPENDENT_BLOCKS) === 0,
    blockChecksums: (flags & BLOCK_CHECKSUMS) !== 0,
    contentChecksum: (flags & CONTENT_CHECKSUM) !== 0,
    contentBytes: hasContentSize ? Number(bytes.readBigUInt64LE(6)) : undefined,
  }
}

function headerChecksum(bytes: Buffer, from: number, to: number): number {
  return (xxh32(bytes, from, to) >>> 8) & 255
}

/** Visits the blocks up to the end mark, and returns where that ends. */
function forEachBlock(
  bytes: Buffer,
  header: Header,
  visit: (from: number, to: number, isStored: boolean) => void,
): number {
  const checksumBytes = header.blockChecksums ? 4 : 0
  let at = header.end
  for (;;) {
    if (bytes.length - at < 4) throw new Error(CUT_OFF)
    const sizeField = bytes.readUInt32LE(at)
    at += 4
    if (sizeField === 0) return at
    const isStored = sizeField >= UNCOMPRESSED
    const size = isStored ? sizeField - UNCOMPRESSED : sizeField
    if (size > header.maxBlockBytes) throw blockTooLarge(size, header)
    const to = at + size
    if (to + checksumBytes > bytes.length) throw new Error(CUT_OFF)
    if (header.blockChecksums && bytes.readUInt32LE(to) !== xxh32(bytes, at, to)) {
      throw new Error("an LZ4 block's checksum does not match")
    }
    visit(at, to, isStored)
    at = to + checksumBytes
  }
}

function blockTooLarge(size: number, { maxBlockBytes }: Header): Error {
  return new Error(`an LZ4 block of ${size} bytes; ${maxBlockBytes} are the most`)
}

/** What follows the last block: a checksum if there is one, and nothing else. */
function checkEnd(bytes: Buffer, at: number, { contentChecksum, contentBytes }: Header, content: Buffer): void {
  const checksumBytes = contentChecksum ? 4 : 0
  if (bytes.length < at + checksumBytes) throw new Error(CUT_OFF)
  if (bytes.length > at + checksumBytes)
    throw new Error(`${bytes.length - at - checksumBytes} bytes after an LZ4 frame`)
  if (contentChecksum && bytes.readUInt32LE(at) !== xxh32(content, 0, content.length)) {
    throw new Error("an LZ4 frame's checksum does not match")
  }
  if (contentBytes !== undefined && contentBytes !== content.length) {
    throw new Error(`an LZ4 frame of ${content.length} bytes that should have ${contentBytes}`)
  }
}
