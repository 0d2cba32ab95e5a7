// What an application does about records that cannot be handled: the functions that users configure, and ready-made ones.

import type { RecordTooLargeError } from '../client/errors.ts'
import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import type { Headers, StreamRecord } from '../core/record.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { MissingSinkTopicError, RecordDeserializationError, RecordSerializationError } from './errors.ts'

/** Where something went wrong, and with which input record. */
export interface ErrorContext {
  readonly taskId: string
  /** The node at which it happened: the source, the processor, or the sink. */
  readonly node: string
  /** Of the input record; `''`, -1 and -1 in a punctuator. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Event time at the node, in epoch milliseconds; of a record that cannot be read, the time that it carries, -1 for none. */
  readonly timestamp: number
  /** Of the record as it came to the node. */
  readonly headers: Headers
  /** The input record's bytes; null if there is none: in a punctuator, or if a cache or buffer had held the record back. */
  readonly rawKey: Buffer | null
  readonly rawValue: Buffer | null
  /** The application's. */
  readonly logger: Logger
}

export interface ProcessingErrorContext extends ErrorContext {
  /** The record as it came to the node; undefined in a punctuator. */
  readonly record: StreamRecord<any, any> | undefined
}

export interface ProductionErrorContext extends ErrorContext {
  /** The record as it came to the sink. */
  readonly record: StreamRecord<any, any>
}

/** What can keep a record from being written. */
export type ProductionError = RecordSerializationError | RecordTooLargeError | MissingSinkTopicError

/**
 * What becomes of the record. `fail`: the instance stops, nothing is committed past the record. `continue`: the record counts as done, and goes to the
 * `deadLetterQueueTopic`, if there is one; with `deadLetters` these are written instead, or, if there are none, nothing is.
 */
export type ErrorDecision =
  | 'fail'
  | 'continue'
  | { readonly decision: 'continue'; readonly deadLetters: readonly DeadLetter[] }

/**
 * Asked about a record of an input topic that the serdes of its source cannot read. May be asked again: after an abort, and when a table is restored from its source topic (then without a
 * dead letter).
 *
 * @example
 * const skipEmpty: DeserializationHandler = (error, { rawValue }) => (rawValue?.length === 0 ? 'continue' : 'fail')
 */
export type DeserializationHandler = (error: RecordDeserializationError, context: ErrorContext) => ErrorDecision

/**
 * Asked about what a processor or callback threw, or rejected with, also a punctuator. With `continue` only the node at fault is left out: what it has forwarded or stored before
 * stays, and so does what its siblings make of the record.
 *
 * @example
 * const enrichOrSkip: ProcessingHandler = (error, { node }) => (node === 'enrich' ? 'continue' : 'fail')
 */
export type ProcessingHandler = (error: unknown, context: ProcessingErrorContext) => ErrorDecision

/**
 * Asked about a record that cannot be written to a sink's topic: it cannot be serialized, is larger than `maxRequestBytes`, or the topic is missing. `retry` asks the cluster
 * for a missing topic again; otherwise it counts as `fail`.
 *
 * @example
 * const skipLarge: ProductionHandler = (error) => (error.code === 'STREAMS_RECORD_TOO_LARGE' ? 'continue' : 'fail')
 */
export type ProductionHandler = (error: ProductionError, context: ProductionErrorContext) => ErrorDecision | 'retry'

/**
 * Ready-made error handlers; each does for all three.
 *
 * @example
 * new KafkaStreams(topology, {
 *   applicationId: 'orders', brokers: ['localhost:9092'],
 *   deserializationHandler: handlers.logAndContinue,
 *   deadLetterQueueTopic: 'orders-dead-letters',
 * })
 */
export const handlers = {
  /** Logs each error as a warning, and goes on without the record. */
  logAndContinue(error: unknown, context: ErrorContext): 'continue' {
    const { logger, taskId: task, node, topic, partition, offset } = context
    logger.warn({ task, node, topic, partition, offset, error }, `going on without a record: ${messageOf(error)}`)
    return 'continue'
  },

  /** Logs the error and stops the instance. */
  logAndFail(error: unknown, context: ErrorContext): 'fail' {
    const { logger, taskId: task, node, topic, partition, offset } = context
    logger.error({ task, node, topic, partition, offset, error }, `a record cannot be handled: ${messageOf(error)}`)
    return 'fail'
  },
} as const satisfies Record<string, DeserializationHandler & ProcessingHandler & ProductionHandler>
