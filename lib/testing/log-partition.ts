import type { FetchedPartition } from '../client/client.ts'
import type { MemoryCluster } from '../client/memory/index.ts'
import type { ConsumedRecord } from '../core/record.ts'

/** Reads a partition of a cluster in memory straight from its log: whatever has been written is there at once. */
export class LogPartition implements FetchedPartition {
  readonly topic: string
  readonly partition: number
  readonly #cluster: MemoryCluster
  #ready: readonly ConsumedRecord[] = []
  #next = 0
  #position = 0

  constructor(cluster: MemoryCluster, topic: string, partition: number) {
    this.#cluster = cluster
    this.topic = topic
    this.partition = partition
  }

  next(): ConsumedRecord | undefined {
    if (this.#next === this.#ready.length) this.#read()
    const record = this.#ready[this.#next]
    if (record === undefined) return undefined
    this.#next++
    this.#position = record.offset + 1
    return record
  }

  get position(): number {
    return this.#position
  }

  get highWatermark(): number {
    return this.#view.logEndOffset
  }

  get lastStableOffset(): number {
    return this.#view.lastStableOffset
  }

  get logStartOffset(): number {
    return this.#view.logStartOffset
  }

  #read(): void {
    this.#next = 0
    this.#ready =
      this.#position < this.lastStableOffset
        ? this.#cluster.records(this.topic, this.partition, 'read_committed', this.#position)
        : []
  }

  get #view(): ReturnType<MemoryCluster['partition']> {
    return this.#cluster.partition(this.topic, this.partition)
  }
}
