// The requests that Millrace sends, each in one version: the newest that needs no flexible encoding, or the first that
// holds a field we rely on. Three have a second form, for clusters with transactions of version 2 (KIP-890). Field order is the protocol's (apache/kafka clients/src/main/resources/common/message).
import {
  array,
  bool,
  bytes,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  nullableArray,
  nullableBytes,
  nullableString,
  type Schema,
  string,
  struct,
  taggedStruct,
  uuid,
} from './schema.ts'

/** One version of one request and its response. */
export interface Api<Req, Res> {
  readonly name: string
  readonly key: number
  readonly version: number
  /** Whether bodies use compact forms and tagged fields (KIP-482). */
  readonly flexible: boolean
  /** Whether the header of the response has no tagged fields although the body has. */
  readonly plainResponseHeader?: boolean
  readonly request: Schema<Req>
  readonly response: Schema<Res>
}

function api<Req, Res>(name: string, key: number, version: number, form: 'plain' | 'flexible', request: Schema<Req>, response: Schema<Res>): Api<Req, Res> {
  return { name, key, version, flexible: form === 'flexible', request, response }
}

const topicsOf = <T>(partition: Schema<T>) => array(struct({ name: string, partitions: array(partition) }))
const toProduce = struct({
  transactionalId: nullableString,
  acks: int16,
  timeoutMs: int32,
  topics: topicsOf(struct({ index: int32, records: nullableBytes })),
})
const produced = struct({
  topics: topicsOf(
    struct({
      index: int32,
      errorCode: int16,
      baseOffset: int64,
      logAppendTimeMs: int64,
      logStartOffset: int64,
      recordErrors: array(struct({ batchIndex: int32, message: nullableString })),
      errorMessage: nullableString,
    }),
  ),
  throttleTimeMs: int32,
})
const errorOnly = struct({ throttleTimeMs: int32, errorCode: int16 })
const partitionError = topicsOf(struct({ partitionIndex: int32, errorCode: int16 }))
const offsetToCommit = struct({
  partitionIndex: int32,
  committedOffset: int64,
  committedLeaderEpoch: int32,
  committedMetadata: nullableString,
})

const toEnd = struct({ transactionalId: string, producerId: int64, producerEpoch: int16, committed: bool })
const toCommitOffsets = struct({
  transactionalId: string,
  groupId: string,
  producerId: int64,
  producerEpoch: int16,
  generationId: int32,
  memberId: string,
  groupInstanceId: nullableString,
  topics: topicsOf(offsetToCommit),
})
// Its answer has the header of the oldest version, so that every client can read it (KIP-511).
const apiVersions = {
  ...api(
    'ApiVersions',
    18,
    3,
    'flexible',
    struct({ clientSoftwareName: string, clientSoftwareVersion: string }),
    taggedStruct(
      { errorCode: int16, apiKeys: array(struct({ apiKey: int16, minVersion: int16, maxVersion: int16 })), throttleTimeMs: int32 },
      {
        /** What the cluster has agreed on, as opposed to what its nodes could do. */
        finalizedFeatures: {
          tag: 2,
          schema: array(struct({ name: string, maxVersionLevel: int16, minVersionLevel: int16 })),
          absent: [],
        },
      },
    ),
  ),
  plainResponseHeader: true,
}

export const apis = {
  produce: api('Produce', 0, 8, 'plain', toProduce, produced),
  /** The leaders add the partitions to the transaction: there is no AddPartitionsToTxn. */
  produceV12: api('Produce', 0, 12, 'flexible', toProduce, produced),
  fetch: api(
    'Fetch',
    1,
    11,
    'plain',
    struct({
      replicaId: int32,
      maxWaitMs: int32,
      minBytes: int32,
      maxBytes: int32,
      isolationLevel: int8,
      sessionId: int32,
      sessionEpoch: int32,
      topics: topicsOf(
        struct({
          partition: int32,
          currentLeaderEpoch: int32,
          fetchOffset: int64,
          logStartOffset: int64,
          partitionMaxBytes: int32,
        }),
      ),
      forgottenTopics: topicsOf(int32),
      rackId: string,
    }),
    struct({
      throttleTimeMs: int32,
      errorCode: int16,
      sessionId: int32,
      topics: topicsOf(
        struct({
          partitionIndex: int32,
          errorCode: int16,
          highWatermark: int64,
          lastStableOffset: int64,
          logStartOffset: int64,
          abortedTransactions: nullableArray(struct({ producerId: int64, firstOffset: int64 })),
          preferredReadReplica: int32,
          records: nullableBytes,
        }),
      ),
    }),
  ),
  listOffsets: api(
    'ListOffsets',
    2,
    4,
    'plain',
    struct({
      replicaId: int32,
      isolationLevel: int8,
      topics: topicsOf(struct({ partitionIndex: int32, currentLeaderEpoch: int32, timestamp: int64 })),
    }),
    struct({
      throttleTimeMs: int32,
      topics: topicsOf(struct({ partitionIndex: int32, errorCode: int16, timestamp: int64, offset: int64, leaderEpoch: int32 })),
    }),
  ),
  metadata: api(
    'Metadata',
    3,
    12,
    'flexible',
    struct({
      topics: nullableArray(struct({ topicId: uuid, name: nullableString })),
      allowAutoTopicCreation: bool,
      includeTopicAuthorizedOperations: bool,
    }),
    struct({
      throttleTimeMs: int32,
      brokers: array(struct({ nodeId: int32, host: string, port: int32, rack: nullableString })),
      clusterId: nullableString,
      controllerId: int32,
      topics: array(
        struct({
          errorCode: int16,
          name: nullableString,
          topicId: uuid,
          isInternal: bool,
          partitions: array(
            struct({
              errorCode: int16,
              partitionIndex: int32,
              leaderId: int32,
              leaderEpoch: int32,
              replicaNodes: array(int32),
              isrNodes: array(int32),
              offlineReplicas: array(int32),
            }),
          ),
          topicAuthorizedOperations: int32,
        }),
      ),
    }),
  ),
  offsetCommit: api(
    'OffsetCommit',
    8,
    7,
    'plain',
    struct({
      groupId: string,
      generationId: int32,
      memberId: string,
      groupInstanceId: nullableString,
      topics: topicsOf(offsetToCommit),
    }),
    struct({ throttleTimeMs: int32, topics: partitionError }),
  ),
  // Version 7 has requireStable (KIP-447): offsets of a transaction still open are an error, not an old value.
  offsetFetch: api(
    'OffsetFetch',
    9,
    7,
    'flexible',
    struct({
      groupId: string,
      topics: nullableArray(struct({ name: string, partitionIndexes: array(int32) })),
      requireStable: bool,
    }),
    struct({
      throttleTimeMs: int32,
      topics: topicsOf(
        struct({
          partitionIndex: int32,
          committedOffset: int64,
          committedLeaderEpoch: int32,
          metadata: nullableString,
          errorCode: int16,
        }),
      ),
      errorCode: int16,
    }),
  ),
  findCoordinator: api(
    'FindCoordinator',
    10,
    2,
    'plain',
    struct({ key: string, keyType: int8 }),
    struct({
      throttleTimeMs: int32,
      errorCode: int16,
      errorMessage: nullableString,
      nodeId: int32,
      host: string,
      port: int32,
    }),
  ),
  joinGroup: api(
    'JoinGroup',
    11,
    5,
    'plain',
    struct({
      groupId: string,
      sessionTimeoutMs: int32,
      rebalanceTimeoutMs: int32,
      memberId: string,
      groupInstanceId: nullableString,
      protocolType: string,
      protocols: array(struct({ name: string, metadata: bytes })),
    }),
    struct({
      throttleTimeMs: int32,
      errorCode: int16,
      generationId: int32,
      protocolName: string,
      leader: string,
      memberId: string,
      members: array(struct({ memberId: string, groupInstanceId: nullableString, metadata: bytes })),
    }),
  ),
  heartbeat: api('Heartbeat', 12, 3, 'plain', struct({ groupId: string, generationId: int32, memberId: string, groupInstanceId: nullableString }), errorOnly),
  leaveGroup: api(
    'LeaveGroup',
    13,
    3,
    'plain',
    struct({ groupId: string, members: array(struct({ memberId: string, groupInstanceId: nullableString })) }),
    struct({
      throttleTimeMs: int32,
      errorCode: int16,
      members: array(struct({ memberId: string, groupInstanceId: nullableString, errorCode: int16 })),
    }),
  ),
  syncGroup: api(
    'SyncGroup',
    14,
    3,
    'plain',
    struct({
      groupId: string,
      generationId: int32,
      memberId: string,
      groupInstanceId: nullableString,
      assignments: array(struct({ memberId: string, assignment: bytes })),
    }),
    struct({ throttleTimeMs: int32, errorCode: int16, assignment: bytes }),
  ),
  createTopics: api(
    'CreateTopics',
    19,
    4,
    'plain',
    struct({
      topics: array(
        struct({
          name: string,
          numPartitions: int32,
          replicationFactor: int16,
          assignments: array(struct({ partitionIndex: int32, brokerIds: array(int32) })),
          configs: array(struct({ name: string, value: nullableString })),
        }),
      ),
      timeoutMs: int32,
      validateOnly: bool,
    }),
    struct({
      throttleTimeMs: int32,
      topics: array(struct({ name: string, errorCode: int16, errorMessage: nullableString })),
    }),
  ),
  deleteTopics: api(
    'DeleteTopics',
    20,
    3,
    'plain',
    struct({ topicNames: array(string), timeoutMs: int32 }),
    struct({ throttleTimeMs: int32, responses: array(struct({ name: string, errorCode: int16 })) }),
  ),
  deleteRecords: api(
    'DeleteRecords',
    21,
    1,
    'plain',
    struct({ topics: topicsOf(struct({ partitionIndex: int32, offset: int64 })), timeoutMs: int32 }),
    struct({
      throttleTimeMs: int32,
      topics: topicsOf(struct({ partitionIndex: int32, lowWatermark: int64, errorCode: int16 })),
    }),
  ),
  // Version 4 has the producer's own id and epoch (KIP-360): the epoch is raised without losing the id.
  initProducerId: api(
    'InitProducerId',
    22,
    4,
    'flexible',
    struct({ transactionalId: nullableString, transactionTimeoutMs: int32, producerId: int64, producerEpoch: int16 }),
    struct({ throttleTimeMs: int32, errorCode: int16, producerId: int64, producerEpoch: int16 }),
  ),
  addPartitionsToTxn: api(
    'AddPartitionsToTxn',
    24,
    2,
    'plain',
    struct({ transactionalId: string, producerId: int64, producerEpoch: int16, topics: topicsOf(int32) }),
    struct({ throttleTimeMs: int32, topics: partitionError }),
  ),
  addOffsetsToTxn: api(
    'AddOffsetsToTxn',
    25,
    2,
    'plain',
    struct({ transactionalId: string, producerId: int64, producerEpoch: int16, groupId: string }),
    errorOnly,
  ),
  endTxn: api('EndTxn', 26, 2, 'plain', toEnd, errorOnly),
  /** Raises the producer's epoch: the answer has the identity to go on with. */
  endTxnV5: api('EndTxn', 26, 5, 'flexible', toEnd, struct({ throttleTimeMs: int32, errorCode: int16, producerId: int64, producerEpoch: int16 })),
  // Version 3 has the member and its generation (KIP-447): a member that lost its partitions cannot commit for them.
  txnOffsetCommit: api('TxnOffsetCommit', 28, 3, 'flexible', toCommitOffsets, struct({ throttleTimeMs: int32, topics: partitionError })),
  /** The group's coordinator adds the group to the transaction: there is no AddOffsetsToTxn. */
  txnOffsetCommitV5: api('TxnOffsetCommit', 28, 5, 'flexible', toCommitOffsets, struct({ throttleTimeMs: int32, topics: partitionError })),
  apiVersions,
  describeConfigs: api(
    'DescribeConfigs',
    32,
    1,
    'plain',
    struct({
      resources: array(struct({ resourceType: int8, resourceName: string, configurationKeys: nullableArray(string) })),
      includeSynonyms: bool,
    }),
    struct({
      throttleTimeMs: int32,
      results: array(
        struct({
          errorCode: int16,
          errorMessage: nullableString,
          resourceType: int8,
          resourceName: string,
          configs: array(
            struct({
              name: string,
              value: nullableString,
              readOnly: bool,
              configSource: int8,
              isSensitive: bool,
              synonyms: array(struct({ name: string, value: nullableString, source: int8 })),
            }),
          ),
        }),
      ),
    }),
  ),
  createPartitions: api(
    'CreatePartitions',
    37,
    1,
    'plain',
    struct({
      topics: array(struct({ name: string, count: int32, assignments: nullableArray(struct({ brokerIds: array(int32) })) })),
      timeoutMs: int32,
      validateOnly: bool,
    }),
    struct({
      throttleTimeMs: int32,
      results: array(struct({ name: string, errorCode: int16, errorMessage: nullableString })),
    }),
  ),
  incrementalAlterConfigs: api(
    'IncrementalAlterConfigs',
    44,
    0,
    'plain',
    struct({
      resources: array(
        struct({
          resourceType: int8,
          resourceName: string,
          configs: array(struct({ name: string, configOperation: int8, value: nullableString })),
        }),
      ),
      validateOnly: bool,
    }),
    struct({
      throttleTimeMs: int32,
      responses: array(struct({ errorCode: int16, errorMessage: nullableString, resourceType: int8, resourceName: string })),
    }),
  ),
  describeGroups: api(
    'DescribeGroups',
    15,
    4,
    'plain',
    struct({ groups: array(string), includeAuthorizedOperations: bool }),
    struct({
      throttleTimeMs: int32,
      groups: array(
        struct({
          errorCode: int16,
          groupId: string,
          groupState: string,
          protocolType: string,
          protocolData: string,
          members: array(
            struct({
              memberId: string,
              groupInstanceId: nullableString,
              clientId: string,
              clientHost: string,
              memberMetadata: bytes,
              memberAssignment: bytes,
            }),
          ),
          authorizedOperations: int32,
        }),
      ),
    }),
  ),
  // Version 4 tells the groups' states (KIP-518).
  listGroups: api(
    'ListGroups',
    16,
    4,
    'flexible',
    struct({ statesFilter: array(string) }),
    struct({
      throttleTimeMs: int32,
      errorCode: int16,
      groups: array(struct({ groupId: string, protocolType: string, groupState: string })),
    }),
  ),
  deleteGroups: api(
    'DeleteGroups',
    42,
    1,
    'plain',
    struct({ groupsNames: array(string) }),
    struct({ throttleTimeMs: int32, results: array(struct({ groupId: string, errorCode: int16 })) }),
  ),
  offsetDelete: api(
    'OffsetDelete',
    47,
    0,
    'plain',
    struct({ groupId: string, topics: topicsOf(struct({ partitionIndex: int32 })) }),
    struct({ errorCode: int16, throttleTimeMs: int32, topics: partitionError }),
  ),
  describeTransactions: api(
    'DescribeTransactions',
    65,
    0,
    'flexible',
    struct({ transactionalIds: array(string) }),
    struct({
      throttleTimeMs: int32,
      transactionStates: array(
        struct({
          errorCode: int16,
          transactionalId: string,
          transactionState: string,
          transactionTimeoutMs: int32,
          transactionStartTimeMs: int64,
          producerId: int64,
          producerEpoch: int16,
          topics: topicsOf(int32),
        }),
      ),
    }),
  ),
  listTransactions: api(
    'ListTransactions',
    66,
    0,
    'flexible',
    struct({ stateFilters: array(string), producerIdFilters: array(int64) }),
    struct({
      throttleTimeMs: int32,
      errorCode: int16,
      unknownStateFilters: array(string),
      transactionStates: array(struct({ transactionalId: string, producerId: int64, transactionState: string })),
    }),
  ),
} as const

export type ApiName = keyof typeof apis
export type RequestOf<A extends ApiName> = Infer<(typeof apis)[A]['request']>
export type ResponseOf<A extends ApiName> = Infer<(typeof apis)[A]['response']>
