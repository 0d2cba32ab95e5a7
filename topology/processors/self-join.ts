import type { StreamRecord } from '../../lib/core/record.ts'
import type { WindowStore } from '../../stores/store.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import type { JoinWindows } from '../windows.ts'
import { forwardEach } from './forward-each.ts'
import { forwardJoined, type JoinCallback } from './forward-joined.ts'
import { resumedStreamTimeMs } from './resumed-stream-time.ts'

export interface SelfJoinSettings<K, VR> extends JoinCallback<K, VR> {
  readonly store: string
  readonly windows: JoinWindows
}

/** Two values to be joined, and the result's time. */
type Pair<V> = readonly [left: V, right: V, timestamp: number]

/**
 * Joins a stream with itself, by one store: each record with the earlier ones as its right side, then these with it as theirs; in between, by time, with
 * itself. As a join of two equal streams does it with two stores; but as in Java each record meets itself even where the window is before or after it.
 */
export class SelfJoinProcessor<K, V, VR> implements Processor<K, V, K, VR> {
  readonly #settings: SelfJoinSettings<K, VR>
  #context!: InternalProcessorContext<K, VR>
  #store!: WindowStore<K, V>

  constructor(settings: SelfJoinSettings<K, VR>) {
    this.#settings = settings
  }

  init(context: InternalProcessorContext<K, VR>): void {
    this.#context = context
    this.#store = context.store(this.#settings.store)
    resumedStreamTimeMs(context, this.#store)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const { key, value, timestamp } = record
    if (key === null) return this.#context.drop('null-key')
    if (value === null) return this.#context.drop('null-value')
    this.#context.observeStreamTime(timestamp)
    return forwardEach(this.#pairs(record), record, this.#settings.node, this.#forward)
  }

  #pairs({ key, value, timestamp }: StreamRecord<K, V>): readonly Pair<V>[] {
    const { beforeMs, afterMs, graceMs } = this.#settings.windows
    const expiredMs = this.#context.observedStreamTimeMs() - (beforeMs + afterMs + graceMs) + 1
    const asLeft = this.#near(key, timestamp - beforeMs, timestamp + afterMs)
    const asRight = this.#near(key, timestamp - afterMs, timestamp + beforeMs)
    const pairs = asLeft.map(([timeMs, other]): Pair<V> => [value, other, Math.max(timestamp, timeMs)])
    const withItself: readonly Pair<V>[] = timestamp > expiredMs ? [[value, value, timestamp]] : []
    const later = asRight.findIndex(([timeMs]) => timeMs > timestamp)
    const split = later === -1 ? asRight.length : later
    const joined = asRight.map(([timeMs, other]): Pair<V> => [other, value, Math.max(timestamp, timeMs)])
    return [...pairs, ...joined.slice(0, split), ...withItself, ...joined.slice(split)]
  }

  #near(key: K, fromMs: number, toMs: number): readonly (readonly [timeMs: number, value: V])[] {
    return this.#store.fetch(key, { fromMs: Math.max(0, fromMs), toMs: Math.max(0, toMs) })
  }

  readonly #forward = (record: StreamRecord<K, V>, [left, right, timestamp]: Pair<V>): void | Promise<void> =>
    forwardJoined(this.#context, this.#settings, record, { key: record.key, left, right, timestamp })
}
