// Flow: admin → [admin-offsets] → admin-per-leader.
import { partitionKey, type TopicPartition } from '../core/record.ts'
import type { AdminParts } from './admin.ts'
import { perLeader } from './admin-per-leader.ts'
import type { IsolationLevel, OffsetSpec } from './client.ts'
import type { Leadership } from './cluster-metadata.ts'
import { byTopic } from './group-partitions.ts'
import { errorCodes } from './protocol/error-codes.ts'

const LATEST = -1
const EARLIEST = -2
/** The answer for a time after the last record's. */
const NO_OFFSET = -1

/** See Admin.offsets. */
export async function listOffsets(
  parts: AdminParts,
  partitions: readonly TopicPartition[],
  at: OffsetSpec,
  isolation: IsolationLevel,
): Promise<ReadonlyMap<string, number>> {
  if (at === 'latest') return ask(parts, partitions, LATEST, isolation)
  if (at === 'earliest') return ask(parts, partitions, EARLIEST, isolation)
  const offsets = await ask(parts, partitions, at, isolation)
  const beyond = partitions.filter(({ topic, partition }) => offsets.get(partitionKey(topic, partition)) === NO_OFFSET)
  if (beyond.length === 0) return offsets
  // Setting a key that is there keeps its place.
  return new Map([...offsets, ...(await ask(parts, beyond, LATEST, isolation))])
}

// In the order in which the partitions are named.
async function ask(
  parts: AdminParts,
  partitions: readonly TopicPartition[],
  timestamp: number,
  isolation: IsolationLevel,
): Promise<Map<string, number>> {
  const offsets = new Map<string, number>()
  const { metadata, wire } = parts
  await perLeader(parts, 'Reading the offsets', 'DESCRIBE', partitions, async (node, asked, timeoutMs) => {
    const request = {
      replicaId: -1,
      isolationLevel: isolation === 'read_committed' ? 1 : 0,
      topics: byTopic(asked, ({ topic, partition }) => {
        return { partitionIndex: partition, currentLeaderEpoch: metadata.cachedEpoch(topic, partition), timestamp }
      }),
    }
    const response = await wire.send(node, 'listOffsets', request, { timeoutMs })
    const answers = new Map<string, number>()
    const leaderships: Leadership[] = []
    for (const { name: topic, partitions } of response.topics) {
      for (const { partitionIndex: partition, errorCode, offset, leaderEpoch } of partitions) {
        const key = partitionKey(topic, partition)
        answers.set(key, errorCode)
        if (errorCode !== errorCodes.NONE) continue
        offsets.set(key, offset)
        leaderships.push({ topic, partition, epoch: leaderEpoch })
      }
    }
    // Whoever restores up to an end that is none loses what lies behind it.
    if (timestamp === LATEST && !(await metadata.confirms(node, leaderships))) {
      for (const { topic, partition } of leaderships) {
        answers.set(partitionKey(topic, partition), errorCodes.NOT_LEADER_OR_FOLLOWER)
      }
    }
    return answers
  })
  return new Map(
    partitions.map(({ topic, partition }) => {
      const key = partitionKey(topic, partition)
      return [key, offsets.get(key)!]
    }),
  )
}
