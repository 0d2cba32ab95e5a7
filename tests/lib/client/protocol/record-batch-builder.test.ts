import { hasValidChecksum, readBatchHeader, setBaseOffset } from '../../../../lib/client/protocol/record-batch.ts'
import { estimateRecordBytes, RecordBatchBuilder } from '../../../../lib/client/protocol/record-batch-builder.ts'
import { InvariantError } from '../../../../lib/core/errors.ts'
import { NO_HEADERS } from '../../../../lib/core/record.ts'
import { javaRecords, javaTransactionalBatch } from './java-batches.ts'

const NO_PRODUCER = { producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false }
const EMPTY_BATCH_BYTES = 61

describe('a record batch builder', () => {
  it('writes the bytes that the Java client writes', () => {
    const builder = new RecordBatchBuilder({ codec: 'none' })
    for (const { key, value, timestamp, headers } of javaRecords) builder.append(key, value, timestamp, headers)

    const batch = builder.finish({ producerId: 4242, producerEpoch: 7, baseSequence: 99, transactional: true })

    expect(batch.toString('hex')).toBe(javaTransactionalBatch)
  })

  it('says before each record how much it holds', () => {
    const builder = new RecordBatchBuilder({ codec: 'none' })
    expect(builder.sizeBytes).toBe(EMPTY_BATCH_BYTES)
    for (const { key, value, timestamp, headers } of javaRecords) {
      const before = builder.sizeBytes
      builder.append(key, value, timestamp, headers)
      expect(builder.sizeBytes - before).toBeLessThanOrEqual(estimateRecordBytes(key, value, headers))
    }
    expect(builder.recordCount).toBe(javaRecords.length)
    expect(builder.finish(NO_PRODUCER).length).toBe(builder.sizeBytes)
  })

  it('estimates no record too small, however large its parts', () => {
    const large = Buffer.alloc(3_000_000)
    const builder = new RecordBatchBuilder({ codec: 'none' })
    builder.append(null, null, 0, NO_HEADERS)
    const before = builder.sizeBytes
    builder.append(large, large, Number.MAX_SAFE_INTEGER, [['ü'.repeat(100), large]])
    const size = builder.sizeBytes - before
    const estimate = estimateRecordBytes(large, large, [['ü'.repeat(100), large]])
    expect(size).toBeLessThanOrEqual(estimate)
    expect(estimate - size).toBeLessThan(64)
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('compresses with %s', (codec) => {
    const builder = new RecordBatchBuilder({ codec })
    for (let i = 0; i < 500; i++) builder.append(Buffer.from('key'), Buffer.from(`value ${i}`), i, NO_HEADERS)

    const batch = builder.finish(NO_PRODUCER)

    expect(batch.length).toBeLessThan(builder.sizeBytes / 2)
    expect(readBatchHeader(batch, 0)).toMatchObject({ codec, recordCount: 500, lastOffset: 499, maxTimestamp: 499 })
    expect(hasValidChecksum(batch, 0, batch.length)).toBe(true)
  })

  it('keeps the checksum when the broker sets offset and epoch', () => {
    const builder = new RecordBatchBuilder({ codec: 'none' })
    builder.append(null, Buffer.from('value'), 10, NO_HEADERS)
    const batch = builder.finish(NO_PRODUCER)

    setBaseOffset(batch, 2 ** 40 + 5, 17)

    expect(readBatchHeader(batch, 0)).toMatchObject({ baseOffset: 2 ** 40 + 5, lastOffset: 2 ** 40 + 5 })
    expect(batch.readInt32BE(12)).toBe(17)
    expect(hasValidChecksum(batch, 0, batch.length)).toBe(true)
  })

  it('is used up by finish', () => {
    const builder = new RecordBatchBuilder({ codec: 'none' })
    expect(() => builder.finish(NO_PRODUCER)).toThrow(InvariantError)
    builder.append(null, null, 0, NO_HEADERS)
    builder.finish(NO_PRODUCER)
    expect(() => builder.finish(NO_PRODUCER)).toThrow(InvariantError)
    expect(() => builder.append(null, null, 0, NO_HEADERS)).toThrow(InvariantError)
  })
})
