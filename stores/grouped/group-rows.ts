import { textOf } from '../bounds.ts'
import type { RowRange, Rows } from '../store.ts'
import {
  compareAt,
  type Entry,
  entriesOf,
  entryAbove,
  entryAtOrBelow,
  findEntry,
  isSingle,
  LEAF,
  type Place,
  splitLeaf,
  type VisitEntry,
  visitEntries,
  withEntry,
} from './leaf.ts'
import { decodeRoot, encodeRoot, leafFor, leavesIn } from './root.ts'

/** A larger leaf is cut in two. Small enough to be copied for each write, large enough for most groups to be one row. */
export const MAX_LEAF_BYTES = 2 * 1024
const NUMBER_BYTES = 4
const ANY_PLACE = { start: 1, end: 1, valueStart: 1 }
const NO_HEAD: Buffer = Buffer.alloc(0)

/** A group and its entries, ascending. */
export type Group = readonly [key: Buffer, entries: readonly Entry[]]

/**
 * Many small entries under few keys: each *group* is a sorted list of entries that is read and written synchronously, also in ranges, where rows can only be
 * read one by one.
 *
 * A group is one row, a *leaf* with its entries inline. One that grows beyond 2 KiB becomes a root with several leaves:
 *
 *   group ‖ 0 → leaf                 or  root
 *                                        ├─ group ‖ 1 → leaf
 *                                        └─ group ‖ 2 → leaf
 *
 * Buffers handed over as groups and sort keys must not change afterwards either: a call with the same Buffer finds at hand what the one before has left.
 */
export class GroupRows {
  readonly #rows: Rows
  #lastGroup: Buffer | undefined
  #lastKey: Buffer = Buffer.alloc(0)
  #lastRow: Buffer | undefined
  #lastLeaf: Buffer | undefined
  #lastSort: Buffer = NO_HEAD
  #lastPlace: Place | undefined
  #lastStart = 0

  constructor(rows: Rows) {
    this.#rows = rows
  }

  get(group: Buffer, sort: Buffer): Buffer | undefined {
    const row = this.#row(group)
    if (row === undefined) return undefined
    const leaf = row[0] === LEAF ? row : this.#leaf(group, leafFor(row, sort))
    const { start, end, valueStart } = this.#place(leaf, sort)
    return end === start ? undefined : leaf.subarray(valueStart, end)
  }

  /**
   * Null deletes. Returns by how many entries the group has grown: 1, 0 or -1.
   *
   * @param head - What stands before the value, in an entry whose bytes come in two parts; may change after the call.
   */
  put(group: Buffer, sort: Buffer, value: Buffer | null, head: Buffer = NO_HEAD): number {
    const row = this.#row(group)
    if (row === undefined) {
      if (value === null) return 0
      this.#putRow(withEntry(undefined, ANY_PLACE, sort, value, head))
      return 1
    }
    const number = row[0] === LEAF ? 0 : leafFor(row, sort)
    const before = number === 0 ? row : this.#leaf(group, number)
    const place = this.#place(before, sort)
    const growth = growthBy(place, value)
    if (value === null && growth === 0) return 0
    const leaf = withEntry(before, place, sort, value, head)
    if (leaf.length > MAX_LEAF_BYTES && !isSingle(leaf)) this.#split(group, row, number, splitLeaf(leaf, place.start))
    else if (leaf.length === 1) this.#remove(group, row, number)
    else {
      if (number === 0) this.#putRow(leaf)
      else this.#rows.put(leafKey(group, number), leaf)
      this.#changed(leaf)
    }
    return growth
  }

  /** The first row of a group, a leaf or a root; undefined if it has no entries. */
  row(group: Buffer): Buffer | undefined {
    return this.#row(group)
  }

  /** Puts the leaf, null for none, of a group that has no root. */
  putLeaf(group: Buffer, leaf: Buffer | null): void {
    this.reload()
    this.#rows.put(leafKey(group, 0), leaf)
  }

  /** As `putLeaf`, with a leaf that is restored: see Rows.load. */
  loadLeaf(group: Buffer, leaf: Buffer | null): void {
    this.reload()
    this.#rows.load(leafKey(group, 0), leaf)
  }

  /** Visits the entries of a group whose sort keys lie in the range, both ends inclusive, ascending. A later write does not change the bytes. */
  scan(group: Buffer, from: Buffer, to: Buffer, visit: VisitEntry): void {
    const row = this.#row(group)
    if (row === undefined) return
    if (row[0] === LEAF) visitEntries(row, from, to, visit)
    else for (const number of leavesIn(row, from, to)) visitEntries(this.#leaf(group, number), from, to, visit)
  }

  /** All entries of a group, ascending, read leaf by leaf: for groups of any size. The group must not be written before the last. */
  *entries(group: Buffer): Generator<Entry, void, undefined> {
    const row = this.#row(group)
    if (row === undefined) return
    if (row[0] === LEAF) yield* entriesOf(row)
    else for (const { number } of decodeRoot(row).leaves) yield* entriesOf(this.#leaf(group, number))
  }

  /** The last entry of a group whose sort key is not above this one. */
  atOrBelow(group: Buffer, sort: Buffer): Entry | undefined {
    return this.#nearest(group, sort, entryAtOrBelow, -1)
  }

  /** The first entry of a group whose sort key is above this one. */
  above(group: Buffer, sort: Buffer): Entry | undefined {
    return this.#nearest(group, sort, entryAbove, 1)
  }

  /** The groups in a range of rows, each with its entries, by their keys; from a snapshot. The range must not cut a group. */
  async *groups(range: RowRange): AsyncGenerator<Group, void, undefined> {
    // Rows of a group follow each other, unless the key of another group begins with theirs: then that one's rows may come between.
    const parts = new Map<string, Map<number, Buffer>>()
    for await (const [key, row] of this.#rows.range(range)) {
      const group = key.subarray(0, key.length - NUMBER_BYTES)
      const number = key.readUInt32BE(group.length)
      if (number === 0 && row[0] === LEAF) {
        yield [group, entriesOf(row)]
        continue
      }
      const text = textOf(group)
      const rows = (parts.get(text) ?? new Map<number, Buffer>()).set(number, row)
      const entries = wholeGroup(rows)
      if (entries === undefined) {
        parts.set(text, rows)
      } else {
        parts.delete(text)
        yield [group, entries]
      }
    }
  }

  /** Forgets the row at hand: the rows may have changed by another hand. */
  reload(): void {
    this.#lastGroup = undefined
    this.#lastRow = undefined
  }

  // ---- inside

  #nearest(
    group: Buffer,
    sort: Buffer,
    nearestIn: (leaf: Buffer, sort: Buffer) => Entry | undefined,
    step: number,
  ): Entry | undefined {
    const row = this.#row(group)
    if (row === undefined) return undefined
    if (row[0] === LEAF) return nearestIn(row, sort)
    const number = leafFor(row, sort)
    const entry = nearestIn(this.#leaf(group, number), sort)
    if (entry !== undefined) return entry
    // It is at the edge of its leaf.
    const { leaves } = decodeRoot(row)
    const neighbour = leaves[leaves.findIndex((leaf) => leaf.number === number) + step]
    return neighbour === undefined ? undefined : nearestIn(this.#leaf(group, neighbour.number), sort)
  }

  /** Puts the halves of a leaf that has grown too large in its place. */
  #split(group: Buffer, row: Buffer, number: number, [left, right]: readonly [Buffer, Buffer]): void {
    const first = { least: entriesOf(left)[0]![0], number: 1 }
    const root = number === 0 ? { nextNumber: 2, leaves: [first] } : decodeRoot(row)
    const index = number === 0 ? 0 : root.leaves.findIndex((leaf) => leaf.number === number)
    this.#rows.put(leafKey(group, root.leaves[index]!.number), left)
    this.#rows.put(leafKey(group, root.nextNumber), right)
    const leaves = root.leaves.toSpliced(index + 1, 0, { least: entriesOf(right)[0]![0], number: root.nextNumber })
    this.#putRow(encodeRoot({ nextNumber: root.nextNumber + 1, leaves }))
  }

  /** Removes a leaf that has become empty. */
  #remove(group: Buffer, row: Buffer, number: number): void {
    if (number === 0) {
      this.#putRow(null)
      return
    }
    const root = decodeRoot(row)
    const leaves = root.leaves.filter((leaf) => leaf.number !== number)
    this.#rows.put(leafKey(group, number), null)
    this.#putRow(leaves.length === 0 ? null : encodeRoot({ ...root, leaves }))
  }

  #leaf(group: Buffer, number: number): Buffer {
    return this.#rows.get(leafKey(group, number))!
  }

  #row(group: Buffer): Buffer | undefined {
    if (group !== this.#lastGroup) {
      this.#lastGroup = group
      this.#lastKey = leafKey(group, 0)
      this.#lastRow = this.#rows.get(this.#lastKey)
    }
    return this.#lastRow
  }

  // A get, then a put of one entry: looked for once. Then perhaps the same with one further on: looked for from there.
  #place(leaf: Buffer, sort: Buffer): Place {
    let from: number | undefined
    if (leaf === this.#lastLeaf) {
      if (sort === this.#lastSort && this.#lastPlace !== undefined) return this.#lastPlace
      if (compareAt(sort, 0, sort.length, this.#lastSort) >= 0) from = this.#lastStart
    }
    const place = findEntry(leaf, sort, from)
    this.#lastLeaf = leaf
    this.#lastSort = sort
    this.#lastPlace = place
    this.#lastStart = place.start
    return place
  }

  /** The leaf is the last one, with another entry in the last place. */
  #changed(leaf: Buffer): void {
    this.#lastLeaf = leaf
    this.#lastPlace = undefined
  }

  /** Puts the first row of a group, which has just been read. */
  #putRow(row: Buffer | null): void {
    this.#rows.put(this.#lastKey, row)
    this.#lastRow = row ?? undefined
  }
}

function leafKey(group: Buffer, number: number): Buffer {
  const key = Buffer.allocUnsafe(group.length + NUMBER_BYTES)
  key.set(group)
  key.writeUInt32BE(number, group.length)
  return key
}

function growthBy({ start, end }: Place, value: Buffer | null): number {
  return Number(value !== null) - Number(end > start)
}

/** The entries of a group whose root and leaves are all there, by number. */
function wholeGroup(rows: ReadonlyMap<number, Buffer>): readonly Entry[] | undefined {
  const row = rows.get(0)
  if (row === undefined) return undefined
  const { leaves } = decodeRoot(row)
  return leaves.length < rows.size ? leaves.flatMap(({ number }) => entriesOf(rows.get(number)!)) : undefined
}
