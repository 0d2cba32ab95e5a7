import type { StreamRecord } from '../../lib/core/record.ts'
import type { ValueAndTimestamp } from '../../stores/store.ts'
import { type Awaitable, isPromise, type KeySelector, type ValueJoiner } from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'
import type { DropCause, InternalProcessorContext, Processor } from '../processor.ts'
import type { TableGetter, TableView } from '../table-view.ts'

export interface StreamTableJoin<K, V, KT, VT, VR> {
  readonly node: string
  /** The table, also a global one. */
  readonly view: TableView<KT, VT>
  /** The table's key for a record; undefined: the record's own. */
  readonly keyOf: KeySelector<K, V, KT | null> | undefined
  readonly joiner: ValueJoiner<K, V, any, VR>
  /** A left join: records without a match go on, with null for the table. */
  readonly left: boolean
}

/**
 * Joins each record of a stream with what a table holds for it now, or, if the table is versioned, held at the record's time. Results keep the record's time.
 *
 * Records with null values are dropped; those with null keys too, but for a left join.
 */
export class StreamTableJoinProcessor<K, V, KT, VT, VR> implements Processor<K, V, K, VR> {
  readonly #join: StreamTableJoin<K, V, KT, VT, VR>
  #context!: InternalProcessorContext<K, VR>
  #table!: TableGetter<KT, VT>

  constructor(join: StreamTableJoin<K, V, KT, VT, VR>) {
    this.#join = join
  }

  init(context: InternalProcessorContext<K, VR>): void {
    this.#context = context
    this.#table = this.#join.view.open(context)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    if (record.value === null) return this.#context.drop('null-value')
    const { keyOf } = this.#join
    if (keyOf === undefined) return this.#lookUp(record, record.key as unknown as KT | null, 'null-key')
    const tableKey = keyOf(record.value, record.key, record)
    if (isPromise(tableKey)) return tableKey.then((later) => this.#lookUp(record, later, 'null-join-key'))
    return this.#lookUp(record, tableKey, 'null-join-key')
  }

  #lookUp(record: StreamRecord<K, V>, tableKey: KT | null, cause: DropCause): void | Promise<void> {
    const { left, node } = this.#join
    if (tableKey === undefined) throw new CallbackResultError(node, 'undefined', 'a key')
    if (tableKey === null) return left ? this.#forward(record, undefined) : this.#context.drop(cause)
    const found: Awaitable<ValueAndTimestamp<VT> | undefined> = this.#table.versioned
      ? this.#table.getAsOf(tableKey, record.timestamp)
      : this.#table.get(tableKey)
    if (isPromise(found)) return found.then((later) => this.#forward(record, later))
    return this.#forward(record, found)
  }

  #forward(record: StreamRecord<K, V>, found: ValueAndTimestamp<VT> | undefined): void | Promise<void> {
    const { left, joiner } = this.#join
    if (found === undefined && !left) return
    const joined = joiner(record.value, found === undefined ? null : found.value, record.key)
    if (isPromise(joined)) return joined.then((later) => this.#result(record, later))
    return this.#result(record, joined)
  }

  #result(record: StreamRecord<K, V>, joined: VR): void | Promise<void> {
    if (joined === undefined) throw new CallbackResultError(this.#join.node, 'undefined', 'a value')
    return this.#context.forward(record.withValue(joined))
  }
}
