import type { ConsumedRecord } from '../../lib/core/record.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import { InvalidStoreArgumentError } from '../errors.ts'
import { headersToLog } from '../log-headers.ts'
import type { StoreContext, TimeRange, VersionedKeyValueStore, VersionedPut, VersionedRecord } from '../store.ts'
import type { LogHeaders } from '../store-options.ts'
import { StoreSerdes } from '../store-serdes.ts'
import { VersionEntries, type VersionEntry } from './version-entries.ts'

/** What a versioned store is made of, with every default filled in. */
export interface VersionedStoreSettings<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  readonly historyRetentionMs: number
  readonly logHeaders: LogHeaders
}

/** Keys and values with their history. Every put is logged, also one that comes too late to be stored, as in Java. */
export class VersionedStore<K, V> implements VersionedKeyValueStore<K, V> {
  readonly name: string
  readonly #serdes: StoreSerdes<K, V>
  readonly #settings: VersionedStoreSettings<K, V>
  readonly #context: StoreContext
  readonly #entries: VersionEntries

  constructor(name: string, settings: VersionedStoreSettings<K, V>, context: StoreContext) {
    this.name = name
    this.#serdes = new StoreSerdes(name, context.changelogTopic, settings)
    this.#settings = settings
    this.#context = context
    this.#entries = new VersionEntries(context.rows, settings.historyRetentionMs)
  }

  put(key: K, value: V | null, timestampMs: number): VersionedPut {
    if (value === undefined) {
      throw new InvalidStoreArgumentError(this.name, 'undefined was put; null deletes (is a return missing?)')
    }
    if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) {
      throw new InvalidStoreArgumentError(
        this.name,
        `a version cannot hold from ${timestampMs} on: it takes whole milliseconds from 0 on`,
      )
    }
    const keyBytes = this.#serdes.keyBytes(key)
    const bytes = value === null ? null : this.#serdes.valueBytes(value)
    const outcome = this.#entries.put(keyBytes, bytes, timestampMs)
    if (outcome === 'expired') this.#context.expired()
    const headers = headersToLog(this.#settings.logHeaders, bytes === null, this.#context.currentRecord())
    this.#context.log(keyBytes, bytes, timestampMs, headers)
    return outcome
  }

  delete(key: K, timestampMs: number): VersionedRecord<V> | undefined {
    const expired = timestampMs < this.#entries.oldestMs
    const held = expired ? undefined : this.getAsOf(key, timestampMs)
    this.put(key, null, timestampMs)
    return held
  }

  get(key: K): VersionedRecord<V> | undefined {
    return this.#record(this.#entries.latest(this.#serdes.keyBytes(key)))
  }

  getAsOf(key: K, timestampMs: number): VersionedRecord<V> | undefined {
    return this.#record(this.#entries.at(this.#serdes.keyBytes(key), timestampMs))
  }

  versions(key: K, { fromMs, toMs }: TimeRange): readonly VersionedRecord<V>[] {
    return this.#entries.within(this.#serdes.keyBytes(key), fromMs, toMs).map((entry) => this.#record(entry)!)
  }

  // ---- for the task

  flush(): void {
    this.#entries.flush()
  }

  discard(): void {
    this.#entries.forget()
  }

  restore({ key, value, timestamp }: ConsumedRecord): void {
    // A compacted topic has no null keys; a source topic that serves as changelog may, and its table skips them.
    if (key !== null) this.#entries.put(key, value, timestamp)
  }

  #record(entry: VersionEntry | undefined): VersionedRecord<V> | undefined {
    if (entry === undefined) return undefined
    const { value, fromMs, toMs } = entry
    return { value: this.#serdes.valueOf(value), timestamp: fromMs, validToMs: toMs }
  }
}
