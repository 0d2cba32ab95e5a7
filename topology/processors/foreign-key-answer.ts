import type { StreamRecord } from '../../lib/core/record.ts'
import type { ValueAndTimestamp } from '../../stores/store.ts'
import type { Awaitable } from '../callbacks.ts'
import { INSTRUCTION, type Subscription, type SubscriptionResponse } from '../foreign-key-formats.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import type { TableGetter, TableView } from '../table-view.ts'
import { awaited } from './awaited.ts'

/** Right side of a foreign-key join: answers a subscription with the value that its foreign key has now. */
export class ForeignKeyAnswerProcessor<K, KF, VF>
  implements Processor<KF | null, Subscription<K>, K, SubscriptionResponse<VF>>
{
  readonly #view: TableView<KF, VF>
  #context!: InternalProcessorContext<K, SubscriptionResponse<VF>>
  #table!: TableGetter<KF, VF>

  constructor(view: TableView<KF, VF>) {
    this.#view = view
  }

  init(context: InternalProcessorContext<K, SubscriptionResponse<VF>>): void {
    this.#context = context
    this.#table = this.#view.open(context)
  }

  process(record: StreamRecord<KF | null, Subscription<K>>): void | Promise<void> {
    const { key: foreignKey, value: subscription } = record
    if (subscription.instruction === INSTRUCTION.delete) return
    const found: Awaitable<ValueAndTimestamp<VF> | undefined> =
      foreignKey === null ? undefined : this.#table.get(foreignKey)
    return awaited(found, (foreign) => this.#answer(record, foreign))
  }

  #answer(
    record: StreamRecord<KF | null, Subscription<K>>,
    foreign: ValueAndTimestamp<VF> | undefined,
  ): void | Promise<void> {
    const { instruction, hash, primaryKey, primaryPartition } = record.value
    if (foreign === undefined && instruction === INSTRUCTION.answerIfThere) return
    const foreignValue = foreign === undefined || instruction === INSTRUCTION.deleteAndAnswer ? null : foreign.value
    const timestamp = foreign === undefined ? record.timestamp : Math.max(record.timestamp, foreign.timestamp)
    const response = { hash, foreignValue, primaryPartition }
    return this.#context.forward(record.withKeyValue(primaryKey, response).withTimestamp(timestamp))
  }
}
