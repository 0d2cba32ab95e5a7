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

/** `text` is the row's key, one character a byte. */
export function rowKey(prefix: Buffer, text: string): Buffer {
  const key = Buffer.allocUnsafe(KEYSPACE_BYTES + text.length)
  key[0] = prefix[0]!
  key[1] = prefix[1]!
  key[2] = prefix[2]!
  key[3] = prefix[3]!
  key[4] = prefix[4]!
  key.write(text, KEYSPACE_BYTES, 'latin1')
  return key
}

/** The part of the database that holds these rows of a keyspace. */
export function levelRange(keyspace: number, { from, before }: Bounds): { gte: Buffer; lt: Buffer } {
  const prefix = keyspacePrefix(keyspace)
  return {
    gte: rowKey(prefix, from),
    lt: before === undefined ? keyspacePrefix(keyspace + 1) : rowKey(prefix, before),
  }
}
