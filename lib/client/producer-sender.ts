// Flow: producer-batch → [producer-sender] → Wire; answers → producer-acknowledgements.
//
// At most MAX_IN_FLIGHT_REQUESTS are under way to a node, each with one batch per partition. The broker knows the last five batches of a producer
// in a partition, so it recognises each of those should it come again. When a batch fails in a way that may pass, its partition waits until
// everything in flight has been answered, then sends from the first unacknowledged batch on, one at a time, with the sequences they had.
import type { Timer } from '../core/clock.ts'
import { StreamsError } from '../core/errors.ts'
import { onCluster, onTopic } from './authorization.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { BrokerUnavailableError, RecordTooLargeError, RequestTimeoutError } from './errors.ts'
import { OperationOutages } from './outage.ts'
import type { Acknowledgements } from './producer-acknowledgements.ts'
import { nextSequence, type PartitionQueue, type ProducerBatch, type ProducerIdentity } from './producer-batch.ts'
import { refused } from './producer-errors.ts'
import { ProduceRequest, type ProduceResult } from './producer-request.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import type { RetryContext } from './retry.ts'
import { topicLimit } from './topic-limits.ts'
import type { TransactionVersion } from './transaction-version.ts'
import type { Wire } from './wire.ts'

export const MAX_IN_FLIGHT_REQUESTS = 5
export const MAX_REQUEST_BYTES = 1_048_576
/** Before a batch is sent again: they double from the first to the longest, in milliseconds. */
const RETRY_DELAYS = { firstMs: 20, maxMs: 1_000 }
/** While the transaction before is ending: as for the coordinator's requests. */
const ENDING_DELAYS = { firstMs: 1, maxMs: 20 }

export interface SenderParts {
  readonly wire: Wire
  readonly metadata: ClusterMetadata
  readonly context: RetryContext
  readonly acknowledgements: Acknowledgements
  readonly transactionalId: string | undefined
  /** Of its transactions. */
  readonly version: TransactionVersion
  readonly deliveryTimeoutMs: number
  /** Called before requests leave; what it throws is a failure. */
  readonly guard: () => void
  /** Called once, with what no retry cures. */
  readonly onFailure: (error: Error) => void
}

/** Sends the batches of a producer, in order within each partition, each stored once. */
export class ProducerSender {
  readonly #parts: SenderParts
  #identity: ProducerIdentity
  /** Partitions that may have something to send and wait for no event of their own. */
  readonly #ready = new Set<PartitionQueue>()
  readonly #requestsInFlight = new Map<number, number>()
  readonly #retryTimers = new Set<Timer>()
  /** By delay: the partitions of the answer under digestion that wait for so long. */
  readonly #retrying = new Map<number, PartitionQueue[]>()
  readonly #outages: OperationOutages
  /** Partitions whose trouble has lasted so long that the log knows of it. */
  readonly #troubled = new Set<PartitionQueue>()
  #unacknowledgedBatches = 0
  #requestCount = 0
  #drainingSoon = false
  #stopped = false
  #whenIdle: (() => void) | undefined
  #transaction = 0

  constructor(parts: SenderParts, identity: ProducerIdentity) {
    this.#parts = parts
    this.#outages = parts.context.outages ?? new OperationOutages(parts.context.logger)
    this.#identity = identity
  }

  /** Lets the batches of the next transaction leave; without transactions all belong to transaction 0. */
  allow(transaction: number): void {
    this.#transaction = transaction
  }

  /** Goes on in another epoch, or under another id: for each partition sequences begin anew. To be called when all is acknowledged. */
  renew(identity: ProducerIdentity, queues: Iterable<PartitionQueue>): void {
    this.#identity = identity
    for (const queue of queues) queue.nextSequence = 0
  }

  /** Notes that a partition may have something to send. `drain` sends it. */
  ready(queue: PartitionQueue): void {
    if (!queue.suspended) this.#ready.add(queue)
  }

  /** Whether no request is under way to a partition's leader. */
  idleLeader(queue: PartitionQueue): boolean {
    return (this.#requestsInFlight.get(queue.node) ?? 0) === 0
  }

  /** Sends what may leave now: ready batches of one leader share requests. */
  drain(): void {
    if (this.#stopped || !this.#allowed()) return
    for (;;) {
      const requests = new Map<number, ProduceRequest>()
      const served: PartitionQueue[] = []
      for (const queue of this.#ready) {
        if (this.#offer(queue, requests)) served.push(queue)
      }
      if (requests.size === 0) return
      // To the end of the line, so that a busy partition starves no other.
      for (const queue of served) {
        this.#ready.delete(queue)
        this.#ready.add(queue)
      }
      for (const request of requests.values()) this.#transmit(request)
    }
  }

  /** Whether a batch has a sequence and no acknowledgement: the next sequence that the broker expects is then unknown. */
  get unresolved(): boolean {
    return this.#unacknowledgedBatches > 0
  }

  /** Sends nothing more, not even again, and resolves when everything under way has been answered. */
  stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#retryTimers) timer.cancel()
    this.#retryTimers.clear()
    for (const queue of this.#troubled) this.#recovered(queue, false)
    if (this.#requestCount === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const before = this.#whenIdle
      this.#whenIdle = () => {
        before?.()
        resolve()
      }
    })
  }

  /** After a stop, when nothing was left unresolved. */
  resume(): void {
    this.#ready.clear()
    this.#stopped = false
  }

  #allowed(): boolean {
    if (this.#ready.size > 0) this.#attempt(this.#parts.guard)
    return !this.#stopped
  }

  // Puts the partition's next batch into its leader's request. A partition with nothing to send, or that waits for an event of its own, leaves
  // the ready set; one whose leader is busy stays.
  #offer(queue: PartitionQueue, requests: Map<number, ProduceRequest>): boolean {
    const sizeBytes = queue.suspended ? 0 : this.#nextSizeBytes(queue)
    if (sizeBytes === 0) {
      this.#ready.delete(queue)
      return false
    }
    const node = this.#parts.metadata.cachedLeader(queue.topic, queue.partition)
    if (node === undefined) {
      this.#findLeader(queue)
      return false
    }
    if (queue.inFlightCount > 0 && queue.node !== node) {
      this.#ready.delete(queue)
      return false
    }
    queue.node = node
    if ((this.#requestsInFlight.get(node) ?? 0) >= MAX_IN_FLIGHT_REQUESTS) return false
    let request = requests.get(node)
    if (request === undefined) {
      request = new ProduceRequest(node)
      requests.set(node, request)
    } else if (request.sizeBytes + sizeBytes > MAX_REQUEST_BYTES) return false
    request.add(this.#take(queue))
    return true
  }

  // Of the batch that may leave next; 0: none.
  #nextSizeBytes(queue: PartitionQueue): number {
    const resend = queue.unacknowledged.length - queue.inFlightCount > 0
    if (resend) return queue.inFlightCount > 0 ? 0 : queue.unacknowledged[0]!.sizeBytes
    // A partition's first batch goes alone: a leader that knows nothing of this producer takes any sequence number as its first.
    if (queue.inFlightCount >= (queue.proven ? MAX_IN_FLIGHT_REQUESTS : 1)) return 0
    const next = queue.waiting[0] ?? (queue.due ? queue.open : undefined)
    if (next === undefined || next.group.transaction !== this.#transaction) return 0
    const registered = this.#parts.transactionalId === undefined || queue.registeredIn === this.#transaction
    return registered ? next.sizeBytes : 0
  }

  #take(queue: PartitionQueue): ProducerBatch {
    let batch = queue.unacknowledged.length > queue.inFlightCount ? queue.unacknowledged[0]! : undefined
    if (batch === undefined) {
      if (queue.waiting.length === 0) queue.close()
      batch = queue.waiting.shift()!
      batch.encode(this.#identity, queue.nextSequence, this.#parts.transactionalId !== undefined)
      queue.nextSequence = nextSequence(queue.nextSequence, batch.recordCount)
      queue.unacknowledged.push(batch)
      this.#unacknowledgedBatches++
    }
    batch.inFlight = true
    queue.inFlightCount++
    return batch
  }

  #transmit(request: ProduceRequest): void {
    const { wire, context, transactionalId, version } = this.#parts
    const { node } = request
    this.#requestsInFlight.set(node, (this.#requestsInFlight.get(node) ?? 0) + 1)
    this.#requestCount++
    const timeoutMs = context.requestTimeoutMs
    const api = transactionalId !== undefined && version === 2 ? 'produceV12' : 'produce'
    wire.send(node, api, request.body(transactionalId, timeoutMs), { timeoutMs }).then(
      (response) => this.#settle(node, () => this.#answered(request, request.results(response))),
      (error: Error) => this.#settle(node, () => this.#unanswered(request, error)),
    )
  }

  #settle(node: number, digest: () => void): void {
    this.#requestsInFlight.set(node, this.#requestsInFlight.get(node)! - 1)
    this.#requestCount--
    this.#attempt(() => {
      digest()
      this.#waitToRetry()
      this.drain()
    })
    if (this.#requestCount > 0) return
    this.#whenIdle?.()
    this.#whenIdle = undefined
  }

  #answered(request: ProduceRequest, results: ReadonlyMap<PartitionQueue, ProduceResult>): void {
    for (const batch of request.batches) {
      this.#landed(batch)
      const result = results.get(batch.queue)
      if (result === undefined) this.#retry(batch, new Error('the response does not name the partition'))
      else this.#judge(batch, result)
    }
  }

  #unanswered(request: ProduceRequest, error: Error): void {
    for (const batch of request.batches) this.#landed(batch)
    if (!(error instanceof StreamsError) || error.recovery !== 'retry') {
      this.#fail(error)
      return
    }
    for (const batch of request.batches) {
      this.#parts.metadata.invalidate(batch.queue.topic)
      this.#retry(batch, error)
    }
  }

  #landed(batch: ProducerBatch): void {
    batch.inFlight = false
    batch.queue.inFlightCount--
  }

  #judge(batch: ProducerBatch, result: ProduceResult): void {
    const { queue } = batch
    const code = result.errorCode
    // A sequence gap before the first unacknowledged batch is a loss; behind it, the consequence of that batch's own trouble.
    const followsTrouble = code === errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER && queue.unacknowledged[0] !== batch
    if (code === errorCodes.NONE || code === errorCodes.DUPLICATE_SEQUENCE_NUMBER) {
      this.#acknowledge(batch, result.baseOffset)
    } else if (code === errorCodes.CONCURRENT_TRANSACTIONS) {
      // The transaction before is still ending (version 2), which takes milliseconds, and says nothing against the leader.
      this.#retry(batch, new Error(result.message ?? errorName(code)), ENDING_DELAYS)
    } else if (followsTrouble || isRetriable(code)) {
      if (!followsTrouble) this.#parts.metadata.invalidate(queue.topic)
      this.#retry(batch, new Error(result.message ?? errorName(code)))
    } else if (code === errorCodes.MESSAGE_TOO_LARGE) {
      this.#tooLarge(batch, 'max.message.bytes')
    } else if (code === errorCodes.RECORD_LIST_TOO_LARGE) {
      this.#tooLarge(batch, 'segment.bytes')
    } else {
      const what = `Sending to ${queue.topic}-${queue.partition}`
      const needs = [onTopic(queue.topic, 'WRITE'), onCluster('IDEMPOTENT_WRITE')]
      this.#fail(refused(what, code, result.message, this.#parts.transactionalId, needs))
    }
  }

  #acknowledge(batch: ProducerBatch, baseOffset: number): void {
    const { queue } = batch
    queue.unacknowledged.splice(queue.unacknowledged.indexOf(batch), 1)
    this.#unacknowledgedBatches--
    queue.proven = true
    queue.retryDelayMs = 0
    if (this.#troubled.has(queue)) this.#recovered(queue, true)
    this.#parts.acknowledgements.acknowledged(batch, baseOffset < 0 ? undefined : baseOffset + batch.recordCount - 1)
    this.ready(queue)
  }

  #retry(batch: ProducerBatch, cause: Error, { firstMs, maxMs } = RETRY_DELAYS): void {
    const { queue } = batch
    if (this.#stopped || this.#expired(batch, cause)) return
    queue.retryDelayMs ||= firstMs
    // The longest wait comes after more than a second of trying; and that an answer is missing has shown in a whole request time-out.
    if (queue.retryDelayMs === RETRY_DELAYS.maxMs || cause instanceof RequestTimeoutError) this.#inTrouble(queue, cause)
    if (queue.inFlightCount > 0 || queue.suspended) return
    const delayMs = Math.min(queue.retryDelayMs, maxMs)
    queue.retryDelayMs = Math.min(queue.retryDelayMs * 2, maxMs)
    queue.suspended = true
    const together = this.#retrying.get(delayMs)
    if (together === undefined) this.#retrying.set(delayMs, [queue])
    else together.push(queue)
  }

  // One timer for all that wait equally long, so that they share a request again. A broker answers a connection's requests one after the other, and may
  // hold each for 100 ms while the transaction before is ending: a request for each partition would keep all others waiting.
  #waitToRetry(): void {
    for (const [delayMs, queues] of this.#retrying) {
      const timer = this.#parts.context.clock.setTimer(delayMs, () => {
        this.#retryTimers.delete(timer)
        for (const queue of queues) this.#wake(queue)
      })
      this.#retryTimers.add(timer)
    }
    this.#retrying.clear()
  }

  #inTrouble(queue: PartitionQueue, cause: Error): void {
    if (this.#troubled.has(queue)) return
    this.#troubled.add(queue)
    const { topic, partition } = queue
    const fields = { topic, partition, deliveryTimeoutMs: this.#parts.deliveryTimeoutMs }
    this.#outages.failing(queue, `Sending to ${topic}-${partition}`, cause, fields)
  }

  #recovered(queue: PartitionQueue, succeeded: boolean): void {
    this.#troubled.delete(queue)
    this.#outages.ended(queue, succeeded)
  }

  #wake(queue: PartitionQueue): void {
    queue.suspended = false
    if (this.#stopped) return
    this.#ready.add(queue)
    if (this.#drainingSoon) return
    // Others are likely to wake in this turn: those of one leader shall share a request.
    this.#drainingSoon = true
    queueMicrotask(() => {
      this.#drainingSoon = false
      this.#attempt(() => this.drain())
    })
  }

  #findLeader(queue: PartitionQueue): void {
    this.#ready.delete(queue)
    queue.suspended = true
    this.#parts.metadata.leader(queue.topic, queue.partition).then(
      () => this.#wake(queue),
      (error: Error) => {
        queue.suspended = false
        const first = queue.unacknowledged[0] ?? queue.waiting[0] ?? queue.open
        // Nothing left: what was to be sent has been dropped meanwhile.
        if (first === undefined) return
        if (!(error instanceof BrokerUnavailableError)) this.#fail(error)
        else if (!this.#expired(first, error)) this.#wake(queue)
      },
    )
  }

  #expired(batch: ProducerBatch, cause: Error): boolean {
    const { context, deliveryTimeoutMs } = this.#parts
    if (context.clock.monotonicMs() - batch.createdMs < deliveryTimeoutMs) return false
    const { topic, partition } = batch.queue
    const message =
      `${batch.recordCount} records for ${topic}-${partition} were not acknowledged within ${deliveryTimeoutMs} ms ` +
      `(deliveryTimeoutMs). The last trouble: ${cause.message}.`
    this.#fail(new BrokerUnavailableError(message, { cause }))
    return true
  }

  #tooLarge(batch: ProducerBatch, name: 'max.message.bytes' | 'segment.bytes'): void {
    const { queue } = batch
    if (batch.recordCount > 1) {
      const halves = batch.split(this.#identity, this.#parts.transactionalId !== undefined)
      queue.unacknowledged.splice(queue.unacknowledged.indexOf(batch), 1, ...halves)
      this.#unacknowledgedBatches++
      queue.maxBatchBytes = Math.min(queue.maxBatchBytes, halves[0].pendingBytes)
      this.ready(queue)
      return
    }
    // Nothing of this partition can go on; ask for the limit, so that the error can name it.
    queue.suspended = true
    const { wire, context } = this.#parts
    const sizeBytes = batch.sizeBytes
    void topicLimit(wire, context, queue.topic, name).then((bytes) => {
      this.#fail(new RecordTooLargeError(queue.topic, sizeBytes, { name, bytes }))
    })
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #fail(error: Error): void {
    if (this.#stopped) return
    this.#stopped = true
    for (const queue of this.#troubled) this.#recovered(queue, false)
    this.#parts.onFailure(error)
  }
}
