import {
  type Aggregator,
  type Awaitable,
  type Initializer,
  isPromise,
  type Merger,
  type Reducer,
} from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'

/** How the values of a window become its aggregate: what `count`, `reduce` and `aggregate` differ in. Null stands for no aggregate. */
export interface Fold<K, V, VR> {
  /** The aggregate of a window without values. */
  initial(): Awaitable<VR | null>
  add(aggregate: VR | null, value: V, key: K): Awaitable<VR | null>
  /** Makes one aggregate of two: those of sessions that a record joins. `left` is null while there is none. */
  merge(left: VR | null, right: VR, key: K): Awaitable<VR | null>
}

/** Counts values. */
export const countFold: Fold<any, any, number> = {
  initial: () => 0,
  add: (count) => count! + 1,
  merge: (left, right) => left! + right,
}

/** Makes one value of all: the first as it is, each later one by the reducer. */
export function reduceFold<K, V>(node: string, reducer: Reducer<K, V>): Fold<K, V, V> {
  const reduce = (left: V | null, right: V, key: K): Awaitable<V | null> =>
    left === null ? right : checked(node, reducer(left, right, key), 'a value')
  return { initial: () => null, add: reduce, merge: reduce }
}

/** Adds values to an aggregate of another type. Only sessions need a merger. */
export function aggregateFold<K, V, VR>(
  node: string,
  callbacks: {
    readonly initializer: Initializer<VR>
    readonly aggregator: Aggregator<K, V, VR>
    readonly merger?: Merger<K, VR> | undefined
  },
): Fold<K, V, VR> {
  const { initializer, aggregator, merger } = callbacks
  return {
    initial: () => checked(node, initializer(), 'an initial aggregate'),
    add: (aggregate, value, key) => checked(node, aggregator(aggregate as VR, value, key), 'an aggregate'),
    merge: (left, right, key) => checked(node, merger!(left as VR, right, key), 'an aggregate'),
  }
}

function checked<T>(node: string, result: Awaitable<T>, wanted: string): Awaitable<T> {
  if (isPromise(result)) return result.then((later) => checked(node, later, wanted))
  if (result === undefined) throw new CallbackResultError(node, 'undefined', wanted)
  return result
}
