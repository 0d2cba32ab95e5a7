import { readInt64, writeInt64 } from '../../lib/serde/int64.ts'
import { GroupRows } from '../grouped/group-rows.ts'
import type { Entry } from '../grouped/leaf.ts'
import type { Rows } from '../store.ts'

const TIME_BYTES = 8
// An entry's value: nothing for null, else one byte before the value's own, which may be none.
const NULL = Buffer.alloc(0)
const VALUE_MARK = 1

/** What holds from a time on: a value's bytes, or null for nothing. */
export interface Version {
  readonly fromMs: number
  readonly value: Buffer | null
}

/**
 * Versions that are no longer the latest of their keys. A group (see GroupRows) has those of one key that follow each other and whose ends lie in one
 * segment: an entry for each, by the time from which it held, until the next one's. The last entry is a null: the end.
 */
export class VersionHistory {
  readonly #groups: GroupRows

  constructor(rows: Rows) {
    this.#groups = new GroupRows(rows)
  }

  first(group: Buffer): Version | undefined {
    return versionOf(this.#groups.above(group, NOTHING))
  }

  /** The last entry. */
  end(group: Buffer): Version | undefined {
    return versionOf(this.#groups.atOrBelow(group, EVERYTHING))
  }

  /** What held at a time. */
  at(group: Buffer, timeMs: number): Version | undefined {
    return versionOf(this.#groups.atOrBelow(group, timeKey(timeMs)))
  }

  after(group: Buffer, timeMs: number): Version | undefined {
    return versionOf(this.#groups.above(group, timeKey(timeMs)))
  }

  reload(): void {
    this.#groups.reload()
  }

  /** All, ascending, with the end. */
  all(group: Buffer): Version[] {
    const versions: Version[] = []
    this.#groups.scan(group, NOTHING, EVERYTHING, (leaf, sortStart, valueStart, end) => {
      versions.push({ fromMs: readInt64(leaf, sortStart), value: valueIn(leaf.subarray(valueStart, end)) })
    })
    return versions
  }

  /** Puts a version in its place, over one that held from the same time. */
  put(group: Buffer, fromMs: number, value: Buffer | null): void {
    this.#groups.put(group, timeKey(fromMs), value === null ? NULL : valueEntry(value))
  }

  remove(group: Buffer, fromMs: number): void {
    this.#groups.put(group, timeKey(fromMs), null)
  }

  /** Adds a version behind all others: from their end until its start nothing held. */
  append(group: Buffer, fromMs: number, toMs: number, value: Buffer | null): void {
    this.put(group, fromMs, value)
    this.put(group, toMs, null)
  }
}

const NOTHING = Buffer.alloc(0)
const EVERYTHING = Buffer.alloc(TIME_BYTES + 1, 0xff)

function timeKey(timeMs: number): Buffer {
  const key = Buffer.allocUnsafe(TIME_BYTES)
  writeInt64(key, timeMs, 0)
  return key
}

function valueEntry(value: Buffer): Buffer {
  const entry = Buffer.allocUnsafe(1 + value.length)
  entry[0] = VALUE_MARK
  entry.set(value, 1)
  return entry
}

function versionOf(entry: Entry | undefined): Version | undefined {
  return entry === undefined ? undefined : { fromMs: readInt64(entry[0], 0), value: valueIn(entry[1]) }
}

function valueIn(entry: Buffer): Buffer | null {
  return entry.length === 0 ? null : entry.subarray(1)
}
