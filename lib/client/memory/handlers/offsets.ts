import type { RequestOf, ResponseOf } from '../../protocol/apis.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import type { CommittedOffset } from '../group-offsets.ts'

/** `offset.metadata.max.bytes`; compared, as the real broker does, with the number of UTF-16 units. */
const MAX_METADATA_LENGTH = 4096

type TopicsToCommit = RequestOf<'offsetCommit'>['topics']
type CommitTopics = ResponseOf<'offsetCommit'>['topics']
type FetchedOffset = ResponseOf<'offsetFetch'>['topics'][number]['partitions'][number]

export function offsetCommit(state: BrokerState): Handler<'offsetCommit'> {
  return answer((request, { node }) => {
    const errorCode = state.placement.coordinatorError('group', request.groupId, node)
    const commit = (offsets: readonly CommittedOffset[]): number =>
      errorCode === errorCodes.NONE ? state.groups.commit(request.groupId, request, offsets) : errorCode
    return { throttleTimeMs: 0, topics: commitTopics(state, request.topics, commit) }
  })
}

/**
 * Offsets are held until the producer's transaction ends, to which the group must have been added; with transactions of version 2 it is added here.
 */
export function txnOffsetCommit(state: BrokerState, version: 1 | 2): Handler<'txnOffsetCommit' | 'txnOffsetCommitV5'> {
  return answer((request, { node }) => {
    const { transactionalId, groupId } = request
    const commit = (offsets: readonly CommittedOffset[]): number => {
      const errorCode = state.placement.coordinatorError('group', groupId, node)
      if (errorCode !== errorCodes.NONE) return errorCode
      if (groupId === '') return errorCodes.INVALID_GROUP_ID
      const known = state.groups.get(groupId)?.offsets
      if (known?.hasOpenTransaction(request.producerId, request.producerEpoch) !== true) {
        const participant = { kind: 'group', groupId } as const
        const verified =
          version === 2
            ? state.transactions.addFromPartition(transactionalId, request, participant)
            : state.transactions.verify(transactionalId, request, participant)
        if (verified !== errorCodes.NONE) return verified
      }
      return state.groups.commitPending(groupId, request, request, offsets)
    }
    return { throttleTimeMs: 0, topics: commitTopics(state, request.topics, commit) }
  })
}

// Partitions that do not exist and metadata that is too long fail alone; a refusal by the group fails all the others.
function commitTopics(
  state: BrokerState,
  topics: TopicsToCommit,
  commit: (offsets: readonly CommittedOffset[]) => number,
): CommitTopics {
  const errorOf = (
    topic: string,
    { partitionIndex, committedMetadata }: TopicsToCommit[number]['partitions'][number],
  ) => {
    if (state.topics.partition(topic, partitionIndex) === undefined) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION
    return (committedMetadata ?? '').length > MAX_METADATA_LENGTH
      ? errorCodes.OFFSET_METADATA_TOO_LARGE
      : errorCodes.NONE
  }
  const offsets = topics.flatMap(({ name: topic, partitions }) =>
    partitions
      .filter((partition) => errorOf(topic, partition) === errorCodes.NONE)
      .map((partition) => ({
        topic,
        partition: partition.partitionIndex,
        offset: partition.committedOffset,
        leaderEpoch: partition.committedLeaderEpoch,
        metadata: partition.committedMetadata ?? '',
      })),
  )
  const exist = topics.some(({ name, partitions }) =>
    partitions.some(({ partitionIndex }) => state.topics.partition(name, partitionIndex) !== undefined),
  )
  const committed = exist ? commit(offsets) : errorCodes.NONE
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((partition) => {
      const errorCode = errorOf(name, partition)
      const isUnknown = errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION
      return {
        partitionIndex: partition.partitionIndex,
        errorCode: isUnknown || committed === errorCodes.NONE ? errorCode : committed,
      }
    }),
  }))
}

/** With `requireStable` a partition whose offset a transaction is about to change is an error, not the old offset. */
export function offsetFetch(state: BrokerState): Handler<'offsetFetch'> {
  return answer(({ groupId, topics, requireStable }, { node }) => {
    const errorCode = state.placement.coordinatorError('group', groupId, node)
    if (errorCode !== errorCodes.NONE) return { throttleTimeMs: 0, errorCode, topics: [] }
    const wanted = topics ?? committedTopics(state, groupId)
    return {
      throttleTimeMs: 0,
      errorCode,
      topics: wanted.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((index) => fetchOffset(state, groupId, name, index, requireStable)),
      })),
    }
  })
}

function fetchOffset(
  state: BrokerState,
  groupId: string,
  topic: string,
  partitionIndex: number,
  requireStable: boolean,
): FetchedOffset {
  const none = {
    partitionIndex,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode: errorCodes.NONE,
  }
  const offsets = state.groups.get(groupId)?.offsets
  if (requireStable && offsets?.isUnstable(topic, partitionIndex) === true) {
    return { ...none, errorCode: errorCodes.UNSTABLE_OFFSET_COMMIT }
  }
  const committed = offsets?.get(topic, partitionIndex)
  if (committed === undefined) return none
  const { offset, leaderEpoch, metadata } = committed
  return { ...none, committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata }
}

function committedTopics(
  state: BrokerState,
  groupId: string,
): readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] {
  const byTopic = new Map<string, number[]>()
  for (const { topic, partition } of state.groups.get(groupId)?.offsets.all() ?? []) {
    const partitions = byTopic.get(topic) ?? []
    partitions.push(partition)
    byTopic.set(topic, partitions)
  }
  return [...byTopic].map(([name, partitionIndexes]) => ({ name, partitionIndexes }))
}
