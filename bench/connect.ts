import { kafkaWires } from '../lib/client/kafkajs/index.ts'
import { wireClient } from '../lib/client/wire-client.ts'
import { type Client, silentLogger, systemClock } from '../lib/index.ts'
import { withoutFeatures } from '../tests/contracts/client/transaction-versions.ts'

const REQUEST_TIMEOUT_MS = 60_000

/** @param brokers - `HOST:PORT,…` */
export function connect(brokers: string): Client {
  const context = { clientId: 'bench', clock: systemClock, logger: silentLogger, requestTimeoutMs: REQUEST_TIMEOUT_MS }
  const wires = kafkaWires({ brokers: brokers.split(',') }, context)
  return wireClient(process.env.MILLRACE_BENCH_TRANSACTION_VERSION === '1' ? withoutFeatures(wires) : wires, context)
}
