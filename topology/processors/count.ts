import type { StreamRecord } from '../../lib/core/record.ts'
import type { Change } from '../change.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { TableUpdates } from './table-updates.ts'

/**
 * Counts the records of each key; null keys and null values are dropped. A count has the highest event time of the records in it.
 *
 * Per record: one read and one write of the store.
 */
export class CountProcessor<K, V> implements Processor<K, V, K, Change<number>> {
  readonly #storeName: string
  readonly #options: { readonly sendOldValues: boolean }
  #context!: InternalProcessorContext<K, Change<number>>
  #table!: TableUpdates<K, number>

  constructor(storeName: string, options: { readonly sendOldValues: boolean }) {
    this.#storeName = storeName
    this.#options = options
  }

  init(context: InternalProcessorContext<K, Change<number>>): void {
    this.#context = context
    this.#table = new TableUpdates(context, this.#storeName, this.#options)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    if (record.key === null) return this.#context.drop('null-key')
    if (record.value === null) return this.#context.drop('null-value')
    const stored = this.#table.get(record.key)
    const before = stored === undefined ? 0 : stored.value
    const timestamp = stored === undefined ? record.timestamp : Math.max(stored.timestamp, record.timestamp)
    return this.#table.put(record, before + 1, before, timestamp)
  }
}
