import { CorruptRecordError } from '../../../../lib/client/errors.ts'
import { encodeControlBatch } from '../../../../lib/client/protocol/control-batch.ts'
import { hasValidChecksum, readBatchHeader } from '../../../../lib/client/protocol/record-batch.ts'
import {
  javaCompressedBatches,
  javaLogAppendTimeBatch,
  javaLogAppendTimeMs,
  javaMarkers,
  javaTransactionalBatch,
} from './java-batches.ts'

const hex = (text: string) => Buffer.from(text, 'hex')

describe('a batch header', () => {
  it('is read as the Java client wrote it', () => {
    expect(readBatchHeader(hex(javaTransactionalBatch), 0)).toEqual({
      baseOffset: 0,
      sizeBytes: javaTransactionalBatch.length / 2,
      codec: 'none',
      transactional: true,
      control: false,
      logAppendTime: false,
      lastOffset: 3,
      firstTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_086_400_000,
      producerId: 4242,
      producerEpoch: 7,
      baseSequence: 99,
      recordCount: 4,
    })
  })

  it.each(Object.entries(javaCompressedBatches))('names the codec: %s', (codec, batch) => {
    expect(readBatchHeader(hex(batch), 0)).toMatchObject({ codec, producerId: -1, producerEpoch: -1, baseSequence: -1 })
    expect(hasValidChecksum(hex(batch), 0, batch.length / 2)).toBe(true)
  })

  it('knows log append time', () => {
    expect(readBatchHeader(hex(javaLogAppendTimeBatch), 0)).toMatchObject({
      baseOffset: 1000,
      lastOffset: 1003,
      logAppendTime: true,
      maxTimestamp: javaLogAppendTimeMs,
    })
  })

  it('is read anywhere in the bytes', () => {
    const bytes = Buffer.concat([Buffer.alloc(7, 0xff), hex(javaTransactionalBatch), Buffer.alloc(3)])
    expect(readBatchHeader(bytes, 7)).toEqual(readBatchHeader(hex(javaTransactionalBatch), 0))
  })

  it('is undefined while bytes of the batch are missing', () => {
    const batch = hex(javaTransactionalBatch)
    for (let length = 0; length < batch.length; length++) {
      expect(readBatchHeader(batch.subarray(0, length), 0)).toBeUndefined()
    }
  })

  it.each([
    { what: 'an old record format', change: (b: Buffer) => b.writeInt8(1, 16), message: 'record format version 1' },
    { what: 'a length below the header', change: (b: Buffer) => b.writeInt32BE(48, 8), message: '60 bytes' },
    { what: 'a negative length', change: (b: Buffer) => b.writeInt32BE(-1, 8), message: '11 bytes' },
    { what: 'a negative offset', change: (b: Buffer) => b.writeInt32BE(-1, 0), message: 'base offset -' },
    { what: 'a negative last offset', change: (b: Buffer) => b.writeInt32BE(-1, 23), message: 'last offset delta -1' },
    { what: 'a negative count', change: (b: Buffer) => b.writeInt32BE(-2, 57), message: '-2 records' },
    { what: 'an unknown codec', change: (b: Buffer) => b.writeInt16BE(5, 21), message: 'codec number 5' },
  ])('is refused for $what', ({ change, message }) => {
    const batch = hex(javaTransactionalBatch)
    change(batch)
    expect(() => readBatchHeader(batch, 0)).toThrow(CorruptRecordError)
    expect(() => readBatchHeader(batch, 0)).toThrow(message)
  })
})

describe('a control batch', () => {
  it.each(['commit', 'abort'] as const)('has the bytes that the broker writes: %s', (type) => {
    const marker = { type, producerId: 4242, producerEpoch: 7, timestamp: 1_700_000_000_000, coordinatorEpoch: 3 }
    expect(encodeControlBatch(marker).toString('hex')).toBe(javaMarkers[type])
  })
})
