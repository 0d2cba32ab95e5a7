import { InvalidConfigError } from '../lib/core/errors.ts'
import type { WindowEnds } from '../lib/core/windowed.ts'
import type { Serde } from '../lib/serde/serde.ts'

/** Of which writes the changelog records carry the headers of the record in process: of all, of deletes only, of none. */
export type LogHeaders = boolean | 'tombstones'

/** What every kind of store is made of. */
export interface StoreOptions<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** Writes go to a changelog topic, from which a lost store is restored. Default true. */
  readonly logging?: boolean
  /** Updates of a key are held back and merged until the next commit, within the instance's `cacheBytes`. Default false. */
  readonly caching?: boolean
  /** False: kept in memory only, and restored from the changelog at each start. Default true. */
  readonly persistent?: boolean
  /** Whether changelog records carry the headers of the record in process. Default false, as in Java's stores. */
  readonly logHeaders?: LogHeaders
  /** Settings of the changelog topic, over the defaults: `{ 'segment.bytes': '16777216' }`. */
  readonly changelogConfigs?: Readonly<Record<string, string>>
}

/** What a key-value store is made of. */
export interface KeyValueStoreOptions<K, V> extends StoreOptions<K, V> {}

/** What a window store is made of. */
export interface WindowStoreOptions<K, V> extends StoreOptions<K, V> {
  /**
   * How long a window is kept, in event time: it expires when one that starts so many milliseconds later has been put. At least `windowSizeMs`;
   * Number.MAX_SAFE_INTEGER keeps windows for ever.
   */
  readonly retentionMs: number
  /** How long the windows are, in milliseconds, the longest if they differ: gives the ends of those that reads return. At least 0. */
  readonly windowSizeMs: number
  /** Gives the ends of windows that differ in length: what `windows.custom` makes. Default: start and `windowSizeMs`. */
  readonly ends?: WindowEnds
  /** Keeps every value put for a key and start, where another store would replace the one before. Not with `caching`. Default false. */
  readonly retainDuplicates?: boolean
  /** Keeps the windows of all keys also in the order of time, as `fetchByTime` reads them. Each window then costs a second row. Default false. */
  readonly timeOrdered?: boolean
}

/** What a session store is made of. */
export interface SessionStoreOptions<K, A> extends StoreOptions<K, A> {
  /**
   * How long a session is kept, in event time: it expires when one that ends so many milliseconds later has been put. Number.MAX_SAFE_INTEGER keeps
   * sessions for ever.
   */
  readonly retentionMs: number
  /** Keeps the sessions of all keys also in the order of time, as `findByEnd` reads them. Each session then costs a second row. Default false. */
  readonly timeOrdered?: boolean
}

/** What a versioned store is made of. It has no cache: each version is an update of its own. */
export interface VersionedStoreOptions<K, V> extends Omit<StoreOptions<K, V>, 'caching'> {
  /**
   * How far back the history of a key can be read and written, in milliseconds before the latest time that was put into the store. At least 0. The latest
   * value of a key is kept for ever.
   */
  readonly historyRetentionMs: number
}

const NAME = /^[a-zA-Z0-9._-]{1,249}$/
const COMMON = ['key', 'value', 'logging', 'caching', 'persistent', 'logHeaders', 'changelogConfigs']
const FLAGS = ['logging', 'caching', 'persistent', 'retainDuplicates', 'timeOrdered']
const DURATIONS = ['retentionMs', 'windowSizeMs', 'historyRetentionMs']

/**
 * @param own - The options that only this kind of store has; durations among them must be given.
 * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: names the option at fault.
 */
export function checkStore(
  name: string,
  options: object,
  own: readonly string[] = [],
  not: readonly string[] = [],
): void {
  if (!NAME.test(name)) {
    throw new InvalidConfigError(
      'name',
      `is '${name}' for a store: 1 to 249 letters, digits, '.', '_' and '-' are allowed`,
    )
  }
  const known = [...COMMON, ...own].filter((option) => !not.includes(option))
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue
    throw new InvalidConfigError(option, `is not an option of store '${name}'; these are: ${known.join(', ')}`)
  }
  const given = options as Readonly<Record<string, any>>
  const of = `of store '${name}' has to be`
  for (const option of ['key', 'value']) {
    if (typeof given[option]?.serialize !== 'function')
      throw new InvalidConfigError(option, `${of} a serde, for instance serdes.string()`)
  }
  for (const option of FLAGS) {
    if (given[option] !== undefined && typeof given[option] !== 'boolean')
      throw new InvalidConfigError(option, `${of} true or false`)
  }
  if (![undefined, true, false, 'tombstones'].includes(given.logHeaders))
    throw new InvalidConfigError('logHeaders', `${of} true, false or 'tombstones'`)
  for (const option of DURATIONS) {
    if (!own.includes(option) || (Number.isSafeInteger(given[option]) && given[option] >= 0)) continue
    throw new InvalidConfigError(option, `${of} whole milliseconds from 0 to ${Number.MAX_SAFE_INTEGER}`)
  }
  if (given.ends !== undefined && typeof given.ends?.endOf !== 'function')
    throw new InvalidConfigError('ends', `${of} windows: what windows.custom makes`)
  if (given.retentionMs < given.windowSizeMs) {
    throw new InvalidConfigError(
      'retentionMs',
      `of store '${name}' is ${given.retentionMs}, less than its windowSizeMs ${given.windowSizeMs}: windows would expire before they end`,
    )
  }
  if (given.retainDuplicates === true && given.caching === true) {
    throw new InvalidConfigError(
      'caching',
      `of store '${name}' does not go with retainDuplicates: there is nothing to merge`,
    )
  }
}
