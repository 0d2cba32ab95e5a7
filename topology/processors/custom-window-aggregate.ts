import type { StreamRecord } from '../../lib/core/record.ts'
import type { Window, Windowed } from '../../lib/core/windowed.ts'
import type { TimestampedWindowStore } from '../../stores/store.ts'
import { isPromise } from '../callbacks.ts'
import type { Change } from '../change.ts'
import type { CustomWindows } from '../custom-windows.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { awaited } from './awaited.ts'
import { OpenWindows } from './open-windows.ts'
import { resumedStreamTimeMs } from './resumed-stream-time.ts'
import { type WindowAggregation, WindowUpdates } from './window-updates.ts'

/**
 * Adds each record to the windows that a user's function gives for its event time, in their order. As in WindowAggregateProcessor null keys are dropped, and records count as late once for
 * each of their windows that has closed. Java has no such windows that emit when they close: here they do so before the record is added, so that no jump of stream time loses them.
 */
export class CustomWindowAggregateProcessor<K, V, VR> implements Processor<K, V, Windowed<K>, Change<VR>> {
  readonly #windows: CustomWindows
  readonly #aggregation: WindowAggregation<K, V, VR>
  #context!: InternalProcessorContext<Windowed<K>, Change<VR>>
  #updates!: WindowUpdates<K, V, VR>
  #open!: OpenWindows<K, VR>
  #streamTimeMs = -1

  constructor(windows: CustomWindows, aggregation: WindowAggregation<K, V, VR>) {
    this.#windows = windows
    this.#aggregation = aggregation
  }

  init(context: InternalProcessorContext<Windowed<K>, Change<VR>>): void {
    const { storeName } = this.#aggregation
    this.#context = context
    const store = context.store<TimestampedWindowStore<K, VR>>(storeName)
    this.#streamTimeMs = resumedStreamTimeMs(context, store)
    this.#open = new OpenWindows(store, this.#windows, context.emittedUntilMs(storeName))
    this.#updates = new WindowUpdates(context, this.#aggregation, {
      graceMs: this.#windows.graceMs,
      closed: (_, closeMs) => this.#open.closed(closeMs),
      read: (_, closeMs) => this.#open.take(closeMs),
    })
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const { key, timestamp } = record
    if (key === null) return this.#context.drop('null-key')
    const windows = this.#windows.windowsFor(timestamp)
    if (timestamp > this.#streamTimeMs) {
      this.#streamTimeMs = timestamp
      this.#context.observeStreamTime(timestamp)
    }
    const closeMs = this.#streamTimeMs - this.#windows.graceMs
    const { closed } = this.#updates
    if (closed === undefined) return this.#addToAll(record, windows, closeMs)
    return awaited<void, void>(closed.look(record, closeMs), () =>
      awaited<void, void>(closed.beforePut(record, latestStartMs(windows)), () =>
        this.#addToAll(record, windows, closeMs),
      ),
    )
  }

  #addToAll(record: StreamRecord<K, V>, windows: readonly Window[], closeMs: number): void | Promise<void> {
    if (windows.length === 0) return this.#context.drop('no-window')
    return this.#addFrom(0, record, windows, closeMs)
  }

  #addFrom(
    first: number,
    record: StreamRecord<K, V>,
    windows: readonly Window[],
    closeMs: number,
  ): void | Promise<void> {
    for (let i = first; i < windows.length; i++) {
      const added = this.#add(record, windows[i]!, closeMs)
      if (isPromise(added)) return added.then(() => this.#addFrom(i + 1, record, windows, closeMs))
    }
  }

  #add(record: StreamRecord<K, V>, { startMs, endMs }: Window, closeMs: number): void | Promise<void> {
    if (endMs <= closeMs) return this.#context.drop('late')
    this.#open.add(startMs, endMs)
    const stored = this.#updates.store.fetch(record.key, startMs)
    return this.#updates.add(record, { startMs, endMs, stored })
  }
}

/** -1 if there are none. */
function latestStartMs(windows: readonly Window[]): number {
  let latestMs = -1
  for (const { startMs } of windows) if (startMs > latestMs) latestMs = startMs
  return latestMs
}
