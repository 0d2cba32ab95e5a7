import type { GroupMetadata, OffsetCommit, Producer, SentOffsets } from '../client/client.ts'
import type { Headers, TopicPartition } from '../core/record.ts'

/** A producer that remembers in which order it was given records. */
export class TrackedProducer implements Producer {
  readonly #producer: Producer
  #sent: TopicPartition[] = []

  constructor(producer: Producer) {
    this.#producer = producer
  }

  /** Where the records went that were sent since the last call, one by one. */
  takeSent(): readonly TopicPartition[] {
    const sent = this.#sent
    this.#sent = []
    return sent
  }

  send(
    topic: string,
    partition: number,
    key: Buffer | null,
    value: Buffer | null,
    timestamp: number,
    headers: Headers,
  ): void {
    this.#producer.send(topic, partition, key, value, timestamp, headers)
    this.#sent.push({ topic, partition })
  }

  get pendingBytes(): number {
    return this.#producer.pendingBytes
  }

  init(): Promise<void> {
    return this.#producer.init()
  }

  drained(limit: number): Promise<void> {
    return this.#producer.drained(limit)
  }

  guard(check: (() => void) | undefined): void {
    this.#producer.guard(check)
  }

  flush(): Promise<SentOffsets> {
    return this.#producer.flush()
  }

  commit(offsets: readonly OffsetCommit[], group: GroupMetadata): Promise<SentOffsets> {
    return this.#producer.commit(offsets, group)
  }

  abort(): Promise<void> {
    return this.#producer.abort()
  }

  close(): Promise<void> {
    return this.#producer.close()
  }
}
