// Flow: producer.send → [producer-accumulator] → producer-sender.
import type { Clock, Timer } from '../core/clock.ts'
import { InvariantError } from '../core/errors.ts'
import type { Headers } from '../core/record.ts'
import type { Acknowledgements } from './producer-acknowledgements.ts'
import { PartitionQueue, ProducerBatch } from './producer-batch.ts'
import { sizeOfRecord } from './producer-record-size.ts'
import type { CompressionCodec } from './protocol/compression.ts'

export interface AccumulatorParts {
  readonly clock: Clock
  readonly acknowledgements: Acknowledgements
  readonly codec: CompressionCodec
  readonly maxBatchBytes: number
  readonly maxRequestBytes: number
  readonly lingerMs: number
  /** A partition has its first record since its last batch was closed. */
  readonly onOpened: (queue: PartitionQueue) => void
  /** These have something to send now: a full batch, or one that has waited long enough. */
  readonly onReady: (queues: Iterable<PartitionQueue>) => void
}

/** Encodes records straight into one open batch per partition: no object, no promise per record. */
export class Accumulator {
  readonly #parts: AccumulatorParts
  readonly #topics = new Map<string, PartitionQueue[]>()
  /** Those with an open batch for which the linger timer runs. */
  readonly #lingering = new Set<PartitionQueue>()
  #lingerTimer: Timer | undefined
  #lastTopic = ''
  #lastQueues: PartitionQueue[] = []

  constructor(parts: AccumulatorParts) {
    this.#parts = parts
  }

  /** @throws RecordTooLargeError `STREAMS_RECORD_TOO_LARGE`: nothing has changed. */
  append(
    topic: string,
    partition: number,
    key: Buffer | null,
    value: Buffer | null,
    timestamp: number,
    headers: Headers,
  ): void {
    const { acknowledgements, maxRequestBytes } = this.#parts
    const estimate = sizeOfRecord(topic, key, value, headers, maxRequestBytes)
    const queues = topic === this.#lastTopic ? this.#lastQueues : this.#queuesOf(topic)
    const queue = queues[partition] ?? this.#newQueue(topic, queues, partition)
    let batch = queue.open
    if (batch !== undefined && batch.sizeBytes + estimate > queue.maxBatchBytes) {
      queue.close()
      this.#parts.onReady([queue])
      batch = undefined
    }
    batch ??= this.#open(queue)
    batch.append(key, value, timestamp, headers, estimate)
    acknowledgements.pendingBytes += estimate
  }

  /** Closes every open batch. */
  closeBatches(): void {
    for (const queue of this.queues()) queue.close()
    this.#lingering.clear()
  }

  /** Every partition that has been sent to. */
  *queues(): Iterable<PartitionQueue> {
    for (const queues of this.#topics.values()) {
      // Only some of a topic's partitions may have been sent to.
      for (const queue of queues) if (queue !== undefined) yield queue
    }
  }

  /** Drops every record that has no sequence yet. */
  drop(): void {
    for (const queue of this.queues()) queue.drop()
    this.#lingering.clear()
  }

  /** Drops everything, sequences included: what comes next is of another identity. */
  clear(): void {
    this.#topics.clear()
    this.#lastTopic = ''
    this.#lastQueues = []
    this.#lingering.clear()
    this.#lingerTimer?.cancel()
    this.#lingerTimer = undefined
  }

  #queuesOf(topic: string): PartitionQueue[] {
    let queues = this.#topics.get(topic)
    if (queues === undefined) {
      queues = []
      this.#topics.set(topic, queues)
    }
    this.#lastTopic = topic
    this.#lastQueues = queues
    return queues
  }

  #newQueue(topic: string, queues: PartitionQueue[], partition: number): PartitionQueue {
    if (!Number.isInteger(partition) || partition < 0) {
      throw new InvariantError(`A record for topic '${topic}' names partition ${partition}`)
    }
    const queue = new PartitionQueue(topic, partition, this.#parts.maxBatchBytes)
    queues[partition] = queue
    return queue
  }

  #open(queue: PartitionQueue): ProducerBatch {
    const { clock, acknowledgements, codec, lingerMs } = this.#parts
    const batch = new ProducerBatch(queue, acknowledgements.current, clock.monotonicMs(), codec)
    queue.open = batch
    this.#lingering.add(queue)
    this.#lingerTimer ??= clock.setTimer(lingerMs, () => this.#lingered())
    this.#parts.onOpened(queue)
    return batch
  }

  #lingered(): void {
    this.#lingerTimer = undefined
    const queues = [...this.#lingering]
    this.#lingering.clear()
    for (const queue of queues) queue.due = true
    this.#parts.onReady(queues)
  }
}
