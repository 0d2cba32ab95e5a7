import type { PartitionBuffer } from './fetched-partition.ts'
import type { RequestOf } from './protocol/apis.ts'

/** What one response may hold in all; a batch larger than that comes through alone. */
export const MAX_RESPONSE_BYTES = 16 * 1024 * 1024

type TopicToFetch = RequestOf<'fetch'>['topics'][number]
type PartitionToFetch = TopicToFetch['partitions'][number]

/**
 * A Fetch request without a fetch session. Partitions keep their order, since the broker fills the response in that order and gives only the
 * first one a batch that is larger than asked for: a topic may appear more than once.
 */
export function fetchRequest(
  partitions: Iterable<PartitionBuffer>,
  options: { readonly readCommitted: boolean; readonly maxWaitMs: number },
): RequestOf<'fetch'> {
  const topics: { name: string; partitions: PartitionToFetch[] }[] = []
  for (const each of partitions) {
    let topic = topics.at(-1)
    if (topic?.name !== each.topic) {
      topic = { name: each.topic, partitions: [] }
      topics.push(topic)
    }
    topic.partitions.push({
      partition: each.partition,
      currentLeaderEpoch: each.leaderEpoch,
      fetchOffset: each.fetchOffset,
      logStartOffset: -1,
      partitionMaxBytes: each.maxRequestBytes,
    })
  }
  return {
    replicaId: -1,
    maxWaitMs: options.maxWaitMs,
    minBytes: 1,
    maxBytes: MAX_RESPONSE_BYTES,
    isolationLevel: options.readCommitted ? 1 : 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics,
    forgottenTopics: [],
    rackId: '',
  }
}
