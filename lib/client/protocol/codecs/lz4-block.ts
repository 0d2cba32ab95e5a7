// LZ4's block format: sequences of a token (4 bits literal count, 4 bits match length - 4), literals, and a match's distance. A count of 15 goes on
// in bytes that are added up, as long as they are 255.
import { copyLiterals, copyMatch, findMatches, type SequenceWriter } from './matches.ts'

const MIN_MATCH_BYTES = 4
const FULL_NIBBLE = 15

/** The most that a block may become by compression. */
export function lz4BlockBound(bytes: number): number {
  return bytes + Math.ceil(bytes / 255) + 16
}

/** Compresses `source` from `from` up to `to`, at most 64 KiB, into `target` at `at`, where `lz4BlockBound` has room. Returns where the block ends. */
export function compressLz4Block(source: Buffer, from: number, to: number, target: Buffer, at: number): number {
  const writer = new BlockWriter(source, target, at)
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
    const matchCount = matchBytes - MIN_MATCH_BYTES
    this.#literals(literalsFrom, literalsTo, Math.min(matchCount, FULL_NIBBLE))
    this.#target[this.at++] = distance & 255
    this.#target[this.at++] = distance >>> 8
    if (matchCount >= FULL_NIBBLE) this.#rest(matchCount - FULL_NIBBLE)
  }

  lastLiterals(from: number, to: number): void {
    this.#literals(from, to, 0)
  }

  #literals(from: number, to: number, matchNibble: number): void {
    const count = to - from
    this.#target[this.at++] = (Math.min(count, FULL_NIBBLE) << 4) | matchNibble
    if (count >= FULL_NIBBLE) this.#rest(count - FULL_NIBBLE)
    copyLiterals(this.#source, from, this.#target, this.at, count)
    this.at += count
  }

  #rest(count: number): void {
    let left = count
    for (; left >= 255; left -= 255) this.#target[this.at++] = 255
    this.#target[this.at++] = left
  }
}

/** Where in a buffer a block's bytes go. */
export interface BlockTarget {
  readonly bytes: Buffer
  readonly at: number
  /** The block may not write past this. */
  readonly limit: number
  /** Matches reach back to here at most. */
  readonly windowStart: number
}

/**
 * Decompresses the block in `source` from `from` up to `to`, and returns where in the target its bytes end.
 *
 * @throws Error: the block is damaged, or becomes larger than the target's limit. Nothing outside of the two ranges is read or written.
 */
export function decompressLz4Block(source: Buffer, from: number, to: number, target: BlockTarget): number {
  const { bytes, limit, windowStart } = target
  let at = target.at
  let read = from
  while (read < to) {
    const token = source[read++]!
    let count = token >>> 4
    if (count === FULL_NIBBLE) {
      let more = 255
      while (more === 255 && read < to) {
        more = source[read++]!
        count += more
      }
    }
    if (count > to - read) throw new Error('an LZ4 block is cut off within literals')
    if (count > limit - at) throw tooLarge(limit - target.at)
    copyLiterals(source, read, bytes, at, count)
    read += count
    at += count
    // Only the last sequence has no match.
    if (read === to) return at

    if (to - read < 2) throw new Error('an LZ4 block is cut off within a match')
    const distance = source[read]! | (source[read + 1]! << 8)
    read += 2
    let matchBytes = token & FULL_NIBBLE
    if (matchBytes === FULL_NIBBLE) {
      let more = 255
      while (more === 255 && read < to) {
        more = source[read++]!
        matchBytes += more
      }
    }
    matchBytes += MIN_MATCH_BYTES
    if (distance === 0 || distance > at - windowStart) {
      throw new Error(`an LZ4 match ${distance} bytes back, ${at - windowStart} bytes in`)
    }
    if (matchBytes > limit - at) throw tooLarge(limit - target.at)
    copyMatch(bytes, at, distance, matchBytes)
    at += matchBytes
  }
  throw new Error('an LZ4 block ends with a match')
}

function tooLarge(limit: number): Error {
  return new Error(`an LZ4 block holds more than the ${limit} bytes that it may`)
}
