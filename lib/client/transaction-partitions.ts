// Flow: producer → [transaction-partitions] → transaction-requests; then producer-sender may send to the partition.
import type { Clock } from '../core/clock.ts'
import type { PartitionQueue, ProducerIdentity } from './producer-batch.ts'
import type { TransactionRequests } from './transaction-requests.ts'

export interface TransactionPartitionsParts {
  readonly clock: Clock
  readonly requests: TransactionRequests
  readonly identity: ProducerIdentity
  /** The number of the transaction. */
  readonly transaction: number
  readonly onRegistered: (queues: readonly PartitionQueue[]) => void
  readonly onFailure: (error: Error) => void
}

/**
 * Tells the coordinator which partitions one transaction writes to, before the first batch of each: many in one request, while records go on
 * filling the batches. With version 2 of transactions the partitions' leaders tell it.
 */
export class TransactionPartitions {
  /** Whether the coordinator may have opened the transaction for one of our requests. */
  asked = false
  /** Whether a request failed, so that it is not known which partitions the coordinator has. */
  uncertain = false
  readonly #parts: TransactionPartitionsParts
  readonly #waiting = new Set<PartitionQueue>()
  #running: Promise<void> | undefined
  #stopped = false

  constructor(parts: TransactionPartitionsParts) {
    this.#parts = parts
  }

  add(queue: PartitionQueue): void {
    const { transaction, requests } = this.#parts
    if (queue.registeredIn === transaction || this.#stopped) return
    if (requests.version === 2) {
      this.asked = true
      queue.registeredIn = transaction
      return
    }
    this.#waiting.add(queue)
    this.#running ??= this.#run()
  }

  /** Asks for nothing more, and resolves when what was asked has been answered. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, requests, identity, transaction, onRegistered, onFailure } = this.#parts
    // The slice of work that wrote to one new partition is likely to write to others.
    await clock.yield()
    while (this.#waiting.size > 0 && !this.#stopped) {
      const queues = [...this.#waiting]
      this.#waiting.clear()
      this.asked = true
      try {
        await requests.addPartitions(identity, queues)
      } catch (error) {
        this.uncertain = true
        this.#stopped = true
        onFailure(error as Error)
        break
      }
      for (const queue of queues) queue.registeredIn = transaction
      onRegistered(queues)
    }
    this.#running = undefined
  }
}
