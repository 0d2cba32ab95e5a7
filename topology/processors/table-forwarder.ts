import { StreamRecord } from '../../lib/core/record.ts'
import type { CacheFlush, FlushListener } from '../../stores/store.ts'
import { Change } from '../change.ts'
import type { ProcessorContext } from '../processor.ts'

/** What a store with a cache has; one without may lack it. */
interface FlushingStore<K, V> {
  setFlushListener?(listener: FlushListener<K, V>, options: { readonly sendOldValues: boolean }): boolean
}

/**
 * Forwards the updates of a table: as they happen or, if its store has a cache, when the cache lets go of them, several of a key having
 * become one.
 */
export class TableForwarder<K, V> {
  readonly #context: ProcessorContext<K, Change<V>>
  readonly #sendOldValues: boolean
  readonly #atOnce: boolean

  constructor(
    context: ProcessorContext<K, Change<V>>,
    store: FlushingStore<K, V>,
    options: { readonly sendOldValues: boolean },
  ) {
    this.#context = context
    this.#sendOldValues = options.sendOldValues
    this.#atOnce = !(store.setFlushListener?.((flush) => this.#forwardFlushed(flush), options) ?? false)
  }

  /** To be called after each write. `cause` is the record that made it, `timestamp` the event time that was stored. */
  forward(
    cause: StreamRecord<K, unknown>,
    newValue: V | null,
    oldValue: V | null,
    timestamp: number,
    isLatest = true,
  ): void | Promise<void> {
    return this.forwardAs(cause.key, cause, newValue, oldValue, timestamp, isLatest)
  }

  /** As `forward`, for a table whose keys are not those of the records that make it: windowed ones. */
  forwardAs(
    key: K,
    cause: StreamRecord<unknown, unknown>,
    newValue: V | null,
    oldValue: V | null,
    timestamp: number,
    isLatest = true,
  ): void | Promise<void> {
    if (!this.#atOnce) return
    const change = new Change(newValue, this.#sendOldValues ? oldValue : null, isLatest)
    const { headers, topic, partition, offset } = cause
    return this.#context.forward(new StreamRecord(key, change, timestamp, headers, topic, partition, offset))
  }

  // Need not be awaited: the task's next forward, and its commit, come after it in any case.
  #forwardFlushed({ key, newValue, oldValue, timestamp, context }: CacheFlush<K, V>): void {
    const { headers, topic, partition, offset } = context
    const change = new Change(newValue, this.#sendOldValues ? oldValue : null)
    void this.#context.forward(new StreamRecord(key, change, timestamp, headers, topic, partition, offset))
  }
}
