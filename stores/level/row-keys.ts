// The keys of a task's database: byte 0 is 0 for what the database knows about itself (meta rows, meta.ts) and 1 for rows of stores:
//
//   1 ‖ keyspace (4 bytes, big-endian) ‖ the row's key
//
// A keyspace is one store in one of its lives: a wipe moves the store to a new one.
import type { Bounds } from '../bounds.ts'

export const KEYSPACE_BYTES = 5

/** The first bytes of every row of a keyspace. */
export function keyspacePrefix(keyspace: number): Buffer {
  const prefix = Buffer.alloc(KEYSPACE_BYTES)
  prefix[0] = 1
  prefix.writeUInt32BE(keyspace, 1)
  return prefix
}

/** The part of the database that holds these rows of a keyspace. */
export function levelRange(keyspace: number, { from, before }: Bounds): { gte: Buffer; lt: Buffer } {
  const prefix = keyspacePrefix(keyspace)
  const keyOf = (text: string) => Buffer.concat([prefix, Buffer.from(text, 'latin1')])
  return { gte: keyOf(from), lt: before === undefined ? keyspacePrefix(keyspace + 1) : keyOf(before) }
}

// Longer keys are rare, and cheap beside what is done with them.
const LONGEST_KEPT = 128

/**
 * Makes the database's keys of one keyspace. A Buffer it returns is good until the next call: there is one for each length, as LevelDB
 * copies what it is handed at once and making a Buffer costs as much as filling it.
 */
export class RowKeys {
  readonly #prefix: Buffer
  readonly #kept: Buffer[] = []

  constructor(keyspace: number) {
    this.#prefix = keyspacePrefix(keyspace)
  }

  /** `text` is the row's key, one character a byte. */
  of(text: string): Buffer {
    const key = this.#kept[text.length] ?? this.#make(text.length)
    key.write(text, KEYSPACE_BYTES, text.length, 'latin1')
    return key
  }

  /** As `of`, for a key in bytes. */
  ofBytes(bytes: Buffer): Buffer {
    const key = this.#kept[bytes.length] ?? this.#make(bytes.length)
    key.set(bytes, KEYSPACE_BYTES)
    return key
  }

  #make(length: number): Buffer {
    const key = Buffer.alloc(KEYSPACE_BYTES + length)
    this.#prefix.copy(key)
    if (length <= LONGEST_KEPT) this.#kept[length] = key
    return key
  }
}
