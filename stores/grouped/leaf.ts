// A leaf of grouped rows: entries in ascending order of their sort keys, each
//
//   length of the sort key (varint) ‖ length of the value (varint) ‖ sort key ‖ value
//
// behind one byte that tells leaf from root. Leaves are small: looked through from the start, and copied to change them.

export const LEAF = 0
export const HEADER_BYTES = 1

/** Where an entry is, or would be. */
export interface Place {
  /** The first byte of the entry, or of the one before which it belongs. */
  readonly start: number
  /** The byte after it; `start` if it is not there. */
  readonly end: number
  readonly valueStart: number
}

/** An entry, as views of the leaf. */
export type Entry = readonly [sort: Buffer, value: Buffer]

/** @param from - Where an entry starts before which this one cannot be. */
export function findEntry(leaf: Buffer, sort: Buffer, from = HEADER_BYTES): Place {
  let at = from
  while (at < leaf.length) {
    const start = at
    let sortLength = leaf[at++]!
    if (sortLength > 0x7f) {
      sortLength = longVarint(leaf, at - 1)
      at += varintBytes(sortLength) - 1
    }
    let valueLength = leaf[at++]!
    if (valueLength > 0x7f) {
      valueLength = longVarint(leaf, at - 1)
      at += varintBytes(valueLength) - 1
    }
    const order = compareAt(leaf, at, sortLength, sort)
    if (order === 0) return { start, end: at + sortLength + valueLength, valueStart: at + sortLength }
    if (order > 0) return { start, end: start, valueStart: start }
    at += sortLength + valueLength
  }
  return { start: leaf.length, end: leaf.length, valueStart: leaf.length }
}

/** Where an entry is: its sort key from `sortStart` to `valueStart`, its value from there to `end`. */
export type VisitEntry = (leaf: Buffer, sortStart: number, valueStart: number, end: number) => void

/** Visits the entries within the bounds, both inclusive, in order: without making a Buffer for each. */
export function visitEntries(leaf: Buffer, from: Buffer, to: Buffer, visit: VisitEntry): void {
  // From the first within the bounds on, only the upper one is looked at.
  let within = false
  for (let at = HEADER_BYTES; at < leaf.length; ) {
    const sortLength = readLength(leaf, at)
    at += varintBytes(sortLength)
    const valueLength = readLength(leaf, at)
    at += varintBytes(valueLength)
    const valueStart = at + sortLength
    const end = valueStart + valueLength
    within ||= compareAt(leaf, at, sortLength, from) >= 0
    if (within) {
      if (compareAt(leaf, at, sortLength, to) > 0) return
      visit(leaf, at, valueStart, end)
    }
    at = end
  }
}

/** The last entry whose sort key is not above this one. */
export function entryAtOrBelow(leaf: Buffer, sort: Buffer): Entry | undefined {
  let found = 0
  for (let at = HEADER_BYTES; at < leaf.length; ) {
    const sortLength = readLength(leaf, at)
    const sortStart = at + varintBytes(sortLength)
    const valueLength = readLength(leaf, sortStart)
    const start = sortStart + varintBytes(valueLength)
    if (compareAt(leaf, start, sortLength, sort) > 0) break
    found = at
    at = start + sortLength + valueLength
  }
  return found === 0 ? undefined : entryAt(leaf, found)
}

/** The first entry whose sort key is above this one. */
export function entryAbove(leaf: Buffer, sort: Buffer): Entry | undefined {
  for (let at = HEADER_BYTES; at < leaf.length; ) {
    const sortLength = readLength(leaf, at)
    const sortStart = at + varintBytes(sortLength)
    const valueLength = readLength(leaf, sortStart)
    const start = sortStart + varintBytes(valueLength)
    if (compareAt(leaf, start, sortLength, sort) > 0) return entryAt(leaf, at)
    at = start + sortLength + valueLength
  }
  return undefined
}

function entryAt(leaf: Buffer, start: number): Entry {
  const sortLength = readLength(leaf, start)
  let at = start + varintBytes(sortLength)
  const valueLength = readLength(leaf, at)
  at += varintBytes(valueLength)
  const valueStart = at + sortLength
  return [leaf.subarray(at, valueStart), leaf.subarray(valueStart, valueStart + valueLength)]
}

/** All entries. */
export function entriesOf(leaf: Buffer): Entry[] {
  const entries: Entry[] = []
  for (let at = HEADER_BYTES; at < leaf.length; at = endOfEntry(leaf, at)) entries.push(entryAt(leaf, at))
  return entries
}

/** The leaf with the entry at a place replaced, put in, or taken out (null). The entry's value is `head` and `value` in one. */
export function withEntry(
  leaf: Buffer | undefined,
  { start, end }: Place,
  sort: Buffer,
  value: Buffer | null,
  head: Buffer,
): Buffer {
  const before = leaf === undefined ? HEADER_BYTES : start
  const after = leaf === undefined ? 0 : leaf.length - end
  const entryBytes = value === null ? 0 : entryLength(sort, head.length + value.length)
  const changed = Buffer.allocUnsafe(before + entryBytes + after)
  if (leaf === undefined) changed[0] = LEAF
  // Put last, or in the place of one as long: copied whole. A copy of a part costs a view of it.
  else if (after === 0 ? end === start : entryBytes === end - start) changed.set(leaf)
  else {
    leaf.copy(changed, 0, 0, before)
    leaf.copy(changed, before + entryBytes, end)
  }
  if (value !== null) writeEntry(changed, before, sort, value, head)
  return changed
}

/**
 * Cuts a leaf of at least two entries in two: near the middle, or, if the entry at `changedAt` is the last, before it. Most entries come in order of
 * time, and fill their leaves so.
 */
export function splitLeaf(leaf: Buffer, changedAt: number): readonly [Buffer, Buffer] {
  let bytes = endOfEntry(leaf, HEADER_BYTES)
  for (let next = endOfEntry(leaf, bytes); next < leaf.length; next = endOfEntry(leaf, next)) {
    if (bytes >= leaf.length / 2 && endOfEntry(leaf, changedAt) < leaf.length) break
    bytes = next
  }
  const right = Buffer.allocUnsafe(HEADER_BYTES + leaf.length - bytes)
  right[0] = LEAF
  leaf.copy(right, HEADER_BYTES, bytes)
  return [Buffer.from(leaf.subarray(0, bytes)), right]
}

function endOfEntry(leaf: Buffer, start: number): number {
  const sortLength = readLength(leaf, start)
  const at = start + varintBytes(sortLength)
  const valueLength = readLength(leaf, at)
  return at + varintBytes(valueLength) + sortLength + valueLength
}

/** Whether a leaf that is not empty has one entry only. */
export function isSingle(leaf: Buffer): boolean {
  return endOfEntry(leaf, HEADER_BYTES) === leaf.length
}

/** Where the last entry of a leaf starts that is `length` bytes long; 0 if it has none. */
export function lastEntry(leaf: Buffer, length: number): number {
  let last = 0
  for (let at = HEADER_BYTES; at < length; at = endOfEntry(leaf, at)) last = at
  return last
}

export function writeEntry(bytes: Buffer, start: number, sort: Buffer, value: Buffer, head: Buffer): void {
  let at = writeLength(bytes, start, sort.length)
  at = writeLength(bytes, at, head.length + value.length)
  bytes.set(sort, at)
  at += sort.length
  if (head.length > 0) bytes.set(head, at)
  bytes.set(value, at + head.length)
}

export function entryLength(sort: Buffer, valueLength: number): number {
  return varintBytes(sort.length) + varintBytes(valueLength) + sort.length + valueLength
}

/** Compares `length` bytes from `at` on with all of another: by hand, as sort keys are short and a call into Buffer costs more than they do. */
export function compareAt(bytes: Buffer, at: number, length: number, other: Buffer): number {
  const shorter = Math.min(length, other.length)
  for (let i = 0; i < shorter; i++) {
    const order = bytes[at + i]! - other[i]!
    if (order !== 0) return order
  }
  return length - other.length
}

export function readLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!
  return first <= 0x7f ? first : longVarint(bytes, at)
}

function longVarint(bytes: Buffer, at: number): number {
  let value = 0
  let factor = 1
  for (let i = at; ; i++) {
    const byte = bytes[i]!
    value += (byte & 0x7f) * factor
    if (byte <= 0x7f) return value
    factor *= 128
  }
}

export function writeLength(bytes: Buffer, at: number, length: number): number {
  let rest = length
  let next = at
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80
    rest = Math.floor(rest / 128)
  }
  bytes[next++] = rest
  return next
}

export function varintBytes(length: number): number {
  if (length < 0x80) return 1
  if (length < 0x4000) return 2
  if (length < 0x200000) return 3
  return length < 0x10000000 ? 4 : 5
}
