import { CorruptRecordError } from '../../../../lib/client/errors.ts'
import { FetchedRecords } from '../../../../lib/client/protocol/fetched-records.ts'
import { crc32c } from '../../../../lib/core/crc32c.ts'
import type { ConsumedRecord } from '../../../../lib/core/record.ts'
import { NO_HEADERS } from '../../../../lib/core/record.ts'
import {
  javaCompressedBatches,
  javaLogAppendTimeBatch,
  javaLogAppendTimeMs,
  javaRecords,
  javaTransactionalBatch,
} from './java-batches.ts'
import { batchOf, LogBytes } from './log-bytes.ts'

function fetched(bytes: Buffer, fetchOffset = 0, abortedTransactions: LogBytes['aborted'] = []): FetchedRecords {
  return new FetchedRecords(bytes, { topic: 'orders', partition: 3, fetchOffset, abortedTransactions })
}

function all(records: FetchedRecords): ConsumedRecord[] {
  const found: ConsumedRecord[] = []
  for (let record = records.next(); record !== undefined; record = records.next()) found.push(record)
  return found
}

const offsets = (records: FetchedRecords) => all(records).map((record) => record.offset)

describe('fetched records', () => {
  it('are read as the Java client wrote them', () => {
    const expected = javaRecords.map((record, offset) => ({ offset, ...record }))
    expect(all(fetched(Buffer.from(javaTransactionalBatch, 'hex')))).toEqual(expected)
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('are decompressed: %s', (codec) => {
    const expected = javaRecords.map((record, offset) => ({ offset, ...record }))
    expect(all(fetched(Buffer.from(javaCompressedBatches[codec], 'hex')))).toEqual(expected)
  })

  it('have the broker’s time when the topic says so', () => {
    const records = all(fetched(Buffer.from(javaLogAppendTimeBatch, 'hex'), 1000))
    expect(records.map((record) => record.timestamp)).toEqual(Array(4).fill(javaLogAppendTimeMs))
    expect(records.map((record) => record.offset)).toEqual([1000, 1001, 1002, 1003])
  })

  it('share one object for no headers', () => {
    expect(all(fetched(new LogBytes().plain(1).bytes))[0]!.headers).toBe(NO_HEADERS)
  })

  it('share memory with the fetched bytes', () => {
    const bytes = new LogBytes().plain(1).bytes
    expect(all(fetched(bytes))[0]!.value!.buffer).toBe(bytes.buffer)
  })

  it('may be many: a position far beyond 32 bits', () => {
    const records = fetched(new LogBytes(2 ** 45).plain(3).bytes, 2 ** 45 + 1)
    expect(offsets(records)).toEqual([2 ** 45 + 1, 2 ** 45 + 2])
    expect(records.position).toBe(2 ** 45 + 3)
  })

  it('begin at the fetch offset, though the batch begins before it', () => {
    const records = fetched(new LogBytes().plain(10).plain(2).bytes, 7)
    expect(records.position).toBe(7)
    expect(offsets(records)).toEqual([7, 8, 9, 10, 11])
  })

  it('begin at the fetch offset in a compressed batch too', () => {
    const batch = batchOf({
      baseOffset: 0,
      codec: 'zstd',
      records: [0, 1, 2, 3].map((offset) => ({ offset, key: null, value: null, timestamp: 0 })),
    })
    expect(offsets(fetched(batch, 2))).toEqual([2, 3])
  })

  it('are none in no bytes', () => {
    const records = fetched(Buffer.alloc(0), 17)
    expect(records.next()).toBeUndefined()
    expect(records.position).toBe(17)
  })

  it('end before a batch that the response cuts off', () => {
    const log = new LogBytes().plain(2).plain(2)
    for (let missing = 1; missing <= log.batches[1]!.bytes.length; missing++) {
      const records = fetched(log.bytes.subarray(0, -missing))
      expect(offsets(records)).toEqual([0, 1])
      expect(records.position).toBe(2)
    }
  })

  it('keep their gaps after compaction, and the position moves past them', () => {
    const records = [11, 14].map((offset) => ({ offset, key: null, value: Buffer.from('v'), timestamp: 5 }))
    const read = fetched(batchOf({ baseOffset: 10, lastOffset: 19, records }), 10)
    expect(read.next()!.offset).toBe(11)
    expect(read.position).toBe(12)
    expect(read.next()!.offset).toBe(14)
    expect(read.position).toBe(20)
  })

  it('are none when compaction left only records before the fetch offset in the batch', () => {
    const records = [{ offset: 10, key: null, value: null, timestamp: 5 }]
    const read = fetched(batchOf({ baseOffset: 10, lastOffset: 19, records }), 15)
    expect(read.next()).toBeUndefined()
    expect(read.position).toBe(20)
  })

  it('are none in emptied batches, and the position moves past those', () => {
    const log = new LogBytes().emptied(5).emptied(7)
    const records = fetched(log.bytes)
    expect(records.position).toBe(12)
    expect(records.next()).toBeUndefined()
  })
})

describe('the position', () => {
  it('moves past control, aborted and emptied batches as soon as everything before them is taken', () => {
    const log = new LogBytes().transactional(1, 2).commit(1).transactional(1, 3).abort(1).emptied(4).plain(1).commit(2)
    const records = fetched(log.bytes, 0, log.aborted)

    expect(records.next()!.offset).toBe(0)
    expect(records.position).toBe(1)
    expect(records.next()!.offset).toBe(1)
    expect(records.position).toBe(11)
    expect(records.next()!.offset).toBe(11)
    expect(records.position).toBe(log.nextOffset)
    expect(records.next()).toBeUndefined()
    expect(records.position).toBe(log.nextOffset)
  })

  it('is right before the first record is asked for', () => {
    expect(fetched(new LogBytes().commit(1).commit(2).plain(1).bytes).position).toBe(2)
  })
})

describe('aborted transactions', () => {
  it.each([
    {
      what: 'one that overlaps a committed one',
      log: new LogBytes().transactional(1, 1).transactional(2, 1).transactional(1, 1).abort(1).commit(2),
    },
    {
      what: 'two that overlap: the one that began later ended first',
      log: new LogBytes()
        .transactional(1, 1)
        .transactional(2, 1)
        .abort(2)
        .plain(1)
        .transactional(2, 1)
        .transactional(1, 1)
        .commit(2)
        .abort(1),
    },
    {
      what: 'several of one producer, with committed ones between',
      log: new LogBytes()
        .transactional(1, 2)
        .abort(1)
        .transactional(1, 2)
        .commit(1)
        .transactional(1, 2)
        .abort(1)
        .transactional(1, 2)
        .abort(1)
        .transactional(1, 1)
        .commit(1),
    },
    {
      what: 'one whose marker is not in the response',
      log: new LogBytes().transactional(1, 2).plain(1).transactional(1, 1).abort(1),
      withoutBatches: 1,
    },
    {
      what: 'one of which only the marker is left after compaction',
      log: new LogBytes().emptied(3, 1, true).abort(1).transactional(1, 1).commit(1),
    },
    {
      what: 'records whose keys look like abort markers',
      log: new LogBytes()
        .transactional(1, 1, Buffer.from([0, 0, 0, 0]))
        .transactional(1, 1)
        .abort(1)
        .transactional(2, 1, Buffer.from([0, 0, 0, 0]))
        .commit(2),
    },
    {
      what: 'a producer’s records outside transactions',
      log: new LogBytes().transactional(1, 1).plain(2, 1).abort(1).plain(1, 1),
    },
  ])('are left out: $what', ({ log, withoutBatches = 0 }) => {
    const bytes = Buffer.concat(log.batches.slice(0, log.batches.length - withoutBatches).map((batch) => batch.bytes))
    const records = fetched(bytes, 0, log.aborted)
    expect(offsets(records)).toEqual(log.committed.toSorted((a, b) => a - b))
    expect(records.position).toBe(log.batches.at(-1 - withoutBatches)!.lastOffset + 1)
  })

  it('may have begun before the fetch offset', () => {
    const log = new LogBytes().transactional(1, 4).transactional(1, 4).abort(1).plain(1)
    const records = fetched(Buffer.concat(log.batches.slice(1).map((batch) => batch.bytes)), 6, log.aborted)
    expect(offsets(records)).toEqual([9])
  })

  it('are visible to who reads uncommitted', () => {
    const log = new LogBytes().transactional(1, 2).abort(1).plain(1)
    expect(offsets(fetched(log.bytes, 0))).toEqual([0, 1, 3])
  })
})

describe('damaged bytes', () => {
  const log = new LogBytes().plain(2).plain(2)
  const secondBatchAt = log.batches[0]!.bytes.length

  it('raise an error that names topic, partition and offset, after the good records and from then on', () => {
    const bytes = Buffer.from(log.bytes)
    bytes[secondBatchAt + 65]! ^= 1
    const records = fetched(bytes)

    expect(records.next()!.offset).toBe(0)
    expect(records.next()!.offset).toBe(1)
    expect(records.position).toBe(2) // reading the position does not throw
    for (let again = 0; again < 2; again++) {
      expect(() => records.next()).toThrow(CorruptRecordError)
      expect(() => records.next()).toThrow('Cannot read orders-3 at offset 2: checksum does not match')
    }
    expect(records.position).toBe(2)
  })

  it('are found when the checksum is right: what is compressed cannot be decompressed', () => {
    const batch = batchOf({ baseOffset: 0, lastOffset: 0, records: [] })
    batch.writeInt16BE(1, 21) // gzip
    batch.writeInt32BE(1, 57)
    expect(() => fetched(withChecksum(batch)).next()).toThrow(/orders-3 at offset 0: .*end of file/)
  })

  it.each([
    { what: 'more records than bytes', change: (b: Buffer) => b.writeInt32BE(3, 57), message: /a record of/ },
    {
      what: 'fewer records than bytes',
      change: (b: Buffer) => b.writeInt32BE(1, 57),
      message: /bytes after the batch/,
    },
    { what: 'an offset beyond the batch', change: (b: Buffer) => b.writeInt32BE(0, 23), message: /with offset 1/ },
    { what: 'a record longer than the batch', change: (b: Buffer) => (b[61] = 0x7e), message: /a record of 63 bytes/ },
    { what: 'a key longer than its record', change: (b: Buffer) => (b[65] = 0x7e), message: /a field of 63 bytes/ },
    { what: 'headers beyond the record', change: (b: Buffer) => (b[68] = 0x7e), message: /63 headers/ },
    { what: 'a record that ends early', change: (b: Buffer) => (b[61] = 0x10), message: /ends -1 bytes off/ },
  ])('are found when the checksum is right: $what', ({ change, message }) => {
    const batch = Buffer.from(log.batches[0]!.bytes)
    change(batch)
    const records = fetched(withChecksum(batch))
    expect(() => all(records)).toThrow(CorruptRecordError)
    expect(() => records.next()).toThrow(message)
  })
})

function withChecksum(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17)
  return batch
}
