import type { StreamRecord } from '../../lib/core/record.ts'
import type { ValueAndTimestamp } from '../../stores/store.ts'
import type { Awaitable } from '../callbacks.ts'
import { Change } from '../change.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import type { TableGetter, TableView } from '../table-view.ts'
import { awaited } from './awaited.ts'
import { TableUpdates } from './table-updates.ts'

/** What a verb makes of one value of a table: null for none. Given a null it is not asked. */
export type TableFunction<K, V, VR> = (value: V, key: K) => Awaitable<VR | null>

export interface TableVerbOptions {
  /** Where results are kept; undefined: nowhere. */
  readonly storeName: string | undefined
  readonly sendOldValues: boolean
  /** Updates that neither had a result before nor have one now go no further, if old values are known. */
  readonly dropEmpty: boolean
}

/** A verb that makes of each value of a table one value, or none: `filter`, `mapValues`. */
export class TableVerbProcessor<K, V, VR> implements Processor<K, Change<V>, K, Change<VR>> {
  readonly #compute: TableFunction<K, V, VR>
  readonly #options: TableVerbOptions
  #context!: InternalProcessorContext<K, Change<VR>>
  #table: TableUpdates<K, VR> | undefined

  constructor(compute: TableFunction<K, V, VR>, options: TableVerbOptions) {
    this.#compute = compute
    this.#options = options
  }

  init(context: InternalProcessorContext<K, Change<VR>>): void {
    this.#context = context
    const { storeName } = this.#options
    if (storeName === undefined) return
    this.#table = new TableUpdates(context, storeName, this.#options)
  }

  process(record: StreamRecord<K, Change<V>>): void | Promise<void> {
    const { newValue } = record.value
    const result = newValue === null ? null : this.#compute(newValue, record.key)
    return awaited(result, (value) => awaited(this.#before(record), (before) => this.#update(record, value, before)))
  }

  #before({ key, value: { oldValue } }: StreamRecord<K, Change<V>>): Awaitable<VR | null> {
    if (!this.#options.sendOldValues) return null
    if (this.#table !== undefined) return this.#table.get(key)?.value ?? null
    return oldValue === null ? null : this.#compute(oldValue, key)
  }

  #update(record: StreamRecord<K, Change<V>>, value: VR | null, before: VR | null): void | Promise<void> {
    const { sendOldValues, dropEmpty } = this.#options
    if (dropEmpty && sendOldValues && value === null && before === null) return
    if (this.#table === undefined) {
      return this.#context.forward(record.withValue(new Change(value, before, record.value.isLatest)))
    }
    return this.#table.put(record, value, before, record.timestamp)
  }
}

/** Reads what a verb makes of a table that is not kept: the table's value, then the verb applied. */
export function computedView<K, V, VR>(parent: TableView<K, V>, compute: TableFunction<K, V, VR>): TableView<K, VR> {
  return {
    storeNames: parent.storeNames,
    open: (context) => new ComputedGetter(parent.open(context), compute),
  }
}

class ComputedGetter<K, V, VR> implements TableGetter<K, VR> {
  readonly #parent: TableGetter<K, V>
  readonly #compute: TableFunction<K, V, VR>

  constructor(parent: TableGetter<K, V>, compute: TableFunction<K, V, VR>) {
    this.#parent = parent
    this.#compute = compute
  }

  get versioned(): boolean {
    return this.#parent.versioned
  }

  get(key: K): Awaitable<ValueAndTimestamp<VR> | undefined> {
    return awaited(this.#parent.get(key), (found) => this.#computed(key, found))
  }

  getAsOf(key: K, timestampMs: number): Awaitable<ValueAndTimestamp<VR> | undefined> {
    return awaited(this.#parent.getAsOf(key, timestampMs), (found) => this.#computed(key, found))
  }

  #computed(key: K, found: ValueAndTimestamp<V> | undefined): Awaitable<ValueAndTimestamp<VR> | undefined> {
    if (found === undefined) return undefined
    const { value, timestamp } = found
    return awaited(this.#compute(value, key), (result) => (result === null ? undefined : { value: result, timestamp }))
  }
}
