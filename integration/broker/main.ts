// npm run broker -- [--port N] [--nodes 1|3] [--topics NAME,...]: a broker for people. Makes the topics, prints the bootstrap address, and
// runs until SIGINT or SIGTERM.
import { scheduler } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { kafkaCluster } from '../../lib/client/kafkajs/index.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/log.ts'
import { type BrokerOptions, BrokerStartError, startBroker, type TestBroker } from './index.ts'

const USAGE = 'Usage: npm run broker -- [--port 1..65535] [--nodes 1|3] [--topics NAME,...]'
const POLL_MS = 1_000
const PARTITIONS = 4

interface Options {
  readonly broker: BrokerOptions
  readonly topics: readonly string[]
}

function optionsFrom(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { port: { type: 'string' }, nodes: { type: 'string' }, topics: { type: 'string' } },
  })
  const port = values.port === undefined ? undefined : Number(values.port)
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new TypeError(`--port must be 1 to 65535, got '${values.port}'`)
  }
  const { nodes = '1' } = values
  if (nodes !== '1' && nodes !== '3') throw new TypeError(`--nodes must be 1 or 3, got '${nodes}'`)
  const topics = values.topics?.split(',') ?? []
  return { broker: { nodes: nodes === '1' ? 1 : 3, ...(port !== undefined && { port }) }, topics }
}

async function createTopics(bootstrap: string, topics: readonly string[]): Promise<void> {
  if (topics.length === 0) return
  const context = { clientId: 'broker', clock: systemClock, logger: silentLogger, requestTimeoutMs: 30_000 }
  const client = kafkaCluster({ brokers: bootstrap.split(',') }).connect(context)
  try {
    await client.admin.createTopics(topics.map((topic) => ({ topic, partitionCount: PARTITIONS })))
  } finally {
    await client.close()
  }
}

/** Waits for a signal; false if a node ended by itself before. */
async function untilStopped(broker: TestBroker): Promise<boolean> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  while (broker.nodes.every((node) => node.running)) {
    await scheduler.wait(POLL_MS, { signal: stop.signal }).catch(() => {})
    if (stop.signal.aborted) return true
  }
  return false
}

try {
  const options = optionsFrom(process.argv.slice(2))
  await using broker = await startBroker(options.broker)
  await createTopics(broker.bootstrap, options.topics)
  console.log(broker.bootstrap)
  if (!(await untilStopped(broker))) {
    console.error('A broker node ended by itself')
    process.exitCode = 1
  }
} catch (error) {
  if (error instanceof BrokerStartError) {
    console.error(error.message)
    process.exitCode = 1
  } else {
    console.error(`${(error as Error).message}\n${USAGE}`)
    process.exitCode = 2
  }
}
