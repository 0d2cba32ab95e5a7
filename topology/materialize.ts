// What the verbs that make tables read out of MaterializeOptions.
import type { StoreBuilder } from '../stores/store.ts'
import { stores } from '../stores/stores.ts'
import { InvalidArgumentError } from './errors.ts'
import { type KnownSerde, requireSerde } from './known-serde.ts'
import type { MaterializeOptions } from './options.ts'

const STORE_SETTINGS = ['caching', 'logging', 'persistent', 'changelogConfigs'] as const

export type StoreSettings = Pick<MaterializeOptions<unknown, unknown>, (typeof STORE_SETTINGS)[number]>

/** The settings of a store that were given. */
export function storeSettings(options: StoreSettings): StoreSettings {
  const given = STORE_SETTINGS.filter((setting) => options[setting] !== undefined)
  return Object.fromEntries(given.map((setting) => [setting, options[setting]]))
}

/** Whether anything was said about how a result is to be kept: Java's call would have a `Materialized`. */
export function hasStoreSettings(options: MaterializeOptions<any, any>): boolean {
  return (
    options.store === true ||
    [...STORE_SETTINGS, 'key', 'value'].some((setting) => options[setting as keyof typeof options] !== undefined)
  )
}

/** The name that the user gave the store. */
export function queryName({ store }: { readonly store?: string | true }): string | undefined {
  return store === true ? undefined : store
}

/**
 * Whether the table's store keeps its history.
 *
 * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: it shall, but has no name.
 */
export function isVersionedStore(
  method: string,
  options: Pick<MaterializeOptions<any, any>, 'store' | 'versioned'>,
): boolean {
  if (options.versioned === undefined) return false
  if (typeof options.store === 'string') return true
  throw new InvalidArgumentError(
    method,
    "a versioned table needs a store with a name: { store: 'name', versioned: … }.",
  )
}

/** Where the store of a table is declared: the node and the verb, for errors. */
export interface StoreUse {
  readonly node: string
  readonly method: string
}

/**
 * The store of a table of ordinary keys.
 *
 * @throws MissingSerdeError `STREAMS_MISSING_SERDE`
 */
export function tableStore<K, V>(
  storeName: string,
  serdes: { readonly key: KnownSerde<K>; readonly value: KnownSerde<V> },
  settings: StoreSettings & Pick<MaterializeOptions<unknown, unknown>, 'versioned'>,
  { node, method }: StoreUse,
): StoreBuilder {
  const use = { node, purpose: `keeps the store '${storeName}'`, method }
  const key = requireSerde(serdes.key, 'key', use)
  const value = requireSerde(serdes.value, 'value', use)
  const { caching = true, ...given } = storeSettings(settings)
  if (settings.versioned === undefined) return stores.timestampedKeyValue(storeName, { ...given, caching, key, value })
  const { historyRetentionMs } = settings.versioned
  return stores.versioned(storeName, { ...given, historyRetentionMs, key, value })
}
