import { PlainKeyValueStore } from './key-value-store.ts'
import type {
  KeyValueStore,
  SessionStore,
  StateStore,
  StoreBuilder,
  StoreContext,
  StoreKind,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  VersionedKeyValueStore,
  WindowStore,
} from './store.ts'
import {
  checkStore,
  type KeyValueStoreOptions,
  type LogHeaders,
  type SessionStoreOptions,
  type StoreOptions,
  type VersionedStoreOptions,
  type WindowStoreOptions,
} from './store-options.ts'
import { TimestampedStore } from './timestamped-key-value-store.ts'
import { VersionedStore } from './versioned/versioned-store.ts'
import { SessionEntriesStore } from './windowed/session-store.ts'
import { PlainWindowStore, TimestampedWindows } from './windowed/window-store.ts'

export type {
  KeyValueStoreOptions,
  LogHeaders,
  SessionStoreOptions,
  StoreOptions,
  VersionedStoreOptions,
  WindowStoreOptions,
} from './store-options.ts'

const WINDOW_OPTIONS = ['retentionMs', 'windowSizeMs', 'ends', 'retainDuplicates', 'timeOrdered']
const SESSION_OPTIONS = ['retentionMs', 'timeOrdered']

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
    checkStore(name, options)
    return declare('key-value', name, options, (settings, context) => new PlainKeyValueStore(name, settings, context))
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
    checkStore(name, options)
    return declare(
      'timestamped-key-value',
      name,
      options,
      (settings, context) => new TimestampedStore(name, settings, context),
    )
  },

  /**
   * Values by key and window start, kept for `retentionMs` of event time.
   *
   * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: names the option at fault.
   * @example
   * stores.window('seen-ids', { key: serdes.string(), value: serdes.string(), retentionMs: 3_600_000, windowSizeMs: 60_000 })
   */
  window<K, V>(name: string, options: WindowStoreOptions<K, V>): StoreBuilder<WindowStore<K, V>> {
    checkStore(name, options, WINDOW_OPTIONS)
    const { retentionMs, windowSizeMs, ends, retainDuplicates = false, timeOrdered = false } = options
    const own = { retentionMs, windowSizeMs, ends, retainDuplicates, timeOrdered }
    const builder = declare(
      'window',
      name,
      options,
      (settings, context) => new PlainWindowStore(name, { ...settings, ...own }, context),
    )
    return { ...builder, retentionMs }
  },

  /**
   * Values by key and window start with the event time of each value: what is under the DSL's windowed aggregations.
   *
   * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: names the option at fault.
   * @example
   * stores.timestampedWindow('per-minute', { key: serdes.string(), value: serdes.long(), retentionMs: 3_600_000, windowSizeMs: 60_000 })
   */
  timestampedWindow<K, V>(name: string, options: WindowStoreOptions<K, V>): StoreBuilder<TimestampedWindowStore<K, V>> {
    checkStore(name, options, WINDOW_OPTIONS)
    const { retentionMs, windowSizeMs, ends, retainDuplicates = false, timeOrdered = false } = options
    const own = { retentionMs, windowSizeMs, ends, retainDuplicates, timeOrdered }
    const builder = declare(
      'timestamped-window',
      name,
      options,
      (settings, context) => new TimestampedWindows(name, { ...settings, ...own }, context),
    )
    return { ...builder, retentionMs }
  },

  /**
   * Aggregates by key and session, kept for `retentionMs` of event time after the session's end.
   *
   * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: names the option at fault.
   * @example
   * stores.session('visits', { key: serdes.string(), value: serdes.long(), retentionMs: 86_400_000 })
   */
  session<K, A>(name: string, options: SessionStoreOptions<K, A>): StoreBuilder<SessionStore<K, A>> {
    checkStore(name, options, SESSION_OPTIONS)
    const { retentionMs, timeOrdered = false } = options
    const builder = declare(
      'session',
      name,
      options,
      (settings, context) => new SessionEntriesStore(name, { ...settings, retentionMs, timeOrdered }, context),
    )
    return { ...builder, retentionMs }
  },

  /**
   * Values by key, with their history over `historyRetentionMs` of event time.
   *
   * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: names the option at fault.
   * @example
   * stores.versioned('prices', { key: serdes.string(), value: serdes.double(), historyRetentionMs: 86_400_000 })
   */
  versioned<K, V>(name: string, options: VersionedStoreOptions<K, V>): StoreBuilder<VersionedKeyValueStore<K, V>> {
    checkStore(name, options, ['historyRetentionMs'], ['caching'])
    const { historyRetentionMs } = options
    const builder = declare(
      'versioned',
      name,
      options,
      (settings, context) => new VersionedStore(name, { ...settings, historyRetentionMs }, context),
    )
    return { ...builder, retentionMs: historyRetentionMs }
  },
}

/** The options that every store gets, with the defaults filled in. */
type Settings<K, V> = Pick<StoreOptions<K, V>, 'key' | 'value'> & {
  readonly caching: boolean
  readonly logHeaders: LogHeaders
}

function declare<K, V, S extends StateStore>(
  kind: StoreKind,
  name: string,
  options: StoreOptions<K, V>,
  build: (settings: Settings<K, V>, context: StoreContext) => S,
): StoreBuilder<S> {
  const { key, value, logging = true, caching = false, persistent = true, logHeaders = false } = options
  const { changelogConfigs = {} } = options
  return {
    name,
    kind,
    logging,
    caching,
    persistent,
    serdes: [key, value],
    changelogConfigs,
    build: (context) => build({ key, value, caching, logHeaders }, context),
  }
}
