// The record format read a second time, by its definition: slowly, byte by byte, in BigInt, every bound checked. What the decoder makes of any
// bytes is compared with what this makes of them.
import type { AbortedTransaction } from '../../../../lib/client/protocol/aborted-transactions.ts'
import { compressionCodecs, decompress } from '../../../../lib/client/protocol/compression.ts'
import { crc32c } from '../../../../lib/core/crc32c.ts'
import type { ConsumedRecord, Header } from '../../../../lib/core/record.ts'

export interface Reading {
  readonly records: readonly ConsumedRecord[]
  /** Where reading ended. */
  readonly position: number
  /** What is wrong there; undefined: the bytes end, or what is left of them is the beginning of a batch. */
  readonly damage: string | undefined
}

const MAX_OFFSET = 2n ** 53n - 2n
const HEADER_BYTES = 61

class Damage extends Error {}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Damage(what)
}

class Cursor {
  readonly bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  take(length: bigint): Buffer {
    demand(length >= 0n && length <= BigInt(this.left), `${length} bytes wanted, ${this.left} left`)
    const taken = this.bytes.subarray(this.at, this.at + Number(length))
    this.at += Number(length)
    return taken
  }

  varint(): bigint {
    let zigzag = 0n
    for (let i = 0n; i < 10n; i++) {
      const byte = BigInt(this.take(1n)[0]!)
      zigzag |= (byte & 127n) << (7n * i)
      if (byte < 128n) return zigzag & 1n ? -(zigzag >> 1n) - 1n : zigzag >> 1n
    }
    throw new Damage('a varint without an end')
  }

  nullableBytes(): Buffer | null {
    const length = this.varint()
    return length < 0n ? null : this.take(length)
  }
}

export function readByReference(
  bytes: Buffer,
  fetchOffset: number,
  aborted: readonly AbortedTransaction[] = [],
): Reading {
  const records: ConsumedRecord[] = []
  const dead = new Set<number>()
  const toCome = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  let position = fetchOffset
  let end = 0n
  let at = 0
  try {
    for (;;) {
      const left = bytes.length - at
      if (left <= 16) break
      demand(bytes.readInt8(at + 16) === 2, 'magic')
      const size = 12 + bytes.readInt32BE(at + 8)
      demand(size >= HEADER_BYTES, 'size')
      if (size > left) break
      const batch = bytes.subarray(at, at + size)
      const base = batch.readBigInt64BE(0)
      const attributes = batch.readInt16BE(21)
      const last = base + BigInt(batch.readInt32BE(23))
      const count = batch.readInt32BE(57)
      demand((attributes & 7) < 5, 'codec')
      demand(base >= 0n && last >= base && last <= MAX_OFFSET && count >= 0, 'offsets or count')
      demand(batch.readUInt32BE(17) === crc32c(batch, 21, size), 'checksum')
      demand(base >= end, 'offsets go back')
      end = last + 1n
      at += size
      const producerId = Number(batch.readBigInt64BE(43))
      const payload = batch.subarray(HEADER_BYTES)
      const emptied = count === 0 && payload.length === 0
      const mayBeAborted = attributes & 16 || attributes & 32
      while (mayBeAborted && toCome.length > 0 && BigInt(toCome[0]!.firstOffset) <= last)
        dead.add(toCome.shift()!.producerId)
      if (attributes & 32) {
        if (!emptied && abortMarker(payload)) dead.delete(producerId)
      } else if (!emptied && !(attributes & 16 && dead.has(producerId)) && last >= BigInt(position)) {
        const codec = compressionCodecs[attributes & 7]!
        const plain = new Cursor(codec === 'none' ? payload : decompressed(codec, payload))
        let before = true
        for (let i = 0; i < count; i++) {
          const record = readRecord(plain, batch, base, last)
          // What was not asked for lies at the beginning; from then on offsets grow.
          before &&= record.offset < position
          if (before) continue
          demand(record.offset >= position, 'a record comes again')
          records.push(record)
          position = record.offset + 1
        }
        demand(plain.left === 0, 'bytes behind the last record')
      }
      position = Math.max(position, Number(end))
    }
    demand(bytes.length === 0 || position > fetchOffset, 'no progress')
  } catch (error) {
    if (!(error instanceof Damage)) throw error
    return { records, position, damage: error.message }
  }
  return { records, position, damage: undefined }
}

function decompressed(codec: Exclude<(typeof compressionCodecs)[number], 'none'>, payload: Buffer): Buffer {
  try {
    return decompress(codec, payload)
  } catch (error) {
    throw new Damage((error as Error).message)
  }
}

function readRecord(plain: Cursor, batch: Buffer, base: bigint, last: bigint): ConsumedRecord {
  const body = new Cursor(plain.take(plain.varint()))
  body.take(1n)
  const timestampDelta = body.varint()
  const offset = base + body.varint()
  const key = body.nullableBytes()
  const value = body.nullableBytes()
  const headerCount = body.varint()
  demand(headerCount >= 0n, 'headers')
  const headers: Header[] = []
  for (let i = 0n; i < headerCount; i++) {
    const name = body.nullableBytes()
    demand(name !== null, 'a header without a name')
    headers.push([name!.toString(), body.nullableBytes()])
  }
  demand(body.left === 0, 'bytes behind the headers')
  demand(offset >= base && offset <= last, 'an offset outside the batch')
  const logAppendTime = (batch.readInt16BE(21) & 8) !== 0
  const timestamp = logAppendTime ? batch.readBigInt64BE(35) : batch.readBigInt64BE(27) + timestampDelta
  return { offset: Number(offset), timestamp: Number(timestamp), key, value, headers }
}

function abortMarker(payload: Buffer): boolean {
  const cursor = new Cursor(payload)
  const body = new Cursor(cursor.take(cursor.varint()))
  body.take(1n)
  body.varint()
  body.varint()
  const key = body.nullableBytes()
  demand(key !== null && key.length >= 4 && key.readInt16BE(0) >= 0, 'a control key')
  return key!.readInt16BE(2) === 0
}
