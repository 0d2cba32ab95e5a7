import type { ConsumedRecord } from '../lib/core/record.ts'
import type { Serde } from '../lib/serde/serde.ts'
import { InvalidStoreArgumentError } from './errors.ts'
import { ForwardCache } from './forward-cache.ts'
import { LoggedRows, NO_RECORD, type RowWriter } from './logged-rows.ts'
import type { KeyValueStore, RowRange, StoreContext } from './store.ts'
import type { LogHeaders } from './store-options.ts'
import { StoreSerdes } from './store-serdes.ts'

export interface TypedStoreOptions<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** Whether writes are held back, if the instance has a cache. */
  readonly caching: boolean
  readonly logHeaders: LogHeaders
}

/**
 * Keys and entries of a type over rows of bytes. What differs between kinds of stores is the form of a row: see the classes that
 * extend this one.
 *
 * `E` is what users put and get; `V` is what the value serde takes.
 */
export abstract class TypedStore<K, V, E> implements KeyValueStore<K, E> {
  readonly name: string
  readonly #serdes: StoreSerdes<K, V>
  readonly #context: StoreContext
  protected readonly writer: RowWriter
  protected readonly cache: ForwardCache | undefined

  constructor(name: string, options: TypedStoreOptions<K, V>, context: StoreContext) {
    this.name = name
    this.#serdes = new StoreSerdes(name, context.changelogTopic, options)
    this.#context = context
    const rows = new LoggedRows(context, options.logHeaders)
    const { cacheBudget } = context
    this.cache =
      options.caching && cacheBudget !== undefined && cacheBudget.limitBytes > 0
        ? new ForwardCache(name, rows, (row) => this.valueBytes(row), { ...context, cacheBudget })
        : undefined
    this.writer = this.cache ?? rows
  }

  // ---- what a row looks like

  /** The value's bytes in a row. */
  protected abstract valueBytes(row: Buffer): Buffer
  protected abstract entryOf(row: Buffer): E
  /** The row that a record of the changelog stands for. */
  protected abstract restoredRow(value: Buffer, timestamp: number): Buffer
  abstract put(key: K, entry: E | null): void

  // ---- reads and writes

  get(key: K): E | undefined {
    const row = this.writer.get(this.keyBytes(key))
    return row === undefined ? undefined : this.entryOf(row)
  }

  putIfAbsent(key: K, entry: E): E | undefined {
    const existing = this.get(key)
    if (existing === undefined) this.put(key, entry)
    return existing
  }

  putAll(entries: Iterable<readonly [K, E | null]>): void {
    for (const [key, entry] of entries) this.put(key, entry)
  }

  delete(key: K): E | undefined {
    const existing = this.get(key)
    this.put(key, null)
    return existing
  }

  range(from: K | undefined, to: K | undefined): AsyncIterable<readonly [K, E]> {
    return this.#entries(this.#rowRange(from, to, false))
  }

  reverseRange(from: K | undefined, to: K | undefined): AsyncIterable<readonly [K, E]> {
    return this.#entries(this.#rowRange(from, to, true))
  }

  prefixScan(prefix: Buffer): AsyncIterable<readonly [K, E]> {
    if (!Buffer.isBuffer(prefix)) {
      throw new InvalidStoreArgumentError(this.name, 'prefixScan takes a Buffer: the first bytes of serialized keys')
    }
    return this.#entries({ prefix })
  }

  all(): AsyncIterable<readonly [K, E]> {
    return this.#entries({})
  }

  async approximateEntryCount(): Promise<number> {
    let count = 0
    for await (const _ of this.writer.range({})) count++
    return count
  }

  // ---- for the task

  flush(): void {
    this.writer.flush()
  }

  discard(): void {
    this.writer.discard()
  }

  restore(record: ConsumedRecord): void {
    // A compacted topic has no null keys; a source topic that serves as changelog may, and its table skips them.
    if (record.key === null) return
    this.#context.rows.load(record.key, record.value === null ? null : this.restoredRow(record.value, record.timestamp))
  }

  // ---- for the classes that extend this one

  protected keyBytes(key: K): Buffer {
    return this.#serdes.keyBytes(key)
  }

  protected keyOf(bytes: Buffer): K {
    return this.#serdes.keyOf(bytes)
  }

  protected serializeValue(value: V): Buffer {
    return this.#serdes.valueBytes(value)
  }

  protected deserializeValue(bytes: Buffer): V {
    return this.#serdes.valueOf(bytes)
  }

  /** Event time of the record in process. */
  protected get recordTimestamp(): number {
    return (this.#context.currentRecord() ?? NO_RECORD).timestamp
  }

  protected undefinedPut(): InvalidStoreArgumentError {
    return new InvalidStoreArgumentError(this.name, 'undefined was put; null deletes (is a return missing?)')
  }

  // ---- inside

  #rowRange(from: K | undefined, to: K | undefined, reverse: boolean): RowRange {
    return {
      reverse,
      ...(from === undefined ? {} : { from: this.keyBytes(from) }),
      ...(to === undefined ? {} : { to: this.keyBytes(to) }),
    }
  }

  async *#entries(range: RowRange): AsyncGenerator<readonly [K, E], void, undefined> {
    for await (const [key, row] of this.writer.range(range)) {
      await this.#serdes.prepare(key, this.valueBytes(row))
      yield [this.keyOf(key), this.entryOf(row)]
    }
  }
}
