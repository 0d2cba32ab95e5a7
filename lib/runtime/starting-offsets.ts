// Flow: task-manager → [starting-offsets] → fetcher
import type { Admin, CommittedOffset } from '../client/client.ts'
import type { Logger } from '../core/log.ts'
import { partitionKey, type TopicPartition } from '../core/record.ts'
import type { ResolvedConfig } from './config.ts'
import { NoCommittedOffsetError } from './errors.ts'
import { warnOfStateWithoutOffsets } from './lost-offsets.ts'
import type { StreamTask } from './stream-task.ts'

export interface StartingOffsetsParts {
  readonly admin: Admin
  /** For sources that have no policy of their own. */
  readonly offsetReset: ResolvedConfig['offsetReset']
  readonly logger: Logger
}

/**
 * From where a task reads its inputs: the committed offsets, or what the source's reset policy says where there is none that the log still holds. That records
 * were deleted before they were read is an error in the log; that there is no offset at all, though the restored stores hold something, a warning.
 *
 * @returns By `partitionKey`, all of them.
 * @throws NoCommittedOffsetError `STREAMS_NO_COMMITTED_OFFSET`: the policy is `none`.
 */
export async function startingOffsets(
  task: StreamTask,
  partitions: readonly TopicPartition[],
  committed: ReadonlyMap<string, CommittedOffset>,
  { admin, offsetReset, logger }: StartingOffsetsParts,
): Promise<ReadonlyMap<string, number>> {
  const [earliest, latest] = await Promise.all([
    admin.offsets(partitions, 'earliest', 'read_uncommitted'),
    admin.offsets(partitions, 'latest', 'read_uncommitted'),
  ])
  const hasRecords = [...earliest].some(([key, start]) => start < latest.get(key)!)
  if (committed.size === 0 && hasRecords) await warnOfStateWithoutOffsets(task, logger)
  return new Map(
    partitions.map(({ topic, partition }) => {
      const key = partitionKey(topic, partition)
      const offset = committed.get(key)?.offset
      const [start, end] = [earliest.get(key)!, latest.get(key)!]
      if (offset !== undefined && offset >= start && offset <= end) return [key, offset]
      const reset = task.sourceOf(topic).offsetReset ?? offsetReset
      if (reset === 'none') throw new NoCommittedOffsetError(topic, partition)
      const chosen = reset === 'earliest' ? start : end
      if (offset !== undefined) {
        logger.error(
          { topic, partition, committed: offset, logStart: start, logEnd: end, goesOnAt: chosen },
          'the committed offset is not in the log any more: records were deleted before they were read, or the topic was created anew',
        )
      }
      return [key, chosen]
    }),
  )
}
