import type { BatchHeader } from './record-batch.ts'

/** A transaction that was aborted: the broker names its producer and its first offset, not its end. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/**
 * Tells the batches of aborted transactions from the others, going through one fetch response in offset order.
 *
 * A transaction's batches are those of its producer from `firstOffset` up to the producer's next abort marker, which may lie
 * in a later response. Brokers list the transactions in the order in which they ended, so overlapping ones are not sorted.
 */
export class AbortedTransactions {
  readonly #byFirstOffset: readonly AbortedTransaction[]
  readonly #open = new Set<number>()
  #begun = 0

  constructor(transactions: readonly AbortedTransaction[]) {
    this.#byFirstOffset = transactions.toSorted((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Whether no transaction of the response was aborted, so that markers need not be read. */
  get none(): boolean {
    return this.#byFirstOffset.length === 0
  }

  /** Whether this data batch belongs to an aborted transaction. To be asked for each batch, in order. */
  has(batch: BatchHeader): boolean {
    if (!batch.transactional) return false
    this.#beginUpTo(batch.lastOffset)
    return this.#open.has(batch.producerId)
  }

  /** An abort marker: what the producer writes after it is a new transaction. */
  endAt(marker: BatchHeader): void {
    this.#beginUpTo(marker.lastOffset)
    this.#open.delete(marker.producerId)
  }

  #beginUpTo(offset: number): void {
    let next = this.#byFirstOffset[this.#begun]
    while (next !== undefined && next.firstOffset <= offset) {
      this.#open.add(next.producerId)
      next = this.#byFirstOffset[++this.#begun]
    }
  }
}
