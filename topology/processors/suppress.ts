import { StreamRecord } from '../../lib/core/record.ts'
import type { BufferedChange, ChangeBuffer } from '../../stores/buffer/change-buffer.ts'
import type { ValueAndTimestamp } from '../../stores/store.ts'
import { type Awaitable, isPromise } from '../callbacks.ts'
import { Change } from '../change.ts'
import { SuppressBufferFullError } from '../errors.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import type { TableGetter, TableView } from '../table-view.ts'
import { awaited } from './awaited.ts'
import { resumedStreamTimeMs } from './resumed-stream-time.ts'

export interface Suppression<K> {
  readonly storeName: string
  /** The time from which an update counts as waiting. */
  readonly timeOf: (record: StreamRecord<K, unknown>) => number
  /** How far stream time has to be past it. */
  readonly waitMs: number
  /** Whether deletes go on: results that were never forwarded need none. */
  readonly forwardsDeletes: boolean
  readonly maxRecords: number
  readonly maxBytes: number
  readonly whenFull: 'shut-down' | 'emit-early'
}

/** Holds back the updates of a table, of each key the latest, until they are due by stream time or the buffer is full. */
export class SuppressProcessor<K, V> implements Processor<K, Change<V>, K, Change<V>> {
  readonly #node: string
  readonly #settings: Suppression<K>
  #context!: InternalProcessorContext<K, Change<V>>
  #buffer!: ChangeBuffer<K, V>

  constructor(node: string, settings: Suppression<K>) {
    this.#node = node
    this.#settings = settings
  }

  init(context: InternalProcessorContext<K, Change<V>>): void {
    this.#context = context
    this.#buffer = context.store(this.#settings.storeName)
    resumedStreamTimeMs(context, this.#buffer)
  }

  process(record: StreamRecord<K, Change<V>>): void | Promise<void> {
    const { key, value } = record
    const { timeOf, waitMs } = this.#settings
    this.#context.observeStreamTime(record.timestamp)
    this.#buffer.put(timeOf(record), { key, newValue: value.newValue, oldValue: value.oldValue, context: record })
    const dueMs = this.#context.observedStreamTimeMs() - waitMs
    return awaited(
      this.#emitWhile(() => this.#buffer.firstTimeMs <= dueMs),
      () => this.#makeRoom(),
    )
  }

  #makeRoom(): Awaitable<void> {
    if (!this.#full) return
    if (this.#settings.whenFull === 'emit-early') return this.#emitWhile(() => this.#full)
    const { count: records, bytes } = this.#buffer
    throw new SuppressBufferFullError(this.#node, { records, bytes }, limitsOf(this.#settings))
  }

  get #full(): boolean {
    return this.#buffer.count > this.#settings.maxRecords || this.#buffer.bytes > this.#settings.maxBytes
  }

  // An update waits until those downstream have it: meanwhile readers of the table see what was before.
  #emitWhile(due: () => boolean): Awaitable<void> {
    while (due()) {
      const pending = this.#emit(this.#buffer.first()!)
      if (isPromise(pending)) return this.#emitRest(pending, due)
      this.#buffer.removeFirst()
    }
  }

  async #emitRest(pending: Promise<void>, due: () => boolean): Promise<void> {
    await pending
    this.#buffer.removeFirst()
    while (due()) {
      await this.#emit(this.#buffer.first()!)
      this.#buffer.removeFirst()
    }
  }

  #emit({ key, newValue, oldValue, context }: BufferedChange<K, V>): Awaitable<void> {
    if (newValue === null && !this.#settings.forwardsDeletes) return
    const { timestamp, headers, topic, partition, offset } = context
    const change = new Change(newValue, oldValue)
    return this.#context.forward(new StreamRecord(key, change, timestamp, headers, topic, partition, offset))
  }
}

function limitsOf({ maxRecords, maxBytes }: Suppression<any>): string {
  const limits = [
    [maxRecords, 'records'],
    [maxBytes, 'bytes'],
  ] as const
  return limits
    .filter(([limit]) => Number.isFinite(limit))
    .map(([limit, unit]) => `${limit} ${unit}`)
    .join(' and ')
}

/** Reads a table as those see it who get its updates late: of a key that waits, the value before. */
export function suppressedView<K, V>(parent: TableView<K, V>, storeName: string): TableView<K, V> {
  return {
    storeNames: [storeName, ...parent.storeNames],
    open: (context) => new SuppressedGetter(parent.open(context), context.store(storeName)),
  }
}

class SuppressedGetter<K, V> implements TableGetter<K, V> {
  readonly versioned = false
  readonly #parent: TableGetter<K, V>
  readonly #buffer: ChangeBuffer<K, V>

  constructor(parent: TableGetter<K, V>, buffer: ChangeBuffer<K, V>) {
    this.#parent = parent
    this.#buffer = buffer
  }

  get(key: K): Awaitable<ValueAndTimestamp<V> | undefined> {
    const prior = this.#buffer.prior(key)
    if (prior === undefined) return this.#parent.get(key)
    // As in Java its time is not known: no later one is held up by it.
    return prior === null ? undefined : { value: prior, timestamp: -1 }
  }

  getAsOf(key: K, timestampMs: number): Awaitable<ValueAndTimestamp<V> | undefined> {
    return this.#parent.getAsOf(key, timestampMs)
  }
}
