import { partitionKey, type TopicPartition } from '../../core/record.ts'
import { errorCodes } from '../protocol/error-codes.ts'

export interface CommittedOffset extends TopicPartition {
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
}

interface Stored {
  readonly committed: CommittedOffset
  /** Commits are numbered: of a transactional and a plain one, the later written wins, whenever the transaction ends. */
  readonly number: number
}

interface Producer {
  epoch: number
  /** Offsets of the open transaction, by partition; undefined: it has none here. */
  pending: Map<string, Stored> | undefined
}

/** The committed offsets of one group, and those of transactions that have not ended. */
export class GroupOffsets {
  readonly #committed = new Map<string, Stored>()
  readonly #producers = new Map<number, Producer>()
  #commitCount = 0

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.get(partitionKey(topic, partition))?.committed
  }

  all(): readonly CommittedOffset[] {
    return [...this.#committed.values()].map(({ committed }) => committed)
  }

  commit(committed: CommittedOffset): void {
    this.#committed.set(partitionKey(committed.topic, committed.partition), this.#number(committed))
  }

  /** Whether a transaction that has not ended has an offset for the partition. */
  isUnstable(topic: string, partition: number): boolean {
    const key = partitionKey(topic, partition)
    for (const { pending } of this.#producers.values()) if (pending?.has(key) === true) return true
    return false
  }

  hasOpenTransaction(producerId: number, epoch: number): boolean {
    const producer = this.#producers.get(producerId)
    return producer?.pending !== undefined && producer.epoch === epoch
  }

  /** NONE, or INVALID_PRODUCER_EPOCH if a marker of a later epoch has been written since. */
  producerError(producerId: number, epoch: number): number {
    const known = this.#producers.get(producerId)
    return known !== undefined && epoch < known.epoch ? errorCodes.INVALID_PRODUCER_EPOCH : errorCodes.NONE
  }

  commitPending(producerId: number, epoch: number, offsets: readonly CommittedOffset[]): void {
    const producer = this.#producer(producerId, epoch)
    producer.pending ??= new Map()
    for (const offset of offsets) {
      producer.pending.set(partitionKey(offset.topic, offset.partition), this.#number(offset))
    }
  }

  endTransaction(producerId: number, epoch: number, type: 'commit' | 'abort'): void {
    if (this.producerError(producerId, epoch) !== errorCodes.NONE) return
    const producer = this.#producer(producerId, epoch)
    const { pending } = producer
    producer.pending = undefined
    if (pending === undefined || type === 'abort') return
    for (const [key, stored] of pending) {
      const existing = this.#committed.get(key)
      if (existing === undefined || existing.number < stored.number) this.#committed.set(key, stored)
    }
  }

  /** Forgets one partition's offset, also where a transaction that has not ended holds one. */
  delete(topic: string, partition: number): void {
    const key = partitionKey(topic, partition)
    this.#committed.delete(key)
    for (const { pending } of this.#producers.values()) pending?.delete(key)
  }

  /** The topic has been deleted. */
  dropTopic(topic: string): void {
    for (const [key, { committed }] of this.#committed) if (committed.topic === topic) this.#committed.delete(key)
    for (const { pending } of this.#producers.values()) {
      for (const [key, { committed }] of pending ?? []) if (committed.topic === topic) pending?.delete(key)
    }
  }

  #number(committed: CommittedOffset): Stored {
    return { committed, number: this.#commitCount++ }
  }

  #producer(producerId: number, epoch: number): Producer {
    let producer = this.#producers.get(producerId)
    if (producer === undefined) {
      producer = { epoch, pending: undefined }
      this.#producers.set(producerId, producer)
    }
    producer.epoch = epoch
    return producer
  }
}
