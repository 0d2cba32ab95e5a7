// What Millrace uses of kafkajs beyond its documented interface: everything that could change is named and checked here.
import { createRequire } from 'node:module'
import kafkajs, { type KafkaConfig } from 'kafkajs'
import { type Recovery, StreamsError } from '../../core/errors.ts'
import type { Address } from './options.ts'

/** kafkajs is not built as this version of Millrace expects it. */
export class KafkajsMismatchError extends StreamsError {
  readonly code = 'STREAMS_KAFKAJS_MISMATCH'
  readonly recovery: Recovery = 'fail'
}

/** kafkajs's `Cluster`: builds connections with the options that it was made with. */
export interface KafkajsCluster {
  readonly connectionPoolBuilder: {
    build(to: { readonly host: string; readonly port: number }): Promise<KafkajsConnectionPool>
  }
  readonly brokerPool: {
    readonly rootLogger: unknown
    createBroker(options: { readonly connectionPool: KafkajsConnectionPool; readonly logger: unknown }): KafkajsBroker
  }
}

export interface KafkajsConnectionPool {
  readonly pool: readonly KafkajsConnection[]
}

export interface KafkajsBroker {
  /** Connects the pool's first connection, asks for the broker's api versions and authenticates. */
  connect(): Promise<void>
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null
}

export interface KafkajsConnection {
  send(protocol: {
    readonly request: {
      readonly apiKey: number
      readonly apiVersion: number
      readonly apiName: string
      readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer; size(): number }>
    }
    readonly response: {
      decode(payload: Buffer): Promise<unknown>
      parse(decoded: unknown): Promise<unknown>
    }
    readonly logResponseError: boolean
  }): Promise<unknown>
  processData(bytes: Buffer): void
  /** How long before the end of its session kafkajs authenticates again, in milliseconds. */
  readonly reauthenticationThreshold: number
  /** As the broker has told it, in milliseconds; 0: without end. A kind of bigint. */
  readonly sessionLifetime: { toString(): string }
  readonly requestQueue: {
    readonly pending: readonly unknown[]
    scheduleCheckPendingRequests(): void
    maybeThrottle(timeMs: number | undefined): void
  }
}

/**
 * Makes a kafkajs cluster. The way to get one is documented: a partition assigner is handed its consumer's cluster, at once. The
 * consumer itself is never connected.
 *
 * @throws KafkajsMismatchError `STREAMS_KAFKAJS_MISMATCH`: a field that we need is not there.
 */
export function createCluster(config: KafkaConfig): KafkajsCluster {
  let captured: unknown
  new kafkajs.Kafka(config).consumer({
    groupId: 'never-joined',
    partitionAssigners: [
      ({ cluster }) => {
        captured = cluster
        return {
          name: 'none',
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }),
        }
      },
    ],
  })
  const cluster = captured as KafkajsCluster
  requireField(cluster, 'connectionPoolBuilder.build', 'function')
  requireField(cluster, 'brokerPool.createBroker', 'function')
  requireField(cluster, 'brokerPool.rootLogger', 'object')
  return cluster
}

/** A connection that is not open yet, and the broker object that opens it. */
export async function createConnection(
  cluster: KafkajsCluster,
  { host, port }: Address,
): Promise<{ broker: KafkajsBroker; connection: KafkajsConnection }> {
  const connectionPool = await cluster.connectionPoolBuilder.build({ host, port })
  // kafkajs keeps a second one for fetches. A wire has one connection to a node, so that requests stay in order.
  requireField(connectionPool, 'pool.0', 'object')
  const connection = connectionPool.pool[0]!
  requireField(connection, 'send', 'function')
  requireField(connection, 'processData', 'function')
  requireField(connection, 'requestQueue.pending', 'object')
  requireField(connection, 'requestQueue.scheduleCheckPendingRequests', 'function')
  requireField(connection, 'requestQueue.maybeThrottle', 'function')
  requireField(connection, 'reauthenticationThreshold', 'number')
  requireField(connection, 'sessionLifetime', 'object')
  const broker = cluster.brokerPool.createBroker({ connectionPool, logger: cluster.brokerPool.rootLogger })
  requireField(broker, 'connect', 'function')
  return { broker, connection }
}

/** The versions that the broker has told, once it is connected. */
export function versionsOf(broker: KafkajsBroker): NonNullable<KafkajsBroker['versions']> {
  requireField(broker, 'versions', 'object')
  return broker.versions!
}

function requireField(owner: unknown, path: string, type: 'function' | 'object' | 'number'): void {
  let value = owner
  for (const name of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[name]
  const found = value === null ? 'null' : typeof value
  if (found === type) return
  const { version } = createRequire(import.meta.url)('kafkajs/package.json') as { version: string }
  throw new KafkajsMismatchError(
    `kafkajs ${version} has no ${type} '${path}', which Millrace uses. Install the version that Millrace's package.json ` +
      'names; `npm ls kafkajs` shows who asks for another.',
  )
}

/** Changes two habits of a kafkajs request queue, on this one object. */
export function tameRequestQueue(connection: KafkajsConnection): void {
  const queue = connection.requestQueue
  // After each response kafkajs sets a timer to look for requests that wait, also when none do. Its delay is then a large negative
  // number (Node 24 warns: TimeoutNegativeWarning), so it fires at once, and sets the next: a thousand wake-ups a second for
  // each connection, for ever. A timer is needed only while requests wait.
  const schedule = queue.scheduleCheckPendingRequests.bind(queue)
  queue.scheduleCheckPendingRequests = () => {
    if (queue.pending.length > 0) schedule()
  }
  // Told to slow down, kafkajs holds requests back, and lets later ones overtake them when the time is over. The broker does not
  // depend on it: it stops reading from a client that is over its quota (KIP-219). So requests stay in order.
  queue.maybeThrottle = () => {}
}

/** The share of a session that is left when it is renewed, and its most: as in Java's client, about a tenth. */
const SPARE_SHARE = 0.15
const MAX_SPARE_MS = 30_000
/** A broker takes a client that authenticates again within a second of the last time for one that has lost its way. */
const MIN_SESSION_MS = 1_100

/**
 * Has kafkajs authenticate again shortly before a session ends. It would do so 10 s before, whatever the session's length: with sessions as short as
 * that (a token that has nearly expired makes one) at every request, which brokers refuse.
 */
export function paceReauthentication(connection: KafkajsConnection): void {
  const spareMs = (): number => {
    const lifetimeMs = Number(connection.sessionLifetime.toString())
    return Math.min(Math.floor(lifetimeMs * SPARE_SHARE), MAX_SPARE_MS, lifetimeMs - MIN_SESSION_MS)
  }
  Object.defineProperty(connection, 'reauthenticationThreshold', { get: spareMs })
}
