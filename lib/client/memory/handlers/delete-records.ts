import { errorCodes } from '../../protocol/error-codes.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import { partitionFor } from './partition-for.ts'

/** Instead of an offset: all records. */
const HIGH_WATERMARK = -1
const NO_LOW_WATERMARK = -1

/** Moves log starts. Topics that are only compacted refuse. */
export function deleteRecords(state: BrokerState): Handler<'deleteRecords'> {
  return answer(({ topics }, { node }) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => {
        const result = deleteBefore(state, name, partitionIndex, offset, node)
        return { partitionIndex, ...result }
      }),
    })),
  }))
}

function deleteBefore(
  state: BrokerState,
  topic: string,
  partition: number,
  offset: number,
  node: number,
): { readonly lowWatermark: number; readonly errorCode: number } {
  const failed = (errorCode: number) => ({ lowWatermark: NO_LOW_WATERMARK, errorCode })
  const log = partitionFor(state, topic, partition, node)
  if (typeof log === 'number') return failed(log)
  if (state.topics.get(topic)?.logConfig.isDeleted !== true) return failed(errorCodes.POLICY_VIOLATION)
  const before = offset === HIGH_WATERMARK ? log.logEndOffset : offset
  if (before < 0 || before > log.logEndOffset) return failed(errorCodes.OFFSET_OUT_OF_RANGE)
  log.deleteBefore(before)
  return { lowWatermark: log.logStartOffset, errorCode: errorCodes.NONE }
}
