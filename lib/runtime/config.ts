import { accessSync, constants, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { OffsetReset } from '../../topology/physical.ts'
import type { ClientSupplier, CompressionCodec } from '../client/client.ts'
import type { KafkaOptions, SaslOptions } from '../client/kafkajs/options.ts'
import { compressionCodecs } from '../client/protocol/compression.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { didYouMean } from '../core/did-you-mean.ts'
import { InvalidConfigError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import type { DeserializationHandler, ProcessingHandler, ProductionHandler } from './error-handlers.ts'

export type ProcessingGuarantee = 'exactly_once' | 'at_least_once'

/** What a KafkaStreams instance is told. Durations are milliseconds, sizes bytes, over the whole instance where not said otherwise. */
export interface StreamsConfig {
  /** Names the consumer group, the internal topics and the state: the same for every instance of the application. */
  readonly applicationId: string
  /** Bootstrap addresses, `host:port`. Either these or `client`. */
  readonly brokers?: readonly string[]
  /** TLS to the brokers: true, or Node's options for `tls.connect`. With `brokers` only. */
  readonly ssl?: KafkaOptions['ssl']
  /** Credentials, by mechanism; see docs/security.md. With `brokers` only. */
  readonly sasl?: SaslOptions
  /** Another way to the cluster: `memoryCluster()`, or your own. */
  readonly client?: ClientSupplier
  /** Default: `applicationId`. */
  readonly clientId?: string
  /** Where state is kept; a folder named like the application is made in it. Default: `millrace` in the system's temporary folder. */
  readonly stateDir?: string
  /** Default: `exactly_once`. */
  readonly processingGuarantee?: ProcessingGuarantee
  /**
   * What one transaction spans. `task` (default): one task, under its own transactional id; a failure concerns that task alone. `instance`: all tasks of the
   * instance, which costs the cluster far less with many tasks; a failure has all of them start over from their last commit. The same for every instance.
   */
  readonly transactionScope?: 'task' | 'instance'
  /** Default: 100 with exactly_once, 30 000 with at_least_once. */
  readonly commitIntervalMs?: number
  /** Updates of tables held back and merged until the next commit. 0 forwards each at once. Default: 10 MiB. */
  readonly cacheBytes?: number
  /** Committed entries kept readable without asking the database. Default: 32 MiB. */
  readonly readCacheBytes?: number
  /** Write buffers and block caches of all state databases. Default: 64 MiB. */
  readonly stateMemoryBytes?: number
  /** Uncommitted writes, with at_least_once also changelog records that wait for the commit, that bring a commit forward. Default: 64 MiB. */
  readonly uncommittedBytes?: number
  /** Static membership. Default: an id made once and kept in the state directory; null joins as a dynamic member. */
  readonly groupInstanceId?: string | null
  /** Default: 10 000. */
  readonly sessionTimeoutMs?: number
  /**
   * How long others wait for this instance to hand over its partitions. It hears of a rebalance with its next heartbeat, so more than a third of
   * `sessionTimeoutMs`. Default: 60 000, or `sessionTimeoutMs` if that is longer.
   */
  readonly rebalanceTimeoutMs?: number
  /** How long to wait for a lagging partition's next record before going on with the others. Default: 0, which waits only for records known to be there; -1 never waits. */
  readonly maxTaskIdleMs?: number
  /** How long windowed results that are due by event time may wait for others, so that they are looked for once and not with each record. Default: 1000; 0: at each record. */
  readonly emitIntervalMs?: number
  /** Where a partition without a committed offset starts, unless its source says otherwise. Default: `earliest`. */
  readonly offsetReset?: OffsetReset
  /**
   * How the changelogs of windows and sessions are cleared of what has expired. `expired` (default): by the application, when no store needs it. `java`: by the
   * brokers, by the records' event times, as with Java: `retention.ms` is the store's retention and a day. Event times that lie far back, of replayed data,
   * are then deleted at once, and missing in a restore. Of topics that are to be created.
   */
  readonly changelogRetention?: 'expired' | 'java'
  /**
   * Java's `dsl.store.format`: with `headers` the deletes in changelogs of tables carry the headers of the records that caused them. Default: `plain`, without.
   */
  readonly storeFormat?: 'plain' | 'headers'
  /** Of internal topics; -1 takes the broker's default. Default: -1. */
  readonly replicationFactor?: number
  /** How long a request to the cluster, with its retries, may take. Default: 30 000. */
  readonly requestTimeoutMs?: number
  /** How everything that is written is compressed, internal topics included; what is read needs no setting. See ProducerOptions. Default: `none`. */
  readonly compression?: CompressionCodec
  /**
   * The largest record that is written, before compression, as `max.request.size` in Java. A larger one stops the instance (RecordTooLargeError) before
   * anything of it is sent, and nothing is committed past its input. Topics have to allow it too (`max.message.bytes`, for the batch as it is sent): internal
   * topics that are created do; outputs are the user's. Default: 1 MiB.
   */
  readonly maxRequestBytes?: number
  /** The broker aborts a transaction that has been open for longer. Default: 10 000. */
  readonly transactionTimeoutMs?: number
  /**
   * How often records of repartition topics that every reader has committed are deleted, and those of changelogs that have expired (see `changelogRetention`).
   * Default: 30 000.
   */
  readonly repartitionPurgeIntervalMs?: number
  /** How often the source topics are checked for new partitions. Default: 300 000. */
  readonly metadataMaxAgeMs?: number
  /** What becomes of an input record that cannot be read. Default: the instance stops. */
  readonly deserializationHandler?: DeserializationHandler
  /** What becomes of a record on which a processor or callback fails. Default: the instance stops. */
  readonly processingHandler?: ProcessingHandler
  /** What becomes of a record that cannot be written to its sink's topic. Default: the instance stops. */
  readonly productionHandler?: ProductionHandler
  /**
   * Where a record goes that a handler leaves behind: its bytes, with headers that say what went wrong, in the same transaction as the offset behind it. The topic must exist. Default: nowhere.
   */
  readonly deadLetterQueueTopic?: string
  /**
   * What your processors need to know, under names of your own: they find it as `context.appConfigs`. They see nothing of the other options, and Millrace neither reads nor logs what is
   * in here. Default: nothing.
   */
  readonly appConfigs?: Readonly<Record<string, unknown>>
  /** Anything of pino's shape. Default: pino at level `warn`, on stderr. */
  readonly logger?: Logger
  /** The source of time; for tests. */
  readonly clock?: Clock
}

/** A StreamsConfig with every default filled in. */
export type ResolvedConfig = Required<Omit<StreamsConfig, WithoutDefault>> & Pick<StreamsConfig, WithoutDefault>

type WithoutDefault =
  | 'brokers'
  | 'ssl'
  | 'sasl'
  | 'client'
  | 'groupInstanceId'
  | 'logger'
  | (typeof errorHandlers)[number]
  | 'deadLetterQueueTopic'

/** The most that Node's timers can wait. */
const MAX_DURATION_MS = 2 ** 31 - 1

interface Range {
  readonly min: number
  readonly max: number
}

const milliseconds: Range = { min: 1, max: MAX_DURATION_MS }
const bytes: Range = { min: 0, max: Number.MAX_SAFE_INTEGER }

const numbers: Readonly<Record<string, Range>> = {
  commitIntervalMs: { min: 0, max: MAX_DURATION_MS },
  cacheBytes: bytes,
  readCacheBytes: bytes,
  stateMemoryBytes: { min: 1024 * 1024, max: Number.MAX_SAFE_INTEGER },
  uncommittedBytes: { min: 1024, max: Number.MAX_SAFE_INTEGER },
  sessionTimeoutMs: milliseconds,
  rebalanceTimeoutMs: milliseconds,
  maxTaskIdleMs: { min: -1, max: MAX_DURATION_MS },
  emitIntervalMs: { min: 0, max: MAX_DURATION_MS },
  replicationFactor: { min: -1, max: 32_767 },
  requestTimeoutMs: milliseconds,
  maxRequestBytes: { min: 1024, max: 2 ** 30 },
  transactionTimeoutMs: milliseconds,
  repartitionPurgeIntervalMs: milliseconds,
  metadataMaxAgeMs: milliseconds,
}

const choices: Readonly<Record<string, readonly string[]>> = {
  processingGuarantee: ['exactly_once', 'at_least_once'],
  transactionScope: ['task', 'instance'],
  changelogRetention: ['expired', 'java'],
  storeFormat: ['plain', 'headers'],
  offsetReset: ['earliest', 'latest', 'none'],
  compression: compressionCodecs,
}

const errorHandlers = ['deserializationHandler', 'processingHandler', 'productionHandler'] as const

const others = [
  ...errorHandlers,
  'deadLetterQueueTopic',
  'applicationId',
  'brokers',
  'ssl',
  'sasl',
  'client',
  'clientId',
  'stateDir',
  'groupInstanceId',
  'appConfigs',
  'logger',
  'clock',
]

/**
 * Checks a configuration and fills in what was left out.
 *
 * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: names the first option at fault and what is allowed.
 */
export function resolveConfig(config: StreamsConfig): ResolvedConfig {
  if (typeof config !== 'object' || config === null)
    throw new InvalidConfigError('config', 'must be an object of options')
  const given = withoutUndefined(config)
  rejectUnknown(given)
  requireName(given, 'applicationId', true)
  requireName(given, 'clientId', false)
  requireName(given, 'groupInstanceId', false)
  requireName(given, 'deadLetterQueueTopic', false)
  for (const [option, range] of Object.entries(numbers)) requireNumber(given, option, range)
  for (const [option, allowed] of Object.entries(choices)) requireChoice(given, option, allowed)
  requireCluster(given)
  requireLogger(given)
  requireErrorHandlers(given)
  requireAppConfigs(given)
  const guarantee = (given.processingGuarantee as ProcessingGuarantee | undefined) ?? 'exactly_once'
  const resolved: ResolvedConfig = {
    clientId: config.applicationId,
    stateDir: join(tmpdir(), 'millrace'),
    processingGuarantee: guarantee,
    transactionScope: 'task',
    changelogRetention: 'expired',
    storeFormat: 'plain',
    commitIntervalMs: guarantee === 'exactly_once' ? 100 : 30_000,
    cacheBytes: 10 * 1024 * 1024,
    readCacheBytes: 32 * 1024 * 1024,
    stateMemoryBytes: 64 * 1024 * 1024,
    uncommittedBytes: 64 * 1024 * 1024,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: Math.max(60_000, (given.sessionTimeoutMs as number | undefined) ?? 0),
    maxTaskIdleMs: 0,
    emitIntervalMs: 1_000,
    offsetReset: 'earliest',
    replicationFactor: -1,
    requestTimeoutMs: 30_000,
    compression: 'none',
    maxRequestBytes: 1_048_576,
    transactionTimeoutMs: 10_000,
    repartitionPurgeIntervalMs: 30_000,
    metadataMaxAgeMs: 300_000,
    clock: systemClock,
    ...(given as Partial<StreamsConfig> & Pick<StreamsConfig, 'applicationId'>),
    appConfigs: Object.freeze({ ...config.appConfigs }),
  }
  requireTimesThatFit(resolved)
  return { ...resolved, stateDir: requireWritable(resolved.stateDir) }
}

// Only what can never work: what is merely unwise may be meant.
function requireTimesThatFit(config: ResolvedConfig): void {
  const { processingGuarantee, commitIntervalMs, transactionTimeoutMs, sessionTimeoutMs, rebalanceTimeoutMs } = config
  if (processingGuarantee === 'exactly_once' && commitIntervalMs >= transactionTimeoutMs) {
    throw new InvalidConfigError(
      'commitIntervalMs',
      `is ${commitIntervalMs}, and must be below transactionTimeoutMs (${transactionTimeoutMs}): ` +
        'the broker aborts transactions that stay open for longer',
    )
  }
  const heartbeatIntervalMs = Math.floor(sessionTimeoutMs / 3)
  if (rebalanceTimeoutMs <= heartbeatIntervalMs) {
    throw new InvalidConfigError(
      'rebalanceTimeoutMs',
      `is ${rebalanceTimeoutMs}, and must be above ${heartbeatIntervalMs}, a third of sessionTimeoutMs (${sessionTimeoutMs}): an instance hears of a rebalance ` +
        'with its next heartbeat, and the group would go on without it before it has heard',
    )
  }
}

type Given = Readonly<Record<string, unknown>>

function withoutUndefined(config: object): Given {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
}

function rejectUnknown(given: Given): void {
  const known = [...others, ...Object.keys(numbers), ...Object.keys(choices)]
  for (const option of Object.keys(given)) {
    if (known.includes(option)) continue
    throw new InvalidConfigError(option, `is not an option${didYouMean(option, known)}`)
  }
}

// Java's rule for topic names, since the id becomes part of them.
const LEGAL_NAME = /^[a-zA-Z0-9._-]+$/

function requireName(given: Given, option: string, required: boolean): void {
  const value = given[option]
  if (value === undefined || (value === null && option === 'groupInstanceId')) {
    if (required)
      throw new InvalidConfigError(option, 'is missing: it names the consumer group, the internal topics and the state')
    return
  }
  if (typeof value !== 'string' || !LEGAL_NAME.test(value) || value.length > 200) {
    throw new InvalidConfigError(option, `is ${show(value)}, and must be 1 to 200 letters, digits, '.', '_' or '-'`)
  }
}

function requireNumber(given: Given, option: string, { min, max }: Range): void {
  const value = given[option]
  if (value === undefined) return
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new InvalidConfigError(option, `is ${show(value)}, and must be a whole number from ${min} to ${max}`)
  }
  if (option === 'replicationFactor' && value === 0) {
    throw new InvalidConfigError(option, 'is 0, and must be -1 (the broker’s default) or at least 1')
  }
}

function requireChoice(given: Given, option: string, allowed: readonly string[]): void {
  const value = given[option]
  if (value !== undefined && !allowed.includes(value as string)) {
    throw new InvalidConfigError(
      option,
      `is ${show(value)}, and must be ${allowed.map((choice) => `'${choice}'`).join(' or ')}`,
    )
  }
}

function requireCluster(given: Given): void {
  const { brokers, client } = given
  if (brokers === undefined && client === undefined) {
    throw new InvalidConfigError(
      'brokers',
      "is missing: give bootstrap addresses such as ['localhost:9092'], or a `client`",
    )
  }
  if (brokers !== undefined && client !== undefined) {
    throw new InvalidConfigError('client', 'is given together with `brokers`; only one of them can be the cluster')
  }
  if (brokers === undefined) {
    for (const option of ['ssl', 'sasl']) {
      if (given[option] !== undefined) throw new InvalidConfigError(option, 'goes with `brokers`, not with `client`')
    }
    if (typeof (client as { connect?: unknown }).connect !== 'function') {
      throw new InvalidConfigError('client', 'must have a method `connect` (see ClientSupplier)')
    }
    return
  }
  const wellFormed = (broker: unknown) => typeof broker === 'string' && /^.+:\d{1,5}$/.test(broker)
  if (!Array.isArray(brokers) || brokers.length === 0 || !brokers.every(wellFormed)) {
    throw new InvalidConfigError('brokers', `is ${show(brokers)}, and must be a list of addresses 'host:port'`)
  }
}

function requireLogger(given: Given): void {
  const logger = given.logger as Record<string, unknown> | undefined
  if (logger === undefined) return
  for (const level of ['debug', 'info', 'warn', 'error']) {
    if (typeof logger?.[level] !== 'function') throw new InvalidConfigError('logger', `must have a method '${level}'`)
  }
}

function requireErrorHandlers(given: Given): void {
  for (const option of errorHandlers) {
    const handler = given[option]
    if (handler === undefined || typeof handler === 'function') continue
    throw new InvalidConfigError(
      option,
      `is ${show(handler)}, and must be a function, for instance handlers.logAndContinue`,
    )
  }
}

// What is in it is nobody else's business: not even an error shows it.
function requireAppConfigs({ appConfigs }: Given): void {
  if (appConfigs === undefined) return
  if (typeof appConfigs === 'object' && appConfigs !== null && !Array.isArray(appConfigs)) return
  throw new InvalidConfigError('appConfigs', 'must be an object of your own entries')
}

function requireWritable(stateDir: unknown): string {
  if (typeof stateDir !== 'string' || stateDir === '') {
    throw new InvalidConfigError('stateDir', `is ${show(stateDir)}, and must be the path of a folder`)
  }
  const path = resolve(stateDir)
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new InvalidConfigError('stateDir', `'${path}' cannot be used: ${(cause as Error).message}`)
  }
  return path
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value))
}
