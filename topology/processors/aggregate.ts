import type { StreamRecord } from '../../lib/core/record.ts'
import { type Aggregator, type Initializer, isPromise } from '../callbacks.ts'
import type { Change } from '../change.ts'
import { CallbackResultError } from '../errors.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { TableUpdates } from './table-updates.ts'

/**
 * Folds the values of each key into an aggregate. Null keys and null values are dropped. An aggregate has the highest event time of the
 * records in it; a null result deletes it, and the key's next value starts with a new one.
 */
export class AggregateProcessor<K, V, VR> implements Processor<K, V, K, Change<VR>> {
  readonly #node: string
  readonly #storeName: string
  readonly #initializer: Initializer<VR>
  readonly #aggregator: Aggregator<K, V, VR>
  readonly #options: { readonly sendOldValues: boolean }
  #context!: InternalProcessorContext<K, Change<VR>>
  #table!: TableUpdates<K, VR>

  constructor(
    node: string,
    storeName: string,
    callbacks: { readonly initializer: Initializer<VR>; readonly aggregator: Aggregator<K, V, VR> },
    options: { readonly sendOldValues: boolean },
  ) {
    this.#node = node
    this.#storeName = storeName
    this.#initializer = callbacks.initializer
    this.#aggregator = callbacks.aggregator
    this.#options = options
  }

  init(context: InternalProcessorContext<K, Change<VR>>): void {
    this.#context = context
    this.#table = new TableUpdates(context, this.#storeName, this.#options)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    if (record.key === null) return this.#context.drop('null-key')
    if (record.value === null) return this.#context.drop('null-value')
    const stored = this.#table.get(record.key)
    if (stored !== undefined) {
      return this.#add(record, stored.value, Math.max(stored.timestamp, record.timestamp))
    }
    const initial = this.#initializer()
    if (isPromise(initial)) return initial.then((later) => this.#add(record, later, record.timestamp))
    return this.#add(record, initial, record.timestamp)
  }

  #add(record: StreamRecord<K, V>, before: VR, timestamp: number): void | Promise<void> {
    if (before === undefined) throw new CallbackResultError(this.#node, 'undefined', 'an initial aggregate')
    const aggregate = this.#aggregator(before, record.value, record.key)
    if (isPromise(aggregate)) return aggregate.then((later) => this.#update(record, later, before, timestamp))
    return this.#update(record, aggregate, before, timestamp)
  }

  // The value before a key's first update is the initial one, not null: what stands downstream subtracts it.
  #update(record: StreamRecord<K, V>, value: VR | null, before: VR, timestamp: number): void | Promise<void> {
    if (value === undefined) throw new CallbackResultError(this.#node, 'undefined', 'an aggregate')
    return this.#table.put(record, value, before, timestamp)
  }
}
