import { systemClock } from '../core/clock.ts'
import { InvalidConfigError } from '../core/errors.ts'
import { silentLogger } from '../core/log.ts'
import type { Client, ClientContext, ClientSupplier } from './client.ts'

const REQUEST_TIMEOUT_MS = 30_000

/**
 * Opens a client outside an application: for operators' scripts, for tests, for writing a few records. Nothing is connected before it is needed.
 * Close it in the end: an open socket keeps the process alive.
 *
 * @param cluster - `kafkaCluster({ brokers })`, or the `memoryCluster()` that an application runs on.
 * @param options - `clientId` (default `millrace`), which brokers show and log; `requestTimeoutMs` (default 30 000), how long a call may take with
 *   its retries, above 0; `logger` (default: none); `clock` (default: the machine's).
 * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: the time-out is not a number above 0.
 * @example
 * const client = openClient(kafkaCluster({ brokers: ['localhost:9092'] }))
 * try {
 *   const { admin } = client
 *   await admin.createTopics([{ topic: 'flights', partitionCount: 4 }])
 *   console.log(await admin.listGroups())
 * } finally {
 *   await client.close()
 * }
 */
export function openClient(cluster: ClientSupplier, options: Partial<ClientContext> = {}): Client {
  const {
    clientId = 'millrace',
    clock = systemClock,
    logger = silentLogger,
    requestTimeoutMs = REQUEST_TIMEOUT_MS,
  } = options
  if (!(requestTimeoutMs > 0)) {
    throw new InvalidConfigError('requestTimeoutMs', `must be a number above 0, not ${String(requestTimeoutMs)}`)
  }
  return cluster.connect({ clientId, clock, logger, requestTimeoutMs })
}
