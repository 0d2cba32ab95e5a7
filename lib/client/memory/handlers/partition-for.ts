import { errorCodes } from '../../protocol/error-codes.ts'
import type { BrokerState } from '../broker-state.ts'
import type { PartitionLog } from '../partition-log.ts'

const ANY_EPOCH = -1

/**
 * The partition if the node leads it, else the error code to answer with.
 *
 * @param leaderEpoch - What the client believes; -1: nothing.
 */
export function partitionFor(
  { topics }: BrokerState,
  topic: string,
  partition: number,
  node: number,
  leaderEpoch = ANY_EPOCH,
): PartitionLog | number {
  const log = topics.partition(topic, partition)
  if (log === undefined) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION
  if (log.leader !== node) return errorCodes.NOT_LEADER_OR_FOLLOWER
  if (leaderEpoch === ANY_EPOCH || leaderEpoch === log.leaderEpoch) return log
  return leaderEpoch < log.leaderEpoch ? errorCodes.FENCED_LEADER_EPOCH : errorCodes.UNKNOWN_LEADER_EPOCH
}
