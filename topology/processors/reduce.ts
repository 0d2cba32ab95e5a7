import type { StreamRecord } from '../../lib/core/record.ts'
import { isPromise, type Reducer } from '../callbacks.ts'
import type { Change } from '../change.ts'
import { CallbackResultError } from '../errors.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { TableUpdates } from './table-updates.ts'

/**
 * Combines the values of each key into one of the same type: the first as it is, each later one by the reducer. Null keys and null values
 * are dropped. A result has the highest event time of the records in it; a null result deletes.
 */
export class ReduceProcessor<K, V> implements Processor<K, V, K, Change<V>> {
  readonly #node: string
  readonly #storeName: string
  readonly #reducer: Reducer<K, V>
  readonly #options: { readonly sendOldValues: boolean }
  #context!: InternalProcessorContext<K, Change<V>>
  #table!: TableUpdates<K, V>

  constructor(node: string, storeName: string, reducer: Reducer<K, V>, options: { readonly sendOldValues: boolean }) {
    this.#node = node
    this.#storeName = storeName
    this.#reducer = reducer
    this.#options = options
  }

  init(context: InternalProcessorContext<K, Change<V>>): void {
    this.#context = context
    this.#table = new TableUpdates(context, this.#storeName, this.#options)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const { key, value } = record
    if (key === null) return this.#context.drop('null-key')
    if (value === null) return this.#context.drop('null-value')
    const stored = this.#table.get(key)
    if (stored === undefined) return this.#update(record, value, null, record.timestamp)
    const timestamp = Math.max(stored.timestamp, record.timestamp)
    const reduced = this.#reducer(stored.value, value, key)
    if (isPromise(reduced)) return reduced.then((later) => this.#update(record, later, stored.value, timestamp))
    return this.#update(record, reduced, stored.value, timestamp)
  }

  #update(record: StreamRecord<K, V>, value: V | null, before: V | null, timestamp: number): void | Promise<void> {
    if (value === undefined) throw new CallbackResultError(this.#node, 'undefined', 'a value')
    return this.#table.put(record, value, before, timestamp)
  }
}
