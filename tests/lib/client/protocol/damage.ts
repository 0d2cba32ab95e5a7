// Ways to damage record batches.
import {
  type CompressionCodec,
  compress,
  compressionCodecs,
  decompress,
} from '../../../../lib/client/protocol/compression.ts'
import { crc32c } from '../../../../lib/core/crc32c.ts'
import type { Chance } from '../../../support/fuzz.ts'

const HEADER_BYTES = 61
const HOSTILE_INTS = [
  -2147483648,
  -2147483647,
  -1,
  0,
  1,
  2,
  48,
  49,
  60,
  61,
  127,
  128,
  65_535,
  2147483647 - 12,
  2147483646,
  2147483647,
]
const HOSTILE_LONGS = [-1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n, 2n ** 53n - 1n, 2n ** 53n - 2n, 2n ** 31n, 0n]
/** As zigzag varints: the edges of 32, 53 and 64 bits, nulls that are no -1, and two without an end. */
const HOSTILE_VARINTS = [
  '01',
  '03',
  '7f',
  '8001',
  'feffffff0f',
  'ffffffff0f',
  '8080808010',
  'feffffffffffff1f',
  'feffffffffffffffff01',
  'ffffffffffffffffff01',
  '80808080808080808000',
  'ffffffffffffffffffff',
  'ffffffffffffffffffffffffffffff7f',
].map((hex) => Buffer.from(hex, 'hex'))

/** Where the batches of undamaged bytes begin and end. */
export function batchesIn(bytes: Buffer): { readonly at: number; readonly end: number }[] {
  const found: { at: number; end: number }[] = []
  for (let at = 0; at < bytes.length; at = found.at(-1)!.end)
    found.push({ at, end: at + 12 + bytes.readInt32BE(at + 8) })
  return found
}

export function setChecksum(batch: Buffer): void {
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17)
}

/** Anything may have happened to the bytes. The checksums are left as they are. */
export function damaged(original: Buffer, other: Buffer, chance: Chance): Buffer {
  const bytes = Buffer.from(original)
  const at = chance.below(bytes.length)
  switch (chance.below(7)) {
    case 0:
      return bytes.subarray(0, at)
    case 1:
      for (let i = chance.below(4); i >= 0; i--) bytes[chance.below(bytes.length)]! ^= 1 << chance.below(8)
      return bytes
    case 2:
      chance.bytes(1 + chance.below(16)).copy(bytes, at)
      return bytes
    case 3:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(chance.below(other.length))])
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - chance.below(100)))])
    case 5:
      return Buffer.concat(
        batchesIn(bytes).flatMap(({ at, end }) => Array(chance.below(3)).fill(bytes.subarray(at, end))),
      )
    default:
      return withHostileHeader(bytes, chance)
  }
}

/** A field of some batch's header says what it should not. */
export function withHostileHeader(bytes: Buffer, chance: Chance): Buffer {
  const { at } = chance.pick(batchesIn(bytes))
  const field = chance.pick([0, 8, 12, 16, 21, 23, 27, 35, 43, 57])
  if (field === 16 || field === 21)
    bytes.writeInt8(chance.below(256) - 128, at + field + chance.below(2) * Number(field === 21))
  else if ([8, 12, 23, 57].includes(field)) {
    const near = bytes.readInt32BE(at + field) + chance.below(5) - 2
    bytes.writeInt32BE(chance.oneIn(3) ? near : chance.pick(HOSTILE_INTS), at + field)
  } else bytes.writeBigInt64BE(chance.oneIn(3) ? BigInt(chance.below(1_000)) : chance.pick(HOSTILE_LONGS), at + field)
  return bytes
}

/** One batch of the bytes is damaged, before it was compressed or after, and its checksum is that of the damaged bytes. */
export function damagedBehindChecksum(original: Buffer, chance: Chance): Buffer {
  const batches = batchesIn(original)
  const { at, end } = chance.pick(batches)
  const batch = Buffer.from(original.subarray(at, end))
  const codec = compressionCodecs[batch.readInt16BE(21) & 7]!
  let changed: Buffer
  if (chance.oneIn(4) || end - at === HEADER_BYTES) changed = withHostileHeader(batch, chance)
  else if (codec !== 'none' && chance.oneIn(2))
    changed = Buffer.concat([batch.subarray(0, HEADER_BYTES), damagedRecords(batch.subarray(HEADER_BYTES), chance)])
  else changed = withRecords(batch, codec, (records) => damagedRecords(records, chance))
  if (changed.length >= HEADER_BYTES) {
    // A length that was made hostile stays so.
    if (changed.length !== batch.length) changed.writeInt32BE(changed.length - 12, 8)
    setChecksum(changed)
  }
  return Buffer.concat([original.subarray(0, at), changed, original.subarray(end)])
}

function withRecords(batch: Buffer, codec: CompressionCodec, change: (records: Buffer) => Buffer): Buffer {
  const payload = batch.subarray(HEADER_BYTES)
  const records = change(codec === 'none' ? payload : decompress(codec, payload))
  return Buffer.concat([batch.subarray(0, HEADER_BYTES), codec === 'none' ? records : compress(codec, records)])
}

function damagedRecords(original: Buffer, chance: Chance): Buffer {
  const records = Buffer.from(original)
  // Most of a batch may be one large value: what is interesting lies at its beginning.
  const at = chance.below(chance.oneIn(2) ? Math.min(records.length, 40) : records.length)
  const varint = chance.pick(HOSTILE_VARINTS)
  switch (chance.below(6)) {
    case 0:
      return records.subarray(0, at)
    case 1:
      records[at]! ^= 1 << chance.below(8)
      return records
    case 2:
      chance.bytes(1 + chance.below(8)).copy(records, at)
      return records
    case 3:
      varint.copy(records, at)
      return records
    case 4:
      return Buffer.concat([records.subarray(0, at), varint, records.subarray(at + chance.below(2))])
    default:
      return Buffer.concat([records, chance.oneIn(2) ? records : chance.bytes(1 + chance.below(20))])
  }
}
