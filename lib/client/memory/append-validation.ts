import { errorCodes, errorName } from '../protocol/error-codes.ts'
import { type BatchHeader, hasValidChecksum, readBatchHeader } from '../protocol/record-batch.ts'
import { RecordCursor } from './record-cursor.ts'
import type { LogConfig } from './topic-configs.ts'

/** Of the records at fault only so many are named. */
const MAX_RECORD_ERRORS = 100

export interface RecordError {
  readonly batchIndex: number
  readonly message: string | null
}

/** Why a batch was not appended. */
export interface Refusal {
  readonly errorCode: number
  readonly message: string | null
  readonly recordErrors: readonly RecordError[]
}

export function refusal(errorCode: number, message: string | null = null): Refusal {
  return { errorCode, message, recordErrors: [] }
}

/** What a producer may append: one whole batch, undamaged, within the topic's limits. */
export function checkBatch(records: Buffer, config: LogConfig, nowMs: number): BatchHeader | Refusal {
  const header = readOneBatch(records)
  if (header === undefined) return refusal(errorCodes.INVALID_RECORD, 'A produce request holds one batch per partition')
  if (header.baseOffset !== 0) return refusal(errorCodes.INVALID_RECORD, 'The base offset must be 0')
  if (header.sizeBytes > config.maxMessageBytes) return refusal(errorCodes.MESSAGE_TOO_LARGE)
  if (!hasValidChecksum(records, 0, records.length)) return refusal(errorCodes.CORRUPT_MESSAGE)
  if (header.recordCount < 1 || header.lastOffset !== header.recordCount - 1) {
    return refusal(errorCodes.INVALID_RECORD, 'The record count does not match the offsets')
  }
  if (header.control) return refusal(errorCodes.INVALID_RECORD, 'Clients may not write control records')
  if (header.producerId >= 0 && header.baseSequence < 0) {
    return refusal(errorCodes.INVALID_RECORD, `Invalid sequence number ${header.baseSequence}`)
  }
  return checkRecords(records, header, config, nowMs) ?? header
}

function readOneBatch(records: Buffer): BatchHeader | undefined {
  try {
    const header = readBatchHeader(records, 0)
    return header?.sizeBytes === records.length ? header : undefined
  } catch {
    // An impossible header: the reader's error says no more than the answer does.
    return undefined
  }
}

function checkRecords(records: Buffer, header: BatchHeader, config: LogConfig, nowMs: number): Refusal | undefined {
  if (header.logAppendTime && !config.logAppendTime) {
    return refusal(errorCodes.INVALID_TIMESTAMP, 'Producers may not set the timestamp type LogAppendTime')
  }
  const latestMs = config.logAppendTime ? Infinity : nowMs + config.timestampAfterMaxMs
  const earliestMs = config.logAppendTime ? -Infinity : nowMs - config.timestampBeforeMaxMs
  // Decoding is worth avoiding: the header knows the largest timestamp, and few topics bound the smallest.
  const timestampsMayBeWrong = header.maxTimestamp > latestMs || earliestMs > 0
  if (!timestampsMayBeWrong && !config.isCompacted) return undefined

  const errors: RecordError[] = []
  let errorCode: number = errorCodes.NONE
  const cursor = new RecordCursor(records, header)
  for (let batchIndex = 0; cursor.next() && errors.length < MAX_RECORD_ERRORS; batchIndex++) {
    if (config.isCompacted && cursor.keyLength < 0) {
      if (errorCode === errorCodes.NONE) errorCode = errorCodes.INVALID_RECORD
      errors.push({ batchIndex, message: 'Compacted topic cannot accept message without key' })
    } else if (cursor.timestamp >= 0 && (cursor.timestamp > latestMs || cursor.timestamp < earliestMs)) {
      errorCode = errorCodes.INVALID_TIMESTAMP
      const range = `[${earliestMs}, ${latestMs}]`
      errors.push({ batchIndex, message: `Timestamp ${cursor.timestamp} of message is out of range ${range}` })
    }
  }
  if (errors.length === 0) return undefined
  return { errorCode, message: `${errorName(errorCode)}: ${errors.length} records rejected`, recordErrors: errors }
}
