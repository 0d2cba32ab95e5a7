import type { StreamRecord } from '../../lib/core/record.ts'
import type { Windowed } from '../../lib/core/windowed.ts'
import type { TimeRange } from '../../stores/store.ts'
import { isPromise } from '../callbacks.ts'
import type { Change } from '../change.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import type { SlidingWindows } from '../windows.ts'
import { awaited } from './awaited.ts'
import { resumedStreamTimeMs } from './resumed-stream-time.ts'
import { relevantStarts, type SlidingStep, slidingSteps } from './sliding-windows.ts'
import { type WindowAggregation, WindowUpdates } from './window-updates.ts'

/**
 * Adds each record to the sliding windows that it is in, and makes those that it is the first in. Null keys and null values are dropped; so are records, as late, that
 * would only change windows that have closed: whose end lies more than `graceMs` before stream time.
 */
export class SlidingWindowAggregateProcessor<K, V, VR> implements Processor<K, V, Windowed<K>, Change<VR>> {
  readonly #windows: SlidingWindows
  readonly #aggregation: WindowAggregation<K, V, VR>
  #context!: InternalProcessorContext<Windowed<K>, Change<VR>>
  #updates!: WindowUpdates<K, V, VR>
  #streamTimeMs = -1

  constructor(windows: SlidingWindows, aggregation: WindowAggregation<K, V, VR>) {
    this.#windows = windows
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
    const { key, value, timestamp } = record
    if (key === null) return this.#context.drop('null-key')
    if (value === null) return this.#context.drop('null-value')
    if (timestamp > this.#streamTimeMs) {
      this.#streamTimeMs = timestamp
      this.#context.observeStreamTime(timestamp)
    }
    const { timeDifferenceMs, graceMs } = this.#windows
    const closeMs = this.#streamTimeMs - graceMs
    if (timestamp + timeDifferenceMs < closeMs) return this.#context.drop('late')
    const { closed } = this.#updates
    if (closed === undefined) return this.#add(record, closeMs)
    return awaited<void, void>(closed.beforePut(record, relevantStarts(timestamp, timeDifferenceMs).toMs), () =>
      awaited<void, void>(this.#add(record, closeMs), () => {
        // As in Java: windows that close are looked for when time has gone beyond the first windows.
        if (timestamp >= timeDifferenceMs) return closed.look(record, closeMs)
      }),
    )
  }

  #add(record: StreamRecord<K, V>, closeMs: number): void | Promise<void> {
    const { timeDifferenceMs } = this.#windows
    const starts = relevantStarts(record.timestamp, timeDifferenceMs)
    const found = this.#updates.store.backwardFetch(record.key, starts)
    return this.#take(slidingSteps(record.timestamp, timeDifferenceMs, found), 0, record, closeMs)
  }

  #take(
    steps: readonly SlidingStep<VR>[],
    first: number,
    record: StreamRecord<K, V>,
    closeMs: number,
  ): void | Promise<void> {
    for (let i = first; i < steps.length; i++) {
      const taken = this.#takeOne(steps[i]!, record, closeMs)
      if (isPromise(taken)) return taken.then(() => this.#take(steps, i + 1, record, closeMs))
    }
  }

  #takeOne(step: SlidingStep<VR>, record: StreamRecord<K, V>, closeMs: number): void | Promise<void> {
    if (!step.adds) return this.#updates.put(record, step, step.stored!.value, null, step.stored!.timestamp)
    if (step.endMs < closeMs) return this.#context.drop('late')
    return this.#updates.add(record, step)
  }

  // A window has closed when its end, which is inclusive, lies before the close time.
  #closed(emittedMs: number, closeMs: number): TimeRange | undefined {
    const { timeDifferenceMs } = this.#windows
    const toMs = closeMs - timeDifferenceMs - 1
    if (toMs < 0) return undefined
    return { fromMs: emittedMs === -1 ? 0 : Math.max(0, emittedMs - timeDifferenceMs), toMs }
  }
}
