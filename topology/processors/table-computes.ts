import type { TablePredicate, TableValueMapper } from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'
import { awaited } from './awaited.ts'
import type { TableFunction } from './table-verb.ts'

/** Keeps the values for which the predicate says what is `wanted`. */
export function filterCompute<K, V>(
  node: string,
  predicate: TablePredicate<K, V>,
  wanted: boolean,
): TableFunction<K, V, V> {
  return (value, key) =>
    awaited(predicate(value, key), (accepted) => {
      if (accepted === undefined) throw new CallbackResultError(node, 'undefined', 'true or false')
      return Boolean(accepted) === wanted ? value : null
    })
}

/** Replaces each value by what the mapper makes of it. */
export function mapCompute<K, V, VR>(node: string, mapper: TableValueMapper<K, V, VR>): TableFunction<K, V, VR> {
  return (value, key) =>
    awaited(mapper(value, key), (result) => {
      if (result === undefined) throw new CallbackResultError(node, 'undefined', 'a value')
      return result
    })
}
