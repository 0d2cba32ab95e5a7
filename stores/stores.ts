import { InvalidConfigError } from '../lib/core/errors.ts'
import type { Serde } from '../lib/serde/serde.ts'
import { PlainKeyValueStore } from './key-value-store.ts'
import type {
  KeyValueStore,
  StateStore,
  StoreBuilder,
  StoreContext,
  StoreKind,
  TimestampedKeyValueStore,
} from './store.ts'
import { TimestampedStore } from './timestamped-key-value-store.ts'

/** What a key-value store is made of. */
export interface KeyValueStoreOptions<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** Writes go to a changelog topic, from which a lost store is restored. Default true. */
  readonly logging?: boolean
  /** Updates of a key are held back and merged until the next commit, within the instance's `cacheBytes`. Default false. */
  readonly caching?: boolean
  /** False: kept in memory only, and restored from the changelog at each start. Default true. */
  readonly persistent?: boolean
  /** Settings of the changelog topic, over the defaults: `{ 'segment.bytes': '16777216' }`. */
  readonly changelogConfigs?: Readonly<Record<string, string>>
}

const OPTIONS = new Set(['key', 'value', 'logging', 'caching', 'persistent', 'changelogConfigs'])
const NAME = /^[a-zA-Z0-9._-]{1,249}$/

/** Declares the stores of processors. */
export const stores = {
  /**
   * Keys and values.
   *
   * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: names the option at fault.
   * @example
   * stores.keyValue('seen', { key: serdes.string(), value: serdes.long() })
   */
  keyValue<K, V>(name: string, options: KeyValueStoreOptions<K, V>): StoreBuilder<KeyValueStore<K, V>> {
    return declare('key-value', name, options, (typed, context) => new PlainKeyValueStore(name, typed, context))
  },

  /**
   * Keys and values with the event time of each value: what is under the DSL's tables.
   *
   * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: names the option at fault.
   * @example
   * stores.timestampedKeyValue('latest', { key: serdes.string(), value: serdes.json<Reading>() })
   */
  timestampedKeyValue<K, V>(
    name: string,
    options: KeyValueStoreOptions<K, V>,
  ): StoreBuilder<TimestampedKeyValueStore<K, V>> {
    return declare(
      'timestamped-key-value',
      name,
      options,
      (typed, context) => new TimestampedStore(name, typed, context),
    )
  },
}

type Declared<K, V> = Pick<KeyValueStoreOptions<K, V>, 'key' | 'value'> & { readonly caching: boolean }

function declare<K, V, S extends StateStore>(
  kind: StoreKind,
  name: string,
  options: KeyValueStoreOptions<K, V>,
  build: (options: Declared<K, V>, context: StoreContext) => S,
): StoreBuilder<S> {
  check(name, options)
  const { key, value, logging = true, caching = false, persistent = true, changelogConfigs = {} } = options
  return {
    name,
    kind,
    logging,
    caching,
    persistent,
    changelogConfigs,
    build: (context) => build({ key, value, caching }, context),
  }
}

function check(name: string, options: KeyValueStoreOptions<unknown, unknown>): void {
  if (!NAME.test(name)) {
    throw new InvalidConfigError(
      'name',
      `is '${name}' for a store: 1 to 249 letters, digits, '.', '_' and '-' are allowed`,
    )
  }
  for (const option of Object.keys(options)) {
    if (!OPTIONS.has(option)) {
      throw new InvalidConfigError(option, `is not an option of store '${name}'; these are: ${[...OPTIONS].join(', ')}`)
    }
  }
  for (const option of ['key', 'value'] as const) {
    if (typeof options[option]?.serialize !== 'function') {
      throw new InvalidConfigError(option, `of store '${name}' has to be a serde, for instance serdes.string()`)
    }
  }
  for (const option of ['logging', 'caching', 'persistent'] as const) {
    const flag = options[option]
    if (flag !== undefined && typeof flag !== 'boolean') {
      throw new InvalidConfigError(option, `of store '${name}' has to be true or false`)
    }
  }
}
