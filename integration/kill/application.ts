// The application that the kill test kills: counts records by key, every update logged and forwarded. KilledCounting.java is its twin, with the same
// arguments (NAME=VALUE, see KilledOptions) and lines (KilledEvent, one JSON object each). Ends when stdin does: committed, with 0.
import { KafkaStreams, type Logger, StreamsBuilder, type StreamsConfig, serdes } from '../../lib/index.ts'
import type { KilledEvent } from './killed-process.ts'

const say = (event: KilledEvent) => process.stdout.write(`${JSON.stringify(event)}\n`)
const logger: Logger = {
  debug() {},
  info() {},
  warn: (fields, message) => say({ event: 'log', level: 'warn', message, fields }),
  error: (fields, message) => say({ event: 'log', level: 'error', message, fields }),
}

const options = Object.fromEntries(process.argv.slice(2).map((each) => each.split(/=(.*)/s)))
const processing = new Set<number>()
const startingOffsets = new Map<number, number>()
const builder = new StreamsBuilder()
builder
  .stream(options.input, { key: serdes.string(), value: serdes.bytes() })
  .peek((_, __, { partition, timestamp }) => {
    if (processing.has(partition)) return
    processing.add(partition)
    say({ event: 'processing', partition, timestamp, atMs: Date.now() })
  })
  .groupByKey()
  .count({ store: 'counts' })
  .toStream()
  .to(options.output, { key: serdes.string(), value: serdes.long() })

const streams = new KafkaStreams(builder.build(), {
  applicationId: options.applicationId,
  brokers: options.brokers.split(','),
  stateDir: options.stateDir,
  processingGuarantee: options.guarantee as NonNullable<StreamsConfig['processingGuarantee']>,
  transactionScope: options.scope as NonNullable<StreamsConfig['transactionScope']>,
  // As exactly once has by default: at least once would not come to a commit between two kills.
  commitIntervalMs: 100,
  // Each count is to be seen once: none may be merged with the next.
  cacheBytes: 0,
  logger,
})
const fail = (error: Error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exit(1)
}
streams.on('state', ({ to }) => say({ event: 'state', state: to, atMs: Date.now() }))
streams.on('restoring', ({ partition, startingOffset }) => startingOffsets.set(partition, startingOffset))
streams.on('restored', ({ partition, records, ms }) =>
  say({ event: 'restored', partition, startingOffset: startingOffsets.get(partition), records, ms, atMs: Date.now() }),
)
streams.on('error', fail)
process.stdin.resume().once('end', () => streams.close().catch(fail))
await streams.start().catch(fail)
