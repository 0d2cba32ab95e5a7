import type { StreamRecord } from '../../lib/core/record.ts'
import type { ValueAndTimestamp } from '../../stores/store.ts'
import type { Change } from '../change.ts'
import type { ProcessorContext } from '../processor.ts'
import { TableForwarder } from './table-forwarder.ts'
import { TableStore } from './table-store.ts'

/** The table of one operator in one task: keeps its values, and forwards what becomes of them. */
export class TableUpdates<K, V> {
  readonly #store: TableStore<K, V>
  readonly #forwarder: TableForwarder<K, V>

  constructor(
    context: ProcessorContext<K, Change<V>>,
    storeName: string,
    options: { readonly sendOldValues: boolean },
  ) {
    this.#store = new TableStore(context, storeName)
    this.#forwarder = new TableForwarder(context, this.#store, options)
  }

  get(key: K): ValueAndTimestamp<V> | undefined {
    return this.#store.get(key)
  }

  /**
   * Keeps a value of the record's key, and forwards the update; a null value deletes. `before` is what the key had until now. What is older than a versioned store's history
   * changes nothing.
   */
  put(record: StreamRecord<K, unknown>, value: V | null, before: V | null, timestamp: number): void | Promise<void> {
    const put = this.#store.put(record.key, value, timestamp)
    if (put === 'expired') return
    return this.#forwarder.forward(record, value, before, timestamp, put === 'latest')
  }
}
