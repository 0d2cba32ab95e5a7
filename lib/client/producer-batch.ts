// Flow: producer → [producer-batch] → producer-sender.
import type { Headers } from '../core/record.ts'
import { partitionKey } from '../core/record.ts'
import type { SendGroup } from './producer-acknowledgements.ts'
import type { CompressionCodec } from './protocol/compression.ts'
import { FetchedRecords } from './protocol/fetched-records.ts'
import { estimateRecordBytes, RecordBatchBuilder } from './protocol/record-batch-builder.ts'

/** Under which id and epoch batches are written; with it comes a fresh sequence for each partition. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Records of one partition that are stored, or refused, together. */
export class ProducerBatch {
  readonly queue: PartitionQueue
  readonly group: SendGroup
  /** On the monotonic clock. */
  readonly createdMs: number
  readonly #codec: CompressionCodec
  /** What this batch adds to the producer's pending bytes: an upper bound of its records' sizes. */
  pendingBytes = 0
  recordCount = 0
  baseSequence = -1
  inFlight = false
  /** The bytes that are sent, once they are fixed. */
  encoded: Buffer | undefined
  #builder: RecordBatchBuilder | undefined

  constructor(queue: PartitionQueue, group: SendGroup, createdMs: number, codec: CompressionCodec) {
    this.queue = queue
    this.group = group
    this.createdMs = createdMs
    this.#codec = codec
    this.#builder = new RecordBatchBuilder({ codec })
    group.unacknowledgedBatches++
  }

  /** Before compression, header included. */
  get sizeBytes(): number {
    return this.#builder?.sizeBytes ?? this.encoded!.length
  }

  append(key: Buffer | null, value: Buffer | null, timestamp: number, headers: Headers, estimate: number): void {
    this.#builder!.append(key, value, timestamp, headers)
    this.pendingBytes += estimate
    this.recordCount++
  }

  /** Fixes the bytes. A batch keeps its sequence for life: that is how the broker knows one that it has seen already. */
  encode(identity: ProducerIdentity, baseSequence: number, transactional: boolean): Buffer {
    this.baseSequence = baseSequence
    this.encoded = this.#builder!.finish({ ...identity, baseSequence, transactional })
    this.#builder = undefined
    return this.encoded
  }

  /**
   * Makes two batches of one that the broker found too large. Together they use the same sequence numbers, so batches after them stay valid.
   * Needs at least two records.
   */
  split(identity: ProducerIdentity, transactional: boolean): [ProducerBatch, ProducerBatch] {
    const { queue, group, createdMs } = this
    const halves: [ProducerBatch, ProducerBatch] = [
      new ProducerBatch(queue, group, createdMs, this.#codec),
      new ProducerBatch(queue, group, createdMs, this.#codec),
    ]
    // Two batches are to be acknowledged in place of this one.
    group.unacknowledgedBatches--
    const records = new FetchedRecords(this.encoded!, {
      topic: queue.topic,
      partition: queue.partition,
      fetchOffset: 0,
      abortedTransactions: [],
    })
    const half = this.recordCount >> 1
    for (let i = 0; i < this.recordCount; i++) {
      const { key, value, timestamp, headers } = records.next()!
      halves[i < half ? 0 : 1].append(key, value, timestamp, headers, estimateRecordBytes(key, value, headers))
    }
    halves[0].encode(identity, this.baseSequence, transactional)
    halves[1].encode(identity, nextSequence(this.baseSequence, half), transactional)
    return halves
  }
}

/** The sequence number `count` records on; after the largest 32-bit number comes 0. */
export function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31
}

/**
 * One partition's way through the producer: the batch being filled, those that wait for their turn, and those that are sent, in the order
 * of their sequence numbers.
 */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly key: string

  // Before the sender
  /** The batch that takes new records. */
  open: ProducerBatch | undefined
  /** Whether the open batch may leave although it is not full. */
  due = false
  /** Closed batches without a sequence yet. */
  readonly waiting: ProducerBatch[] = []
  /** Where batches are cut. Falls when the broker finds one too large. */
  maxBatchBytes: number
  /** The transaction in which the coordinator knows this partition; -1: none. */
  registeredIn = -1

  // In the sender
  /** With a sequence, not acknowledged; in the order of sequences. Each is either in flight or has to be sent again. */
  readonly unacknowledged: ProducerBatch[] = []
  inFlightCount = 0
  nextSequence = 0
  /** Where the batches in flight are. */
  node = -1
  /** Whether the leader has answered one batch of this identity. */
  proven = false
  retryDelayMs = 0
  /** Waits for a timer or an answer, so that there is no use in looking at it. */
  suspended = false

  constructor(topic: string, partition: number, maxBatchBytes: number) {
    this.topic = topic
    this.partition = partition
    this.key = partitionKey(topic, partition)
    this.maxBatchBytes = maxBatchBytes
  }

  /** Moves the open batch behind those that wait. */
  close(): void {
    if (this.open !== undefined) this.waiting.push(this.open)
    this.open = undefined
    this.due = false
  }

  /** Forgets all records that have no sequence yet. */
  drop(): void {
    this.open = undefined
    this.due = false
    this.waiting.length = 0
  }
}
