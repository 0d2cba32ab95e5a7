import type { ResponseOf } from '../../protocol/apis.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import { problemWithTopicName } from '../topic-names.ts'
import type { Topic } from '../topics.ts'

type TopicMetadata = ResponseOf<'metadata'>['topics'][number]

const NO_TOPIC_ID = '0'.repeat(32)
/** `num.partitions` of a broker. */
const AUTO_CREATED_PARTITION_COUNT = 1
/** Authorized operations were not asked for. */
const NOT_ASKED = -(2 ** 31)

/** Describes the nodes, and the topics asked for by name or id, or all of them. */
export function metadata(state: BrokerState): Handler<'metadata'> {
  return answer(({ topics, allowAutoTopicCreation }) => {
    const answers =
      topics === null
        ? state.topics.all().map(describe)
        : topics.map(({ name, topicId }) =>
            name === null ? byId(state, topicId) : byName(state, name, allowAutoTopicCreation),
          )
    return {
      throttleTimeMs: 0,
      brokers: state.placement.nodeIds.map((nodeId) => ({ nodeId, ...address(nodeId), rack: null })),
      clusterId: state.settings.clusterId,
      controllerId: state.placement.nodeIds[0]!,
      topics: answers,
    }
  })
}

/** Nobody can connect to it; it is there to be shown. */
export function address(nodeId: number): { readonly host: string; readonly port: number } {
  return { host: `memory-${nodeId}`, port: 9092 }
}

function byName(state: BrokerState, name: string, allowAutoTopicCreation: boolean): TopicMetadata {
  const topic = state.topics.get(name)
  if (topic !== undefined) return describe(topic)
  if (problemWithTopicName(name) !== undefined) return unknown(errorCodes.INVALID_TOPIC_EXCEPTION, name, NO_TOPIC_ID)
  if (allowAutoTopicCreation && state.settings.autoCreateTopics) {
    // As on a real broker this answer is still "unknown"; the next one knows the topic.
    state.topics.create(name, AUTO_CREATED_PARTITION_COUNT, new Map())
  }
  return unknown(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, name, NO_TOPIC_ID)
}

function byId(state: BrokerState, topicId: string): TopicMetadata {
  const topic = state.topics.byId(topicId)
  return topic === undefined ? unknown(errorCodes.UNKNOWN_TOPIC_ID, null, topicId) : describe(topic)
}

function describe(topic: Topic): TopicMetadata {
  return {
    errorCode: errorCodes.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: false,
    topicAuthorizedOperations: NOT_ASKED,
    partitions: topic.partitions.map(({ partition, leader, leaderEpoch }) => ({
      errorCode: errorCodes.NONE,
      partitionIndex: partition,
      leaderId: leader,
      leaderEpoch,
      replicaNodes: [leader],
      isrNodes: [leader],
      offlineReplicas: [],
    })),
  }
}

function unknown(errorCode: number, name: string | null, topicId: string): TopicMetadata {
  return { errorCode, name, topicId, isInternal: false, topicAuthorizedOperations: NOT_ASKED, partitions: [] }
}
