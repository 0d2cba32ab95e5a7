import { type Client, kafkaCluster, silentLogger, systemClock } from '../lib/index.ts'

const REQUEST_TIMEOUT_MS = 60_000

/** @param brokers - `HOST:PORT,…` */
export function connect(brokers: string): Client {
  const context = { clientId: 'bench', clock: systemClock, logger: silentLogger, requestTimeoutMs: REQUEST_TIMEOUT_MS }
  return kafkaCluster({ brokers: brokers.split(',') }).connect(context)
}
