import { murmur3 } from '../../lib/core/murmur3.ts'
import type { StreamRecord } from '../../lib/core/record.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import type { Awaitable, ForeignKeySelector } from '../callbacks.ts'
import type { Change } from '../change.ts'
import { CallbackResultError } from '../errors.ts'
import {
  INSTRUCTION,
  type Instruction,
  SUBSCRIPTION_VERSION,
  type Subscription,
  subTopics,
} from '../foreign-key-formats.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { awaited } from './awaited.ts'

export interface ForeignKeySend<K, V, KF> {
  readonly node: string
  readonly foreignKeyOf: ForeignKeySelector<K, V, KF>
  readonly left: boolean
  readonly foreignKey: Serde<KF>
  readonly value: Serde<V>
  /** The subscription topic, without the application id. */
  readonly topic: string
  /** Leaves out updates that are not their key's latest: those of versioned tables. */
  readonly latestOnly: boolean
}

/**
 * Left side of a foreign-key join, first half: for each update of a row it subscribes to the row that its foreign key names now, and ends its subscription to the
 * one that it named before.
 *
 * An inner join without a match has nothing to be told, so a new row is answered only if there is one. A row that moves is answered in any case, since what it
 * had joined before has to go.
 */
export class ForeignKeySendProcessor<K, V, KF> implements Processor<K, Change<V>, KF | null, Subscription<K>> {
  readonly #send: ForeignKeySend<K, V, KF>
  #context!: InternalProcessorContext<KF | null, Subscription<K>>
  #topic = ''
  #partition = -1

  constructor(send: ForeignKeySend<K, V, KF>) {
    this.#send = send
  }

  init(context: InternalProcessorContext<KF | null, Subscription<K>>): void {
    this.#context = context
    this.#topic = `${context.applicationId}-${this.#send.topic}`
    this.#partition = Number(context.taskId.slice(context.taskId.lastIndexOf('_') + 1))
  }

  process(record: StreamRecord<K, Change<V>>): void | Promise<void> {
    const { key, value: change } = record
    if (key === null) return this.#context.drop('null-key')
    if (this.#send.latestOnly && !change.isLatest) return this.#context.drop('out-of-order')
    return awaited(this.#foreignKey(change.oldValue, key), (before) =>
      awaited(this.#foreignKey(change.newValue, key), (now) =>
        this.#send.left ? this.#leftJoin(record, before, now) : this.#innerJoin(record, before, now),
      ),
    )
  }

  #foreignKey(value: V | null, key: K): Awaitable<KF | null> {
    if (value === null) return null
    return awaited(this.#send.foreignKeyOf(value, key), (foreignKey) => {
      if (foreignKey === undefined) throw new CallbackResultError(this.#send.node, 'undefined', 'a foreign key or null')
      return foreignKey
    })
  }

  #leftJoin(record: StreamRecord<K, Change<V>>, before: KF | null, now: KF | null): void | Promise<void> {
    const { newValue, oldValue } = record.value
    if (newValue === null && oldValue === null) return
    const left =
      before === null || this.#same(before, now) ? undefined : this.#forward(record, before, INSTRUCTION.delete)
    return awaited<void, void>(left, () => this.#forward(record, now, INSTRUCTION.answer))
  }

  #innerJoin(record: StreamRecord<K, Change<V>>, before: KF | null, now: KF | null): void | Promise<void> {
    const { newValue, oldValue } = record.value
    if (newValue === null && oldValue === null) return
    if (before === null) {
      if (now === null) return this.#context.drop('null-join-key')
      return this.#forward(record, now, INSTRUCTION.answerIfThere)
    }
    if (now === null) return this.#forward(record, before, INSTRUCTION.deleteAndAnswer)
    if (this.#same(before, now)) return this.#forward(record, now, INSTRUCTION.answerIfThere)
    return awaited<void, void>(this.#forward(record, before, INSTRUCTION.delete), () =>
      this.#forward(record, now, INSTRUCTION.answer),
    )
  }

  #same(before: KF, now: KF | null): boolean {
    if (now === null) return false
    const topic = subTopics.foreignKey(this.#topic)
    const { foreignKey } = this.#send
    return Object.is(before, now) || foreignKey.serialize(topic, before).equals(foreignKey.serialize(topic, now))
  }

  #forward(record: StreamRecord<K, Change<V>>, foreignKey: KF | null, instruction: Instruction): void | Promise<void> {
    const { newValue } = record.value
    const topic = subTopics.valueHash(this.#topic)
    return this.#context.forward(
      record.withKeyValue(foreignKey, {
        version: SUBSCRIPTION_VERSION,
        instruction,
        hash: newValue === null ? null : murmur3(this.#send.value.serialize(topic, newValue)),
        primaryKey: record.key,
        primaryPartition: this.#partition,
      }),
    )
  }
}
