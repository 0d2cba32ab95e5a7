import { StreamRecord } from '../../lib/core/record.ts'
import type { Windowed } from '../../lib/core/windowed.ts'
import type { TimeRange, ValueAndTimestamp } from '../../stores/store.ts'
import { Change } from '../change.ts'
import type { InternalProcessorContext } from '../processor.ts'

/** How the windows of a kind close. A close time is stream time less what windows of this kind wait for. */
export interface Closing<K, V> {
  readonly storeName: string
  /** How long the store keeps a window after the latest one that was put. */
  readonly retentionMs: number
  /**
   * The times, as `read` takes them, of the windows that close between two close times: after `emittedMs` (-1: from the beginning), up to `closeMs`. Undefined if there
   * can be none.
   */
  closed(emittedMs: number, closeMs: number): TimeRange | undefined
  /** The windows of these times that have closed by `closeMs`, in order, with the event time of their results. */
  read(range: TimeRange, closeMs: number): AsyncIterable<readonly [Windowed<K>, ValueAndTimestamp<V>]>
}

/**
 * Forwards the results of windows once, when they have closed: the other way to emit is with each update (TableForwarder).
 *
 * Looks for closed windows after each record, but not more often than every `emitIntervalMs` by the clock; how far it has come is committed with the task's
 * offsets.
 */
export class ClosedWindows<K, V> {
  readonly #context: InternalProcessorContext<Windowed<K>, Change<V>>
  readonly #closing: Closing<K, V>
  #nextLookMs = 0
  /** The highest close time seen: up to it windows may have closed since the last look. */
  #closeMs: number

  /** `closeMs`: the close time as of the last commit. */
  constructor(context: InternalProcessorContext<Windowed<K>, Change<V>>, closing: Closing<K, V>, closeMs: number) {
    this.#context = context
    this.#closing = closing
    this.#closeMs = closeMs
  }

  /**
   * To be called before a window is put that makes the store forget older ones: emits those of them that have closed and wait for the next look. Without this the
   * outcome would depend on how fast records come.
   *
   * @param putMs - The time of the window to be put.
   */
  beforePut(record: StreamRecord<unknown, unknown>, putMs: number): void | Promise<void> {
    if (this.#context.emitIntervalMs === 0) return
    const range = this.#pending()
    if (range !== undefined && putMs - this.#closing.retentionMs > range.fromMs) return this.#emit(record, range)
  }

  /** To be called after each record. */
  look(record: StreamRecord<unknown, unknown>, closeMs: number): void | Promise<void> {
    if (closeMs > this.#closeMs) this.#closeMs = closeMs
    const nowMs = this.#context.currentSystemTimeMs()
    if (nowMs < this.#nextLookMs) return
    this.#nextLookMs = nowMs + this.#context.emitIntervalMs
    const range = this.#pending()
    if (range !== undefined) return this.#emit(record, range)
  }

  #pending(): TimeRange | undefined {
    const emittedMs = this.#context.emittedUntilMs(this.#closing.storeName)
    return this.#closeMs > emittedMs ? this.#closing.closed(emittedMs, this.#closeMs) : undefined
  }

  async #emit(cause: StreamRecord<unknown, unknown>, range: TimeRange): Promise<void> {
    const closeMs = this.#closeMs
    const { headers, topic, partition, offset } = cause
    for await (const [windowed, { value, timestamp }] of this.#closing.read(range, closeMs)) {
      const update = new Change(value, null)
      await this.#context.forward(new StreamRecord(windowed, update, timestamp, headers, topic, partition, offset))
    }
    this.#context.emittedUntil(this.#closing.storeName, closeMs)
  }
}
