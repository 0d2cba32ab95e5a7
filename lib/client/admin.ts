// Flow: runtime, users → [admin] → Wire.

import type { TopicPartition } from '../core/record.ts'
import { requireTime } from './admin-arguments.ts'
import { alterConfigs, describeConfigs } from './admin-configs.ts'
import { deleteRecords } from './admin-delete-records.ts'
import { alterOffsets, committedOffsets, deleteOffsets } from './admin-group-offsets.ts'
import { deleteGroup, describeGroup, listGroups } from './admin-groups.ts'
import { listOffsets } from './admin-offsets.ts'
import { resetOffsets } from './admin-reset-offsets.ts'
import { createPartitions, createTopics, deleteTopics } from './admin-topics.ts'
import { describeTransaction, fenceProducers, listTransactions } from './admin-transactions.ts'
import type {
  Admin,
  ClientContext,
  ClusterDescription,
  ConfigChange,
  ConfigResource,
  GroupDescription,
  GroupListing,
  IsolationLevel,
  NewGroupOffset,
  NewTopic,
  OffsetCommit,
  OffsetSpec,
  OffsetTarget,
  PartitionOffset,
  TopicDescription,
  TransactionDescription,
  TransactionListing,
} from './client.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import type { Coordinators } from './coordinators.ts'
import type { Wire } from './wire.ts'

export interface AdminParts {
  readonly wire: Wire
  readonly metadata: ClusterMetadata
  readonly coordinators: Coordinators
  readonly context: ClientContext
}

/** The admin over a wire: one file per kind of request beside this one. */
export class WireAdmin implements Admin {
  readonly #parts: AdminParts

  constructor(parts: AdminParts) {
    this.#parts = parts
  }

  clusterId(): Promise<string> {
    return this.#parts.metadata.clusterId()
  }

  describeCluster(): Promise<ClusterDescription> {
    return this.#parts.metadata.cluster()
  }

  listTopics(): Promise<ReadonlyMap<string, TopicDescription>> {
    return this.#parts.metadata.describeAll()
  }

  describeTopics(topics: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>> {
    return this.#parts.metadata.describe(topics)
  }

  createTopics(topics: readonly NewTopic[]): Promise<void> {
    return createTopics(this.#parts, topics)
  }

  deleteTopics(topics: readonly string[]): Promise<void> {
    return deleteTopics(this.#parts, topics)
  }

  createPartitions(topic: string, partitionCount: number): Promise<void> {
    return createPartitions(this.#parts, topic, partitionCount)
  }

  async offsets(
    partitions: readonly TopicPartition[],
    at: OffsetSpec,
    isolation: IsolationLevel,
  ): Promise<ReadonlyMap<string, number>> {
    if (at !== 'earliest' && at !== 'latest') requireTime('offsets', 'at', at)
    return listOffsets(this.#parts, partitions, at, isolation)
  }

  deleteRecords(before: readonly PartitionOffset[]): Promise<void> {
    return deleteRecords(this.#parts, before)
  }

  describeConfigs(
    resource: ConfigResource,
    { onlySet = false }: { readonly onlySet?: boolean } = {},
  ): Promise<ReadonlyMap<string, string | null>> {
    return describeConfigs(this.#parts, resource, onlySet)
  }

  alterConfigs(resource: ConfigResource, configs: Readonly<Record<string, ConfigChange>>): Promise<void> {
    return alterConfigs(this.#parts, resource, configs)
  }

  listGroups(): Promise<readonly GroupListing[]> {
    return listGroups(this.#parts)
  }

  describeGroup(groupId: string): Promise<GroupDescription | undefined> {
    return describeGroup(this.#parts, groupId)
  }

  committedOffsets(groupId: string): Promise<ReadonlyMap<string, OffsetCommit>> {
    return committedOffsets(this.#parts, groupId, false)
  }

  alterOffsets(groupId: string, offsets: readonly NewGroupOffset[]): Promise<void> {
    return alterOffsets(this.#parts, groupId, offsets)
  }

  resetOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    to: OffsetTarget,
  ): Promise<ReadonlyMap<string, number>> {
    return resetOffsets(this.#parts, groupId, partitions, to)
  }

  deleteOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void> {
    return deleteOffsets(this.#parts, groupId, partitions)
  }

  deleteGroup(groupId: string): Promise<void> {
    return deleteGroup(this.#parts, groupId)
  }

  listTransactions(): Promise<readonly TransactionListing[]> {
    return listTransactions(this.#parts)
  }

  describeTransaction(transactionalId: string): Promise<TransactionDescription | undefined> {
    return describeTransaction(this.#parts, transactionalId)
  }

  fenceProducers(transactionalIds: readonly string[]): Promise<void> {
    return fenceProducers(this.#parts, transactionalIds)
  }
}
