// What operators, and the runtime, ask of a cluster: the admin's part of client.ts.
import type { TopicPartition } from '../core/record.ts'
import type { IsolationLevel, OffsetCommit, PartitionOffset } from './client.ts'

export interface ClusterNode {
  readonly nodeId: number
  /** What the node advertises to clients. */
  readonly host: string
  readonly port: number
  /** `broker.rack`; null: not set. */
  readonly rack: string | null
}

export interface ClusterDescription {
  /** No other cluster has it. */
  readonly clusterId: string
  /** A node that takes requests which change the cluster: with KRaft any broker that forwards to the controller. */
  readonly controllerId: number
  /** The brokers that are up. */
  readonly nodes: readonly ClusterNode[]
}

/** Where a partition lives. It is under-replicated while `inSyncReplicas` has fewer nodes than `replicas`. */
export interface PartitionDescription {
  readonly partition: number
  /** Null: there is none at the moment, and nobody can read or write. */
  readonly leader: number | null
  /** Grows with each change of the leader. */
  readonly leaderEpoch: number
  /** Node ids, the preferred leader first. */
  readonly replicas: readonly number[]
  /** Those that hold all that is committed. */
  readonly inSyncReplicas: readonly number[]
  /** Those that are down. */
  readonly offlineReplicas: readonly number[]
}

export interface TopicDescription {
  readonly topic: string
  /** 32 hexadecimal digits: another id means that the topic was deleted and created again. */
  readonly topicId: string
  /** Whether it is Kafka's own, as `__consumer_offsets` is. An application's changelog and repartition topics are not. */
  readonly isInternal: boolean
  readonly partitionCount: number
  /** In partition order. */
  readonly partitions: readonly PartitionDescription[]
}

export interface NewTopic {
  readonly topic: string
  /** At least 1. */
  readonly partitionCount: number
  /** At least 1; undefined: the broker's default. */
  readonly replicationFactor?: number
  /** By Kafka's names: `{ 'cleanup.policy': 'compact' }`. Undefined, or absent from it: the broker's defaults. */
  readonly configs?: Readonly<Record<string, string>>
}

/**
 * `earliest` is the log start; `latest` the log end as the isolation level shows it; a number is a time in epoch milliseconds, 0 or
 * later.
 */
export type OffsetSpec = 'earliest' | 'latest' | number

/** What has configurations: a topic by its name, one broker, or all brokers of the cluster (their common defaults). */
export type ConfigResource = string | { readonly broker: number | 'all' }

/** A new value; null for the default; or items, at least one, to add to, or take from, a value that is a list. */
export type ConfigChange =
  | string
  | null
  | { readonly append: readonly string[] }
  | { readonly subtract: readonly string[] }

export interface GroupListing {
  readonly groupId: string
  /** `consumer` for consumers and Kafka Streams; `''`: a group that has offsets and never had a member. */
  readonly protocolType: string
  /** As in GroupDescription. */
  readonly state: string
}

export interface GroupMemberDescription {
  readonly memberId: string
  /** Null: not a static member. */
  readonly instanceId: string | null
  readonly clientId: string
  /** The address from which the member is connected. */
  readonly host: string
  /** What it was given to read; empty during a rebalance, or if the group does not speak the consumer protocol. */
  readonly partitions: readonly TopicPartition[]
  /** The member's assignment as the leader wrote it. */
  readonly assignment: Buffer
}

export interface GroupDescription {
  readonly groupId: string
  /** `Empty`, `PreparingRebalance`, `CompletingRebalance` or `Stable`. */
  readonly state: string
  readonly protocolType: string
  /** What the members agreed on: `millrace`, `range`; `''` unless the group is stable. */
  readonly protocol: string
  /** The node that coordinates the group. */
  readonly coordinator: number
  readonly members: readonly GroupMemberDescription[]
}

/** An offset to commit for a group. */
export interface NewGroupOffset extends PartitionOffset {
  /** Default `''`. Kafka Streams and Millrace keep stream times in it: without them they learn the time anew from the records. */
  readonly metadata?: string
}

/**
 * Where a group shall go on reading: at the log start, the log end, the first record at or after a time (epoch milliseconds; the end if there
 * is none), an offset, or so many records after (before, if negative) its committed offset, as far as the log goes.
 */
export type OffsetTarget =
  | 'earliest'
  | 'latest'
  | { readonly timeMs: number }
  | { readonly offset: number }
  | { readonly shiftBy: number }

export interface TransactionListing {
  readonly transactionalId: string
  readonly producerId: number
  /** `Empty`, `Ongoing`, `PrepareCommit`, `PrepareAbort`, `CompleteCommit` or `CompleteAbort`. */
  readonly state: string
}

export interface TransactionDescription extends TransactionListing {
  readonly producerEpoch: number
  /** The node that coordinates the transactional id. */
  readonly coordinator: number
  /** After this long without an end the broker aborts the transaction. Milliseconds. */
  readonly timeoutMs: number
  /** When the open transaction began, in epoch milliseconds; null: none is open. */
  readonly startedAtMs: number | null
  /** What the open transaction has written to; committed offsets show as partitions of `__consumer_offsets`. */
  readonly partitions: readonly TopicPartition[]
}

/**
 * What operators do: topics, configurations, offsets, groups and transactions of a cluster. See `openClient` for how to get one outside an
 * application.
 *
 * A call asks again, within the client's `requestTimeoutMs`, where a broker cannot be reached or a leader, controller or coordinator has moved.
 * Where it has several steps (to create topics and wait for their leaders, to look offsets up and commit them) each step may take that long.
 * All of them may fail with:
 *
 * - BrokerUnavailableError `STREAMS_BROKER_UNAVAILABLE`: the time is up; the message names the operation and the last cause;
 * - BrokerResponseError `STREAMS_BROKER_RESPONSE`: a broker refused; `errorName` is Kafka's name for why;
 * - AuthorizationError `STREAMS_AUTHORIZATION`: an ACL is missing, which the message names;
 * - InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: before anything was asked;
 * - ClientClosedError `STREAMS_CLIENT_CLOSED`, AuthenticationError `STREAMS_AUTHENTICATION`, UnsupportedBrokerError `STREAMS_UNSUPPORTED_BROKER`.
 *
 * Calls that name topics fail with UnknownTopicError `STREAMS_UNKNOWN_TOPIC`, unless they say otherwise, after waiting for 5 s (or half the
 * time-out) for topics that the brokers are only just hearing of.
 */
export interface Admin {
  /** The cluster's own id, which no other cluster has. */
  clusterId(): Promise<string>
  /** The cluster's id and its brokers. */
  describeCluster(): Promise<ClusterDescription>
  /**
   * All topics that this client may see, by name; Kafka's own among them.
   *
   * @example
   * for (const { topic, partitions } of (await admin.listTopics()).values()) {
   *   const lagging = partitions.filter(({ replicas, inSyncReplicas }) => inSyncReplicas.length < replicas.length)
   *   if (lagging.length > 0) console.log(topic, 'is under-replicated')
   * }
   */
  listTopics(): Promise<ReadonlyMap<string, TopicDescription>>
  /** The topics that exist, by name; one that does not is absent from the map. */
  describeTopics(topics: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>>
  /**
   * Creates the topics, and returns once each partition has a leader. A topic that exists already is left as it is.
   *
   * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE`: INVALID_TOPIC_EXCEPTION, INVALID_REPLICATION_FACTOR, INVALID_CONFIG…; topics named
   *   with it may have been created.
   */
  createTopics(topics: readonly NewTopic[]): Promise<void>
  /**
   * Deletes the topics, and returns when the cluster's metadata no longer shows them. A topic that does not exist is no error. What groups have
   * committed for them is forgotten soon after: `deleteOffsets` first if a topic of that name shall be made again.
   */
  deleteTopics(topics: readonly string[]): Promise<void>
  /**
   * Raises the number of partitions to a total, and returns once each has a leader. Having that many already is no error. Records with one key may
   * from then on lie in two partitions: never do this to the input of a keyed state, or to an internal topic.
   *
   * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE` INVALID_PARTITIONS: the topic has more.
   */
  createPartitions(topic: string, partitionCount: number): Promise<void>
  /**
   * By `partitionKey` (`topic:partition`), in the order asked. For a time: the offset of the first record, still in the log, with that timestamp
   * or a later one; the log end if there is none. One request a leader.
   *
   * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE` UNKNOWN_TOPIC_OR_PARTITION: the topic has no such partition.
   */
  offsets(
    partitions: readonly TopicPartition[],
    at: OffsetSpec,
    isolation: IsolationLevel,
  ): Promise<ReadonlyMap<string, number>>
  /**
   * Deletes the records before each offset; an offset at or before the log start changes nothing. One request a leader.
   *
   * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE`: OFFSET_OUT_OF_RANGE, the offset lies beyond the log end; POLICY_VIOLATION, the topic's
   *   `cleanup.policy` does not contain `delete`. Records of the other partitions may have been deleted.
   */
  deleteRecords(before: readonly PartitionOffset[]): Promise<void>
  /**
   * The configuration of a topic, or of brokers: all that holds, defaults included; for `{ broker: 'all' }` only what was set there. A secret is null.
   *
   * @param options - `onlySet` leaves out what was not set on this very topic or broker.
   * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE` BROKER_ID_NOT_REGISTERED: no such broker is up.
   * @example
   * await admin.describeConfigs('clicks', { onlySet: true }) // Map { 'retention.ms' => '-1' }
   * await admin.describeConfigs({ broker: 1 })
   */
  describeConfigs(
    resource: ConfigResource,
    options?: { readonly onlySet?: boolean },
  ): Promise<ReadonlyMap<string, string | null>>
  /**
   * Changes the named values, all or none, and leaves the others; null resets one to its default. The brokers follow within moments. A broker keeps
   * a name that it does not know, a topic does not.
   *
   * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE`: INVALID_CONFIG, INVALID_REQUEST: the message has the resource, and the broker's words on
   *   which name or value is wrong. BROKER_ID_NOT_REGISTERED: no such broker is up.
   * @example
   * await admin.alterConfigs('clicks', { 'retention.ms': '-1', 'segment.ms': null, 'cleanup.policy': { append: ['compact'] } })
   * await admin.alterConfigs({ broker: 'all' }, { 'log.cleaner.threads': '2' })
   */
  alterConfigs(resource: ConfigResource, configs: Readonly<Record<string, ConfigChange>>): Promise<void>
  /**
   * The groups of all brokers, by group id. When a broker has died, the others list its groups as soon as they have taken them over: until then, for
   * moments, some may be missing.
   */
  listGroups(): Promise<readonly GroupListing[]>
  /** One group with its members; undefined: there is none of that id (or it is not of the classic protocol, as share groups are). */
  describeGroup(groupId: string): Promise<GroupDescription | undefined>
  /**
   * All offsets that a group has committed, by `partitionKey`, in order of topic and partition; empty for a group that does not exist. Those of
   * a transaction count once it has ended.
   */
  committedOffsets(groupId: string): Promise<ReadonlyMap<string, OffsetCommit>>
  /**
   * Commits offsets in the group's name, whether they lie in the log or not; other partitions keep theirs. A group that does not exist is made.
   *
   * @throws GroupNotEmptyError `STREAMS_GROUP_NOT_EMPTY`: the group has members.
   * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE`: UNKNOWN_TOPIC_OR_PARTITION, OFFSET_METADATA_TOO_LARGE; other partitions may have theirs.
   */
  alterOffsets(groupId: string, offsets: readonly NewGroupOffset[]): Promise<void>
  /**
   * Moves a group's committed offsets, and returns the new ones by `partitionKey`. Open transactions do not hold back `latest`.
   *
   * What an application has kept of these partitions in its stores stays. To have it count anew: stop it, move the offsets of its source topics,
   * delete those of its internal topics (`<applicationId>-…`), then these topics, and every instance's state directory.
   *
   * @throws GroupNotEmptyError `STREAMS_GROUP_NOT_EMPTY`: the group has members.
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: the offset is not in the log of a partition; there is no committed offset to move from.
   *   Nothing has been changed.
   * @example
   * const lastHour = await admin.resetOffsets('app', partitions, { timeMs: Date.now() - 3_600_000 })
   */
  resetOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    to: OffsetTarget,
  ): Promise<ReadonlyMap<string, number>>
  /**
   * Forgets the group's offsets of these partitions, also those of open transactions. A partition, or a group, that has none is no error.
   *
   * @throws GroupNotEmptyError `STREAMS_GROUP_NOT_EMPTY`: a member of the group reads the topic.
   */
  deleteOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void>
  /**
   * Deletes a group with all its offsets. One that does not exist is no error.
   *
   * @throws GroupNotEmptyError `STREAMS_GROUP_NOT_EMPTY`: the group has members.
   */
  deleteGroup(groupId: string): Promise<void>
  /**
   * The transactional ids that the brokers know, with the state of their last transaction, by id.
   *
   * @throws UnsupportedBrokerError `STREAMS_UNSUPPORTED_BROKER`: before Kafka 3.0. The same is true of `describeTransaction`.
   */
  listTransactions(): Promise<readonly TransactionListing[]>
  /** What a transactional id is doing; undefined: the brokers do not know it. */
  describeTransaction(transactionalId: string): Promise<TransactionDescription | undefined>
  /**
   * Shuts out the producers that now use these transactional ids, and aborts their open transactions: each meets ProducerFencedError at its next
   * step. Returns when the outcome is in the logs. An id that no producer has used is no error.
   */
  fenceProducers(transactionalIds: readonly string[]): Promise<void>
}
