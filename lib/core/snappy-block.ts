// Snappy's block format: the length as a varint, then elements. An element's first byte has its kind in the two lowest bits:
//   0 literals: count - 1 above; 60 to 63 say that it follows in one to four bytes
//   1 a copy of 4 to 11 bytes, up to 2047 back     2 of 1 to 64 bytes, up to 65535 back     3 with four bytes of distance
import { copyLiterals, copyMatch, findMatches, type SequenceWriter } from './matches.ts'

/** A copy of 64 bytes takes three: nothing becomes longer than this by decompression. */
const MAX_EXPANSION = 22
const MAX_LENGTH_BYTES = 5
const MAX_COPY_BYTES = 64

/** The most that a block may become by compression. */
export function snappyBlockBound(bytes: number): number {
  return bytes + Math.ceil(bytes / 6) + 32
}

/** Compresses `source` from `from` up to `to`, at most 64 KiB, into `target` at `at`, where `snappyBlockBound` has room. Returns where the block ends. */
export function compressSnappyBlock(source: Buffer, from: number, to: number, target: Buffer, at: number): number {
  let elementsAt = at
  let rest = to - from
  for (; rest > 127; rest >>>= 7) target[elementsAt++] = (rest & 127) | 128
  target[elementsAt++] = rest
  const writer = new BlockWriter(source, target, elementsAt)
  findMatches(source, from, to, writer)
  return writer.at
}

class BlockWriter implements SequenceWriter {
  at: number
  readonly #source: Buffer
  readonly #target: Buffer

  constructor(source: Buffer, target: Buffer, at: number) {
    this.#source = source
    this.#target = target
    this.at = at
  }

  sequence(literalsFrom: number, literalsTo: number, distance: number, matchBytes: number): void {
    this.lastLiterals(literalsFrom, literalsTo)
    let left = matchBytes
    // What is left at the end must have four bytes at least, for the short form.
    for (; left >= MAX_COPY_BYTES + 4; left -= MAX_COPY_BYTES) this.#copy(distance, MAX_COPY_BYTES)
    if (left > MAX_COPY_BYTES) {
      this.#copy(distance, MAX_COPY_BYTES - 4)
      left -= MAX_COPY_BYTES - 4
    }
    this.#copy(distance, left)
  }

  lastLiterals(from: number, to: number): void {
    const count = to - from
    if (count === 0) return
    const target = this.#target
    if (count <= 60) target[this.at++] = (count - 1) << 2
    else if (count <= 256) {
      target[this.at++] = 60 << 2
      target[this.at++] = count - 1
    } else {
      target[this.at++] = 61 << 2
      target[this.at++] = (count - 1) & 255
      target[this.at++] = (count - 1) >>> 8
    }
    copyLiterals(this.#source, from, target, this.at, count)
    this.at += count
  }

  #copy(distance: number, bytes: number): void {
    const target = this.#target
    if (bytes < 12 && distance < 2048) {
      target[this.at++] = 1 | ((bytes - 4) << 2) | ((distance >>> 8) << 5)
      target[this.at++] = distance & 255
      return
    }
    target[this.at++] = 2 | ((bytes - 1) << 2)
    target[this.at++] = distance & 255
    target[this.at++] = distance >>> 8
  }
}

/** What a block says about itself: how much it holds, and where its elements begin. */
export interface SnappyBlock {
  readonly length: number
  readonly elementsAt: number
}

/** @throws Error: no block can begin like this, or one of this size cannot hold so much. */
export function readSnappyLength(source: Buffer, from: number, to: number): SnappyBlock {
  let length = 0
  let scale = 1
  for (let at = from; at < to && at < from + MAX_LENGTH_BYTES; at++) {
    const byte = source[at]!
    length += (byte & 127) * scale
    scale *= 128
    if (byte > 127) continue
    if (length > (to - at) * MAX_EXPANSION) {
      throw new Error(`a Snappy block of ${to - from} bytes that claims to hold ${length}`)
    }
    return { length, elementsAt: at + 1 }
  }
  throw new Error('a Snappy block is cut off within its length')
}

/**
 * Decompresses the elements in `source` from `from` up to `to` into `target` at `start`; they must be `length` bytes, for which there is room.
 *
 * @throws Error: the block is damaged. Nothing outside of the two ranges is read or written.
 */
export function decompressSnappyBlock(
  source: Buffer,
  from: number,
  to: number,
  target: Buffer,
  start: number,
  length: number,
): void {
  const end = start + length
  let at = start
  let read = from
  while (read < to) {
    const tag = source[read++]!
    const kind = tag & 3
    let count = (tag >>> 2) + 1
    if (kind === 0) {
      if (count > 60) {
        const countBytes = count - 60
        if (countBytes > to - read) throw new Error('a Snappy block is cut off within a length')
        count = source.readUIntLE(read, countBytes) + 1
        read += countBytes
      }
      if (count > to - read) throw new Error('a Snappy block is cut off within literals')
      if (count > end - at) throw tooLong(length)
      copyLiterals(source, read, target, at, count)
      read += count
    } else {
      const distanceBytes = kind === 3 ? 4 : kind
      if (distanceBytes > to - read) throw new Error('a Snappy block is cut off within a copy')
      let distance: number
      if (kind === 1) {
        count = ((tag >>> 2) & 7) + 4
        distance = ((tag >>> 5) << 8) | source[read]!
      } else if (kind === 2) distance = source[read]! | (source[read + 1]! << 8)
      else distance = source.readUInt32LE(read)
      read += distanceBytes
      if (distance === 0 || distance > at - start) {
        throw new Error(`a Snappy copy from ${distance} bytes back, ${at - start} bytes in`)
      }
      if (count > end - at) throw tooLong(length)
      copyMatch(target, at, distance, count)
    }
    at += count
  }
  if (at !== end) throw new Error(`a Snappy block of ${at - start} bytes that should have ${length}`)
}

function tooLong(length: number): Error {
  return new Error(`a Snappy block holds more than its ${length} bytes`)
}
