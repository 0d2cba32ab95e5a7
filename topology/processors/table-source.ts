import type { StreamRecord } from '../../lib/core/record.ts'
import { Change } from '../change.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { TableUpdates } from './table-updates.ts'

/**
 * Makes updates of a table from the records of its topic. Records with a null key are dropped; a null value deletes. Without a store each
 * record is forwarded as an update of which no old value is known.
 */
export class TableSourceProcessor<K, V> implements Processor<K, V | null, K, Change<V>> {
  readonly #storeName: string | undefined
  readonly #options: { readonly sendOldValues: boolean }
  #context!: InternalProcessorContext<K, Change<V>>
  #table: TableUpdates<K, V> | undefined

  constructor(storeName: string | undefined, options: { readonly sendOldValues: boolean }) {
    this.#storeName = storeName
    this.#options = options
  }

  init(context: InternalProcessorContext<K, Change<V>>): void {
    this.#context = context
    if (this.#storeName === undefined) return
    this.#table = new TableUpdates(context, this.#storeName, this.#options)
  }

  process(record: StreamRecord<K, V | null>): void | Promise<void> {
    const { key, value, timestamp } = record
    if (key === null) return this.#context.drop('null-key')
    if (this.#table === undefined) return this.#context.forward(record.withValue(new Change(value, null)))
    const before = this.#table.get(key)
    return this.#table.put(record, value, before?.value ?? null, timestamp)
  }
}
