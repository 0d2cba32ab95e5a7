import { StreamRecord } from '../../lib/core/record.ts'
import type { ValueAndTimestamp } from '../../stores/store.ts'
import { type Awaitable, isPromise, type ValueJoiner } from '../callbacks.ts'
import { Change } from '../change.ts'
import { CallbackResultError } from '../errors.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import type { TableGetter, TableView } from '../table-view.ts'
import { awaited } from './awaited.ts'

/** Which sides must have a value for the join to have one; where neither must, one of them. */
export interface TableJoinKind {
  readonly leftRequired: boolean
  readonly rightRequired: boolean
}

/** What a join makes of the values of a key: null for none. */
export type JoinedValue<K, V, VO, VR> = (left: V | null, right: VO | null, key: K) => Awaitable<VR | null>

/** The joiner, asked only for what the join has a value for. */
export function joinedValue<K, V, VO, VR>(
  node: string,
  joiner: ValueJoiner<K, any, any, VR | null>,
  { leftRequired, rightRequired }: TableJoinKind,
): JoinedValue<K, V, VO, VR> {
  return (left, right, key) => {
    if (left === null && (leftRequired || right === null)) return null
    if (right === null && rightRequired) return null
    const result = joiner(left, right, key)
    return isPromise(result) ? result.then((later) => checked(node, later)) : checked(node, result)
  }
}

function checked<VR>(node: string, result: VR | null): VR | null {
  if (result === undefined) throw new CallbackResultError(node, 'undefined', 'a value')
  return result
}

/** The join as seen from one of its tables. */
export interface TableJoinSide<K, V, VO, VR> {
  /** The values of the other table. */
  readonly other: TableView<K, VO>
  readonly otherRequired: boolean
  /** Takes this table's value first. */
  readonly join: (own: V | null, other: VO | null, key: K) => Awaitable<VR | null>
}

/**
 * Joins updates of one table with what the other holds for their key now. A result has the higher event time of the two; where the other side is missing, the
 * update's.
 *
 * Deletes are forwarded for as long as the other side exists, also for keys that had no value.
 */
export class TableJoinProcessor<K, V, VO, VR> implements Processor<K, Change<V>, K, Change<VR>> {
  readonly #side: TableJoinSide<K, V, VO, VR>
  readonly #options: { readonly sendOldValues: boolean; readonly latestOnly: boolean }
  #context!: InternalProcessorContext<K, Change<VR>>
  #other!: TableGetter<K, VO>

  /** `latestOnly` leaves out updates that are not their key's latest: those of versioned tables. */
  constructor(
    side: TableJoinSide<K, V, VO, VR>,
    options: { readonly sendOldValues: boolean; readonly latestOnly: boolean },
  ) {
    this.#side = side
    this.#options = options
  }

  init(context: InternalProcessorContext<K, Change<VR>>): void {
    this.#context = context
    this.#other = this.#side.other.open(context)
  }

  process(record: StreamRecord<K, Change<V>>): void | Promise<void> {
    if (record.key === null) return this.#context.drop('null-key')
    if (this.#options.latestOnly && !record.value.isLatest) return this.#context.drop('out-of-order')
    const other = this.#other.get(record.key)
    return isPromise(other) ? other.then((later) => this.#join(record, later)) : this.#join(record, other)
  }

  #join(record: StreamRecord<K, Change<V>>, other: ValueAndTimestamp<VO> | undefined): void | Promise<void> {
    const { otherRequired, join } = this.#side
    const { key, value: change, timestamp } = record
    if (other === undefined && (otherRequired || (change.newValue === null && change.oldValue === null))) return
    const value = other === undefined ? null : other.value
    const time = other === undefined ? timestamp : Math.max(timestamp, other.timestamp)
    const newValue = join(change.newValue, value, key)
    const oldValue = this.#options.sendOldValues ? join(change.oldValue, value, key) : null
    if (!isPromise(newValue) && !isPromise(oldValue)) return this.#forward(record, newValue, oldValue, time)
    return Promise.all([newValue, oldValue]).then(([now, before]) => this.#forward(record, now, before, time))
  }

  #forward(
    { key, value: { isLatest }, headers, topic, partition, offset }: StreamRecord<K, Change<V>>,
    newValue: VR | null,
    oldValue: VR | null,
    time: number,
  ): void | Promise<void> {
    const change = new Change(newValue, oldValue, isLatest)
    return this.#context.forward(new StreamRecord(key, change, time, headers, topic, partition, offset))
  }
}

/** Reads what a join that is not kept has for a key: the values of both tables, joined. */
export function joinedView<K, V, VO, VR>(
  left: TableView<K, V>,
  right: TableView<K, VO>,
  leftRequired: boolean,
  join: JoinedValue<K, V, VO, VR>,
): TableView<K, VR> {
  return {
    storeNames: [...new Set([...left.storeNames, ...right.storeNames])],
    open: (context) => new JoinedGetter(left.open(context), right.open(context), leftRequired, join),
  }
}

class JoinedGetter<K, V, VO, VR> implements TableGetter<K, VR> {
  // As in Java, also where both tables know the past.
  readonly versioned = false
  readonly #left: TableGetter<K, V>
  readonly #right: TableGetter<K, VO>
  readonly #leftRequired: boolean
  readonly #join: JoinedValue<K, V, VO, VR>

  constructor(
    left: TableGetter<K, V>,
    right: TableGetter<K, VO>,
    leftRequired: boolean,
    join: JoinedValue<K, V, VO, VR>,
  ) {
    this.#left = left
    this.#right = right
    this.#leftRequired = leftRequired
    this.#join = join
  }

  get(key: K): Awaitable<ValueAndTimestamp<VR> | undefined> {
    return awaited(this.#left.get(key), (left) => {
      if (left === undefined && this.#leftRequired) return undefined
      return awaited(this.#right.get(key), (right) => {
        const timestamp = Math.max(left?.timestamp ?? -1, right?.timestamp ?? -1)
        return awaited(this.#join(left?.value ?? null, right?.value ?? null, key), (value) =>
          value === null ? undefined : { value, timestamp },
        )
      })
    })
  }

  getAsOf(): undefined {
    return undefined
  }
}
