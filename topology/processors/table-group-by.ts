import { isDeepStrictEqual } from 'node:util'
import type { StreamRecord } from '../../lib/core/record.ts'
import type { Awaitable, TableGrouper } from '../callbacks.ts'
import { Change } from '../change.ts'
import { CallbackResultError } from '../errors.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { awaited } from './awaited.ts'

type Pair<K, V> = readonly [K, V] | undefined

/**
 * Sends the old value of an update to the group that it was in, and the new one to the group that it is in now: first the old one, or both together if the
 * group is the same. Pairs with a null key or value belong to no group.
 */
export class TableGroupByProcessor<K, V, KR, VR> implements Processor<K, Change<V>, KR, Change<VR>> {
  readonly #node: string
  readonly #group: TableGrouper<K, V, KR, VR>
  readonly #latestOnly: boolean
  #context!: InternalProcessorContext<KR, Change<VR>>

  /** @param latestOnly - Leaves out updates that are not their key's latest: those of versioned tables. */
  constructor(node: string, group: TableGrouper<K, V, KR, VR>, latestOnly: boolean) {
    this.#node = node
    this.#group = group
    this.#latestOnly = latestOnly
  }

  init(context: InternalProcessorContext<KR, Change<VR>>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, Change<V>>): void | Promise<void> {
    const { key, value: change } = record
    if (this.#latestOnly && !change.isLatest) return
    return awaited(this.#pair(change.newValue, key), (now) =>
      awaited(this.#pair(change.oldValue, key), (before) => this.#forward(record, now, before)),
    )
  }

  #pair(value: V | null, key: K): Awaitable<Pair<KR, VR>> {
    if (value === null) return undefined
    return awaited(this.#group(value, key), (pair) => {
      if (!Array.isArray(pair)) throw new CallbackResultError(this.#node, typeof pair, 'a pair [key, value]')
      if (pair[0] === undefined || pair[1] === undefined) {
        throw new CallbackResultError(this.#node, 'undefined', 'a key and a value')
      }
      return pair[0] === null || pair[1] === null ? undefined : (pair as unknown as Pair<KR, VR>)
    })
  }

  #forward(record: StreamRecord<K, Change<V>>, now: Pair<KR, VR>, before: Pair<KR, VR>): void | Promise<void> {
    const { isLatest } = record.value
    if (now !== undefined && before !== undefined && isDeepStrictEqual(now[0], before[0])) {
      return this.#context.forward(record.withKeyValue(before[0], new Change(now[1], before[1], isLatest)))
    }
    const removed =
      before === undefined
        ? undefined
        : this.#context.forward(record.withKeyValue(before[0], new Change<VR>(null, before[1], isLatest)))
    if (now === undefined) return removed
    return awaited<void, void>(removed, () =>
      this.#context.forward(record.withKeyValue(now[0], new Change<VR>(now[1], null, isLatest))),
    )
  }
}
