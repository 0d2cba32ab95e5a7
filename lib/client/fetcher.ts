// Flow: Kafka → Wire → [fetcher] → stream-loop.
import { sleep } from '../core/clock.ts'
import { InvariantError } from '../core/errors.ts'
import { partitionKey, type TopicPartition } from '../core/record.ts'
import type { FetchedPartition, Fetcher, FetcherOptions } from './client.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import type { OffsetOutOfRangeError } from './errors.ts'
import { PartitionBuffer } from './fetched-partition.ts'
import { NodeFetcher } from './fetcher-node.ts'
import { backOffMs, isOutage, OperationOutages, OutageLog } from './outage.ts'
import type { RetryContext } from './retry.ts'
import type { Wire } from './wire.ts'

const DEFAULT_BUFFERED_BYTES = 2 * 1024 * 1024

/** Who leads a partition. */
export type Leaders = Pick<ClusterMetadata, 'leader' | 'cachedLeader' | 'cachedEpoch' | 'confirms' | 'invalidate'>

export interface FetcherParts {
  readonly wire: Wire
  readonly metadata: Leaders
  readonly context: RetryContext
}

/**
 * Reads partitions over a wire: finds each one's leader, and keeps one request under way to each leader for all of its partitions.
 *
 * Brokers that are away are waited for, without limit; what a wait cannot cure reaches the user of the partition through `next`.
 */
export class WireFetcher implements Fetcher {
  readonly #wire: Wire
  readonly #metadata: Leaders
  readonly #context: RetryContext
  readonly #outages: OperationOutages
  readonly #readCommitted: boolean
  readonly #maxBufferedBytes: number
  readonly #onReady: () => void
  readonly #partitions = new Map<string, PartitionBuffer>()
  /** Where each partition is fetched from at the moment. */
  readonly #homes = new Map<PartitionBuffer, NodeFetcher>()
  readonly #nodes = new Map<number, NodeFetcher>()
  #closed = false

  constructor({ wire, metadata, context }: FetcherParts, options: FetcherOptions) {
    this.#wire = wire
    this.#metadata = metadata
    this.#context = context
    this.#outages = context.outages ?? new OperationOutages(context.logger)
    this.#readCommitted = options.isolation === 'read_committed'
    this.#maxBufferedBytes = options.maxBufferedBytesPerPartition ?? DEFAULT_BUFFERED_BYTES
    this.#onReady = options.onReady
  }

  add({ topic, partition }: TopicPartition, offset: number): FetchedPartition {
    const key = partitionKey(topic, partition)
    if (this.#closed) throw new InvariantError(`${topic}-${partition} was added to a closed fetcher`)
    if (this.#partitions.has(key)) throw new InvariantError(`${topic}-${partition} is being fetched already`)
    const added = new PartitionBuffer({
      topic,
      partition,
      offset,
      maxBufferedBytes: this.#maxBufferedBytes,
      readCommitted: this.#readCommitted,
      onRoom: (buffer) => this.#homes.get(buffer)?.wake(),
    })
    this.#partitions.set(key, added)
    const leader = this.#metadata.cachedLeader(topic, partition)
    if (leader === undefined) void this.#findLeader(added)
    else this.#place(added, leader)
    return added
  }

  remove({ topic, partition }: TopicPartition): void {
    const key = partitionKey(topic, partition)
    const removed = this.#partitions.get(key)
    if (removed === undefined) return
    this.#partitions.delete(key)
    removed.remove()
    this.#homes.get(removed)?.remove(removed)
    this.#homes.delete(removed)
  }

  // Requests under way are not waited for: what they bring is ignored.
  async close(): Promise<void> {
    this.#closed = true
    for (const node of this.#nodes.values()) node.close()
    for (const partition of this.#partitions.values()) partition.remove()
    this.#partitions.clear()
    this.#homes.clear()
  }

  async #findLeader(partition: PartitionBuffer): Promise<void> {
    const { topic, partition: index } = partition
    let found = false
    while (!partition.removed && !found) {
      try {
        const leader = await this.#metadata.leader(topic, index)
        found = true
        if (!partition.removed) this.#place(partition, leader)
      } catch (error) {
        if (partition.removed) break
        if (!isOutage(error)) {
          partition.fail(error as Error)
          this.#onReady()
          break
        }
        partition.failureCount++
        this.#outages.failing(partition, `Finding the leader of ${topic}-${index} to fetch from`, error, {})
        await sleep(this.#context.clock, backOffMs(partition.failureCount))
      }
    }
    this.#outages.ended(partition, found)
  }

  #place(partition: PartitionBuffer, leader: number): void {
    let node = this.#nodes.get(leader)
    if (node === undefined) {
      node = this.#openNode(leader)
      this.#nodes.set(leader, node)
    }
    this.#homes.set(partition, node)
    partition.leaderEpoch = this.#metadata.cachedEpoch(partition.topic, partition.partition)
    node.add(partition)
  }

  #openNode(id: number): NodeFetcher {
    const outage = new OutageLog(
      this.#context.logger,
      { node: id },
      `Fetching from node ${id} fails and is tried again until it succeeds`,
      `Node ${id} answers fetches again`,
    )
    return new NodeFetcher({
      node: id,
      wire: this.#wire,
      context: this.#context,
      readCommitted: this.#readCommitted,
      events: {
        onReady: this.#onReady,
        onAnswer: () => outage.ended(),
        onMoved: (partitions, cause) => {
          if (isOutage(cause)) outage.failed(cause)
          this.#relocate(id, partitions, cause)
        },
        onOutOfRange: (partition, error) => void this.#verify(id, partition, error),
      },
    })
  }

  // Replicas that lag, and a leader that was replaced while it stood still, lack what the leader has: only the leader's word counts.
  async #verify(node: number, partition: PartitionBuffer, error: OffsetOutOfRangeError): Promise<void> {
    this.#homes.delete(partition)
    const { topic, partition: index, leaderEpoch } = partition
    let outcome: Error | string = 'the node does not lead the partition'
    try {
      if (await this.#metadata.confirms(node, [{ topic, partition: index, epoch: leaderEpoch }])) outcome = error
    } catch (failure) {
      outcome = failure as Error
    }
    this.#relocate(node, [partition], outcome)
  }

  #relocate(node: number, partitions: readonly PartitionBuffer[], cause: Error | string): void {
    for (const partition of partitions) this.#homes.delete(partition)
    if (cause instanceof Error && !isOutage(cause)) {
      for (const partition of partitions) partition.fail(cause)
      this.#onReady()
      return
    }
    let failureCount = 0
    for (const partition of partitions) failureCount = Math.max(failureCount, ++partition.failureCount)
    if (failureCount === 1 && !(cause instanceof Error)) {
      this.#context.logger.info({ node, cause }, `Looking for the leaders of ${partitions.length} partitions again`)
    }
    this.#context.clock.setTimer(backOffMs(failureCount), () => {
      const waiting = partitions.filter((partition) => !partition.removed)
      for (const topic of new Set(waiting.map((partition) => partition.topic))) this.#metadata.invalidate(topic)
      for (const partition of waiting) void this.#findLeader(partition)
    })
  }
}
