// What the runtime needs from a Kafka cluster. Written once over Wire (see wire.ts); users may bring their own.
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { ConsumedRecord, Headers, TopicPartition } from '../core/record.ts'
import type { Admin } from './admin-api.ts'
import type { CompressionCodec } from './protocol/compression.ts'

export type * from './admin-api.ts'
export type { CompressionCodec } from './protocol/compression.ts'

/** Opens a client. `memoryCluster()` and `kafkaCluster({ brokers })` are the two that Millrace brings. */
export interface ClientSupplier {
  connect(context: ClientContext): Client
}

export interface ClientContext {
  readonly clientId: string
  readonly clock: Clock
  readonly logger: Logger
  /** How long a request, with its retries, may take before the call fails. Milliseconds. */
  readonly requestTimeoutMs: number
}

/** One instance's view of a cluster. Parts share connections where the broker's one-request-at-a-time rule allows it. */
export interface Client {
  readonly admin: Admin
  fetcher(options: FetcherOptions): Fetcher
  producer(options: ProducerOptions): Producer
  groupMember(options: GroupMemberOptions): GroupMember
  /** Closes what is still open, then the connections. */
  close(): Promise<void>
}

export type IsolationLevel = 'read_committed' | 'read_uncommitted'

export interface PartitionOffset extends TopicPartition {
  readonly offset: number
}

// ---- fetcher

export interface FetcherOptions {
  readonly isolation: IsolationLevel
  /** `restore` fetches over sockets of its own, so that a restore does not slow processing. */
  readonly purpose: 'fetch' | 'restore'
  /** Bytes, as fetched, that may lie ready for one partition before its fetching pauses. Default 2 MiB. */
  readonly maxBufferedBytesPerPartition?: number
  /** Called, synchronously, whenever a partition has become readable, or has failed. */
  readonly onReady: () => void
}

/** Reads partitions from given offsets, ahead of their user by a bounded number of bytes. */
export interface Fetcher {
  /** Starts to fetch a partition. Adding one that is there already is an InvariantError. */
  add(partition: TopicPartition, offset: number): FetchedPartition
  /** Forgets a partition and what was buffered for it, at once. */
  remove(partition: TopicPartition): void
  close(): Promise<void>
}

/** One partition's records, in offset order: without control records and, when read committed, without aborted ones. */
export interface FetchedPartition extends TopicPartition {
  /**
   * Takes the next record, or undefined if none is ready now.
   *
   * @throws OffsetOutOfRangeError `STREAMS_OFFSET_OUT_OF_RANGE`: the position is no longer, or not yet, in the log.
   * @throws CorruptRecordError `STREAMS_CORRUPT_RECORD`: damaged bytes; the position stays before them.
   * @throws UnknownTopicError, BrokerResponseError: the topic has gone, or may not be read.
   */
  next(): ConsumedRecord | undefined
  /**
   * The offset after the last record taken; moved on past control records, aborted records and batches that compaction
   * emptied as soon as everything before them has been taken.
   */
  readonly position: number
  /** The log end offset that the last fetch saw (high watermark); -1 before the first. */
  readonly highWatermark: number
  /** The last stable offset that the last fetch saw; -1 before the first. */
  readonly lastStableOffset: number
  /** The first offset still in the log; -1 before the first fetch. */
  readonly logStartOffset: number
}

// ---- producer

export interface ProducerOptions {
  /** Makes the producer transactional. Undefined: an idempotent producer without transactions. */
  readonly transactionalId?: string
  /** After this long without an end the broker aborts a transaction. Milliseconds, default 60 000; the broker has a maximum (15 min by default). */
  readonly transactionTimeoutMs?: number
  /** The largest batch, in bytes before compression. Default 900 KiB. */
  readonly maxBatchBytes?: number
  /**
   * The largest record, in bytes before compression. Default 1 MiB, as `max.request.size` in Java. The topic's `max.message.bytes` has to allow it
   * too (for the batch as it is sent, compressed), and the broker closes connections that send more than its `socket.request.max.bytes` (100 MiB).
   */
  readonly maxRequestBytes?: number
  /** How long a batch that is not full may wait for more records. Milliseconds, default 5. */
  readonly lingerMs?: number
  /**
   * How batches are compressed; a topic whose `compression.type` is not `producer` stores them in its own way all the same. Readers need no setting.
   * `zstd` makes the smallest batches and costs the least time, `snappy` and `lz4` are for readers that know no zstd. Default `none`.
   */
  readonly compression?: CompressionCodec
  /** How long a record may wait for its acknowledgement, retries included, before the producer fails. Milliseconds, default 120 000. */
  readonly deliveryTimeoutMs?: number
}

/** For each partition sent to, the offset of the last record, by `partitionKey`. */
export type SentOffsets = ReadonlyMap<string, number>

export interface OffsetCommit extends PartitionOffset {
  readonly metadata: string
}

/**
 * Sends records: batched, pipelined, in order within a partition, each stored once (idempotent).
 *
 * A transactional producer has a transaction open from its first `send`. `commit` seals it: records sent while a commit is
 * under way belong to the next transaction and are held back until the commit has ended.
 */
export interface Producer {
  /**
   * Takes a producer id. For a transactional id this fences every other producer of that id and ends its open transaction;
   * when it returns, that transaction's outcome is in the log. Calling it again, after a failure, starts over.
   *
   * @throws BrokerUnavailableError `STREAMS_BROKER_UNAVAILABLE`: not possible within the request time-out, for instance because the
   *   cluster has fewer brokers than the replication factor of its transaction log.
   */
  init(): Promise<void>
  /**
   * Buffers a record. Bytes handed over must not change afterwards.
   *
   * @throws RecordTooLargeError `STREAMS_RECORD_TOO_LARGE`: the record is larger than `maxRequestBytes`. Nothing of it was sent; the transaction is
   *   unharmed. A record that only the topic finds too large fails the producer later: the next call rejects with this error, and a transaction has
   *   to be aborted.
   */
  send(
    topic: string,
    partition: number,
    key: Buffer | null,
    value: Buffer | null,
    timestamp: number,
    headers: Headers,
  ): void
  /** Bytes sent and not yet acknowledged, or held back for the next transaction. */
  readonly pendingBytes: number
  /** Resolves when `pendingBytes` has fallen to `limit` or below, or rejects with what keeps it from falling. */
  drained(limit: number): Promise<void>
  /** Waits until everything sent before this call is acknowledged. Returns the last offsets of what was sent since the previous flush or commit. */
  flush(): Promise<SentOffsets>
  /**
   * Has `check` called before each request with records, also one that is sent again. What it throws fails the producer, and nothing more is sent. For what must not
   * be written by a process that slept. Undefined: no more.
   */
  guard(check: (() => void) | undefined): void
  /**
   * Flushes, adds the consumed offsets to the transaction and commits it. For transactional producers only. Does nothing if nothing
   * was sent and `offsets` is empty.
   *
   * @throws StaleMemberError `STREAMS_STALE_MEMBER`: the group refused the generation. The transaction is still open and sealed:
   *   call again with the new generation, or abort.
   * @throws ProducerFencedError `STREAMS_PRODUCER_FENCED`: nothing of the transaction will be seen.
   * @throws TransactionAbortedError `STREAMS_TRANSACTION_ABORTED`: call abort, then start over from the last commit.
   * @throws CommitOutcomeUnknownError `STREAMS_COMMIT_OUTCOME_UNKNOWN`: call init, then read the committed offsets to learn it. The error has in `sent`
   *   what this would have returned.
   */
  commit(offsets: readonly OffsetCommit[], group: GroupMetadata): Promise<SentOffsets>
  /** Drops what is buffered, also for the next transaction, and aborts the open transaction. Returns when the broker knows. */
  abort(): Promise<void>
  /** Sends nothing more. An open transaction is left to the next producer of the id, or to the broker's time-out. */
  close(): Promise<void>
}

// ---- group

export interface GroupMetadata {
  readonly groupId: string
  readonly memberId: string
  readonly generation: number
  readonly instanceId: string | null
}

export interface GroupMemberInfo {
  readonly memberId: string
  readonly instanceId: string | null
  readonly topics: readonly string[]
  /** What the member owns in the generation that is ending; empty if its knowledge is of an older one. */
  readonly ownedPartitions: readonly TopicPartition[]
  readonly userData: Buffer
}

export interface MemberAssignment {
  readonly partitions: readonly TopicPartition[]
  readonly userData: Buffer
}

/** Decides, in the leader, which member reads which partitions. */
export interface GroupAssignor {
  /** The protocol name that all members share: `stream`. */
  readonly name: string
  /** Asked before every join. */
  subscription(): { readonly topics: readonly string[]; readonly userData: Buffer }
  /**
   * Called in the leader. May ask the cluster (create topics, count partitions). The member, not the assignor, holds back partitions that
   * another member still owns, and starts the next rebalance when they are free (cooperative protocol, KIP-429).
   */
  assign(members: readonly GroupMemberInfo[]): Promise<ReadonlyMap<string, MemberAssignment>>
}

export interface Assigned {
  readonly added: readonly TopicPartition[]
  readonly kept: readonly TopicPartition[]
  readonly userData: Buffer
  readonly group: GroupMetadata
}

/** Told of changes, one at a time: the next call comes when the promise of the one before has settled. */
export interface GroupListener {
  /** Finish and commit these partitions: they go to another member once this resolves. Heartbeats go on meanwhile. */
  onRevoked(partitions: readonly TopicPartition[], group: GroupMetadata): Promise<void>
  onAssigned(assigned: Assigned): Promise<void>
  /** The group gave our partitions away already: drop everything uncommitted. */
  onLost(partitions: readonly TopicPartition[]): Promise<void>
  /** The member has stopped for good: fenced, not authorized, unreachable beyond the time-out, or a listener call failed. */
  onFatal(error: Error): void
}

export interface GroupMemberOptions {
  readonly groupId: string
  /** Static membership (KIP-345): a member that comes back under this id within the session time-out gets its partitions back at once. */
  readonly instanceId?: string
  readonly sessionTimeoutMs: number
  /** How long the group waits for members to finish `onRevoked` and join. */
  readonly rebalanceTimeoutMs: number
  /** Default: a third of the session time-out. */
  readonly heartbeatIntervalMs?: number
  /**
   * How long to wait for members of another protocol to go: such that have died are in the group until their session ends. Milliseconds, default
   * 60 000; Java's clients have sessions of 45 s. After that `start` rejects with BrokerResponseError INCONSISTENT_GROUP_PROTOCOL.
   */
  readonly strangersPatienceMs?: number
  readonly assignor: GroupAssignor
  readonly listener: GroupListener
}

export interface CommittedOffset {
  /** The next offset to read. */
  readonly offset: number
  readonly metadata: string
}

export interface GroupMember {
  /** Joins, and resolves after the first `onAssigned`. Rejects with what `onFatal` would get. */
  start(): Promise<void>
  /** The generation as of the last SyncGroup. */
  readonly group: GroupMetadata
  /**
   * Whether the group has given all of these to this member and has not dropped it since. No more from the moment of a loss on, long before `onLost` may have its
   * turn: what was read of them must then not be committed, also not under a later generation in which they are this member's again.
   */
  owns(partitions: readonly TopicPartition[]): boolean
  /**
   * Whether the group cannot have dropped this member for its silence yet: the session is not over, counted from when the last request was sent that the coordinator has answered.
   * A process that slept has none until it has asked (`confirm`), nor one that has waited for longer than its session for others to join.
   */
  readonly hasLease: boolean
  /**
   * Resolves once no rebalance is under way, with the generation that then holds. During a listener call that call's generation holds.
   *
   * @throws StaleMemberError `STREAMS_STALE_MEMBER`: the group has dropped this member while its listener was busy with what the generation brought, which may
   *   be what waits here; or the member was closed. The same is true of `confirm`.
   */
  settled(): Promise<GroupMetadata>
  /** Committed offsets by `partitionKey`, absent where there is none; waits while a transaction that holds some is still ending. */
  committed(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, CommittedOffset>>
  /**
   * Commits consumed offsets outside a transaction.
   *
   * @throws StaleMemberError `STREAMS_STALE_MEMBER`: the generation has ended; after `settled()` commit again what is still owned.
   */
  commit(offsets: readonly OffsetCommit[]): Promise<void>
  /**
   * Asks the group, now, whether it still knows this member, and waits out a rebalance: resolves with the generation that then holds.
   * If the group has given our partitions away, `onLost` has been called before this resolves.
   */
  confirm(): Promise<GroupMetadata>
  /** Starts a rebalance. */
  rejoin(reason: string): void
  /**
   * Stops. `leaveGroup` frees the partitions for others at once (also for a static member); otherwise they stay reserved until the session
   * time-out. Does not call the listener: finish your work first.
   */
  close(options: { readonly leaveGroup: boolean }): Promise<void>
}
