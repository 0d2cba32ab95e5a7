// Strategy: batches that Java has written (java-corpus.ts), and batches of our own encoder, are damaged in seeded random ways, with their
// checksums left wrong and with checksums made right again, so that what lies behind is reached.
// Invariants: the decoder gives the same records, up to the same place, as a second reader that is written by the definition and checks every
// bound (reference-reader.ts), or both find damage there; damage is a CorruptRecordError with topic, partition and offset, and nothing else is ever
// thrown; the work and the memory are bounded by the bytes that are there, whatever counts and lengths say.
import { isDeepStrictEqual } from 'node:util'
import { CorruptRecordError } from '../../../../lib/client/errors.ts'
import type { AbortedTransaction } from '../../../../lib/client/protocol/aborted-transactions.ts'
import { compressionCodecs } from '../../../../lib/client/protocol/compression.ts'
import { FetchedRecords } from '../../../../lib/client/protocol/fetched-records.ts'
import { setBaseOffset } from '../../../../lib/client/protocol/record-batch.ts'
import { RecordBatchBuilder } from '../../../../lib/client/protocol/record-batch-builder.ts'
import type { ConsumedRecord } from '../../../../lib/core/record.ts'
import { type Chance, FUZZ_TIMEOUT_MS, fuzz } from '../../../support/fuzz.ts'
import { batchesIn, damaged, damagedBehindChecksum, setChecksum } from './damage.ts'
import { javaCases } from './java-corpus.ts'
import { randomRecords } from './random-records.ts'
import { type Reading, readByReference } from './reference-reader.ts'

/** Length, attributes, two deltas, key, value and header count take at least a byte each. */
const MIN_RECORD_BYTES = 7
const MIN_HEADER_BYTES = 2
/** Batches of 10 000 records teach nothing here that small ones do not. */
const corpus = javaCases
  .filter(({ bytes }) => bytes.length < 10_000)
  .map(({ bytes, batches }) => ({
    bytes,
    fetchOffset: batches[0]!.header.baseOffset,
  }))

function ownBatch(chance: Chance): { bytes: Buffer; fetchOffset: number } {
  const codec = chance.oneIn(2) ? 'none' : chance.pick(compressionCodecs)
  const builder = new RecordBatchBuilder({ codec })
  for (const { key, value, timestamp, headers } of randomRecords(chance, 1 + chance.below(6)))
    builder.append(key, value, timestamp, headers)
  const bytes = builder.finish({ producerId: 4243, producerEpoch: 1, baseSequence: 0, transactional: chance.oneIn(2) })
  const fetchOffset = chance.below(1_000)
  setBaseOffset(bytes, fetchOffset)
  return { bytes, fetchOffset }
}

const sample = (chance: Chance) => (chance.oneIn(3) ? ownBatch(chance) : chance.pick(corpus))

// jest's own expectations, which explain, take a thousand times as long.
function insist(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}

/** Reads to the end, or to damage, and holds the decoder to its bounds on the way. */
function read(bytes: Buffer, fetchOffset: number, abortedTransactions: readonly AbortedTransaction[] = []): Reading {
  const fetched = new FetchedRecords(bytes, { topic: 'orders', partition: 3, fetchOffset, abortedTransactions })
  const records: ConsumedRecord[] = []
  const memory = new Set<ArrayBufferLike>()
  let ownBytes = 0
  let headerCount = 0
  let damage: string | undefined
  try {
    for (let record = fetched.next(); record !== undefined; record = fetched.next()) {
      records.push(record)
      headerCount += record.headers.length
      for (const part of [record.key, record.value]) if (part !== null) memory.add(part.buffer)
      ownBytes += (record.key?.length ?? 0) + (record.value?.length ?? 0)
      insist(fetched.position > record.offset, `position ${fetched.position} after ${record.offset}`)
    }
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error
    damage = error.message
    insist(damage.startsWith(`Cannot read orders-3 at offset ${fetched.position}: `), `no place in: ${damage}`)
    insist(thrownBy(() => fetched.next()) === error, 'the error is not the answer from then on')
  }
  memory.delete(bytes.buffer)
  const decompressedBytes = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)
  const honestBytes = bytes.length + decompressedBytes
  const leastBytes = records.length * MIN_RECORD_BYTES + headerCount * MIN_HEADER_BYTES
  insist(leastBytes <= honestBytes && ownBytes <= honestBytes, `${records.length} records in ${honestBytes} bytes`)
  return { records, position: fetched.position, damage }
}

// Beyond safe integers a number is not exact, and how it is rounded depends on the way it was added up.
function comparable({ records, position, damage }: Reading) {
  const rounded = (timestamp: number) => (Number.isSafeInteger(timestamp) ? timestamp : timestamp.toPrecision(14))
  return {
    records: records.map((record) => ({ ...record, timestamp: rounded(record.timestamp) })),
    position,
    damaged: damage !== undefined,
  }
}

function agree(bytes: Buffer, fetchOffset: number, aborted: readonly AbortedTransaction[] = []): Reading {
  const reading = read(bytes, fetchOffset, aborted)
  const reference = readByReference(bytes, fetchOffset, aborted)
  if (!isDeepStrictEqual(comparable(reading), comparable(reference))) {
    expect(comparable(reading)).toEqual(comparable(reference))
  }
  return reading
}

describe('the reference reader', () => {
  it('reads what Java wrote as the decoder does', () => {
    for (const { bytes, fetchOffset } of corpus) expect(agree(bytes, fetchOffset).damage).toBeUndefined()
  })
})

describe('one bit that is wrong', () => {
  const small = corpus.filter(({ bytes }) => bytes.length < 200 && batchesIn(bytes).length === 1)

  it('is found, but for the base offset and the leader epoch, which the checksum leaves to the broker to set', () => {
    expect(small.length).toBeGreaterThan(20)
    for (const { bytes, fetchOffset } of small) {
      const right = read(bytes, fetchOffset)
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes)
        const at = bit >>> 3
        changed[at]! ^= 1 << (bit & 7)
        const reading = agree(changed, fetchOffset)
        if (at >= 12 && at < 16) insist(isDeepStrictEqual(reading, right), `the epoch matters at ${at}`)
        else if (at >= 8) {
          const found = reading.damage !== undefined && reading.records.length === 0 && reading.position === fetchOffset
          insist(found, `bit ${bit} of ${bytes.toString('hex')} is not missed`)
        } else if (reading.damage === undefined) {
          // The same records elsewhere: a base offset by itself could be any number.
          const movedBy = Number(changed.readBigInt64BE(0) - bytes.readBigInt64BE(0))
          const moved = right.records.map((record) => ({ ...record, offset: record.offset + movedBy }))
          const seen = {
            position: right.position + movedBy,
            records: moved.filter(({ offset }) => offset >= fetchOffset),
          }
          insist(isDeepStrictEqual({ ...reading, ...seen }, reading), `base offset moved by ${movedBy}`)
        }
      }
    }
  })

  it('in the offset of a batch among others is found when the offsets go back', () => {
    const { bytes, fetchOffset } = corpus.find(({ bytes }) => batchesIn(bytes).length > 4)!
    const second = batchesIn(bytes)[1]!.at
    const changed = Buffer.from(bytes)
    changed.writeBigInt64BE(changed.readBigInt64BE(second) - 1n, second)
    expect(agree(changed, fetchOffset).damage).toMatch(/a batch from offset 101 behind one up to 101/)
  })

  it('in the length of a later batch looks like a response that was cut off, and is found when fetched again', () => {
    const { bytes, fetchOffset } = corpus.find(({ bytes }) => batchesIn(bytes).length > 4)!
    const last = batchesIn(bytes).at(-1)!.at
    const changed = Buffer.from(bytes)
    changed.writeInt32BE(changed.readInt32BE(last + 8) + 1, last + 8)
    const { damage, position } = agree(changed, fetchOffset)
    expect(damage).toBeUndefined()
    expect(agree(changed.subarray(last), position).damage).toMatch(
      /70 bytes without one complete batch that reaches this offset/,
    )
  })
})

describe('damage', () => {
  const kinds = { damaged: 0, unharmed: 0, records: 0 }
  const note = ({ damage, records }: Reading) => {
    if (damage === undefined) kinds.unharmed++
    else kinds.damaged++
    kinds.records += records.length
  }

  it(
    'of any kind is found by its checksum, or was none',
    () => {
      fuzz(1_500, (chance) => {
        const { bytes, fetchOffset } = sample(chance)
        note(agree(damaged(bytes, sample(chance).bytes, chance), fetchOffset))
      })
    },
    FUZZ_TIMEOUT_MS,
  )

  it(
    'that the checksum does not see is found, or gives what the bytes say',
    () => {
      fuzz(1_500, (chance) => {
        const { bytes, fetchOffset } = sample(chance)
        const aborted = chance.oneIn(3) ? [{ producerId: 4243, firstOffset: fetchOffset + chance.below(3) }] : []
        let changed = damagedBehindChecksum(bytes, chance)
        if (chance.oneIn(4)) changed = Buffer.concat([changed, chance.pick(corpus).bytes])
        note(agree(changed, chance.oneIn(4) ? fetchOffset + chance.below(6) : fetchOffset, aborted))
      })
    },
    FUZZ_TIMEOUT_MS,
  )

  it('came in all kinds', () => {
    expect(kinds.damaged).toBeGreaterThan(kinds.unharmed / 10)
    expect(kinds.unharmed).toBeGreaterThan(kinds.damaged / 10)
    expect(kinds.records).toBeGreaterThan(kinds.damaged / 10)
  })
})

describe('numbers that promise more than there is', () => {
  const one = javaCases.find(({ name }) => name === 'none, one record')!.bytes
  const withCount = (count: number) => {
    const batch = Buffer.from(one)
    batch.writeInt32BE(count, 57)
    setChecksum(batch)
    return batch
  }

  it.each([2, 1_000_000, 2 ** 31 - 1])(
    '%d records in a batch of one: the first is given, then damage is found',
    (count) => {
      const { records, damage } = read(withCount(count), 5)
      expect(records.length).toBe(1)
      expect(damage).toMatch(/a record of 0 bytes, -?\d+ left|ends|a record of/)
    },
  )

  it('no records in a batch of one are damage, not an emptied batch', () => {
    expect(read(withCount(0), 5)).toMatchObject({
      records: [],
      damage: expect.stringMatching(/367 bytes after the batch's last record/),
    })
  })

  it.each([0, 5])('an offset beyond safe integers, fetched from %d', (fetchOffset) => {
    const batch = Buffer.from(one)
    for (const baseOffset of [2n ** 63n - 1n, 2n ** 53n, 2n ** 53n - 1n]) {
      batch.writeBigInt64BE(baseOffset, 0)
      expect(read(batch, fetchOffset).damage).toMatch(/a batch with base offset \d+/)
    }
  })
})

describe('a control batch', () => {
  const abort = javaCases.find(({ name }) => name === 'abort marker')!.bytes

  it.each([
    { what: 'a key that is too short', at: 65, value: 6 },
    { what: 'no key', at: 65, value: 1 },
    { what: 'a key longer than the record', at: 65, value: 100 },
    { what: 'a record longer than the batch', at: 61, value: 0x7e },
    { what: 'a negative version', at: 66, value: 0xff },
  ])('with $what is damaged, not skipped', ({ at, value }) => {
    const batch = Buffer.from(abort)
    batch[at] = value
    setChecksum(batch)
    // Behind it lie bytes that could be taken for the rest of the key.
    const { damage, position } = agree(Buffer.concat([batch, abort]), 71)
    expect(damage).toMatch(/a control record of -?\d+ bytes in 17/)
    expect(position).toBe(71)
  })
})
