import type { ApiName, RequestOf, ResponseOf } from '../protocol/apis.ts'
import type { AnyResponse, Exchange } from './faults.ts'
import { joinError, syncResponse } from './group-member.ts'

type Builders = { readonly [A in ApiName]: (request: RequestOf<A>, errorCode: number) => ResponseOf<A> }

const NONE = -1
const throttleTimeMs = 0

const errorOnly = (_request: unknown, errorCode: number) => ({ throttleTimeMs, errorCode })

const noIdentity = (_request: unknown, errorCode: number) => ({
  throttleTimeMs,
  errorCode,
  producerId: NONE,
  producerEpoch: NONE,
})

const notProduced = ({ topics }: RequestOf<'produce'>, errorCode: number): ResponseOf<'produce'> => ({
  throttleTimeMs,
  topics: eachPartition(topics, ({ index }) => ({
    index,
    errorCode,
    baseOffset: NONE,
    logAppendTimeMs: NONE,
    logStartOffset: NONE,
    recordErrors: [],
    errorMessage: null,
  })),
})

const builders: Builders = {
  produce: notProduced,
  produceV12: notProduced,
  apiVersions: (_request, errorCode) => ({ errorCode, apiKeys: [], throttleTimeMs, finalizedFeatures: [] }),
  fetch: ({ topics }, errorCode) => ({
    throttleTimeMs,
    errorCode: 0,
    sessionId: 0,
    topics: eachPartition(topics, ({ partition }) => ({
      partitionIndex: partition,
      errorCode,
      highWatermark: NONE,
      lastStableOffset: NONE,
      logStartOffset: NONE,
      abortedTransactions: null,
      preferredReadReplica: NONE,
      records: Buffer.alloc(0),
    })),
  }),
  listOffsets: ({ topics }, errorCode) => ({
    throttleTimeMs,
    topics: eachPartition(topics, ({ partitionIndex }) => ({
      partitionIndex,
      errorCode,
      timestamp: NONE,
      offset: NONE,
      leaderEpoch: NONE,
    })),
  }),
  metadata: ({ topics }, errorCode) => ({
    throttleTimeMs,
    brokers: [],
    clusterId: null,
    controllerId: NONE,
    topics: (topics ?? []).map(({ name, topicId }) => ({
      errorCode,
      name,
      topicId,
      isInternal: false,
      partitions: [],
      topicAuthorizedOperations: NONE,
    })),
  }),
  offsetCommit: ({ topics }, errorCode) => ({ throttleTimeMs, topics: partitionErrors(topics, errorCode) }),
  offsetFetch: (_request, errorCode) => ({ throttleTimeMs, errorCode, topics: [] }),
  findCoordinator: (_request, errorCode) => ({
    throttleTimeMs,
    errorCode,
    errorMessage: null,
    nodeId: NONE,
    host: '',
    port: NONE,
  }),
  joinGroup: ({ memberId }, errorCode) => joinError(errorCode, memberId),
  heartbeat: errorOnly,
  leaveGroup: ({ members }, errorCode) => ({
    throttleTimeMs,
    errorCode,
    members: members.map((member) => ({ ...member, errorCode })),
  }),
  syncGroup: (_request, errorCode) => syncResponse(errorCode),
  createTopics: ({ topics }, errorCode) => ({
    throttleTimeMs,
    topics: topics.map(({ name }) => ({ name, errorCode, errorMessage: null })),
  }),
  deleteTopics: ({ topicNames }, errorCode) => ({
    throttleTimeMs,
    responses: topicNames.map((name) => ({ name, errorCode })),
  }),
  deleteRecords: ({ topics }, errorCode) => ({
    throttleTimeMs,
    topics: eachPartition(topics, ({ partitionIndex }) => ({ partitionIndex, lowWatermark: NONE, errorCode })),
  }),
  initProducerId: noIdentity,
  addPartitionsToTxn: ({ topics }, errorCode) => ({
    throttleTimeMs,
    topics: eachPartition(topics, (partitionIndex) => ({ partitionIndex, errorCode })),
  }),
  addOffsetsToTxn: errorOnly,
  endTxn: errorOnly,
  endTxnV5: noIdentity,
  txnOffsetCommit: ({ topics }, errorCode) => ({ throttleTimeMs, topics: partitionErrors(topics, errorCode) }),
  txnOffsetCommitV5: ({ topics }, errorCode) => ({ throttleTimeMs, topics: partitionErrors(topics, errorCode) }),
  describeConfigs: ({ resources }, errorCode) => ({
    throttleTimeMs,
    results: resources.map(({ resourceType, resourceName }) => ({
      errorCode,
      errorMessage: null,
      resourceType,
      resourceName,
      configs: [],
    })),
  }),
  createPartitions: ({ topics }, errorCode) => ({
    throttleTimeMs,
    results: topics.map(({ name }) => ({ name, errorCode, errorMessage: null })),
  }),
  incrementalAlterConfigs: ({ resources }, errorCode) => ({
    throttleTimeMs,
    responses: resources.map(({ resourceType, resourceName }) => ({
      errorCode,
      errorMessage: null,
      resourceType,
      resourceName,
    })),
  }),
  describeGroups: ({ groups }, errorCode) => ({
    throttleTimeMs,
    groups: groups.map((groupId) => undescribedGroup(groupId, errorCode)),
  }),
  listGroups: (_request, errorCode) => ({ throttleTimeMs, errorCode, groups: [] }),
  deleteGroups: ({ groupsNames }, errorCode) => ({
    throttleTimeMs,
    results: groupsNames.map((groupId) => ({ groupId, errorCode })),
  }),
  offsetDelete: (_request, errorCode) => ({ throttleTimeMs, errorCode, topics: [] }),
  describeTransactions: ({ transactionalIds }, errorCode) => ({
    throttleTimeMs,
    transactionStates: transactionalIds.map((transactionalId) => undescribedTransaction(transactionalId, errorCode)),
  }),
  listTransactions: (_request, errorCode) => ({
    throttleTimeMs,
    errorCode,
    unknownStateFilters: [],
    transactionStates: [],
  }),
}

/** A group of which nothing is told but an error code; with NONE and the state Dead, as brokers say it: there is no such group. */
export function undescribedGroup(
  groupId: string,
  errorCode: number,
  groupState = '',
): ResponseOf<'describeGroups'>['groups'][number] {
  const nothing = { protocolType: '', protocolData: '', members: [], authorizedOperations: -(2 ** 31) }
  return { errorCode, groupId, groupState, ...nothing }
}

/** A transactional id of which nothing is told but an error code. */
export function undescribedTransaction(
  transactionalId: string,
  errorCode: number,
): ResponseOf<'describeTransactions'>['transactionStates'][number] {
  return {
    errorCode,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  }
}

/**
 * The response that fails a whole request with one error code, wherever the api has room for it: for fault hooks.
 *
 * @example
 * cluster.intercept((exchange) =>
 *   exchange.api === 'endTxn'
 *     ? { answer: errorResponse(exchange, errorCodes.COORDINATOR_LOAD_IN_PROGRESS) }
 *     : undefined,
 * )
 */
export function errorResponse(exchange: Exchange, errorCode: number): AnyResponse {
  // Request and builder belong to the same api, which the types of a union cannot say.
  const build = builders[exchange.api] as (request: unknown, errorCode: number) => AnyResponse
  return build(exchange.request, errorCode)
}

function eachPartition<P, R>(
  topics: readonly { readonly name: string; readonly partitions: readonly P[] }[],
  answer: (partition: P) => R,
): { readonly name: string; readonly partitions: readonly R[] }[] {
  return topics.map(({ name, partitions }) => ({ name, partitions: partitions.map(answer) }))
}

function partitionErrors(
  topics: RequestOf<'offsetCommit'>['topics'],
  errorCode: number,
): ResponseOf<'offsetCommit'>['topics'] {
  return eachPartition(topics, ({ partitionIndex }) => ({ partitionIndex, errorCode }))
}
