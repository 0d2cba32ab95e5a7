import { errorCodes } from '../protocol/error-codes.ts'

/** Stands, instead of a node id, for all brokers: the cluster's own default. */
export const ALL_BROKERS = ''

interface BrokerConfig {
  readonly fallback: string | null
  readonly kind: 'number' | 'list' | 'password'
  /** Whether a running broker takes another value. */
  readonly isDynamic: boolean
}

const number = (fallback: string): BrokerConfig => ({ fallback, kind: 'number', isDynamic: true })

// Some of a real broker's configurations, one of each kind. Here they are kept and shown, and have no effect.
const known: Readonly<Record<string, BrokerConfig>> = {
  'background.threads': number('10'),
  'log.cleaner.backoff.ms': number('15000'),
  'log.cleaner.threads': number('1'),
  'log.cleanup.policy': { fallback: 'delete', kind: 'list', isDynamic: true },
  'max.connections': number('2147483647'),
  'message.max.bytes': number('1048588'),
  'num.io.threads': number('8'),
  'transaction.max.timeout.ms': { fallback: '900000', kind: 'number', isDynamic: false },
  'process.roles': { fallback: 'broker,controller', kind: 'list', isDynamic: false },
  'ssl.keystore.password': { fallback: null, kind: 'password', isDynamic: false },
}

/** One configuration as DescribeConfigs tells it. */
export interface BrokerConfigEntry {
  readonly name: string
  /** Null: none, or a secret. */
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
}

// Where a value comes from.
const SET_ON_BROKER = 2
const SET_FOR_ALL = 3
const DEFAULT_CONFIG = 5

export function isBrokerListConfig(name: string): boolean {
  return known[name]?.kind === 'list'
}

/** What brokers were told besides their defaults, by node id, or for all of them. */
export class BrokerConfigs {
  readonly #configs = new Map<string, ReadonlyMap<string, string>>()

  /** The values that were set there. */
  get(resourceName: string): ReadonlyMap<string, string> {
    return this.#configs.get(resourceName) ?? new Map()
  }

  set(resourceName: string, configs: ReadonlyMap<string, string>): void {
    this.#configs.set(resourceName, configs)
  }

  /** What holds where nothing was set: for one broker what was set for all. */
  fallback(resourceName: string, name: string): string {
    const forAll = resourceName === ALL_BROKERS ? undefined : this.get(ALL_BROKERS).get(name)
    return forAll ?? known[name]?.fallback ?? ''
  }

  /** Everything that holds for a broker; for all brokers only what was set. */
  describe(resourceName: string): readonly BrokerConfigEntry[] {
    const own = this.get(resourceName)
    const forAll = this.get(ALL_BROKERS)
    if (resourceName === ALL_BROKERS) return [...own].map(([name, value]) => entry(name, value, SET_FOR_ALL))
    return [...new Set([...Object.keys(known), ...own.keys()])].map((name) => {
      const value = own.get(name)
      if (value !== undefined) return entry(name, value, SET_ON_BROKER)
      const common = forAll.get(name)
      return common === undefined
        ? entry(name, known[name]?.fallback ?? null, DEFAULT_CONFIG)
        : entry(name, common, SET_FOR_ALL)
    })
  }

  /** Why a set of values cannot be; undefined: it can. Names that a broker does not know it keeps, for plug-ins that may. */
  problem(values: ReadonlyMap<string, string>): readonly [errorCode: number, message: string] | undefined {
    for (const [name, value] of values) {
      const config = known[name]
      if (config === undefined) continue
      if (!config.isDynamic) return [errorCodes.INVALID_REQUEST, `Cannot update these configs dynamically: [${name}]`]
      if (config.kind === 'number' && !/^-?\d{1,15}$/.test(value)) {
        return [errorCodes.INVALID_REQUEST, `Invalid value ${value} for configuration ${name}: Not a number`]
      }
    }
    return undefined
  }
}

// What a broker does not know may be a secret.
function entry(name: string, value: string | null, configSource: number): BrokerConfigEntry {
  const config = known[name]
  const isSensitive = config === undefined || config.kind === 'password'
  return {
    name,
    value: isSensitive ? null : value,
    readOnly: config?.isDynamic !== true,
    configSource,
    isSensitive,
  }
}
