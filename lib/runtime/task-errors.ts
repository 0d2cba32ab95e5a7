// Flow: record-queue, process-graph → [task-errors] → record-collector
//
// What becomes of a record that cannot be handled. Where nothing is configured an error goes on its way: it stops the instance. Otherwise a handler decides; what it says is done in
// the task's own turn, so that a dead letter and the offset behind its record are in one commit.

import { InvalidStoreArgumentError } from '../../stores/errors.ts'
import { type Awaitable, isPromise } from '../../topology/callbacks.ts'
import { CallbackResultError } from '../../topology/errors.ts'
import type { SinkNode } from '../../topology/physical.ts'
import type { DropCause, Punctuator } from '../../topology/processor.ts'
import { RecordTooLargeError } from '../client/errors.ts'
import { type Clock, sleep } from '../core/clock.ts'
import { StreamsError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import { type ConsumedRecord, NO_HEADERS, type StreamRecord } from '../core/record.ts'
import { DeserializationError, SerializationError } from '../serde/errors.ts'
import type { ResolvedConfig } from './config.ts'
import { type AddressedLetter, lettersOf, problemWith } from './error-decision.ts'
import type { ErrorContext, ErrorDecision, ProductionError } from './error-handlers.ts'
import {
  ErrorHandlerError,
  MissingSinkTopicError,
  ProcessingError,
  type RecordDeserializationError,
  type RecordPlace,
  RecordSerializationError,
} from './errors.ts'
import type { ForwardScope } from './forward.ts'
import type { Metrics } from './metrics.ts'
import type { RecordCollector } from './record-collector.ts'

/** How long a `retry` of the production handler waits before it asks for the topic again. */
const RETRY_PAUSE_MS = 100

/** Errors of ours that are about the record, as those of users' own code are. All others are about the cluster, the state or the program. */
const ABOUT_THE_RECORD = [CallbackResultError, InvalidStoreArgumentError, SerializationError, DeserializationError]

const NO_PLACE: RecordPlace = { topic: '', partition: -1, offset: -1 }

export interface TaskErrorsOptions {
  readonly taskId: string
  readonly config: Pick<
    ResolvedConfig,
    'deserializationHandler' | 'processingHandler' | 'productionHandler' | 'deadLetterQueueTopic'
  >
  readonly collector: Pick<RecordCollector, 'prepare' | 'send' | 'sendBytes'>
  readonly scope: ForwardScope
  readonly clock: Clock
  readonly metrics: Metrics
  readonly logger: Logger
}

/** The error handlers of an application, as one task uses them. */
export class TaskErrors {
  /** Whether anyone wants to know of errors in processors: if not, they need not be caught. */
  readonly handlesProcessing: boolean
  readonly #options: TaskErrorsOptions
  /** Errors that have been decided to stop the instance: no handler further up is asked about them. */
  readonly #final = new WeakSet<object>()
  #input: { readonly place: RecordPlace; readonly raw: ConsumedRecord } | undefined

  constructor(options: TaskErrorsOptions) {
    this.#options = options
    this.handlesProcessing = options.config.processingHandler !== undefined
  }

  /** Says which record the task takes up; undefined: none. */
  takesUp(place: RecordPlace, raw: ConsumedRecord | undefined): void {
    this.#input = raw === undefined ? undefined : { place, raw }
  }

  /**
   * A record that its source cannot read. Returns how to leave it behind, to be called in the turn in which its offset is passed; a promise if a dead letter's topic has to be
   * looked up first.
   *
   * @throws the error, if it is to stop the instance.
   */
  unreadable(error: RecordDeserializationError, raw: ConsumedRecord): Awaitable<() => void> {
    const { deserializationHandler, deadLetterQueueTopic } = this.#options.config
    if (deserializationHandler === undefined) throw error
    const { collector } = this.#options
    const context = this.#context(error.node, { ...error.place, ...raw }, raw)
    const decision = this.#ask('deserializationHandler', error, () => deserializationHandler(error, context))
    if (decision === 'fail') throw error
    const letters = lettersOf(decision, error, context, deadLetterQueueTopic)
    const leave = () => {
      for (const letter of letters) this.#write(letter, error.node)
      this.#drop('deserialization-error', error.node, error.place)
    }
    const waits = letters.map(({ topic }) => collector.prepare(topic, error.node)).filter(isPromise)
    return waits.length === 0 ? leave : Promise.all(waits).then(() => leave)
  }

  /** As `unreadable`, for a record that is restored: it was counted, and its letter written, when it was consumed. */
  unrestorable(error: RecordDeserializationError, raw: ConsumedRecord): () => void {
    const { deserializationHandler } = this.#options.config
    if (deserializationHandler === undefined) throw error
    const context = this.#context(error.node, { ...error.place, ...raw }, raw)
    if (this.#ask('deserializationHandler', error, () => deserializationHandler(error, context)) === 'fail') throw error
    return () => {}
  }

  /** Runs a node on a record; its errors are the handler's. */
  guard(node: string, record: StreamRecord<any, any>, work: () => void | Promise<void>): void | Promise<void> {
    const failed = (error: unknown) => this.#processing(node, record, error)
    try {
      const pending = work()
      if (isPromise(pending)) return pending.then(undefined, failed)
    } catch (error) {
      return failed(error)
    }
  }

  /** A punctuator whose errors are the handler's. */
  guardPunctuator(node: string, punctuator: Punctuator): Punctuator {
    if (!this.handlesProcessing) return punctuator
    const failed = (error: unknown) => this.#processing(node, undefined, error)
    return (timestampMs) => {
      try {
        const pending = punctuator(timestampMs)
        if (isPromise(pending)) return pending.then(undefined, failed)
      } catch (error) {
        return failed(error)
      }
    }
  }

  /** Writes a record to a sink's topic. */
  sink(node: SinkNode, record: StreamRecord<any, any>): void | Promise<void> {
    let pending: void | Promise<void>
    try {
      pending = this.#options.collector.send(node, record)
    } catch (error) {
      return this.#unwritten(node, record, error)
    }
    if (pending !== undefined) return pending.catch((error: unknown) => this.#unwritten(node, record, error))
  }

  // ---- inside

  #unwritten(node: SinkNode, record: StreamRecord<any, any>, error: unknown): void | Promise<void> {
    // What chooses a topic or a partition is a callback like others.
    if (!isProductionError(error)) return this.#processing(node.name, record, error)
    const { productionHandler } = this.#options.config
    if (productionHandler === undefined) throw this.#finally(error)
    const context = { ...this.#context(node.name, record), record }
    const decision = this.#ask('productionHandler', error, () => productionHandler(error, context), ['retry'])
    if (decision === 'retry' && error instanceof MissingSinkTopicError) {
      return sleep(this.#options.clock, RETRY_PAUSE_MS).then(() => this.sink(node, record))
    }
    if (decision === 'fail' || decision === 'retry') throw this.#finally(error)
    return this.#leave(decision, error, context, 'production-error')
  }

  #processing(node: string, record: StreamRecord<any, any> | undefined, error: unknown): void | Promise<void> {
    const { processingHandler } = this.#options.config
    if (processingHandler === undefined || !this.#isAboutTheRecord(error)) throw error
    const context = { ...this.#context(node, record ?? this.#options.scope.current), record }
    const decision = this.#ask('processingHandler', error, () => processingHandler(error, context))
    if (decision === 'fail') throw this.#finally(error)
    return this.#leave(decision, error, context, 'processing-error')
  }

  #isAboutTheRecord(error: unknown): boolean {
    if (typeof error === 'object' && error !== null && this.#final.has(error)) return false
    return !(error instanceof StreamsError) || ABOUT_THE_RECORD.some((kind) => error instanceof kind)
  }

  // What was thrown need not be an object.
  #finally(error: unknown): object {
    const final =
      typeof error === 'object' && error !== null
        ? error
        : new ProcessingError(this.#options.taskId, this.#options.scope.nodeName, this.#input?.place ?? NO_PLACE, error)
    this.#final.add(final)
    return final
  }

  #leave(
    decision: Exclude<ErrorDecision, 'fail'>,
    error: unknown,
    context: ErrorContext,
    cause: DropCause,
  ): void | Promise<void> {
    const { collector, config } = this.#options
    const { node } = context
    this.#drop(cause, node, context)
    const waits: Promise<void>[] = []
    for (const letter of lettersOf(decision, error, context, config.deadLetterQueueTopic)) {
      const prepared = collector.prepare(letter.topic, node)
      if (isPromise(prepared)) waits.push(prepared.then(() => this.#write(letter, node)))
      else this.#write(letter, node)
    }
    if (waits.length > 0) {
      return Promise.all(waits).then(
        () => {},
        (failure: unknown) => {
          throw this.#finally(failure)
        },
      )
    }
  }

  #write({ topic, key, value, timestamp, headers }: AddressedLetter, node: string): void {
    try {
      this.#options.collector.sendBytes(topic, node, key, value, timestamp, headers)
    } catch (error) {
      throw this.#finally(error)
    }
  }

  #drop(cause: DropCause, node: string, at: RecordPlace): void {
    this.#options.metrics.dropped(cause, node, at)
  }

  #ask<D extends ErrorDecision | 'retry'>(
    handler: string,
    error: unknown,
    decide: () => D,
    more: readonly string[] = [],
  ): D {
    let decision: D
    try {
      decision = decide()
    } catch (cause) {
      throw this.#finally(new ErrorHandlerError(handler, error, 'failed', { cause }))
    }
    const problem = problemWith(decision, ['fail', 'continue', ...more], this.#options.config.deadLetterQueueTopic)
    if (problem !== undefined) throw this.#finally(new ErrorHandlerError(handler, error, problem))
    return decision
  }

  #context(
    node: string,
    at: (RecordPlace & Pick<ConsumedRecord, 'timestamp' | 'headers'>) | undefined,
    raw: ConsumedRecord | undefined = this.#rawOf(at),
  ): ErrorContext {
    const { taskId, logger } = this.#options
    const { topic, partition, offset } = at ?? NO_PLACE
    const { timestamp = -1, headers = NO_HEADERS } = at ?? {}
    const [rawKey, rawValue] = [raw?.key ?? null, raw?.value ?? null]
    return { taskId, node, topic, partition, offset, timestamp, headers, rawKey, rawValue, logger }
  }

  // A record that was held back comes of another input than the one in process.
  #rawOf(at: RecordPlace | undefined): ConsumedRecord | undefined {
    if (at === undefined || this.#input === undefined) return undefined
    const { place, raw } = this.#input
    const same = at.offset === place.offset && at.partition === place.partition && at.topic === place.topic
    return same ? raw : undefined
  }
}

function isProductionError(error: unknown): error is ProductionError {
  return [RecordSerializationError, RecordTooLargeError, MissingSinkTopicError].some((kind) => error instanceof kind)
}
