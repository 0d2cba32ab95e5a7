// How an operator reads the present values of a table, wherever they are kept.
import type { ValueAndTimestamp } from '../stores/store.ts'
import type { Awaitable } from './callbacks.ts'
import type { InternalProcessorContext } from './processor.ts'

/**
 * A way to a table's values: its own store, or that of a table upstream with the verbs between applied at each reading.
 *
 * Opened once for each task, in the reader's `init`.
 */
export interface TableView<K, V> {
  /** The stores to which a reader has to be connected. */
  readonly storeNames: readonly string[]
  open(context: InternalProcessorContext): TableGetter<K, V>
}

/** Reads one table in one task. Returns promises only where a callback between does. */
export interface TableGetter<K, V> {
  /** Whether `getAsOf` knows the past. */
  readonly versioned: boolean
  get(key: K): Awaitable<ValueAndTimestamp<V> | undefined>
  /** The value that held at that event time; of versioned tables only. */
  getAsOf(key: K, timestampMs: number): Awaitable<ValueAndTimestamp<V> | undefined>
}
