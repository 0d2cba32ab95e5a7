// What the builder writes, the decoder and the reader by the definition (reference-reader.ts) read: any records, with every codec. What Java reads in
// such batches is shown by integration/record-batches.test.ts.
import { isDeepStrictEqual } from 'node:util'
import { compressionCodecs } from '../../../../lib/client/protocol/compression.ts'
import { encodeControlBatch, isAbortMarker } from '../../../../lib/client/protocol/control-batch.ts'
import { FetchedRecords } from '../../../../lib/client/protocol/fetched-records.ts'
import {
  HEADER_BYTES,
  hasValidChecksum,
  readBatchHeader,
  setBaseOffset,
} from '../../../../lib/client/protocol/record-batch.ts'
import { RecordBatchBuilder } from '../../../../lib/client/protocol/record-batch-builder.ts'
import type { ConsumedRecord } from '../../../../lib/core/record.ts'
import { FUZZ_TIMEOUT_MS, fuzz } from '../../../support/fuzz.ts'
import { randomRecords } from './random-records.ts'
import { readByReference } from './reference-reader.ts'

function decoded(bytes: Buffer, fetchOffset: number): ConsumedRecord[] {
  const records = new FetchedRecords(bytes, { topic: 't', partition: 0, fetchOffset, abortedTransactions: [] })
  const found: ConsumedRecord[] = []
  for (let record = records.next(); record !== undefined; record = records.next()) found.push(record)
  return found
}

// jest's own comparison, which explains, takes a thousand times as long.
function same(found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) expect(found).toEqual(expected)
}

describe.each(compressionCodecs)('a batch of any records, compressed with %s', (codec) => {
  it(
    'comes back as it was',
    () => {
      fuzz(100, (chance) => {
        const written = randomRecords(chance, 1 + chance.below(chance.oneIn(50) ? 300 : 10))
        const producer = {
          producerId: chance.pick([-1, 0, 4242, Number.MAX_SAFE_INTEGER]),
          producerEpoch: chance.pick([-1, 0, 32_767]),
          baseSequence: chance.pick([-1, 0, 2 ** 31 - 1]),
          transactional: chance.oneIn(2),
        }
        const builder = new RecordBatchBuilder({ codec })
        for (const { key, value, timestamp, headers } of written) builder.append(key, value, timestamp, headers)
        const bytes = builder.finish(producer)
        const baseOffset = chance.pick([0, 1, 2 ** 31, 2 ** 45])
        setBaseOffset(bytes, baseOffset, 9)

        const expected = written.map((record, i) => ({ offset: baseOffset + i, ...record }))
        same(decoded(bytes, baseOffset), expected)
        const reading = { records: expected, position: baseOffset + written.length, damage: undefined }
        same(readByReference(bytes, baseOffset), reading)
        const timestamps = written.map(({ timestamp }) => timestamp)
        same(readBatchHeader(bytes, 0), {
          ...producer,
          baseOffset,
          lastOffset: baseOffset + written.length - 1,
          recordCount: written.length,
          sizeBytes: bytes.length,
          codec,
          control: false,
          logAppendTime: false,
          firstTimestamp: timestamps[0],
          maxTimestamp: Math.max(...timestamps),
        })
        same(hasValidChecksum(bytes, 0, bytes.length), true)
      })
    },
    FUZZ_TIMEOUT_MS,
  )
})

describe('a marker', () => {
  it('of any transaction is read as what it is, and shown to nobody', () => {
    fuzz(200, (chance) => {
      const type = chance.pick(['commit', 'abort'] as const)
      const timestamp = chance.pick([0, -1, 1_700_000_000_000, Number.MAX_SAFE_INTEGER])
      const producer = { producerId: chance.pick([0, 7, Number.MAX_SAFE_INTEGER]), producerEpoch: chance.below(32_768) }
      const bytes = encodeControlBatch({ type, ...producer, timestamp, coordinatorEpoch: chance.below(1_000) })
      const header = readBatchHeader(bytes, 0)
      expect(header).toMatchObject({
        ...producer,
        control: true,
        transactional: true,
        recordCount: 1,
        maxTimestamp: timestamp,
      })
      expect(isAbortMarker(bytes, HEADER_BYTES, bytes.length)).toBe(type === 'abort')
      expect(decoded(bytes, 0)).toEqual([])
      expect(readByReference(bytes, 0)).toEqual({ records: [], position: 1, damage: undefined })
    })
  })
})
