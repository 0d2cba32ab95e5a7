import { errorCodes } from '../protocol/error-codes.ts'
import type { BatchHeader } from '../protocol/record-batch.ts'

/** A producer has at most this many batches under way, so a repeated one is among as many. */
const RETAINED_BATCH_COUNT = 5
const INT32_MAX = 2 ** 31 - 1
const NONE = -1

export interface SentBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly timestamp: number
}

/** A transaction of which a partition has seen the control marker. */
export interface CompletedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
  /** Where the last stable offset lies once this transaction is over. */
  readonly lastStableOffset: number
}

interface Producer {
  epoch: number
  /** The last batches of this epoch, oldest first. */
  batches: SentBatch[]
  /** Of the open transaction; NONE: there is none. */
  transactionFirstOffset: number
}

interface Unverified {
  epoch: number
  lowestSequence: number
}

/** What one partition knows of its producers: epochs, sequence numbers, open transactions. */
export class ProducerStates {
  readonly #producers = new Map<number, Producer>()
  // By first offset. Offsets only grow, so the first entry is the oldest.
  readonly #openTransactions = new Map<number, number>()
  readonly #unverified = new Map<number, Unverified>()

  /** The first offset of the oldest open transaction; undefined: none is open. */
  get firstUnstableOffset(): number | undefined {
    for (const offset of this.#openTransactions.keys()) return offset
    return undefined
  }

  hasOpenTransaction(producerId: number, epoch: number): boolean {
    const producer = this.#producers.get(producerId)
    return producer !== undefined && producer.transactionFirstOffset !== NONE && producer.epoch === epoch
  }

  /**
   * Notes that the coordinator is asked about a transaction's first batch here. If the answer is an error that passes, later batches
   * must not overtake this one: the lowest sequence is kept.
   */
  startVerification(batch: BatchHeader): void {
    const { producerId, producerEpoch: epoch, baseSequence } = batch
    const known = this.#unverified.get(producerId)
    if (known === undefined || epoch > known.epoch) {
      this.#unverified.set(producerId, { epoch, lowestSequence: baseSequence })
    } else if (epoch === known.epoch && baseSequence < known.lowestSequence) known.lowestSequence = baseSequence
  }

  /** The batch that this one repeats, if it is among the last of its producer. */
  duplicateOf(batch: BatchHeader): SentBatch | undefined {
    const producer = this.#producers.get(batch.producerId)
    if (producer === undefined || producer.epoch !== batch.producerEpoch) return undefined
    const lastSequence = lastSequenceOf(batch)
    return producer.batches.find(
      (sent) => sent.firstSequence === batch.baseSequence && sent.lastSequence === lastSequence,
    )
  }

  /** NONE if a data batch may follow what its producer has sent. */
  check(batch: BatchHeader): number {
    const producer = this.#producers.get(batch.producerId)
    if (producer !== undefined && batch.producerEpoch < producer.epoch) return errorCodes.INVALID_PRODUCER_EPOCH
    const unverified = this.#unverified.get(batch.producerId)
    if (unverified !== undefined && batch.baseSequence > unverified.lowestSequence) {
      return errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER
    }
    // Of a producer that is not known, its records having been deleted, any sequence is taken.
    if (producer === undefined) return errorCodes.NONE
    const last = producer.epoch === batch.producerEpoch ? (producer.batches.at(-1)?.lastSequence ?? NONE) : NONE
    const follows = batch.baseSequence === last + 1 || (batch.baseSequence === 0 && last === INT32_MAX)
    if (!follows) return errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER
    const mixed = producer.transactionFirstOffset !== NONE && !batch.transactional
    return mixed ? errorCodes.INVALID_TXN_STATE : errorCodes.NONE
  }

  /** Takes note of a data batch that was appended. */
  appended(batch: BatchHeader): void {
    const producer = this.#producer(batch.producerId, batch.producerEpoch)
    if (producer.batches.length === RETAINED_BATCH_COUNT) producer.batches.shift()
    producer.batches.push({
      firstSequence: batch.baseSequence,
      lastSequence: lastSequenceOf(batch),
      firstOffset: batch.baseOffset,
      lastOffset: batch.lastOffset,
      timestamp: batch.maxTimestamp,
    })
    if (!batch.transactional) return
    this.#unverified.delete(batch.producerId)
    if (producer.transactionFirstOffset !== NONE) return
    producer.transactionFirstOffset = batch.baseOffset
    this.#openTransactions.set(batch.baseOffset, batch.producerId)
  }

  /** Whether a control marker of this epoch may be written: not if the producer has been fenced since. */
  acceptsMarker(producerId: number, epoch: number): boolean {
    return epoch >= (this.#producers.get(producerId)?.epoch ?? NONE)
  }

  /** Takes note of a control marker. Undefined: the producer has no open transaction here. */
  ended(marker: BatchHeader): CompletedTransaction | undefined {
    const { producerId, lastOffset } = marker
    const producer = this.#producer(producerId, marker.producerEpoch)
    this.#unverified.delete(producerId)
    const firstOffset = producer.transactionFirstOffset
    if (firstOffset === NONE) return undefined
    producer.transactionFirstOffset = NONE
    this.#openTransactions.delete(firstOffset)
    return { producerId, firstOffset, lastOffset, lastStableOffset: this.firstUnstableOffset ?? lastOffset + 1 }
  }

  /** Whether compaction must keep this batch, even without records, because it holds the last sequence or epoch of its producer. */
  isLastOf(batch: BatchHeader): boolean {
    const producer = this.#producers.get(batch.producerId)
    if (producer === undefined) return false
    const last = producer.batches.at(-1)
    if (last !== undefined) return batch.lastOffset === last.lastOffset
    return batch.control && batch.producerEpoch === producer.epoch
  }

  // A new epoch starts its sequences at 0, so the batches of the old one are forgotten.
  #producer(producerId: number, epoch: number): Producer {
    let producer = this.#producers.get(producerId)
    if (producer === undefined) {
      producer = { epoch, batches: [], transactionFirstOffset: NONE }
      this.#producers.set(producerId, producer)
    } else if (producer.epoch !== epoch) {
      producer.epoch = epoch
      producer.batches = []
    }
    return producer
  }
}

// Sequences wrap around to 0 after the largest 32-bit integer.
function lastSequenceOf(batch: BatchHeader): number {
  const last = batch.baseSequence + batch.lastOffset - batch.baseOffset
  return last > INT32_MAX ? last - INT32_MAX - 1 : last
}
