// Flow: runtime, users → [admin] → Wire.

import type { TopicPartition } from '../core/record.ts'
import { alterTopicConfigs, describeTopicConfigs } from './admin-configs.ts'
import { deleteRecords } from './admin-delete-records.ts'
import { listOffsets } from './admin-offsets.ts'
import { createPartitions, createTopics, deleteTopics } from './admin-topics.ts'
import type {
  Admin,
  ClientContext,
  IsolationLevel,
  NewTopic,
  OffsetSpec,
  PartitionOffset,
  TopicDescription,
} from './client.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import type { Wire } from './wire.ts'

export interface AdminParts {
  readonly wire: Wire
  readonly metadata: ClusterMetadata
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

  offsets(
    partitions: readonly TopicPartition[],
    at: OffsetSpec,
    isolation: IsolationLevel,
  ): Promise<ReadonlyMap<string, number>> {
    return listOffsets(this.#parts, partitions, at, isolation)
  }

  deleteRecords(before: readonly PartitionOffset[]): Promise<void> {
    return deleteRecords(this.#parts, before)
  }

  describeConfigs(topic: string): Promise<ReadonlyMap<string, string | null>> {
    return describeTopicConfigs(this.#parts, topic)
  }

  alterConfigs(topic: string, configs: Readonly<Record<string, string | null>>): Promise<void> {
    return alterTopicConfigs(this.#parts, topic, configs)
  }
}
