import type { AbortedTransaction } from '../protocol/aborted-transactions.ts'
import type { CompletedTransaction } from './producer-states.ts'

/** The aborted transactions of a partition in the order in which they ended, as the real index holds and returns them. */
export class AbortedIndex {
  #ended: CompletedTransaction[] = []

  get all(): readonly CompletedTransaction[] {
    return this.#ended
  }

  add(transaction: CompletedTransaction): void {
    this.#ended.push(transaction)
  }

  /** Those that touch the offsets from `fromOffset` (inclusive) to `toOffset` (exclusive). */
  between(fromOffset: number, toOffset: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    for (let i = this.#firstEndingAtOrAfter(fromOffset); i < this.#ended.length; i++) {
      const { producerId, firstOffset, lastStableOffset } = this.#ended[i]!
      if (firstOffset < toOffset) found.push({ producerId, firstOffset })
      // All that ended later began at or after the stable offset of this moment.
      if (lastStableOffset >= toOffset) break
    }
    return found
  }

  dropBefore(offset: number): void {
    this.#ended.splice(0, this.#firstEndingAtOrAfter(offset))
  }

  replace(ended: readonly CompletedTransaction[]): void {
    this.#ended = [...ended]
  }

  #firstEndingAtOrAfter(offset: number): number {
    let low = 0
    let high = this.#ended.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ended[middle]!.lastOffset >= offset) high = middle
      else low = middle + 1
    }
    return low
  }
}
