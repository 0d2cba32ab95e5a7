import { isAbortMarker } from '../protocol/control-batch.ts'
import { type BatchHeader, HEADER_BYTES } from '../protocol/record-batch.ts'
import type { CompletedTransaction } from './producer-states.ts'

/** Follows the transactions of a partition while its batches are read in order. */
export class CleanedTransactions {
  readonly #aborted: readonly CompletedTransaction[]
  #next = 0
  readonly #open = new Map<number, { readonly transaction: CompletedTransaction; hasRecords: boolean }>()
  readonly #committing = new Set<number>()
  /** Aborted transactions of which batches were met: readers still have to know of them. */
  readonly retained: CompletedTransaction[] = []

  constructor(aborted: readonly CompletedTransaction[]) {
    this.#aborted = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Whether the batch may be discarded: it is aborted, or a marker of a transaction without any batch. */
  read(bytes: Buffer, header: BatchHeader): boolean {
    for (let next = this.#aborted[this.#next]; next !== undefined; next = this.#aborted[++this.#next]) {
      if (next.firstOffset > header.lastOffset) break
      if (!this.#open.has(next.producerId)) this.#open.set(next.producerId, { transaction: next, hasRecords: false })
    }
    if (header.control) return this.#marker(bytes, header)
    if (!header.transactional) return false
    const aborted = this.#open.get(header.producerId)
    if (aborted === undefined) this.#committing.add(header.producerId)
    else aborted.hasRecords = true
    return aborted !== undefined
  }

  #marker(bytes: Buffer, header: BatchHeader): boolean {
    if (header.recordCount === 0) return true
    const { producerId } = header
    if (!isAbortMarker(bytes, HEADER_BYTES, bytes.length)) return !this.#committing.delete(producerId)
    const aborted = this.#open.get(producerId)
    this.#open.delete(producerId)
    if (aborted?.hasRecords !== true) return true
    this.retained.push(aborted.transaction)
    return false
  }
}
