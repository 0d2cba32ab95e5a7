import type { StateStore } from '../../stores/store.ts'
import { ReadOnlyStoreError } from './errors.ts'

/** What changes a store, whatever its kind. */
const WRITES = new Set(['put', 'putIfAbsent', 'putAll', 'delete', 'remove', 'restore', 'flush', 'discard', 'open'])

/**
 * The store for those who may only read it: its methods, but for those that write, which throw ReadOnlyStoreError `STREAMS_READ_ONLY_STORE`.
 *
 * A plain object and not a Proxy, since reads are on hot paths.
 */
export function readOnlyStore<S extends StateStore>(store: S): S {
  const view: Record<string, unknown> = { name: store.name }
  for (let type = Object.getPrototypeOf(store); type !== Object.prototype; type = Object.getPrototypeOf(type)) {
    for (const name of Object.getOwnPropertyNames(type)) {
      if (name === 'constructor' || Object.hasOwn(view, name)) continue
      view[name] = WRITES.has(name) ? () => refuse(store.name, name) : bound(store, type, name)
    }
  }
  return view as unknown as S
}

function bound(store: object, type: object, name: string): unknown {
  const { value } = Object.getOwnPropertyDescriptor(type, name)!
  return typeof value === 'function' ? value.bind(store) : value
}

function refuse(store: string, method: string): never {
  throw new ReadOnlyStoreError(store, method)
}
