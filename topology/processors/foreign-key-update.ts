import type { StreamRecord } from '../../lib/core/record.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import type { SubscriptionStore } from '../../stores/grouped/subscription-store.ts'
import { isPromise } from '../callbacks.ts'
import type { Change } from '../change.ts'
import { type SubscriptionResponse, subscriptionParts, subTopics } from '../foreign-key-formats.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'

export interface ForeignKeyUpdate<K, KF> {
  readonly storeName: string
  readonly key: Serde<K>
  readonly foreignKey: Serde<KF>
  /** The subscription topic, without the application id. */
  readonly topic: string
  /** Leaves out updates that are not their key's latest: those of versioned tables. */
  readonly latestOnly: boolean
}

/** Right side of a foreign-key join: tells each update of a row to all that subscribe to it, by the bytes of their primary keys. */
export class ForeignKeyUpdateProcessor<K, KF, VF> implements Processor<KF, Change<VF>, K, SubscriptionResponse<VF>> {
  readonly #update: ForeignKeyUpdate<K, KF>
  #context!: InternalProcessorContext<K, SubscriptionResponse<VF>>
  #store!: SubscriptionStore
  #topic = ''

  constructor(update: ForeignKeyUpdate<K, KF>) {
    this.#update = update
  }

  init(context: InternalProcessorContext<K, SubscriptionResponse<VF>>): void {
    this.#context = context
    this.#store = context.store(this.#update.storeName)
    this.#topic = `${context.applicationId}-${this.#update.topic}`
  }

  process(record: StreamRecord<KF, Change<VF>>): void | Promise<void> {
    if (record.key === null) return this.#context.drop('null-key')
    if (this.#update.latestOnly && !record.value.isLatest) return this.#context.drop('out-of-order')
    const foreignKey = this.#update.foreignKey.serialize(subTopics.foreignKey(this.#topic), record.key)
    const subscribers = this.#store.subscribers(foreignKey)
    for (let next = subscribers.next(); next.done !== true; next = subscribers.next()) {
      const pending = this.#tell(record, next.value)
      if (isPromise(pending)) return this.#tellRest(record, subscribers, pending)
    }
  }

  async #tellRest(
    record: StreamRecord<KF, Change<VF>>,
    subscribers: Iterable<readonly [Buffer, Buffer]>,
    pending: Promise<void>,
  ): Promise<void> {
    await pending
    for (const subscriber of subscribers) await this.#tell(record, subscriber)
  }

  #tell(record: StreamRecord<KF, Change<VF>>, [keyBytes, bytes]: readonly [Buffer, Buffer]): void | Promise<void> {
    const { hash, primaryPartition } = subscriptionParts(this.#topic, bytes)
    const primaryKey = this.#update.key.deserialize(subTopics.primaryKey(this.#topic), keyBytes)
    const response = { hash, foreignValue: record.value.newValue, primaryPartition }
    return this.#context.forward(record.withKeyValue(primaryKey, response))
  }
}
