import { type ConnectionOptions, createSecureContext } from 'node:tls'
import { InvalidConfigError } from '../../core/errors.ts'

/** Credentials, by mechanism. Values are never logged and never part of an error message. */
export type SaslOptions =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  | {
      readonly mechanism: 'aws'
      readonly authorizationIdentity: string
      readonly accessKeyId: string
      readonly secretAccessKey: string
      readonly sessionToken?: string
    }
  | {
      readonly mechanism: 'oauthbearer'
      /**
       * Gives a token that is valid now and for some time to come. Called for each connection, a dozen at the start, and again before the session of
       * a connection ends: it should keep its token until shortly before that expires. If it throws or rejects, it is called again within the
       * request time-out. `extensions` are sent along with the token (RFC 7628).
       */
      readonly oauthBearerProvider: () => Promise<{
        readonly value: string
        readonly extensions?: Readonly<Record<string, string>>
      }>
    }

/**
 * Where a Kafka cluster is and how to connect to it.
 *
 * @example
 * const options: KafkaOptions = {
 *   brokers: ['kafka-1.example:9093', 'kafka-2.example:9093'],
 *   ssl: true,
 *   sasl: { mechanism: 'scram-sha-512', username: 'delays', password: process.env.KAFKA_PASSWORD! },
 * }
 */
export interface KafkaOptions {
  /** Addresses to begin with, each `host:port` (`[::1]:9092` for IPv6). The other brokers are found through these. */
  readonly brokers: readonly string[]
  /** TLS: `true` for the system's certificate authorities, or the options of `tls.connect`. Default: no TLS. */
  readonly ssl?: boolean | ConnectionOptions
  readonly sasl?: SaslOptions
  /** How long a connection may take until it is ready: TCP, TLS and SASL together. Milliseconds, default 10 000. */
  readonly connectionTimeoutMs?: number
  /** How long to wait for the response to a request that names no time of its own. Milliseconds; default: the client context's. */
  readonly requestTimeoutMs?: number
}

/** A host and a port. */
export interface Address {
  readonly host: string
  readonly port: number
}

const REQUIRED_BY_MECHANISM: Readonly<Record<string, readonly string[]>> = {
  plain: ['username', 'password'],
  'scram-sha-256': ['username', 'password'],
  'scram-sha-512': ['username', 'password'],
  aws: ['authorizationIdentity', 'accessKeyId', 'secretAccessKey'],
  oauthbearer: ['oauthBearerProvider'],
}
const MAX_TIMER_MS = 2 ** 31 - 1

/** @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: an option is missing or not allowed. */
export function validateKafkaOptions(options: KafkaOptions): void {
  if (!Array.isArray(options.brokers) || options.brokers.length === 0) {
    throw new InvalidConfigError('brokers', "needs at least one address: ['localhost:9092']")
  }
  for (const broker of options.brokers) parseAddress(broker)
  const { ssl, sasl } = options
  if (ssl !== undefined && typeof ssl !== 'boolean' && (typeof ssl !== 'object' || ssl === null)) {
    throw new InvalidConfigError('ssl', 'must be a boolean or an object of TLS options')
  }
  if (typeof ssl === 'object') validateTls(ssl)
  if (sasl !== undefined) validateSasl(sasl)
  for (const option of ['connectionTimeoutMs', 'requestTimeoutMs'] as const) {
    const value = options[option]
    if (value !== undefined && !(Number.isInteger(value) && value > 0 && value <= MAX_TIMER_MS)) {
      throw new InvalidConfigError(
        option,
        `must be a whole number of milliseconds from 1 to ${MAX_TIMER_MS}, not ${value}`,
      )
    }
  }
}

/** @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: not of the form `host:port`. */
export function parseAddress(broker: string): Address {
  const match =
    typeof broker === 'string' ? /^(?:\[([0-9a-f:.]+(?:%\w+)?)\]|([^\s:/@[\]]+)):(\d{1,5})$/i.exec(broker) : null
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) {
    throw new InvalidConfigError('brokers', `must hold addresses 'host:port'; ${withoutUserInfo(broker)} is none`)
  }
  return { host: match[1] ?? match[2]!, port }
}

// Who takes an address for a URL may have put a password into it.
function withoutUserInfo(broker: unknown): string {
  return JSON.stringify(typeof broker === 'string' ? broker.replace(/^.*@/, '***@') : broker)
}

// A certificate or key that cannot be read would otherwise fail only at the first connection.
function validateTls(ssl: ConnectionOptions): void {
  try {
    createSecureContext(ssl)
  } catch (error) {
    throw new InvalidConfigError('ssl', `holds TLS options that cannot be used: ${(error as Error).message}`)
  }
}

function validateSasl(sasl: SaslOptions): void {
  const mechanism = String(sasl?.mechanism).toLowerCase()
  const required = REQUIRED_BY_MECHANISM[mechanism]
  if (required === undefined) {
    throw new InvalidConfigError('sasl.mechanism', `must be one of ${Object.keys(REQUIRED_BY_MECHANISM).join(', ')}`)
  }
  for (const field of required) {
    const value = (sasl as unknown as Record<string, unknown>)[field]
    const wanted = field === 'oauthBearerProvider' ? 'function' : 'string'
    // The value itself must not be shown.
    if (typeof value !== wanted || value === '') {
      throw new InvalidConfigError(`sasl.${field}`, `must be a ${wanted}, not empty, for mechanism '${mechanism}'`)
    }
  }
}
