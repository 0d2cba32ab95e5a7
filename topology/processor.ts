import type { StreamRecord } from '../lib/core/record.ts'
import type { StateStore } from '../stores/store.ts'
import type { ProcessorMetrics } from './processor-metrics.ts'

/**
 * One node of a running topology. A task makes its own processors, and makes them anew after an abort: what a processor keeps in
 * fields is lost then, what it keeps in a store is not.
 *
 * @example
 * const upper: Processor<string, string, string, string> = {
 *   process: (record) => context.forward(record.withValue(record.value.toUpperCase())),
 * }
 */
export interface Processor<KIn = any, VIn = any, KOut = any, VOut = any> {
  /** Called once, before the first record and after the stores have been restored. */
  init?(context: ProcessorContext<KOut, VOut>): void | Promise<void>
  /** Called for each record, one at a time: a promise returned is awaited before the task's next record. */
  process(record: StreamRecord<KIn, VIn>): void | Promise<void>
  /** Called once, when the task closes or starts over. */
  close?(): void | Promise<void>
}

/** Makes the processor of one node for one task. */
export type ProcessorSupplier<KIn = any, VIn = any, KOut = any, VOut = any> = () => Processor<KIn, VIn, KOut, VOut>

/** Where the record being processed came from. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** Its place in the partition, from 0 on. */
  readonly offset: number
}

/** When a punctuator is called. */
export interface PunctuationOptions {
  /** Milliseconds between two calls, at least 1. Calls that were missed are made up for by one. */
  readonly everyMs: number
  /** `stream`: driven by record timestamps, silent without records. `wall-clock`: driven by the clock. */
  readonly time: 'stream' | 'wall-clock'
  /** First firing, in the chosen time. Default: with the first record (`stream`); one interval from now (`wall-clock`). */
  readonly startMs?: number
}

/** Called with the stream time or the wall-clock time at which it fires, in epoch milliseconds. */
export type Punctuator = (timestampMs: number) => void | Promise<void>

/** A schedule that can be ended. */
export interface Cancellable {
  /** Ends it; again, does nothing. */
  cancel(): void
}

/** What a processor may do besides handling its record. */
export interface ProcessorContext<K = any, V = any> {
  /** The application's, as configured. */
  readonly applicationId: string
  /** `<sub-topology>_<partition>`: `0_3`. */
  readonly taskId: string
  /** Where this task keeps its state. */
  readonly stateDir: string
  /** What the application's configuration has as `appConfigs`; frozen, empty if it has none. */
  readonly appConfigs: Readonly<Record<string, unknown>>
  /** Counters, gauges and histograms of this processor's own. */
  readonly metrics: ProcessorMetrics
  /**
   * Hands a record to every child, or to the child node named `to`. Returns a promise only if something downstream is
   * asynchronous; it need not be awaited: forwards of one processor never overtake each other, and the input record
   * counts as done when all of them are.
   *
   * @throws UnknownChildError `STREAMS_UNKNOWN_CHILD`: no child node is called `to`.
   */
  forward(record: StreamRecord<K, V>, to?: string): void | Promise<void>
  /**
   * Calls back at intervals until cancelled or the task closes. May be called in `init` or later.
   *
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: an option is out of its bounds, or there is no punctuator.
   * @example
   * const minutely = context.schedule({ everyMs: 60_000, time: 'wall-clock' }, () => context.commit())
   */
  schedule(options: PunctuationOptions, punctuator: Punctuator): Cancellable
  /** Asks for a commit soon; it happens between two records. */
  commit(): void
  /**
   * The store of this name.
   *
   * @throws UnconnectedStoreError `STREAMS_UNCONNECTED_STORE`: no such store, or not connected to this processor.
   */
  store<S extends StateStore = any>(name: string): S
  /** Undefined in a punctuator. */
  recordMetadata(): RecordMetadata | undefined
  /** The highest timestamp that this task has seen, -1 before the first record. */
  currentStreamTimeMs(): number
  /** The wall-clock time in epoch milliseconds; in the test driver that of its own clock. */
  currentSystemTimeMs(): number
}

/** Why a record was dropped; counted by cause and logged once for each. */
export type DropCause =
  | 'null-key'
  | 'null-value'
  /** Its window, or its place in a join, has closed. */
  | 'late'
  /** Before the first window starts. */
  | 'early'
  /** In none of the windows. */
  | 'no-window'
  /** Older than a store keeps. */
  | 'expired'
  /** The foreign key of a join is null, or the key for a global table. */
  | 'null-join-key'
  /** `distinct()` has let one of its id through already. */
  | 'duplicate'
  /** An update of a versioned table that is not its key's latest, where only the latest counts. */
  | 'out-of-order'
  /** In a foreign-key join: an answer to a row that has changed since it asked. */
  | 'stale-response'
  | 'negative-timestamp'
  /** It could not be read, processed or written, and an error handler decided to go on without it. */
  | 'deserialization-error'
  | 'processing-error'
  | 'production-error'

/** What the DSL's own operators see besides. */
export interface InternalProcessorContext<K = any, V = any> extends ProcessorContext<K, V> {
  /** Counts a record that goes no further. */
  drop(cause: DropCause): void
  /** Stream time of this operator, -1 before its first record; survives restarts. */
  observedStreamTimeMs(): number
  /** Raises the operator's stream time; never lowers it. */
  observeStreamTime(timestampMs: number): void
  /**
   * Raises it to what a restored store tells, where stores are as of the committed offsets: exactly once. At least once they are ahead of them, and what is read
   * again would be late.
   */
  observeRestoredTime(timestampMs: number): void
  /**
   * Up to which time, as the operator reckons it, what closed in a store has been emitted; -1 before the first. Survives restarts, also from Java and
   * to it.
   */
  emittedUntilMs(storeName: string): number
  /** Raises it; never lowers it. */
  emittedUntil(storeName: string, timeMs: number): void
  /**
   * How long an operator waits, by the clock, before it looks again for windows that have closed or unmatched records that are due, in
   * milliseconds; 0: at each record.
   */
  readonly emitIntervalMs: number
}
