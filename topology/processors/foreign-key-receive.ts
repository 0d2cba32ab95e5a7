import type { StreamRecord } from '../../lib/core/record.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import type { SubscriptionStore } from '../../stores/grouped/subscription-store.ts'
import { INSTRUCTION, type Subscription, subTopics } from '../foreign-key-formats.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'

export interface ForeignKeyReceive<K, KF> {
  readonly storeName: string
  readonly key: Serde<K>
  readonly foreignKey: Serde<KF>
  readonly subscription: Serde<Subscription<K>>
  /** The subscription topic, without the application id. */
  readonly topic: string
}

/** Right side of a foreign-key join: keeps the subscriptions, and hands each on to be answered. Those without a foreign key are only answered. */
export class ForeignKeyReceiveProcessor<K, KF>
  implements Processor<KF | null, Subscription<K>, KF | null, Subscription<K>>
{
  readonly #receive: ForeignKeyReceive<K, KF>
  #context!: InternalProcessorContext<KF | null, Subscription<K>>
  #store!: SubscriptionStore
  #topic = ''

  constructor(receive: ForeignKeyReceive<K, KF>) {
    this.#receive = receive
  }

  init(context: InternalProcessorContext<KF | null, Subscription<K>>): void {
    this.#context = context
    this.#store = context.store(this.#receive.storeName)
    this.#topic = `${context.applicationId}-${this.#receive.topic}`
  }

  process(record: StreamRecord<KF | null, Subscription<K>>): void | Promise<void> {
    const { key: foreignKey, value: subscription } = record
    if (foreignKey !== null) this.#keep(foreignKey, subscription, record.timestamp)
    else if (subscription.instruction !== INSTRUCTION.answer) return this.#context.drop('null-join-key')
    return this.#context.forward(record)
  }

  #keep(foreignKey: KF, subscription: Subscription<K>, timestamp: number): void {
    const serdes = this.#receive
    const group = serdes.foreignKey.serialize(subTopics.foreignKey(this.#topic), foreignKey)
    const primaryKey = serdes.key.serialize(subTopics.primaryKey(this.#topic), subscription.primaryKey)
    const { instruction } = subscription
    const ends = instruction === INSTRUCTION.delete || instruction === INSTRUCTION.deleteAndAnswer
    if (ends) this.#store.delete(group, primaryKey, timestamp)
    else this.#store.put(group, primaryKey, serdes.subscription.serialize(this.#topic, subscription), timestamp)
  }
}
