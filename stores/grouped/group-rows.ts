import { textOf } from '../bounds.ts'
import type { RowRange, Rows } from '../store.ts'
import {
  collectEntries,
  type Entry,
  entriesOf,
  entryAbove,
  entryAtOrBelow,
  findEntry,
  LEAF,
  type Place,
  splitLeaf,
  withEntry,
} from './leaf.ts'
import { decodeRoot, encodeRoot, leafFor, leavesIn } from './root.ts'

/** A larger leaf is cut in two. Small enough to be copied for each write, large enough for most groups to be one row. */
const MAX_LEAF_BYTES = 4 * 1024
const NUMBER_BYTES = 4
const ANY_PLACE = { start: 0, end: 0, valueStart: 0 }

/** A group and its entries, ascending. */
export type Group = readonly [key: Buffer, entries: readonly Entry[]]

/**
 * Many small entries under few keys: each *group* is a sorted list of entries that is read and written synchronously, also in ranges, where rows can only be
 * read one by one.
 *
 * A group is one row, a *leaf* with its entries inline. One that grows beyond 4 KiB becomes a root with several leaves:
 *
 *   group ‖ 0 → leaf                 or  root
 *                                        ├─ group ‖ 1 → leaf
 *                                        └─ group ‖ 2 → leaf
 */
export class GroupRows {
  readonly #rows: Rows
  // A get, then a put of one group: the row's key is made once, and the layers below recognise the Buffer.
  #lastGroup: Buffer | undefined
  #lastKey: Buffer = Buffer.alloc(0)

  constructor(rows: Rows) {
    this.#rows = rows
  }

  get(group: Buffer, sort: Buffer): Buffer | undefined {
    const row = this.#rows.get(this.#rowKey(group))
    if (row === undefined) return undefined
    const leaf = row[0] === LEAF ? row : this.#leaf(group, leafFor(row, sort))
    const { start, end, valueStart } = findEntry(leaf, sort)
    return end === start ? undefined : leaf.subarray(valueStart, end)
  }

  /** Null deletes. Returns by how many entries the group has grown: 1, 0 or -1. */
  put(group: Buffer, sort: Buffer, value: Buffer | null): number {
    const key = this.#rowKey(group)
    const row = this.#rows.get(key)
    if (row === undefined) {
      if (value === null) return 0
      this.#rows.put(key, withEntry(undefined, ANY_PLACE, sort, value))
      return 1
    }
    const number = row[0] === LEAF ? 0 : leafFor(row, sort)
    const before = number === 0 ? row : this.#leaf(group, number)
    const place = findEntry(before, sort)
    const growth = growthBy(place, value)
    if (value === null && growth === 0) return 0
    const leaf = withEntry(before, place, sort, value)
    if (leaf.length > MAX_LEAF_BYTES && !isSingle(leaf)) this.#split(group, row, number, leaf)
    else if (leaf.length > 1) this.#rows.put(number === 0 ? key : leafKey(group, number), leaf)
    else if (number === 0) this.#rows.put(key, null)
    else this.#remove(group, row, number)
    return growth
  }

  /** The entries of a group whose sort keys lie in the range, both ends inclusive, ascending. Views that a later write does not change. */
  scan(group: Buffer, from: Buffer, to: Buffer): Entry[] {
    const found: Entry[] = []
    const row = this.#rows.get(this.#rowKey(group))
    if (row === undefined) return found
    if (row[0] === LEAF) {
      collectEntries(row, from, to, found)
      return found
    }
    for (const number of leavesIn(row, from, to)) collectEntries(this.#leaf(group, number), from, to, found)
    return found
  }

  /** The last entry of a group whose sort key is not above this one. */
  atOrBelow(group: Buffer, sort: Buffer): Entry | undefined {
    const row = this.#rows.get(this.#rowKey(group))
    if (row === undefined) return undefined
    if (row[0] === LEAF) return entryAtOrBelow(row, sort)
    const number = leafFor(row, sort)
    const entry = entryAtOrBelow(this.#leaf(group, number), sort)
    if (entry !== undefined) return entry
    // A leaf may have lost its least entries.
    const { leaves } = decodeRoot(row)
    const before = leaves[leaves.findIndex((leaf) => leaf.number === number) - 1]
    return before === undefined ? undefined : entryAtOrBelow(this.#leaf(group, before.number), sort)
  }

  /** The first entry of a group whose sort key is above this one. */
  above(group: Buffer, sort: Buffer): Entry | undefined {
    const row = this.#rows.get(this.#rowKey(group))
    if (row === undefined) return undefined
    if (row[0] === LEAF) return entryAbove(row, sort)
    const number = leafFor(row, sort)
    const entry = entryAbove(this.#leaf(group, number), sort)
    if (entry !== undefined) return entry
    const { leaves } = decodeRoot(row)
    const after = leaves[leaves.findIndex((leaf) => leaf.number === number) + 1]
    return after === undefined ? undefined : entryAbove(this.#leaf(group, after.number), sort)
  }

  /** The groups in a range of rows, each with its entries, by their keys; from a snapshot. The range must not cut a group. */
  async *groups(range: RowRange): AsyncGenerator<Group, void, undefined> {
    // Rows of a group follow each other, unless the key of another begins with the group's own: then that one's rows may come between.
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

  // ---- inside

  /** Puts the halves of a leaf that has grown too large in its place. */
  #split(group: Buffer, row: Buffer, number: number, leaf: Buffer): void {
    const [left, right] = splitLeaf(leaf)
    const [lowest] = entriesOf(left)
    const root = number === 0 ? { nextNumber: 2, leaves: [{ least: lowest![0], number: 1 }] } : decodeRoot(row)
    const index = root.leaves.findIndex((ref) => ref.number === (number || 1))
    this.#rows.put(leafKey(group, root.leaves[index]!.number), left)
    this.#rows.put(leafKey(group, root.nextNumber), right)
    const leaves = root.leaves.toSpliced(index + 1, 0, { least: entriesOf(right)[0]![0], number: root.nextNumber })
    this.#rows.put(this.#rowKey(group), encodeRoot({ nextNumber: root.nextNumber + 1, leaves }))
  }

  /** Removes a leaf that has become empty. */
  #remove(group: Buffer, row: Buffer, number: number): void {
    const root = decodeRoot(row)
    const leaves = root.leaves.filter((leaf) => leaf.number !== number)
    this.#rows.put(leafKey(group, number), null)
    this.#rows.put(this.#rowKey(group), leaves.length === 0 ? null : encodeRoot({ ...root, leaves }))
  }

  #leaf(group: Buffer, number: number): Buffer {
    return this.#rows.get(leafKey(group, number))!
  }

  #rowKey(group: Buffer): Buffer {
    if (group !== this.#lastGroup) {
      this.#lastGroup = group
      this.#lastKey = leafKey(group, 0)
    }
    return this.#lastKey
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

function isSingle(leaf: Buffer): boolean {
  return entriesOf(leaf).length === 1
}

/** The entries of a group whose root and leaves are all there, by number. */
function wholeGroup(rows: ReadonlyMap<number, Buffer>): readonly Entry[] | undefined {
  const row = rows.get(0)
  if (row === undefined) return undefined
  const { leaves } = decodeRoot(row)
  return leaves.length < rows.size ? leaves.flatMap(({ number }) => entriesOf(rows.get(number)!)) : undefined
}
