// Flow: producer-sender → [producer-acknowledgements] → who waits for a flush, a commit or room in the buffers.
import type { SentOffsets } from './client.ts'
import type { ProducerBatch } from './producer-batch.ts'

/** The batches opened between one flush (or commit) and the next. */
export class SendGroup {
  /** The transaction that these batches belong to; always 0 without transactions. */
  readonly transaction: number
  /** Groups of an earlier generation were dropped: what becomes of their batches is nobody's business any more. */
  readonly generation: number
  unacknowledgedBatches = 0
  /** By partition key, the offset of the last record known to be stored. */
  readonly offsets = new Map<string, number>()

  constructor(transaction: number, generation: number) {
    this.transaction = transaction
    this.generation = generation
  }
}

interface Sealed {
  readonly group: SendGroup
  readonly resolve: (offsets: SentOffsets) => void
  readonly reject: (error: Error) => void
}

interface Drain {
  readonly limit: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Counts what is sent and not yet acknowledged, and wakes those who wait for it. */
export class Acknowledgements {
  /** Bytes of records that nobody has acknowledged. */
  pendingBytes = 0
  /** The group that new batches join. */
  current = new SendGroup(0, 0)
  // Oldest first: a flush also waits for the groups before its own.
  readonly #sealed: Sealed[] = []
  #drains: Drain[] = []

  /** Ends the current group. Resolves with its offsets when it, and all before it, are acknowledged. */
  seal(nextTransaction: number): Promise<SentOffsets> {
    const group = this.current
    this.current = new SendGroup(nextTransaction, group.generation)
    return new Promise((resolve, reject) => {
      this.#sealed.push({ group, resolve, reject })
      this.#settleSealed()
    })
  }

  /** @param lastOffset - Undefined: the records are stored, the broker no longer knows where. */
  acknowledged(batch: ProducerBatch, lastOffset: number | undefined): void {
    const { group, queue } = batch
    if (group.generation !== this.current.generation) return
    this.pendingBytes -= batch.pendingBytes
    group.unacknowledgedBatches--
    // Not in order: a batch that had to be sent again is answered after those that followed it.
    if (lastOffset !== undefined && lastOffset > (group.offsets.get(queue.key) ?? -1)) {
      group.offsets.set(queue.key, lastOffset)
    }
    if (group.unacknowledgedBatches === 0) this.#settleSealed()
    if (this.#drains.length > 0) this.#settleDrains()
  }

  drained(limit: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#drains.push({ limit, resolve, reject })
      this.#settleDrains()
    })
  }

  /** Nothing more will be acknowledged. */
  fail(error: Error): void {
    for (const { reject } of this.#sealed.splice(0)) reject(error)
    for (const { reject } of this.#drains.splice(0)) reject(error)
  }

  /** Forgets what was pending: it was dropped. Flushes still waiting for it reject with `error`. */
  drop(error: Error, transaction: number): void {
    for (const { reject } of this.#sealed.splice(0)) reject(error)
    this.pendingBytes = 0
    this.current = new SendGroup(transaction, this.current.generation + 1)
    this.#settleDrains()
  }

  #settleSealed(): void {
    for (let first = this.#sealed[0]; first?.group.unacknowledgedBatches === 0; first = this.#sealed[0]) {
      this.#sealed.shift()
      first.resolve(first.group.offsets)
    }
  }

  #settleDrains(): void {
    this.#drains = this.#drains.filter((drain) => {
      if (this.pendingBytes > drain.limit) return true
      drain.resolve()
      return false
    })
  }
}
