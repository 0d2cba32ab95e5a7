import type { StreamRecord } from '../../lib/core/record.ts'
import type { Windowed } from '../../lib/core/windowed.ts'
import type { TimeRange } from '../../stores/store.ts'
import { isPromise } from '../callbacks.ts'
import type { Change } from '../change.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import type { TimeWindows, UnlimitedWindows } from '../windows.ts'
import { awaited } from './awaited.ts'
import { resumedStreamTimeMs } from './resumed-stream-time.ts'
import { type WindowAggregation, WindowUpdates } from './window-updates.ts'

/**
 * Adds each record to the windows that its event time falls into, in order of their starts. Null keys are dropped, null values are not. A window whose end lies
 * `graceMs` or more before stream time is closed: it is not changed any more, and the record counts as late, once for each such window.
 */
export class WindowAggregateProcessor<K, V, VR> implements Processor<K, V, Windowed<K>, Change<VR>> {
  readonly #windows: ConcreteWindows
  readonly #aggregation: WindowAggregation<K, V, VR>
  #context!: InternalProcessorContext<Windowed<K>, Change<VR>>
  #updates!: WindowUpdates<K, V, VR>
  #streamTimeMs = -1

  constructor(windows: TimeWindows | UnlimitedWindows, aggregation: WindowAggregation<K, V, VR>) {
    this.#windows = windows.kind === 'time' ? new EpochWindows(windows) : new OneWindow(windows)
    this.#aggregation = aggregation
  }

  init(context: InternalProcessorContext<Windowed<K>, Change<VR>>): void {
    this.#context = context
    this.#streamTimeMs = resumedStreamTimeMs(context, context.store(this.#aggregation.storeName))
    this.#updates = new WindowUpdates(context, this.#aggregation, {
      graceMs: this.#windows.graceMs,
      closed: (emittedMs, closeMs) => this.#closed(emittedMs, closeMs),
    })
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    if (record.key === null) return this.#context.drop('null-key')
    const { timestamp } = record
    if (timestamp > this.#streamTimeMs) {
      this.#streamTimeMs = timestamp
      this.#context.observeStreamTime(timestamp)
    }
    const closeMs = this.#streamTimeMs - this.#windows.graceMs
    const firstMs = this.#windows.firstStartMs(timestamp)
    if (firstMs > timestamp) return this.#context.drop('early')
    const { closed } = this.#updates
    if (closed === undefined) return this.#addFrom(firstMs, record, closeMs)
    return awaited<void, void>(closed.beforePut(record, this.#windows.lastStartMs(timestamp)), () =>
      awaited<void, void>(this.#addFrom(firstMs, record, closeMs), () => closed.look(record, closeMs)),
    )
  }

  /** Adds the record to its windows from this start on. */
  #addFrom(firstMs: number, record: StreamRecord<K, V>, closeMs: number): void | Promise<void> {
    const { advanceMs } = this.#windows
    for (let startMs = firstMs; startMs <= record.timestamp; startMs += advanceMs) {
      const added = this.#add(startMs, record, closeMs)
      if (isPromise(added)) return added.then(() => this.#addFrom(startMs + advanceMs, record, closeMs))
    }
  }

  #add(startMs: number, record: StreamRecord<K, V>, closeMs: number): void | Promise<void> {
    const endMs = this.#windows.endMs(startMs)
    if (endMs <= closeMs) return this.#context.drop('late')
    const stored = this.#updates.store.fetch(record.key, startMs)
    return this.#updates.add(record, { startMs, endMs, stored })
  }

  // A window has closed when its end, which is exclusive, is not beyond the close time.
  #closed(emittedMs: number, closeMs: number): TimeRange | undefined {
    const { sizeMs } = this.#windows
    const fromMs = emittedMs === -1 ? 0 : Math.max(0, emittedMs - sizeMs) + 1
    const toMs = closeMs - sizeMs
    if (toMs < 0) return undefined
    if (emittedMs !== -1 && this.#windows.lastStartMs(toMs) < fromMs) return undefined
    return { fromMs, toMs }
  }
}

/** Windows with all that can be asked of them. */
interface ConcreteWindows {
  readonly sizeMs: number
  readonly advanceMs: number
  readonly graceMs: number
  /** The starts of the first and the last window with this time; the first is later than the time if there is none. */
  firstStartMs(timeMs: number): number
  lastStartMs(timeMs: number): number
  endMs(startMs: number): number
}

class EpochWindows implements ConcreteWindows {
  readonly sizeMs: number
  readonly advanceMs: number
  readonly graceMs: number

  constructor({ sizeMs, advanceMs, graceMs }: TimeWindows) {
    this.sizeMs = sizeMs
    this.advanceMs = advanceMs
    this.graceMs = graceMs
  }

  firstStartMs(timeMs: number): number {
    return this.lastStartMs(Math.max(0, timeMs - this.sizeMs + this.advanceMs))
  }

  lastStartMs(timeMs: number): number {
    return timeMs - (timeMs % this.advanceMs)
  }

  endMs(startMs: number): number {
    return Math.min(startMs + this.sizeMs, Number.MAX_SAFE_INTEGER)
  }
}

class OneWindow implements ConcreteWindows {
  readonly sizeMs = Number.MAX_SAFE_INTEGER
  readonly advanceMs = Number.MAX_SAFE_INTEGER
  readonly graceMs = 0
  readonly #startMs: number

  constructor({ startMs }: UnlimitedWindows) {
    this.#startMs = startMs
  }

  firstStartMs(): number {
    return this.#startMs
  }

  lastStartMs(): number {
    return this.#startMs
  }

  endMs(): number {
    return Number.MAX_SAFE_INTEGER
  }
}
