import type { StreamRecord } from '../../lib/core/record.ts'
import type { ValueAndTimestamp } from '../../stores/store.ts'
import type { Aggregator, Awaitable, Initializer } from '../callbacks.ts'
import type { Change } from '../change.ts'
import { CallbackResultError } from '../errors.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { awaited } from './awaited.ts'
import { TableUpdates } from './table-updates.ts'

export interface TableAggregation<K, V, VR> {
  /** Makes the aggregate to which a group's first value is added; undefined: the first value is the aggregate. */
  readonly initializer: Initializer<VR> | undefined
  readonly adder: Aggregator<K, V, VR>
  readonly subtractor: Aggregator<K, V, VR>
}

/**
 * Keeps the aggregates of a table's groups: takes out the old value of an update, then adds the new one, with one result. The event time of a result is
 * the higher one of the aggregate's and the update's.
 */
export class TableAggregateProcessor<K, V, VR> implements Processor<K, Change<V>, K, Change<VR>> {
  readonly #node: string
  readonly #storeName: string
  readonly #aggregation: TableAggregation<K, V, VR>
  readonly #options: { readonly sendOldValues: boolean }
  #context!: InternalProcessorContext<K, Change<VR>>
  #table!: TableUpdates<K, VR>

  constructor(
    node: string,
    storeName: string,
    aggregation: TableAggregation<K, V, VR>,
    options: { readonly sendOldValues: boolean },
  ) {
    this.#node = node
    this.#storeName = storeName
    this.#aggregation = aggregation
    this.#options = options
  }

  init(context: InternalProcessorContext<K, Change<VR>>): void {
    this.#context = context
    this.#table = new TableUpdates(context, this.#storeName, this.#options)
  }

  process(record: StreamRecord<K, Change<V>>): void | Promise<void> {
    const { key, value: change } = record
    if (key === null) return this.#context.drop('null-key')
    const stored = this.#table.get(key)
    return awaited(this.#remove(change.oldValue, stored, key), (rest) =>
      awaited(this.#add(change.newValue, rest, key), (aggregate) => {
        this.#check(aggregate)
        return this.#update(record, stored, aggregate)
      }),
    )
  }

  #remove(oldValue: V | null, stored: ValueAndTimestamp<VR> | undefined, key: K): Awaitable<VR | null> {
    if (stored === undefined) return null
    return oldValue === null ? stored.value : this.#aggregation.subtractor(stored.value, oldValue, key)
  }

  #add(newValue: V | null, rest: VR | null, key: K): Awaitable<VR | null> {
    this.#check(rest)
    if (newValue === null) return rest
    const { initializer, adder } = this.#aggregation
    if (rest !== null) return adder(rest, newValue, key)
    // The aggregate is of the values' own type then.
    if (initializer === undefined) return newValue as unknown as VR
    return awaited(initializer(), (initial) => adder(initial, newValue, key))
  }

  #update(
    record: StreamRecord<K, Change<V>>,
    stored: ValueAndTimestamp<VR> | undefined,
    aggregate: VR | null,
  ): void | Promise<void> {
    const timestamp = stored === undefined ? record.timestamp : Math.max(record.timestamp, stored.timestamp)
    return this.#table.put(record, aggregate, stored?.value ?? null, timestamp)
  }

  #check(aggregate: VR | null): void {
    if (aggregate === undefined) throw new CallbackResultError(this.#node, 'undefined', 'an aggregate')
  }
}
