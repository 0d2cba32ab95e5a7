// What the two fast codecs, LZ4 and Snappy, share: finding bytes that came before, and copying them.

const TABLE_BITS = 14
const MIN_MATCH_BYTES = 4
/** LZ4's rules for the end of a block: the last match begins this long before it, and five bytes at least are literals. Snappy has none. */
const LAST_MATCH_BYTES = 12
const LAST_LITERALS_BYTES = 5
/** After so many misses (as a power of two) the search takes larger steps: bytes that do not repeat cost little time. */
const SKIP_BITS = 6
/** Below this a loop is faster than a call. */
const SHORT_BYTES = 24

/** Takes the parts of a block, in order: literals followed by a match, again and again, and literals at the end. */
export interface SequenceWriter {
  /** Literals (there may be none), then `matchBytes` (4 or more) that stand `distance` bytes back already. */
  sequence(literalsFrom: number, literalsTo: number, distance: number, matchBytes: number): void
  lastLiterals(from: number, to: number): void
}

// Where in the source a word with this hash was seen last. Compression is synchronous, so one table serves all.
const lastSeen = new Int32Array(1 << TABLE_BITS)

/** Splits `source` from `from` up to `to`, at most 64 KiB, into literals and matches; the matches stay within this range. */
export function findMatches(source: Buffer, from: number, to: number, writer: SequenceWriter): void {
  const searchEnd = to - LAST_MATCH_BYTES
  const matchEnd = to - LAST_LITERALS_BYTES
  let literalsFrom = from
  let at = from
  let misses = 1 << SKIP_BITS
  lastSeen.fill(-1)
  while (at <= searchEnd) {
    const word = wordAt(source, at)
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - TABLE_BITS)
    let candidate = lastSeen[slot]!
    lastSeen[slot] = at
    if (candidate < 0 || wordAt(source, candidate) !== word) {
      at += misses++ >> SKIP_BITS
      continue
    }
    misses = 1 << SKIP_BITS
    const distance = at - candidate
    while (at > literalsFrom && candidate > from && source[at - 1] === source[candidate - 1]) {
      at--
      candidate--
    }
    let end = at + MIN_MATCH_BYTES
    while (end < matchEnd && source[end] === source[end - distance]) end++
    writer.sequence(literalsFrom, at, distance, end - at)
    literalsFrom = end
    at = end
  }
  writer.lastLiterals(literalsFrom, to)
}

function wordAt(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** Copies `count` bytes of `source` at `from` to `target` at `at`; the caller has checked both ranges. */
export function copyLiterals(source: Buffer, from: number, target: Buffer, at: number, count: number): void {
  if (count > SHORT_BYTES) source.copy(target, at, from, from + count)
  else for (let i = 0; i < count; i++) target[at + i] = source[from + i]!
}

/** Appends at `at` the `count` bytes that stand `distance` back. They may run into themselves, which repeats them. */
export function copyMatch(target: Buffer, at: number, distance: number, count: number): void {
  const from = at - distance
  if (count > SHORT_BYTES && distance >= count) target.copyWithin(at, from, from + count)
  else if (count > SHORT_BYTES && distance === 1) target.fill(target[from]!, at, at + count)
  else for (let i = 0; i < count; i++) target[at + i] = target[from + i]!
}
