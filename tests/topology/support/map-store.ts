import type { ConsumedRecord } from '../../../lib/core/record.ts'
import type {
  FlushListener,
  RecordContext,
  TimestampedKeyValueStore,
  ValueAndTimestamp,
} from '../../../stores/store.ts'

interface Held<V> {
  readonly before: ValueAndTimestamp<V> | undefined
  readonly context: RecordContext
}

/**
 * A timestamped key-value store in a Map. With caching it reports updates when it is flushed, those of a key as one. `writes` lists what was put,
 * in order.
 */
export class MapStore<K, V> implements TimestampedKeyValueStore<K, V> {
  readonly name: string
  readonly writes: (readonly [K, ValueAndTimestamp<V> | null])[] = []
  reads = 0
  sendOldValues: boolean | undefined
  readonly #caching: boolean
  readonly #entries = new Map<K, ValueAndTimestamp<V>>()
  readonly #held = new Map<K, Held<V>>()
  #listener: FlushListener<K, V> | undefined
  /** The record in process: what a task tells its stores. */
  current: RecordContext = { timestamp: 0, headers: [], topic: 'in', partition: 0, offset: 0 }

  constructor(name: string, { caching = false } = {}) {
    this.name = name
    this.#caching = caching
  }

  get(key: K): ValueAndTimestamp<V> | undefined {
    this.reads++
    return this.#entries.get(key)
  }

  put(key: K, value: ValueAndTimestamp<V> | null): void {
    this.writes.push([key, value])
    const before = this.#entries.get(key)
    if (value === null) this.#entries.delete(key)
    else this.#entries.set(key, value)
    if (!this.#caching) return
    this.#held.set(key, { before: this.#held.has(key) ? this.#held.get(key)!.before : before, context: this.current })
  }

  setFlushListener(listener: FlushListener<K, V>, { sendOldValues }: { readonly sendOldValues: boolean }): boolean {
    this.sendOldValues = sendOldValues
    this.#listener = this.#caching ? listener : undefined
    return this.#caching
  }

  flush(): void {
    for (const [key, { before, context }] of this.#held) {
      const now = this.#entries.get(key)
      const [newValue, timestamp] = [now?.value ?? null, now?.timestamp ?? context.timestamp]
      this.#listener?.({ key, newValue, oldValue: before?.value ?? null, timestamp, context })
    }
    this.#held.clear()
  }

  entries(): Record<string, ValueAndTimestamp<V>> {
    return Object.fromEntries([...this.#entries].map(([key, value]) => [String(key), value]))
  }

  restore(_record: ConsumedRecord): never {
    throw new Error('not for these tests')
  }

  putIfAbsent(): never {
    throw new Error('not for these tests')
  }

  putAll(): never {
    throw new Error('not for these tests')
  }

  delete(): never {
    throw new Error('not for these tests')
  }

  range(): never {
    throw new Error('not for these tests')
  }

  reverseRange(): never {
    throw new Error('not for these tests')
  }

  prefixScan(): never {
    throw new Error('not for these tests')
  }

  all(): never {
    throw new Error('not for these tests')
  }

  approximateEntryCount(): never {
    throw new Error('not for these tests')
  }
}
