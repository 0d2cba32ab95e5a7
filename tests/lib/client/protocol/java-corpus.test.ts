// Everything that Kafka's own code writes into a log, and its log cleaner leaves there, is read as Kafka's own code reads it.
import { FetchedRecords } from '../../../../lib/client/protocol/fetched-records.ts'
import { hasValidChecksum, readBatchHeader } from '../../../../lib/client/protocol/record-batch.ts'
import type { ConsumedRecord } from '../../../../lib/core/record.ts'
import { asJava, hashOf, type JavaBatch, type JavaCase, javaCases } from './java-corpus.ts'

function fetched(
  { bytes, batches }: JavaCase,
  abortedTransactions: { producerId: number; firstOffset: number }[] = [],
) {
  const fetchOffset = batches[0]!.header.baseOffset
  return new FetchedRecords(bytes, { topic: 'java', partition: 0, fetchOffset, abortedTransactions })
}

function all(records: FetchedRecords): ConsumedRecord[] {
  const found: ConsumedRecord[] = []
  for (let record = records.next(); record !== undefined; record = records.next()) found.push(record)
  return found
}

/** The records of a batch among those read, and Java's: as they are, or, if they are many, by their hash. */
function compared(batch: JavaBatch, read: readonly ConsumedRecord[]): { ours: unknown; java: unknown } {
  if (batch.header.control) return { ours: read, java: [] }
  const ours = read.map(asJava)
  return batch.records === undefined ? { ours: hashOf(ours), java: batch.sha256 } : { ours, java: batch.records }
}

function within({ baseOffset, lastOffset }: JavaBatch['header'], records: readonly ConsumedRecord[]): ConsumedRecord[] {
  return records.filter(({ offset }) => offset >= baseOffset && offset <= lastOffset)
}

describe.each(javaCases)('Java: $name', (recorded) => {
  const { bytes, batches } = recorded

  it('has the headers that Java sees', () => {
    let at = 0
    for (const { header } of batches) {
      expect(readBatchHeader(bytes, at)).toEqual(header)
      expect(hasValidChecksum(bytes, at, header.sizeBytes)).toBe(true)
      at += header.sizeBytes
    }
    expect(at).toBe(bytes.length)
  })

  it('holds the records that Java reads, control records left out', () => {
    const records = fetched(recorded)
    const read = all(records)
    for (const batch of batches) {
      const { ours, java } = compared(batch, within(batch.header, read))
      expect(ours).toEqual(java)
    }
    const dataBatches = batches.filter(({ header }) => !header.control)
    expect(read.length).toBe(dataBatches.reduce((count, { header }) => count + header.recordCount, 0))
    expect(records.position).toBe(batches.at(-1)!.header.lastOffset + 1)
  })

  it('loses the records of transactions that were aborted, and no others', () => {
    const { baseOffset } = batches[0]!.header
    const producers = new Set(
      batches.filter(({ header }) => header.transactional).map(({ header }) => header.producerId),
    )
    const aborted = [...producers].map((producerId) => ({ producerId, firstOffset: baseOffset }))
    const read = all(fetched(recorded, aborted)).map(({ offset }) => offset)

    const open = new Set(producers)
    const visible = batches.flatMap(({ header, records, controlType }) => {
      if (controlType === 'ABORT') open.delete(header.producerId)
      if (header.control || (header.transactional && open.has(header.producerId))) return []
      return (
        records?.map(({ offset }) => offset) ??
        Array.from({ length: header.recordCount }, (_, i) => header.baseOffset + i)
      )
    })
    expect(read).toEqual(visible)
  })
})

describe('the corpus', () => {
  it('has every kind that a log may hold', () => {
    const found = javaCases.flatMap(({ batches }) => batches)
    const kinds = (of: (batch: JavaBatch) => unknown) =>
      [...new Set(found.map(of))].filter((kind) => kind !== undefined)
    expect(kinds(({ header }) => header.codec).sort()).toEqual(['gzip', 'lz4', 'none', 'snappy', 'zstd'])
    expect(kinds(({ controlType }) => controlType)).toEqual(
      expect.arrayContaining([
        'COMMIT',
        'ABORT',
        'LEADER_CHANGE',
        'SNAPSHOT_HEADER',
        'SNAPSHOT_FOOTER',
        'KRAFT_VERSION',
        'KRAFT_VOTERS',
      ]),
    )
    expect(kinds(({ header }) => header.logAppendTime).sort()).toEqual([false, true])
    expect(Math.max(...found.map(({ header }) => header.recordCount))).toBe(10_000)
    expect(found.filter(({ deleteHorizonMs }) => deleteHorizonMs !== undefined).length).toBeGreaterThan(5)
    const emptied = found.filter(({ header }) => header.recordCount === 0)
    expect(new Set(emptied.map(({ header }) => header.producerId >= 0))).toEqual(new Set([false, true]))
    const gaps = found.filter(
      ({ header, records }) =>
        records !== undefined && records[0] !== undefined && records[0].offset > header.baseOffset,
    )
    expect(gaps.length).toBeGreaterThan(5)
  })
})
