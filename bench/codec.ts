// Measures the record-batch codec on a warm VM, in nanoseconds a record, and prints JSON. No broker.
//   node bench/codec.ts [recordCount]

import type { CompressionCodec } from '../lib/client/protocol/compression.ts'
import { FetchedRecords } from '../lib/client/protocol/fetched-records.ts'
import { RecordBatchBuilder } from '../lib/client/protocol/record-batch-builder.ts'
import { crc32c } from '../lib/core/crc32c.ts'
import { type ConsumedRecord, NO_HEADERS } from '../lib/core/record.ts'

const RECORDS_PER_BATCH = 5_000
const KEY_BYTES = 8
const VALUE_BYTES = 52
const ROUNDS = 9
const recordCount = Number(process.argv[2] ?? 500_000)

interface Input {
  readonly key: Buffer
  readonly value: Buffer
  readonly timestamp: number
}

/** Records of 60 bytes, of which no two are alike; timestamps rise by up to 12 ms. */
function inputs(): Input[] {
  return Array.from({ length: RECORDS_PER_BATCH }, (_, i) => ({
    key: Buffer.from(`key-${i % 10_007}`.padEnd(KEY_BYTES, '.')),
    value: Buffer.from(`{"id":${i},"name":"station ${i % 97}"}`.padEnd(VALUE_BYTES, 'x')),
    timestamp: 1_700_000_000_000 + i * 5 + (i % 7),
  }))
}

function encode(records: readonly Input[], codec: CompressionCodec): Buffer {
  const builder = new RecordBatchBuilder({ codec })
  for (const { key, value, timestamp } of records) builder.append(key, value, timestamp, NO_HEADERS)
  return builder.finish({ producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: false })
}

// Records are kept for a while, as queues do: otherwise V8 would not even allocate them.
const kept: (ConsumedRecord | undefined)[] = new Array(1024)

function decode(batch: Buffer): void {
  const records = new FetchedRecords(batch, { topic: 't', partition: 0, fetchOffset: 0, abortedTransactions: [] })
  for (let record = records.next(); record !== undefined; record = records.next()) kept[record.offset & 1023] = record
}

/** The best and the median round: the best shows the code, the median the machine as it is. */
function nanosecondsPerRecord(work: () => unknown): { best: number; median: number } {
  const batches = Math.max(1, Math.round(recordCount / RECORDS_PER_BATCH))
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint()
    for (let i = 0; i < batches; i++) work()
    return Number(process.hrtime.bigint() - start) / (batches * RECORDS_PER_BATCH)
  }).sort((a, b) => a - b)
  return { best: Math.round(rounds[0]!), median: Math.round(rounds[ROUNDS >> 1]!) }
}

const records = inputs()
const plain = encode(records, 'none')

console.log(
  JSON.stringify(
    {
      node: process.version,
      recordBytes: KEY_BYTES + VALUE_BYTES,
      bytesPerRecordOnTheWire: Math.round(plain.length / RECORDS_PER_BATCH),
      unit: 'ns per record',
      encode: nanosecondsPerRecord(() => encode(records, 'none')),
      decode: nanosecondsPerRecord(() => decode(plain)),
      ...Object.fromEntries(
        (['gzip', 'snappy', 'lz4', 'zstd'] as const).flatMap((codec) => {
          const batch = encode(records, codec)
          return [
            [`encode ${codec}`, nanosecondsPerRecord(() => encode(records, codec))],
            [`decode ${codec}`, nanosecondsPerRecord(() => decode(batch))],
          ]
        }),
      ),
      'crc32c (in both)': nanosecondsPerRecord(() => crc32c(plain, 21, plain.length)),
    },
    null,
    2,
  ),
)
