import type { StreamRecord } from '../../lib/core/record.ts'
import { Windowed } from '../../lib/core/windowed.ts'
import type { TimestampedWindowStore, ValueAndTimestamp } from '../../stores/store.ts'
import { isPromise } from '../callbacks.ts'
import type { Change } from '../change.ts'
import type { InternalProcessorContext } from '../processor.ts'
import type { EmitStrategy } from '../windows.ts'
import { ClosedWindows, type Closing } from './closed-windows.ts'
import type { Fold } from './fold.ts'
import { TableForwarder } from './table-forwarder.ts'

/** An aggregation in windows, but for the windows. */
export interface WindowAggregation<K, V, VR> {
  readonly storeName: string
  readonly fold: Fold<K, V, VR>
  readonly emit: EmitStrategy
  /** How long the store keeps windows. */
  readonly retentionMs: number
  readonly sendOldValues: boolean
}

type WindowClosing<K, VR> = { readonly graceMs: number } & Pick<Closing<K, VR>, 'closed'> &
  Partial<Pick<Closing<K, VR>, 'read'>>

/** A window and what is in it before a record is added: undefined if it is new. */
export interface WindowState<VR> {
  readonly startMs: number
  readonly endMs: number
  readonly stored: ValueAndTimestamp<VR> | undefined
}

/**
 * The windows of one aggregation in one task, as the operators that put records into them see them: adds values, keeps the results, and forwards them now or when
 * their windows have closed. A result has the highest event time of the values in it.
 */
export class WindowUpdates<K, V, VR> {
  readonly store: TimestampedWindowStore<K, VR>
  /** Undefined: each update is forwarded. */
  readonly closed: ClosedWindows<K, VR> | undefined
  readonly #fold: Fold<K, V, VR>
  readonly #forwarder: TableForwarder<Windowed<K>, VR> | undefined

  /**
   * @param closing - How windows close; `graceMs` is what they wait for. Unless it says how those that close are read, they are all that start in the range.
   */
  constructor(
    context: InternalProcessorContext<Windowed<K>, Change<VR>>,
    aggregation: WindowAggregation<K, V, VR>,
    { graceMs, ...closing }: WindowClosing<K, VR>,
  ) {
    const { storeName, fold, emit, retentionMs } = aggregation
    const store = context.store<TimestampedWindowStore<K, VR>>(storeName)
    this.store = store
    this.#fold = fold
    if (emit === 'on-window-update') {
      this.#forwarder = new TableForwarder(context, store, aggregation)
      return
    }
    this.closed = new ClosedWindows(
      context,
      { storeName, retentionMs, read: (range) => store.fetchByTime(range), ...closing },
      context.observedStreamTimeMs() - graceMs,
    )
  }

  /** Adds the record's value to a window. */
  add(record: StreamRecord<K, V>, window: WindowState<VR>): void | Promise<void> {
    const { stored } = window
    if (stored !== undefined) {
      return this.#fill(record, window, stored.value, Math.max(stored.timestamp, record.timestamp))
    }
    const initial = this.#fold.initial()
    if (isPromise(initial)) return initial.then((later) => this.#fill(record, window, later, record.timestamp))
    return this.#fill(record, window, initial, record.timestamp)
  }

  /** Keeps a result and forwards it, if updates are. A null value deletes. */
  put(
    record: StreamRecord<K, V>,
    { startMs, endMs }: WindowState<VR>,
    value: VR | null,
    before: VR | null,
    timestamp: number,
  ): void | Promise<void> {
    this.store.put(record.key, value === null ? null : { value, timestamp }, startMs)
    return this.#forwarder?.forwardAs(new Windowed(record.key, startMs, endMs), record, value, before, timestamp)
  }

  // The value before a window's first result is the initial one, not null: what stands downstream subtracts it.
  #fill(
    record: StreamRecord<K, V>,
    window: WindowState<VR>,
    before: VR | null,
    timestamp: number,
  ): void | Promise<void> {
    const value = this.#fold.add(before, record.value, record.key)
    if (isPromise(value)) return value.then((later) => this.put(record, window, later, before, timestamp))
    return this.put(record, window, value, before, timestamp)
  }
}
