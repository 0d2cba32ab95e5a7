// Flow: producer-sender → [producer-request] → Wire.
import type { PartitionQueue, ProducerBatch } from './producer-batch.ts'
import type { RequestOf, ResponseOf } from './protocol/apis.ts'

/** Every replica in sync has the batch before it is acknowledged: the only setting under which a producer is idempotent. */
const ACKS_ALL = -1

/** What a partition said to its batch. */
export interface ProduceResult {
  readonly errorCode: number
  readonly baseOffset: number
  readonly message: string | null
}

/** One Produce request to one node: at most one batch per partition. */
export class ProduceRequest {
  readonly node: number
  readonly batches: ProducerBatch[] = []
  sizeBytes = 0

  constructor(node: number) {
    this.node = node
  }

  add(batch: ProducerBatch): void {
    this.batches.push(batch)
    this.sizeBytes += batch.encoded!.length
  }

  body(transactionalId: string | undefined, timeoutMs: number): RequestOf<'produce'> {
    const topics = new Map<string, { index: number; records: Buffer | null }[]>()
    for (const { queue, encoded } of this.batches) {
      const partition = { index: queue.partition, records: encoded! }
      const partitions = topics.get(queue.topic)
      if (partitions === undefined) topics.set(queue.topic, [partition])
      else partitions.push(partition)
    }
    return {
      transactionalId: transactionalId ?? null,
      acks: ACKS_ALL,
      timeoutMs,
      topics: [...topics].map(([name, partitions]) => ({ name, partitions })),
    }
  }

  results(response: ResponseOf<'produce'>): ReadonlyMap<PartitionQueue, ProduceResult> {
    const results = new Map<PartitionQueue, ProduceResult>()
    for (const { name, partitions } of response.topics) {
      for (const { index, errorCode, baseOffset, errorMessage, recordErrors } of partitions) {
        const batch = this.batches.find(({ queue }) => queue.partition === index && queue.topic === name)
        const message = recordErrors.find((record) => record.message !== null)?.message ?? errorMessage
        if (batch !== undefined) results.set(batch.queue, { errorCode, baseOffset, message })
      }
    }
    return results
  }
}
