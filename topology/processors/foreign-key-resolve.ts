import { murmur3 } from '../../lib/core/murmur3.ts'
import type { StreamRecord } from '../../lib/core/record.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import type { ValueAndTimestamp } from '../../stores/store.ts'
import type { ValueJoiner } from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'
import { type SubscriptionResponse, subTopics } from '../foreign-key-formats.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import type { TableGetter, TableView } from '../table-view.ts'
import { awaited } from './awaited.ts'

export interface ForeignKeyResolve<K, V, VR> {
  readonly node: string
  readonly view: TableView<K, V>
  readonly joiner: ValueJoiner<K, any, any, VR | null>
  readonly left: boolean
  readonly value: Serde<V>
  /** The subscription topic, without the application id. */
  readonly topic: string
}

/**
 * Left side of a foreign-key join, second half: joins a row with the answer to its subscription. An answer to a row that has changed meanwhile is dropped: that to the change
 * is on its way.
 */
export class ForeignKeyResolveProcessor<K, V, VF, VR> implements Processor<K, SubscriptionResponse<VF>, K, VR | null> {
  readonly #resolve: ForeignKeyResolve<K, V, VR>
  #context!: InternalProcessorContext<K, VR | null>
  #table!: TableGetter<K, V>
  #topic = ''

  constructor(resolve: ForeignKeyResolve<K, V, VR>) {
    this.#resolve = resolve
  }

  init(context: InternalProcessorContext<K, VR | null>): void {
    this.#context = context
    this.#table = this.#resolve.view.open(context)
    this.#topic = subTopics.valueHash(`${context.applicationId}-${this.#resolve.topic}`)
  }

  process(record: StreamRecord<K, SubscriptionResponse<VF>>): void | Promise<void> {
    return awaited(this.#table.get(record.key), (row) => this.#join(record, row))
  }

  #join(
    record: StreamRecord<K, SubscriptionResponse<VF>>,
    row: ValueAndTimestamp<V> | undefined,
  ): void | Promise<void> {
    const { joiner, left, node, value } = this.#resolve
    const { hash, foreignValue } = record.value
    const current = row === undefined ? null : murmur3(value.serialize(this.#topic, row.value))
    if (hash === null || current === null ? hash !== current : !hash.equals(current)) {
      return this.#context.drop('stale-response')
    }
    // A row that is gone has no result.
    if (row === undefined || (foreignValue === null && !left)) return this.#context.forward(record.withValue(null))
    return awaited(joiner(row.value, foreignValue, record.key), (joined) => {
      if (joined === undefined) throw new CallbackResultError(node, 'undefined', 'a value')
      return this.#context.forward(record.withValue(joined))
    })
  }
}
