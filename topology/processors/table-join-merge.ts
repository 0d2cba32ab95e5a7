import type { StreamRecord } from '../../lib/core/record.ts'
import type { Change } from '../change.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { TableUpdates } from './table-updates.ts'

/** Brings the results of both sides of a join together, and keeps them if the join has a store. */
export class TableJoinMergeProcessor<K, V> implements Processor<K, Change<V>, K, Change<V>> {
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

  process(record: StreamRecord<K, Change<V>>): void | Promise<void> {
    const { value: change, timestamp } = record
    if (this.#table === undefined) return this.#context.forward(record)
    return this.#table.put(record, change.newValue, change.oldValue, timestamp)
  }
}
