import type { BatchHeader } from '../protocol/record-batch.ts'

/** A batch as it lies in a partition, with its offsets assigned. */
export interface StoredBatch {
  readonly bytes: Buffer
  readonly header: BatchHeader
  /** Bytes of the log before it. */
  readonly position: number
  /** The largest timestamp of this and all earlier batches, so that a time can be found by binary search. */
  readonly maxTimestampSoFar: number
}

/** The batches of a partition in offset order. Offsets may have gaps. */
export class StoredBatches {
  #batches: StoredBatch[] = []

  get count(): number {
    return this.#batches.length
  }

  at(index: number): StoredBatch | undefined {
    return this.#batches[index]
  }

  /** The position after the last batch. */
  get endPosition(): number {
    const last = this.#batches.at(-1)
    return last === undefined ? 0 : last.position + last.bytes.length
  }

  push(bytes: Buffer, header: BatchHeader): void {
    const before = this.#batches.at(-1)?.maxTimestampSoFar ?? -1
    const maxTimestampSoFar = Math.max(before, header.maxTimestamp)
    this.#batches.push({ bytes, header, position: this.endPosition, maxTimestampSoFar })
  }

  /** Index of the first batch that reaches to the offset or beyond; `count` if there is none. */
  indexOf(offset: number): number {
    return this.#first((batch) => batch.header.lastOffset >= offset)
  }

  /** Index of the first batch that may hold a timestamp at or after this one; `count` if there is none. */
  indexOfTimestamp(timestamp: number): number {
    return this.#first((batch) => batch.maxTimestampSoFar >= timestamp)
  }

  /** Drops the batches that end before the offset. */
  dropBefore(offset: number): void {
    this.#batches.splice(0, this.indexOf(offset))
  }

  replace(batches: readonly { readonly bytes: Buffer; readonly header: BatchHeader }[]): void {
    this.#batches = []
    for (const { bytes, header } of batches) this.push(bytes, header)
  }

  /** The bytes from one position up to another, in a buffer of their own: readers keep parts of what they fetch. */
  copy(fromIndex: number, sizeBytes: number): Buffer {
    const copied = Buffer.allocUnsafe(sizeBytes)
    let filled = 0
    for (let index = fromIndex; filled < sizeBytes; index++) {
      filled += this.#batches[index]!.bytes.copy(copied, filled)
    }
    return copied
  }

  // The condition must hold for all batches after the first for which it holds.
  #first(holds: (batch: StoredBatch) => boolean): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (holds(this.#batches[middle]!)) high = middle
      else low = middle + 1
    }
    return low
  }
}
