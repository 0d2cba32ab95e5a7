import type {
  FlushListener,
  TimestampedKeyValueStore,
  ValueAndTimestamp,
  VersionedKeyValueStore,
  VersionedPut,
} from '../../stores/store.ts'
import type { ProcessorContext } from '../processor.ts'
import type { TableGetter, TableView } from '../table-view.ts'

/** The store of a table, timestamped or versioned, as the table's operators use it. */
export class TableStore<K, V> implements TableGetter<K, V> {
  readonly versioned: boolean
  readonly #timestamped: TimestampedKeyValueStore<K, V>
  readonly #versions: VersionedKeyValueStore<K, V>

  constructor(context: ProcessorContext, storeName: string) {
    const store = context.store(storeName)
    this.versioned = 'getAsOf' in store
    this.#timestamped = store
    this.#versions = store
  }

  get(key: K): ValueAndTimestamp<V> | undefined {
    return this.versioned ? this.#versions.get(key) : this.#timestamped.get(key)
  }

  getAsOf(key: K, timestampMs: number): ValueAndTimestamp<V> | undefined {
    return this.#versions.getAsOf(key, timestampMs)
  }

  /** A null value deletes. Only a versioned store ever answers anything but `latest`. */
  put(key: K, value: V | null, timestamp: number): VersionedPut {
    if (this.versioned) return this.#versions.put(key, value, timestamp)
    this.#timestamped.put(key, value === null ? null : { value, timestamp })
    return 'latest'
  }

  setFlushListener(listener: FlushListener<K, V>, options: { readonly sendOldValues: boolean }): boolean {
    return this.versioned ? false : this.#timestamped.setFlushListener(listener, options)
  }
}

/** Reads a table in its own store. */
export function storeView<K, V>(storeName: string): TableView<K, V> {
  return { storeNames: [storeName], open: (context) => new TableStore(context, storeName) }
}
