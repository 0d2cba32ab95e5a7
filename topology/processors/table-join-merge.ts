import type { StreamRecord } from '../../lib/core/record.ts'
import type { Change } from '../change.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { TableForwarder } from './table-forwarder.ts'
import { TableStore } from './table-store.ts'

/** Brings the results of both sides of a join together, and keeps them if the join has a store. */
export class TableJoinMergeProcessor<K, V> implements Processor<K, Change<V>, K, Change<V>> {
  readonly #storeName: string | undefined
  readonly #options: { readonly sendOldValues: boolean }
  #context!: InternalProcessorContext<K, Change<V>>
  #store: TableStore<K, V> | undefined
  #forwarder: TableForwarder<K, V> | undefined

  constructor(storeName: string | undefined, options: { readonly sendOldValues: boolean }) {
    this.#storeName = storeName
    this.#options = options
  }

  init(context: InternalProcessorContext<K, Change<V>>): void {
    this.#context = context
    if (this.#storeName === undefined) return
    this.#store = new TableStore(context, this.#storeName)
    this.#forwarder = new TableForwarder(context, this.#store, this.#options)
  }

  process(record: StreamRecord<K, Change<V>>): void | Promise<void> {
    const { key, value: change, timestamp } = record
    if (this.#store === undefined) return this.#context.forward(record)
    const put = this.#store.put(key, change.newValue, timestamp)
    if (put === 'expired') return
    return this.#forwarder!.forward(record, change.newValue, change.oldValue, timestamp, put === 'latest')
  }
}
