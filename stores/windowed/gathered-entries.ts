import { type GroupRows, MAX_LEAF_BYTES } from '../grouped/group-rows.ts'
import { GrowingLeaf } from '../grouped/growing-leaf.ts'
import { entryLength, LEAF } from '../grouped/leaf.ts'
import type { Bucket } from './time-buckets.ts'

/** What a group costs besides its bytes: more than its row will among the uncommitted writes. */
const GROUP_BYTES = 320
/** Groups that are put among the rows before other work gets its turn: some milliseconds. */
const SLICE_GROUPS = 4_096
/** In the place of a group that is larger than one leaf: its entries are put among the rows as they come. */
const IN_ROWS = null

/** A bucket, and the groups in it by their keys as text. */
interface GatheredBucket {
  readonly bucket: Bucket
  /** Whether the bucket is later than all that the rows hold: then they have none of its groups. */
  readonly isNew: boolean
  readonly groups: Map<string, GrowingLeaf | typeof IN_ROWS>
}

/**
 * What is restored into TimeEntries since the last flush, group by group: so a group is looked up among the rows, read, and written once for all of its entries in a
 * batch, instead of once for each. The rows become the same, byte for byte.
 */
export class GatheredEntries {
  readonly #groups: GroupRows
  readonly #groupKey: (keyText: string, bucket: Bucket) => Buffer
  readonly #buckets = new Map<number, GatheredBucket>()
  #last: GatheredBucket | undefined
  #bytes = 0

  /** @param groupKey - Makes the key of a group. */
  constructor(groups: GroupRows, groupKey: (keyText: string, bucket: Bucket) => Buffer) {
    this.#groups = groups
    this.#groupKey = groupKey
  }

  /** What waits here for the next flush. */
  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#buckets.size === 0
  }

  /**
   * Has the entries that are put next go into the groups of a bucket.
   *
   * @param isNew - Whether the rows had no entry as late as the bucket when the first entry since the last flush was put.
   */
  enter(bucket: Bucket, isNew: boolean): void {
    let gathered = this.#buckets.get(bucket.startMs)
    if (gathered === undefined) {
      gathered = { bucket, isNew, groups: new Map() }
      this.#buckets.set(bucket.startMs, gathered)
    }
    this.#last = gathered
  }

  /** See GroupRows.put. All Buffers may change after the call. @param keyText - The key, one character a byte. */
  put(keyText: string, sort: Buffer, value: Buffer | null, head: Buffer): number {
    const { groups } = this.#last!
    let leaf = groups.get(keyText)
    const entryBytes = value === null ? 0 : entryLength(sort, head.length + value.length)
    if (leaf === undefined) {
      leaf = this.#read(keyText, entryBytes)
      groups.set(keyText, leaf)
      this.#bytes += GROUP_BYTES + keyText.length + (leaf?.capacity ?? 0)
    }
    if (leaf !== IN_ROWS && leaf.length + entryBytes <= MAX_LEAF_BYTES) {
      const { capacity } = leaf
      const growth = leaf.put(sort, value, head)
      this.#bytes += leaf.capacity - capacity
      return growth
    }
    const group = this.#groupKey(keyText, this.#last!.bucket)
    if (leaf !== IN_ROWS) {
      if (leaf.row !== undefined) this.#groups.putLeaf(group, leaf.row)
      this.#bytes -= leaf.capacity
      groups.set(keyText, IN_ROWS)
    }
    return this.#groups.put(group, Buffer.from(sort), value, head)
  }

  /** Puts all groups among the rows; where the iteration stands, other work may get its turn. */
  *flush(): Generator<void, void, undefined> {
    let untilTurn = SLICE_GROUPS
    for (const { bucket, groups } of this.#buckets.values()) {
      for (const [keyText, leaf] of groups) {
        this.#bytes -= GROUP_BYTES + keyText.length
        if (leaf === IN_ROWS) continue
        this.#bytes -= leaf.capacity
        const { row } = leaf
        if (row !== undefined) this.#groups.loadLeaf(this.#groupKey(keyText, bucket), row)
        if (--untilTurn > 0) continue
        untilTurn = SLICE_GROUPS
        yield
      }
    }
    this.discard()
  }

  discard(): void {
    this.#buckets.clear()
    this.#last = undefined
    this.#bytes = 0
  }

  #read(keyText: string, entryBytes: number): GrowingLeaf | typeof IN_ROWS {
    const { bucket, isNew } = this.#last!
    const row = isNew ? undefined : this.#groups.row(this.#groupKey(keyText, bucket))
    if (row !== undefined && (row[0] !== LEAF || row.length > MAX_LEAF_BYTES)) return IN_ROWS
    return new GrowingLeaf(row, entryBytes)
  }
}
