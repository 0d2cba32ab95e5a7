import type { ResponseOf } from '../../protocol/apis.ts'
import { errorCodes, errorName } from '../../protocol/error-codes.ts'
import { type BatchHeader, readBatchHeader } from '../../protocol/record-batch.ts'
import { type Refusal, refusal } from '../append-validation.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import type { PartitionLog } from '../partition-log.ts'
import { partitionFor } from './partition-for.ts'

type PartitionResponse = ResponseOf<'produce'>['topics'][number]['partitions'][number]

/**
 * Appends each partition's batch, independently of the others.
 *
 * @param version - Of transactions: with 2 a transaction's first batch in a partition adds the partition to it.
 */
export function produce(state: BrokerState, version: 1 | 2): Handler<'produce' | 'produceV12'> {
  return answer(({ acks, transactionalId, topics }, { node }) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index, records }) => {
        const log = partitionFor(state, name, index, node)
        if (typeof log === 'number') return refused(index, refusal(log), -1)
        const isKnownAcks = acks === -1 || acks === 0 || acks === 1
        if (!isKnownAcks) return refused(index, refusal(errorCodes.INVALID_REQUIRED_ACKS), -1)
        return append(state, log, records, transactionalId, version)
      }),
    })),
  }))
}

function append(
  state: BrokerState,
  log: PartitionLog,
  records: Buffer | null,
  transactionalId: string | null,
  version: 1 | 2,
): PartitionResponse {
  const index = log.partition
  if (records === null) return refused(index, refusal(errorCodes.INVALID_RECORD), log.logStartOffset)
  const unverified = verify(state, log, peek(records), transactionalId, version)
  if (typeof unverified === 'object') return refused(index, unverified, -1)
  const result = log.append(records, unverified)
  if ('errorCode' in result) return refused(index, result, log.logStartOffset)
  return {
    index,
    errorCode: errorCodes.NONE,
    baseOffset: result.baseOffset,
    logAppendTimeMs: result.logAppendTimeMs,
    logStartOffset: log.logStartOffset,
    recordErrors: [],
    errorMessage: null,
  }
}

/**
 * Asks the coordinator, before the first batch of a transaction in this partition, whether the partition was added to it, or to add it.
 *
 * @returns Whether it was asked, or why the batch is refused.
 */
function verify(
  state: BrokerState,
  log: PartitionLog,
  batch: BatchHeader | undefined,
  transactionalId: string | null,
  version: 1 | 2,
): boolean | Refusal {
  if (batch === undefined || !batch.transactional || batch.producerId < 0) return false
  if (transactionalId === null) return refusal(errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
  if (log.producers.hasOpenTransaction(batch.producerId, batch.producerEpoch)) return false
  log.producers.startVerification(batch)
  const participant = { kind: 'partition', topic: log.topic, partition: log.partition } as const
  const errorCode =
    version === 2
      ? state.transactions.addFromPartition(transactionalId, batch, participant)
      : state.transactions.verify(transactionalId, batch, participant)
  if (errorCode === errorCodes.NONE) return true
  if (version === 2 || errorCode !== errorCodes.CONCURRENT_TRANSACTIONS) return refusal(errorCode)
  // Older clients retry this one.
  const cause = errorName(errorCode)
  return refusal(
    errorCodes.NOT_ENOUGH_REPLICAS,
    `Unable to verify the partition has been added to the transaction. Underlying error: ${cause}`,
  )
}

// What cannot be read is refused by the log, which says why.
function peek(records: Buffer): BatchHeader | undefined {
  try {
    return readBatchHeader(records, 0)
  } catch {
    return undefined
  }
}

function refused(
  index: number,
  { errorCode, message, recordErrors }: Refusal,
  logStartOffset: number,
): PartitionResponse {
  return { index, errorCode, baseOffset: -1, logAppendTimeMs: -1, logStartOffset, recordErrors, errorMessage: message }
}
