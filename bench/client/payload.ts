// What every client sends: record n is number n of a pool that all of them make alike (bench/java has the same lines in Payload.java).
import { crc32 } from 'node:zlib'

/** A multiple of the number of keys. So many that a batch never holds one twice, which would flatter the codecs. */
const POOL = 100_070
const KEYS = 10_007
/** Where the digits of a value begin that tell it from others. */
const DIGITS_AT = 6

export interface Payload {
  readonly key: Buffer
  readonly value: Buffer
}

/** About 60 bytes each, key included. */
export function payloads(): readonly Payload[] {
  return Array.from({ length: POOL }, (_, i) => ({
    key: Buffer.from(`key-${i % KEYS}`),
    value: Buffer.from(
      `{"id":${(i * 7_919) % 1_000_003},"page":"/item/${(i * 31) % 977}","ms":${(i * 17) % 1_009},"ok":true}`,
    ),
  }))
}

/** A glance at a value: cheap enough to take while the time is measured. */
export function glance(value: Buffer): number {
  return value.readInt32BE(DIGITS_AT)
}

/** The sum of all glances at the values of so many records, in any order, modulo 2³². */
export function expectedGlances(pool: readonly Payload[], records: number): number {
  let sum = 0
  for (let n = 0; n < records; n++) sum = (sum + glance(pool[n % pool.length]!.value)) | 0
  return sum
}

/** A sum of checksums over keys and values, which knows no order. */
export class Checksum {
  records = 0
  sum = 0

  add(key: Buffer, value: Buffer): void {
    this.records++
    this.sum = (this.sum + crc32(value, crc32(key))) >>> 0
  }

  static expected(pool: readonly Payload[], records: number): Checksum {
    const checksum = new Checksum()
    for (let n = 0; n < records; n++) checksum.add(pool[n % pool.length]!.key, pool[n % pool.length]!.value)
    return checksum
  }
}
