// LZ4's block format: sequences of a token (4 bits literal count, 4 bits match length - 4), literals, and a match's distance. A count of 15 goes on
// in bytes that are added up, as long as they are 255.
import { copyLiterals, copyMatch, findMatches, type SequenceWriter } from '../../../core/matches.ts'

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

/**
 * How many bytes the block in `source` from `from` up to `to` holds.
 *
 * @throws Error: the block is damaged. Only the distances of its matches have not been looked at.
 */
export function lz4BlockLength(source: Buffer, from: number, to: number): number {
  let length = 0
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
    read += count
    length += count
    // Only the last sequence has no match.
    if (read === to) return length

    read += 2
    let matchBytes = token & FULL_NIBBLE
    if (matchBytes === FULL_NIBBLE) {
      let more = 255
      while (more === 255 && read < to) {
        more = source[read++]!
        matchBytes += more
      }
    }
    length += matchBytes + MIN_MATCH_BYTES
  }
  throw new Error(read > to ? 'an LZ4 block is cut off within a match' : 'an LZ4 block ends with a match')
}

/**
 * Decompresses a block that `lz4BlockLength` has measured into `target` at `start`, where there is room for it, and returns where it ends. Matches may reach
 * back to `windowStart`.
 *
 * @throws Error: a match reaches further back.
 */
export function decompressLz4Block(
  source: Buffer,
  from: number,
  to: number,
  target: Buffer,
  start: number,
  windowStart: number,
): number {
  let at = start
  let read = from
  for (;;) {
    const token = source[read++]!
    let count = token >>> 4
    if (count === FULL_NIBBLE) {
      let more = 255
      while (more === 255) {
        more = source[read++]!
        count += more
      }
    }
    copyLiterals(source, read, target, at, count)
    read += count
    at += count
    if (read === to) return at

    const distance = source[read]! | (source[read + 1]! << 8)
    read += 2
    if (distance === 0 || distance > at - windowStart) {
      throw new Error(`an LZ4 match ${distance} bytes back, ${at - windowStart} bytes in`)
    }
    let matchBytes = token & FULL_NIBBLE
    if (matchBytes === FULL_NIBBLE) {
      let more = 255
      while (more === 255) {
        more = source[read++]!
        matchBytes += more
      }
    }
    matchBytes += MIN_MATCH_BYTES
    copyMatch(target, at, distance, matchBytes)
    at += matchBytes
  }
}
