// What Java keeps on its own disk with `dsl.store.format=headers`. No store here has a header part: Java's DSL leaves it empty, and rows are never shared. So each format is taken
// apart into what the product does write, byte for byte: headers as a record has them, then the row or value of our store.
import { FetchedRecords } from '../../lib/client/protocol/fetched-records.ts'
import { RecordBatchBuilder } from '../../lib/client/protocol/record-batch-builder.ts'
import { writeVarint } from '../../lib/client/protocol/varint.ts'
import type { Headers } from '../../lib/core/record.ts'
import { serdes } from '../../lib/serde/index.ts'
import { encodeTimestamped, plainValue, timestampOf } from '../../stores/value-and-timestamp.ts'
import { headersOf, javaBytesOf } from '../data/java-bytes.ts'

const NO_PRODUCER = { producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false }
const S = serdes.string()

function batchOf(headers: Headers): Buffer {
  const builder = new RecordBatchBuilder({ codec: 'none' })
  builder.append(null, null, 0, headers)
  return builder.finish(NO_PRODUCER)
}

/** The headers' bytes at the end of a record of less than 64 bytes; as Java's local stores do, none at all where a record has their count, 0. */
function headerBytes(headers: Headers): Buffer {
  const without = batchOf([]).length - 1
  return headers.length === 0 ? Buffer.alloc(0) : batchOf(headers).subarray(without)
}

/** The headers' bytes with their length in front. */
function headerPart(headers: Headers): Buffer {
  const bytes = headerBytes(headers)
  const length = Buffer.alloc(5)
  return Buffer.concat([length.subarray(0, writeVarint(length, 0, bytes.length)), bytes])
}

function headersRead(headers: Headers): Headers {
  const at = { topic: 't', partition: 0, fetchOffset: 0, abortedTransactions: [] }
  return new FetchedRecords(batchOf(headers), at).next()!.headers
}

describe("Java's local stores with headers", () => {
  it('have headers in the bytes of a record, both ways', () => {
    for (const { input, hex } of javaBytesOf('headers')) {
      const headers = headersOf(input)

      expect(headerBytes(headers).toString('hex')).toBe(hex)
      expect(headersRead(headers)).toEqual(headers)
    }
  })

  it('have in front of our timestamped row the headers and their length', () => {
    for (const { input, hex } of javaBytesOf('valueTimestampHeaders')) {
      const part = headerPart(headersOf(input.headers))
      const row = encodeTimestamped(input.timestamp, S.serialize('t', input.value))

      expect(Buffer.concat([part, row]).toString('hex')).toBe(hex)
      const read = Buffer.from(hex, 'hex').subarray(part.length)
      expect([timestampOf(read), S.deserialize('t', plainValue(read))]).toEqual([input.timestamp, input.value])
    }
  })

  it('have in front of an aggregate of a session the headers and their length', () => {
    for (const { input, hex } of javaBytesOf('aggregationWithHeaders')) {
      const part = headerPart(headersOf(input.headers))

      expect(Buffer.concat([part, S.serialize('t', input.value)]).toString('hex')).toBe(hex)
      expect(S.deserialize('t', Buffer.from(hex, 'hex').subarray(part.length))).toBe(input.value)
    }
  })

  it('are, as the DSL fills them, ours with a zero byte in front', () => {
    const empty = javaBytesOf('valueTimestampHeaders').filter(({ input }) => input.headers.length === 0)

    expect(empty.length).toBeGreaterThan(1)
    for (const { input, hex } of empty) {
      expect(hex).toBe(`00${encodeTimestamped(input.timestamp, Buffer.from(input.value)).toString('hex')}`)
    }
  })
})
