// Random logs against a model, and random damage. Strategy: several producers write transactions that overlap, some are aborted,
// some batches are emptied; a fetch begins anywhere and its bytes end anywhere. Invariants: exactly the committed records of the
// complete batches, in order; the position ends behind the last complete batch; damage ends in a named error or a clean end.
import fc from 'fast-check'
import { CorruptRecordError } from '../../../../lib/client/errors.ts'
import { FetchedRecords } from '../../../../lib/client/protocol/fetched-records.ts'
import { RecordBatchBuilder } from '../../../../lib/client/protocol/record-batch-builder.ts'
import { crc32c } from '../../../../lib/core/crc32c.ts'
import type { ConsumedRecord } from '../../../../lib/core/record.ts'
import { LogBytes } from './log-bytes.ts'

const SEED = 20_260_923

const bytesOrNull = fc.option(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  { nil: null },
)
const record = fc.record({
  key: bytesOrNull,
  value: bytesOrNull,
  timestamp: fc.oneof(fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }), fc.maxSafeNat(), fc.constant(-1)),
  headers: fc.array(fc.tuple(fc.string({ maxLength: 20, unit: 'grapheme' }), bytesOrNull), { maxLength: 4 }),
})

const step = fc.oneof(
  fc.record({
    do: fc.constant('transactional' as const),
    producer: fc.integer({ min: 1, max: 3 }),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    do: fc.constant('plain' as const),
    producer: fc.constantFrom(-1, 1, 9),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    do: fc.constant('emptied' as const),
    producer: fc.constantFrom(-1, 1, 2),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    do: fc.constantFrom('commit' as const, 'abort' as const),
    producer: fc.integer({ min: 1, max: 3 }),
    count: fc.constant(0),
  }),
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function logOf(steps: readonly Step[]): LogBytes {
  const log = new LogBytes(100)
  for (const { do: what, producer, count } of steps) {
    if (what === 'plain') log.plain(count, producer)
    else if (what === 'transactional') log.transactional(producer, count)
    else if (what === 'emptied') log.emptied(count, producer, producer === 2)
    else log[what](producer)
  }
  for (const producer of [1, 2, 3]) if (log.isOpen(producer)) log.abort(producer)
  return log
}

function read(records: FetchedRecords): ConsumedRecord[] {
  const found: ConsumedRecord[] = []
  for (let next = records.next(); next !== undefined; next = records.next()) found.push(next)
  return found
}

describe('fetched records, for any', () => {
  it('records: what was appended comes back', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 20 }),
        fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd'),
        (written, codec) => {
          const builder = new RecordBatchBuilder({ codec })
          for (const { key, value, timestamp, headers } of written) builder.append(key, value, timestamp, headers)
          const bytes = builder.finish({ producerId: 5, producerEpoch: 1, baseSequence: 0, transactional: false })
          const records = new FetchedRecords(bytes, {
            topic: 't',
            partition: 0,
            fetchOffset: 0,
            abortedTransactions: [],
          })
          expect(read(records)).toEqual(written.map((one, offset) => ({ offset, ...one })))
        },
      ),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('log: exactly the committed records of the complete batches', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(), (steps, from, cut) => {
        const log = logOf(steps)
        const fetchOffset = 100 + (from % (log.nextOffset - 100))
        const sent = log.batches.filter((batch) => batch.lastOffset >= fetchOffset)
        const whole = Buffer.concat(sent.map((batch) => batch.bytes))
        const bytes = whole.subarray(0, whole.length - (cut % whole.length))
        const records = new FetchedRecords(bytes, {
          topic: 't',
          partition: 0,
          fetchOffset,
          abortedTransactions: log.aborted.filter((aborted) => aborted.lastOffset >= fetchOffset),
        })

        let complete = 0
        let end = fetchOffset
        for (const batch of sent) {
          complete += batch.bytes.length
          if (complete <= bytes.length) end = batch.lastOffset + 1
        }
        const expected = log.committed.filter((offset) => offset >= fetchOffset && offset < end).sort((a, b) => a - b)
        for (const offset of expected) {
          expect(records.position).toBeLessThanOrEqual(offset)
          expect(records.next()!.offset).toBe(offset)
          expect(records.position).toBeGreaterThan(offset)
        }
        expect(records.position).toBe(end)
        // A broker sends at least one batch whole: less is no response that was cut off.
        if (bytes.length > 0 && end === fetchOffset) expect(() => records.next()).toThrow(CorruptRecordError)
        else expect(records.next()).toBeUndefined()
      }),
      { seed: SEED, numRuns: 2000 },
    )
  })

  it('damage: a named error or a clean end', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), damage, fc.nat(), (steps, flips, cut) => {
        const log = logOf(steps)
        const bytes = log.bytes
        for (const [at, bits] of flips) bytes[at % bytes.length]! ^= bits
        endsOrThrows(bytes.subarray(0, bytes.length - (cut % 2 === 0 ? 0 : cut % bytes.length)))
      }),
      { seed: SEED, numRuns: 3000 },
    )
  })

  // Behind the checksum, to reach what it protects.
  it('damage that the checksum does not see', () => {
    const arbitrary = fc.tuple(
      fc.array(record, { minLength: 1, maxLength: 5 }),
      fc.constantFrom('none' as const, 'gzip' as const, 'snappy' as const, 'lz4' as const, 'zstd' as const),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
    )
    fc.assert(
      fc.property(arbitrary, ([written, codec, flips]) => {
        const builder = new RecordBatchBuilder({ codec })
        for (const { key, value, timestamp, headers } of written) builder.append(key, value, timestamp, headers)
        const bytes = builder.finish({ producerId: 5, producerEpoch: 1, baseSequence: 0, transactional: true })
        for (const [at, bits] of flips) bytes[21 + (at % (bytes.length - 21))]! ^= bits
        bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17)
        endsOrThrows(bytes)
      }),
      { seed: SEED, numRuns: 5000 },
    )
  })
})

function endsOrThrows(bytes: Buffer): void {
  const records = new FetchedRecords(bytes, {
    topic: 'orders',
    partition: 3,
    fetchOffset: 100,
    abortedTransactions: [{ producerId: 5, firstOffset: 2 ** 60 }],
  })
  try {
    read(records)
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error
    expect(error.message).toMatch(/^Cannot read orders-3 at offset \d+: ./)
  }
  expect(records.position).toBeGreaterThanOrEqual(100)
}
