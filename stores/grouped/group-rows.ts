import type { RowRange, Rows } from '../store.ts'
import { collectEntries, type Entry, entriesOf, findEntry, LEAF, type Place, splitLeaf, withEntry } from './leaf.ts'
import { decodeRoot, encodeRoot, leafFor, type Root } from './root.ts'

/** A larger leaf is cut in two. Small enough to be copied for each write, large enough for most groups to be one row. */
const MAX_LEAF_BYTES = 4 * 1024
const NUMBER_BYTES = 4
const ANY_PLACE = { start: 0, end: 0, valueStart: 0 }

/**
 * Many small entries under few keys: each *group* is a sorted list of entries that is read and written synchronously, also in ranges, where rows can only be
 * read one by one.
 *
 * A group is one row, a *leaf* with its entries inline. One that grows beyond 4 KiB becomes a root with several leaves:
 *
 *   group ‖ 0 → leaf                 or  root
 *                                        ├─ group ‖ 1 → leaf
 *                                        └─ group ‖ 2 → leaf
 *
 * Group keys must not be prefixes of each other by exactly four bytes; callers end them with something of a fixed length.
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
    const leaf = this.#leafFor(group, sort)
    if (leaf === undefined) return undefined
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
    if (row[0] !== LEAF) return this.#putBelow(group, decodeRoot(row), sort, value)
    const place = findEntry(row, sort)
    const growth = growthBy(place, value)
    if (value === null && growth === 0) return 0
    const leaf = withEntry(row, place, sort, value)
    if (leaf.length === 1) this.#rows.put(key, null)
    else if (leaf.length <= MAX_LEAF_BYTES || isSingle(leaf)) this.#rows.put(key, leaf)
    else this.#grow(group, leaf)
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
    const { leaves, ...rest } = decodeRoot(row)
    for (let i = leafFor({ leaves, ...rest }, from); i < leaves.length; i++) {
      if (!collectEntries(this.#leaf(group, leaves[i]!.number), from, to, found)) break
    }
    return found
  }

  /** The groups whose keys lie in a range of rows, in order, each with its entries; from a snapshot. */
  async *groups(range: RowRange): AsyncGenerator<readonly [group: Buffer, entries: readonly Entry[]], void, undefined> {
    let group: Buffer | undefined
    let rows = new Map<number, Buffer>()
    for await (const [key, row] of this.#rows.range(range)) {
      const at = key.length - NUMBER_BYTES
      if (group === undefined || at !== group.length || group.compare(key, 0, at) !== 0) {
        if (group !== undefined) yield [group, inOrder(rows)]
        group = key.subarray(0, at)
        rows = new Map()
      }
      rows.set(key.readUInt32BE(at), row)
    }
    if (group !== undefined) yield [group, inOrder(rows)]
  }

  // ---- inside

  #leafFor(group: Buffer, sort: Buffer): Buffer | undefined {
    const row = this.#rows.get(this.#rowKey(group))
    if (row === undefined || row[0] === LEAF) return row
    const root = decodeRoot(row)
    return this.#leaf(group, root.leaves[leafFor(root, sort)]!.number)
  }

  #putBelow(group: Buffer, root: Root, sort: Buffer, value: Buffer | null): number {
    const index = leafFor(root, sort)
    const { number } = root.leaves[index]!
    const before = this.#leaf(group, number)
    const place = findEntry(before, sort)
    const growth = growthBy(place, value)
    if (value === null && growth === 0) return 0
    const leaf = withEntry(before, place, sort, value)
    if (leaf.length === 1) {
      this.#rows.put(leafKey(group, number), null)
      const leaves = root.leaves.toSpliced(index, 1)
      this.#rows.put(this.#rowKey(group), leaves.length === 0 ? null : encodeRoot({ ...root, leaves }))
    } else if (leaf.length <= MAX_LEAF_BYTES || isSingle(leaf)) {
      this.#rows.put(leafKey(group, number), leaf)
    } else {
      const [left, right] = splitLeaf(leaf)
      this.#rows.put(leafKey(group, number), left)
      this.#rows.put(leafKey(group, root.nextNumber), right)
      const added = { least: entriesOf(right)[0]![0], number: root.nextNumber }
      const leaves = root.leaves.toSpliced(index + 1, 0, added)
      this.#rows.put(this.#rowKey(group), encodeRoot({ nextNumber: root.nextNumber + 1, leaves }))
    }
    return growth
  }

  #grow(group: Buffer, leaf: Buffer): void {
    const leaves = splitLeaf(leaf).map((half, i) => {
      this.#rows.put(leafKey(group, i + 1), half)
      return { least: entriesOf(half)[0]![0], number: i + 1 }
    })
    this.#rows.put(this.#rowKey(group), encodeRoot({ nextNumber: 3, leaves }))
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

// Rows of one group by leaf number, 0 being the root or the only leaf.
function inOrder(rows: ReadonlyMap<number, Buffer>): readonly Entry[] {
  const first = rows.get(0)
  if (first === undefined) return []
  if (first[0] === LEAF) return entriesOf(first)
  return decodeRoot(first).leaves.flatMap(({ number }) => {
    const leaf = rows.get(number)
    return leaf === undefined ? [] : entriesOf(leaf)
  })
}
