import { errorCodes } from '../protocol/error-codes.ts'
import type { ClusterSettings } from './settings.ts'
import { isExhausted, NO_EPOCH, NO_PRODUCER_ID, type Participant, participantKey, Transaction } from './transaction.ts'
import type { TransactionMarkers } from './transaction-markers.ts'

/** `transaction.max.timeout.ms`. */
const MAX_TRANSACTION_TIMEOUT_MS = 900_000

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface InitResult extends ProducerIdentity {
  readonly errorCode: number
}

/**
 * Producer ids, epochs and transactions: the rules of Kafka's TransactionCoordinator for clients of transaction version 1 (a producer keeps
 * its epoch from one transaction to the next) and of version 2 (each end raises it).
 */
export class TransactionCoordinator {
  readonly #settings: ClusterSettings
  readonly #markers: TransactionMarkers
  readonly #transactions = new Map<string, Transaction>()
  #nextProducerId = 0

  constructor(settings: ClusterSettings, markers: TransactionMarkers) {
    this.#settings = settings
    this.#markers = markers
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#transactions.get(transactionalId)
  }

  all(): readonly Transaction[] {
    return [...this.#transactions.values()]
  }

  /** A producer id for an idempotent producer without transactions. */
  newProducerId(): InitResult {
    return { errorCode: errorCodes.NONE, producerId: this.#nextProducerId++, producerEpoch: 0 }
  }

  /**
   * Gives a transactional id to whoever asks, and fences who had it. An open transaction is aborted first: CONCURRENT_TRANSACTIONS until
   * that is done.
   *
   * @param expected - The asker's own identity, if it has one and wants to raise its epoch (KIP-360).
   */
  init(transactionalId: string, timeoutMs: number, expected: ProducerIdentity | undefined): InitResult {
    if (transactionalId === '') return failed(errorCodes.INVALID_REQUEST)
    if (timeoutMs <= 0 || timeoutMs > MAX_TRANSACTION_TIMEOUT_MS) return failed(errorCodes.INVALID_TRANSACTION_TIMEOUT)
    let transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined) {
      transaction = new Transaction(transactionalId, this.#nextProducerId++)
      this.#transactions.set(transactionalId, transaction)
    }
    if (expected !== undefined && !mayContinue(transaction, expected)) return failed(errorCodes.PRODUCER_FENCED)
    if (transaction.isEnding) return failed(errorCodes.CONCURRENT_TRANSACTIONS)
    if (transaction.state === 'Ongoing') {
      this.#fence(transaction)
      return failed(errorCodes.CONCURRENT_TRANSACTIONS)
    }
    const next = this.#nextIdentity(transaction, expected)
    if (next === undefined) return failed(errorCodes.PRODUCER_FENCED)
    transaction.transitionTo('Empty')
    transaction.timeoutMs = timeoutMs
    if (next.producerId !== transaction.producerId) transaction.previousProducerId = transaction.producerId
    transaction.producerId = next.producerId
    transaction.epoch = next.producerEpoch
    transaction.lastEpoch = next.lastEpoch
    return { errorCode: errorCodes.NONE, producerId: next.producerId, producerEpoch: next.producerEpoch }
  }

  /** Adds partitions, or a group's offsets, to the open transaction; opens one if there is none. */
  add(transactionalId: string, producer: ProducerIdentity, participants: readonly Participant[]): number {
    const transaction = this.#transactions.get(transactionalId)
    const errorCode = identityError(transaction, producer)
    if (transaction === undefined || errorCode !== errorCodes.NONE) return errorCode
    if (transaction.isEnding) return errorCodes.CONCURRENT_TRANSACTIONS
    if (transaction.state !== 'Ongoing') {
      transaction.transitionTo('Ongoing')
      transaction.startMs = this.#settings.clock.now()
      transaction.timer = this.#settings.clock.setTimer(transaction.timeoutMs, () => this.#fence(transaction))
    }
    for (const each of participants) transaction.participants.set(participantKey(each), each)
    return errorCodes.NONE
  }

  /** NONE if the producer's open transaction holds the participant: asked before the first write of a transaction. */
  verify(transactionalId: string, producer: ProducerIdentity, participant: Participant): number {
    const transaction = this.#transactions.get(transactionalId)
    const errorCode = identityError(transaction, producer)
    if (transaction === undefined || errorCode !== errorCodes.NONE) {
      // Producers expect the partition's word for it.
      return errorCode === errorCodes.PRODUCER_FENCED ? errorCodes.INVALID_PRODUCER_EPOCH : errorCode
    }
    if (transaction.isEnding) return errorCodes.CONCURRENT_TRANSACTIONS
    const isKnown = transaction.participants.has(participantKey(participant))
    return isKnown ? errorCodes.NONE : errorCodes.INVALID_TXN_STATE
  }

  /** `add`, asked by a partition's leader or a group's coordinator for a client of version 2. */
  addFromPartition(transactionalId: string, producer: ProducerIdentity, participant: Participant): number {
    const errorCode = this.add(transactionalId, producer, [participant])
    return errorCode === errorCodes.PRODUCER_FENCED ? errorCodes.INVALID_PRODUCER_EPOCH : errorCode
  }

  /** `end` for a client of version 2, which goes on under the identity that is returned. */
  endRaising(transactionalId: string, producer: ProducerIdentity, type: 'commit' | 'abort'): InitResult {
    const transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined) return failed(errorCodes.INVALID_PRODUCER_ID_MAPPING)
    // The end that raised the epoch, asked for again because its answer was lost.
    const isRepeated = hasRaised(transaction, producer)
    const errorCode = isRepeated ? errorCodes.NONE : identityError(transaction, producer)
    if (errorCode !== errorCodes.NONE) return failed(errorCode)
    const [preparing, complete] =
      type === 'commit' ? (['PrepareCommit', 'CompleteCommit'] as const) : (['PrepareAbort', 'CompleteAbort'] as const)
    if (transaction.state === preparing) return failed(errorCodes.CONCURRENT_TRANSACTIONS)
    if (transaction.isEnding) return failed(errorCodes.INVALID_TXN_STATE)
    if (isRepeated)
      return transaction.state === complete ? identityOf(transaction) : failed(errorCodes.INVALID_TXN_STATE)
    // An abort may end a transaction that has nothing yet.
    if (transaction.state !== 'Ongoing' && type === 'commit') return failed(errorCodes.INVALID_TXN_STATE)
    if (transaction.state !== 'Ongoing') transaction.transitionTo('Ongoing')
    const ended = { producerId: transaction.producerId, epoch: transaction.epoch + 1 }
    if (transaction.isEpochExhausted) {
      transaction.previousProducerId = transaction.producerId
      transaction.producerId = this.#nextProducerId++
      transaction.epoch = 0
    } else transaction.epoch++
    transaction.lastEpoch = NO_EPOCH
    this.#prepare(transaction, type, ended)
    return identityOf(transaction)
  }

  /** Decides the outcome. The markers follow after the answer. */
  end(transactionalId: string, producer: ProducerIdentity, type: 'commit' | 'abort'): number {
    const transaction = this.#transactions.get(transactionalId)
    const errorCode = identityError(transaction, producer)
    if (transaction === undefined || errorCode !== errorCodes.NONE) return errorCode
    const [preparing, complete] =
      type === 'commit' ? (['PrepareCommit', 'CompleteCommit'] as const) : (['PrepareAbort', 'CompleteAbort'] as const)
    switch (transaction.state) {
      case 'Ongoing':
        this.#prepare(transaction, type)
        return errorCodes.NONE
      case complete:
        // A repeated request whose answer was lost.
        return errorCodes.NONE
      case preparing:
        return errorCodes.CONCURRENT_TRANSACTIONS
      default:
        return errorCodes.INVALID_TXN_STATE
    }
  }

  // The new epoch makes the old one stale, here and, by the marker, in the partitions. Its owner, if it names its own epoch, may go on
  // with the new one until another producer has taken over.
  #fence(transaction: Transaction): void {
    transaction.lastEpoch = transaction.epoch
    transaction.epoch++
    this.#prepare(transaction, 'abort')
  }

  // `as`: the identity that the markers have, if not the producer's.
  #prepare(
    transaction: Transaction,
    type: 'commit' | 'abort',
    as: { readonly producerId: number; readonly epoch: number } = transaction,
  ): void {
    transaction.timer?.cancel()
    transaction.transitionTo(type === 'commit' ? 'PrepareCommit' : 'PrepareAbort')
    this.#markers.write(transaction, type, as, () => {
      transaction.participants.clear()
      transaction.transitionTo(type === 'commit' ? 'CompleteCommit' : 'CompleteAbort')
    })
  }

  // Undefined: the asker has been fenced.
  #nextIdentity(
    transaction: Transaction,
    expected: ProducerIdentity | undefined,
  ): (ProducerIdentity & { readonly lastEpoch: number }) | undefined {
    const { producerId, epoch, lastEpoch } = transaction
    if (transaction.isEpochExhausted && (expected === undefined || expected.producerEpoch === epoch)) {
      const recorded = expected === undefined ? NO_EPOCH : epoch
      return { producerId: this.#nextProducerId++, producerEpoch: 0, lastEpoch: recorded }
    }
    if (expected === undefined) return { producerId, producerEpoch: epoch + 1, lastEpoch: NO_EPOCH }
    if (epoch === NO_EPOCH || expected.producerEpoch === epoch) {
      return { producerId, producerEpoch: epoch + 1, lastEpoch: epoch }
    }
    // A repeated request: the first one has raised the epoch already.
    if (expected.producerEpoch === lastEpoch) return { producerId, producerEpoch: epoch, lastEpoch }
    return undefined
  }
}

function mayContinue(transaction: Transaction, expected: ProducerIdentity): boolean {
  if (transaction.epoch === NO_EPOCH || expected.producerId === transaction.producerId) return true
  return expected.producerId === transaction.previousProducerId && isExhausted(expected.producerEpoch)
}

function identityError(transaction: Transaction | undefined, producer: ProducerIdentity): number {
  if (transaction === undefined || transaction.producerId !== producer.producerId) {
    return errorCodes.INVALID_PRODUCER_ID_MAPPING
  }
  return transaction.epoch === producer.producerEpoch ? errorCodes.NONE : errorCodes.PRODUCER_FENCED
}

function hasRaised(transaction: Transaction, { producerId, producerEpoch }: ProducerIdentity): boolean {
  if (producerId === transaction.producerId) return transaction.epoch === producerEpoch + 1
  return producerId === transaction.previousProducerId && isExhausted(producerEpoch) && transaction.epoch === 0
}

function identityOf({ producerId, epoch }: Transaction): InitResult {
  return { errorCode: errorCodes.NONE, producerId, producerEpoch: epoch }
}

function failed(errorCode: number): InitResult {
  return { errorCode, producerId: NO_PRODUCER_ID, producerEpoch: NO_EPOCH }
}
