// Segments: event time in pieces, by number, whose rows are dropped together. In a row's key: five bytes, big-endian, which order as the numbers do.

export const SEGMENT_BYTES = 5
const TWO_POW_32 = 4_294_967_296

export function segmentOf(timeMs: number, segmentMs: number): number {
  return Math.floor(timeMs / segmentMs)
}

/** The first segment that has not expired when a store has seen a time and keeps `retentionMs` before it: as in Java. */
export function firstKeptSegment(observedMs: number, retentionMs: number, segmentMs: number): number {
  return segmentOf(Math.max(0, observedMs - retentionMs), segmentMs)
}

export function writeSegment(row: Buffer, segment: number, at: number): void {
  row[at] = Math.floor(segment / TWO_POW_32)
  row[at + 1] = segment >>> 24
  row[at + 2] = segment >>> 16
  row[at + 3] = segment >>> 8
  row[at + 4] = segment
}

/** The first bytes of all rows of a segment. */
export function segmentPrefix(kind: number, segment: number): Buffer {
  const prefix = Buffer.allocUnsafe(1 + SEGMENT_BYTES)
  prefix[0] = kind
  writeSegment(prefix, segment, 1)
  return prefix
}
