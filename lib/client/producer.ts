// Flow: record-collector → [producer] → producer-accumulator → producer-sender → Wire.
import { InvariantError } from '../core/errors.ts'
import type { Headers } from '../core/record.ts'
import type { StateMachine } from '../core/state-machine.ts'
import type { ClientContext, GroupMetadata, OffsetCommit, Producer, ProducerOptions, SentOffsets } from './client.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import type { Coordinators } from './coordinators.ts'
import {
  ClientClosedError,
  CommitOutcomeUnknownError,
  ProducerFencedError,
  StaleMemberError,
  TransactionAbortedError,
} from './errors.ts'
import { takeProducerId } from './idempotent-id.ts'
import { Accumulator } from './producer-accumulator.ts'
import { Acknowledgements } from './producer-acknowledgements.ts'
import type { PartitionQueue, ProducerIdentity } from './producer-batch.ts'
import { type ProducerSettings, producerSettings } from './producer-options.ts'
import { ProducerSender } from './producer-sender.ts'
import { type ProducerState, producerStates } from './producer-state.ts'
import { Transaction } from './transaction.ts'
import { TransactionRequests } from './transaction-requests.ts'
import { type TransactionVersion, transactionVersion } from './transaction-version.ts'
import type { Wire } from './wire.ts'

const NOTHING_SENT: SentOffsets = new Map()

export interface ProducerParts {
  readonly wire: Wire
  readonly metadata: ClusterMetadata
  readonly coordinators: Coordinators
  readonly context: ClientContext
}

/** The producer over a wire. Its parts: what a record passes (accumulator, sender), who waits for it (acknowledgements), and the transaction. */
export class WireProducer implements Producer {
  readonly #parts: ProducerParts
  readonly #settings: ProducerSettings
  readonly #states: StateMachine<ProducerState>
  readonly #acknowledgements = new Acknowledgements()
  readonly #accumulator: Accumulator
  #identity: ProducerIdentity = { producerId: -1, producerEpoch: -1 }
  #version: TransactionVersion = 1
  #sender: ProducerSender | undefined
  /** Only of a transactional producer; one for each identity, and one to abort with. */
  #requests: TransactionRequests | undefined
  #transaction: Transaction | undefined
  /** Why records are not taken now. */
  #guard: (() => void) | undefined
  #refusal: Error | undefined = new InvariantError('A producer takes records only after init()')
  /** The commit, abort or init under way. */
  #operation: Promise<unknown> = Promise.resolve()

  constructor(parts: ProducerParts, options: ProducerOptions) {
    const settings = producerSettings(options)
    this.#parts = parts
    this.#settings = settings
    this.#states = producerStates(
      settings.transactionalId === undefined ? 'A producer' : `The producer '${settings.transactionalId}'`,
    )
    this.#accumulator = new Accumulator({
      ...settings,
      clock: parts.context.clock,
      acknowledgements: this.#acknowledgements,
      onOpened: (queue) => this.#opened(queue),
      onReady: (queues) => this.#ready(queues),
    })
  }

  init(): Promise<void> {
    return this.#exclusively(async () => {
      this.#throwIfClosed()
      this.#states.transitionTo('INITIALIZING')
      const anew = new TransactionAbortedError('The producer is being initialised anew: its records are dropped')
      this.#refusal = anew
      this.#accumulator.drop()
      this.#acknowledgements.drop(anew, 0)
      // What is still under way for the old identity is fenced by the new one.
      void this.#sender?.stop()
      void this.#transaction?.stop()
      this.#requests?.interrupt(anew)
      await this.#orDead(async () => {
        await this.#agreeOnVersion()
        this.#renewRequests(anew)
        this.#start(await this.#takeIdentity())
      })
    })
  }

  send(
    topic: string,
    partition: number,
    key: Buffer | null,
    value: Buffer | null,
    timestamp: number,
    headers: Headers,
  ): void {
    if (this.#refusal !== undefined) throw this.#refusal
    this.#accumulator.append(topic, partition, key, value, timestamp, headers)
  }

  get pendingBytes(): number {
    return this.#acknowledgements.pendingBytes
  }

  async drained(limit: number): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal
    return this.#acknowledgements.drained(limit)
  }

  async flush(): Promise<SentOffsets> {
    if (this.#refusal !== undefined) throw this.#refusal
    return this.#seal(this.#acknowledgements.current.transaction)
  }

  guard(check: (() => void) | undefined): void {
    this.#guard = check
  }

  async commit(offsets: readonly OffsetCommit[], group: GroupMetadata): Promise<SentOffsets> {
    if (this.#settings.transactionalId === undefined)
      throw new InvariantError('Only a producer with a transactional id commits')
    if (this.#states.is('COMMITTING')) throw new InvariantError('A commit of this producer is under way')
    if (this.#refusal !== undefined) throw this.#refusal
    if (this.#states.is('READY')) {
      if (offsets.length === 0) return NOTHING_SENT
      this.#states.transitionTo('OPEN')
    }
    // In these states nothing else is under way. Begun within the call: records that follow it belong to the next transaction.
    this.#states.transitionTo('COMMITTING')
    const committed = this.#commit(offsets, group)
    this.#operation = committed.catch(() => {})
    return committed
  }

  abort(): Promise<void> {
    return this.#exclusively(async () => {
      if (this.#states.is('DEAD', 'CLOSED', 'UNINITIALIZED')) throw this.#refusal
      this.#states.transitionTo('ABORTING')
      const aborting = new TransactionAbortedError('The transaction is being aborted: its records are dropped')
      this.#refusal = aborting
      const next = (this.#transaction?.number ?? -1) + 1
      this.#accumulator.drop()
      this.#acknowledgements.drop(aborting, next)
      await this.#orDead(() => this.#abort(aborting))
    })
  }

  async close(): Promise<void> {
    if (this.#states.is('CLOSED')) return
    this.#states.transitionTo('CLOSED')
    const closed = new ClientClosedError('The producer was closed')
    this.#refusal = closed
    this.#requests?.interrupt(closed)
    void this.#sender?.stop()
    void this.#transaction?.stop()
    this.#accumulator.clear()
    this.#acknowledgements.fail(closed)
  }

  // ---- operations, one at a time

  // Begins within the call if nothing is under way, so that no record slips in between.
  async #exclusively(operation: () => Promise<void>): Promise<void> {
    while (this.#states.is('INITIALIZING', 'COMMITTING', 'ABORTING')) await this.#operation
    const done = operation()
    this.#operation = done.catch(() => {})
    return done
  }

  async #commit(offsets: readonly OffsetCommit[], group: GroupMetadata): Promise<SentOffsets> {
    const transaction = this.#transaction!
    try {
      const { sent, identity } = await transaction.commit(offsets, group, () => this.#seal(transaction.number + 1))
      this.#throwIfClosed()
      if (identity !== undefined) this.#goOnAs(identity)
      this.#run()
      return sent
    } catch (error) {
      if (!this.#states.is('COMMITTING')) throw error
      if (error instanceof StaleMemberError) this.#states.transitionTo('SEALED')
      else this.#failed(error as Error)
      throw error
    }
  }

  async #abort(cause: Error): Promise<void> {
    const sender = this.#sender!
    const transaction = this.#transaction
    this.#requests?.interrupt(cause)
    await Promise.all([sender.stop(), transaction?.stop()])
    this.#throwIfClosed()
    const requests = this.#renewRequests(cause)
    const identity = requests === undefined ? undefined : await transaction?.abort(requests)
    this.#throwIfClosed()
    // If some batch may or may not be in the log, the next sequence number is not known; and one that is still on its way must not get into the
    // next transaction. Another epoch cures both.
    if (identity !== undefined) {
      this.#start(identity)
    } else if (sender.unresolved || transaction?.uncertain === true) {
      this.#start(await this.#takeIdentity(this.#identity))
    } else {
      sender.resume()
      this.#run()
    }
  }

  // ---- the life of an identity

  // Undefined for a producer without transactions.
  #renewRequests(cause: Error): TransactionRequests | undefined {
    const { transactionalId, transactionTimeoutMs } = this.#settings
    this.#requests?.interrupt(cause)
    if (transactionalId !== undefined) {
      const version = this.#version
      this.#requests = new TransactionRequests({ ...this.#parts, transactionalId, transactionTimeoutMs, version })
    }
    return this.#requests
  }

  // Asked each time: clusters are upgraded, and downgraded, while producers live.
  async #agreeOnVersion(): Promise<void> {
    if (this.#settings.transactionalId === undefined) return
    this.#version = await transactionVersion(this.#parts.wire, this.#parts.context)
    this.#throwIfClosed()
  }

  #goOnAs(identity: ProducerIdentity): void {
    this.#identity = identity
    this.#sender!.renew(identity, this.#accumulator.queues())
  }

  #takeIdentity(previous?: ProducerIdentity): Promise<ProducerIdentity> {
    return this.#requests?.initProducerId(previous) ?? takeProducerId(this.#parts.wire, this.#parts.context)
  }

  #start(identity: ProducerIdentity): void {
    this.#throwIfClosed()
    this.#identity = identity
    this.#accumulator.clear()
    const onFailure = (error: Error): void => {
      if (this.#sender === sender) this.#fail(error)
    }
    const { wire, metadata, context } = this.#parts
    const acknowledgements = this.#acknowledgements
    const version = this.#version
    const guard = () => this.#guard?.()
    const parts = { wire, metadata, context, acknowledgements, guard, onFailure, version, ...this.#settings }
    const sender: ProducerSender = new ProducerSender(parts, identity)
    this.#sender = sender
    this.#run()
  }

  #run(): void {
    this.#states.transitionTo('READY')
    this.#refusal = undefined
    this.#begin(this.#acknowledgements.current.transaction)
  }

  // Records for the transaction `number` may leave now; some may have been held back for it.
  #begin(number: number): void {
    const sender = this.#sender!
    sender.allow(number)
    if (this.#requests === undefined) return
    const transaction: Transaction = new Transaction({
      clock: this.#parts.context.clock,
      requests: this.#requests,
      identity: this.#identity,
      number,
      onRegistered: (queues) => this.#ready(queues),
      onFailure: (error) => {
        if (this.#transaction === transaction) this.#fail(error)
      },
    })
    this.#transaction = transaction
    for (const queue of this.#accumulator.queues()) {
      if (queue.open !== undefined || queue.waiting.length > 0) this.#opened(queue)
    }
  }

  #opened(queue: PartitionQueue): void {
    const transaction = this.#transaction
    if (transaction === undefined || this.#acknowledgements.current.transaction !== transaction.number) return
    if (this.#states.is('READY')) this.#states.transitionTo('OPEN')
    transaction.add(queue)
  }

  #ready(queues: Iterable<PartitionQueue>): void {
    const sender = this.#sender
    if (sender === undefined) return
    for (const queue of queues) sender.ready(queue)
    sender.drain()
  }

  #seal(nextTransaction: number): Promise<SentOffsets> {
    this.#accumulator.closeBatches()
    const flushed = this.#acknowledgements.seal(nextTransaction)
    this.#ready(this.#accumulator.queues())
    return flushed
  }

  // ---- failure

  async #orDead(operation: () => Promise<void>): Promise<void> {
    try {
      await operation()
    } catch (error) {
      this.#throwIfClosed()
      this.#states.transitionTo('DEAD')
      this.#refusal = error as Error
      throw error
    }
  }

  // Something that runs by itself has failed.
  #fail(error: Error): void {
    if (this.#states.is('READY', 'OPEN', 'SEALED')) this.#failed(error)
    else if (this.#states.is('COMMITTING')) {
      // The commit gets to know of it, and moves the state when it has ended.
      this.#refusal = error
      this.#requests?.interrupt(error)
      this.#acknowledgements.fail(error)
    }
  }

  #failed(error: Error): void {
    const initOnly = error instanceof ProducerFencedError || error instanceof CommitOutcomeUnknownError
    this.#states.transitionTo(initOnly ? 'DEAD' : 'FAILED')
    this.#refusal = error
    this.#requests?.interrupt(error)
    this.#acknowledgements.fail(error)
    void this.#sender?.stop()
  }

  #throwIfClosed(): void {
    if (this.#states.is('CLOSED')) throw this.#refusal
  }
}
