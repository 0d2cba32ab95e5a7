import type { Headers } from '../core/record.ts'
import { RecordTooLargeError } from './errors.ts'
import { estimateRecordBytes } from './protocol/record-batch-builder.ts'

/** What a batch adds to its records. */
const BATCH_HEADER_BYTES = 61

/**
 * The largest size that a record can have in a batch, before compression.
 *
 * @throws RecordTooLargeError `STREAMS_RECORD_TOO_LARGE`: with the batch around it, it may be larger than `maxRequestBytes`.
 */
export function sizeOfRecord(
  topic: string,
  key: Buffer | null,
  value: Buffer | null,
  headers: Headers,
  maxRequestBytes: number,
): number {
  const bytes = estimateRecordBytes(key, value, headers)
  if (bytes + BATCH_HEADER_BYTES > maxRequestBytes) {
    const limit = { name: 'maxRequestBytes', bytes: maxRequestBytes } as const
    throw new RecordTooLargeError(topic, bytes + BATCH_HEADER_BYTES, limit)
  }
  return bytes
}
