// Flow: admin → [admin-delete-records] → admin-per-leader.
import { partitionKey } from '../core/record.ts'
import type { AdminParts } from './admin.ts'
import { requireOffset } from './admin-arguments.ts'
import { perLeader } from './admin-per-leader.ts'
import type { PartitionOffset } from './client.ts'
import { byTopic } from './group-partitions.ts'
import { errorCodes } from './protocol/error-codes.ts'

const advice: ReadonlyMap<number, string> = new Map<number, string>([
  [errorCodes.POLICY_VIOLATION, "Records are deleted only from topics whose cleanup.policy contains 'delete'."],
  [errorCodes.OFFSET_OUT_OF_RANGE, 'The offset is beyond the end of the partition.'],
])

/** See Admin.deleteRecords. */
export async function deleteRecords(parts: AdminParts, before: readonly PartitionOffset[]): Promise<void> {
  for (const { offset } of before) requireOffset('deleteRecords', offset)
  const what = 'Deleting the records'
  const ask = async (
    node: number,
    asked: readonly PartitionOffset[],
    timeoutMs: number,
  ): Promise<Map<string, number>> => {
    const request = {
      topics: byTopic(asked, ({ partition, offset }) => ({ partitionIndex: partition, offset })),
      timeoutMs,
    }
    const response = await parts.wire.send(node, 'deleteRecords', request, { timeoutMs })
    const answers = new Map<string, number>()
    for (const { name, partitions } of response.topics) {
      for (const { partitionIndex, errorCode } of partitions) answers.set(partitionKey(name, partitionIndex), errorCode)
    }
    return answers
  }
  return perLeader(parts, what, 'DELETE', before, ask, advice)
}
