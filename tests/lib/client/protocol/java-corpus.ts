// Batches recorded from the Java client library of Kafka 4.3.1, each with what Java reads in it: integration/java/RecordBatches.java.
import { createHash } from 'node:crypto'
import type { BatchHeader } from '../../../../lib/client/protocol/record-batch.ts'
import type { ConsumedRecord, Headers } from '../../../../lib/core/record.ts'
import { loadData } from '../../../data/load.ts'

/** A record as Java printed it: bytes in base64. */
export interface JavaRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [name: string, value: string | null])[]
}

export interface JavaBatch {
  readonly header: BatchHeader
  /** Absent if there are many: then `sha256` is the hash of their lines, as `hashOf` makes it. */
  readonly records?: readonly JavaRecord[]
  readonly sha256?: string
  readonly controlType?: string
  readonly deleteHorizonMs?: number
}

export interface JavaCase {
  readonly name: string
  readonly bytes: Buffer
  readonly batches: readonly JavaBatch[]
}

export const javaCases: readonly JavaCase[] = loadData<(Omit<JavaCase, 'bytes'> & { readonly bytes: string })[]>(
  'record-batches.json.gz',
).map(({ name, bytes, batches }) => ({ name, bytes: Buffer.from(bytes, 'base64'), batches }))

/** As Java prints a record. */
export function asJava({ offset, timestamp, key, value, headers }: ConsumedRecord): JavaRecord {
  return { offset, timestamp, key: base64(key), value: base64(value), headers: headers.map(headerAsJava) }
}

export function hashOf(records: readonly JavaRecord[]): string {
  const hash = createHash('sha256')
  for (const record of records) hash.update(`${JSON.stringify(record)}\n`)
  return hash.digest('hex')
}

function headerAsJava([name, value]: Headers[number]): readonly [string, string | null] {
  return [name, base64(value)]
}

function base64(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('base64')
}
