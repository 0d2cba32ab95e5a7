// Counts by Millrace that Java Kafka Streams can take over and hand back: the twin of integration/java/Counting.java, with the same arguments, lines and exit codes.
// Prints beside its states what it restores, `restored COUNT`, and what it logs, `log LEVEL MESSAGE`.
import {
  KafkaStreams,
  type Logger,
  StreamsBuilder,
  type StreamsConfig,
  serdes,
  type Topology,
  windows,
} from '../../lib/index.ts'

export const WINDOW_MS = 10_000
export const GRACE_MS = 5_000
export const timeWindows = windows.tumbling({ sizeMs: WINDOW_MS, graceMs: GRACE_MS })
export const sessions = windows.session({ inactivityGapMs: 1_000, graceMs: GRACE_MS })
export const windowSerde = serdes.timeWindowed(serdes.string(), WINDOW_MS)
export const sessionSerde = serdes.sessionWindowed(serdes.string())
const RETENTION_MS = 120_000

const strings = { key: serdes.string(), value: serdes.string() }
const value = serdes.long()

function countWords(input: string, output: string): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(input, strings)
    .flatMapValues((line) => line.split(' '))
    .groupBy((word) => word, strings)
    .count({ store: 'counts' })
    .toStream()
    .to(output, { key: serdes.string(), value })
  return builder.build()
}

function countInWindows(input: string, output: string): Topology {
  const builder = new StreamsBuilder()
  const records = builder.stream(input, strings).groupByKey(strings)
  const timed = { key: windowSerde, value }
  const kept = (store: string) => ({ store, retentionMs: RETENTION_MS })
  records.windowedBy(timeWindows).count(kept('updates')).toStream().to(`${output}-updates`, timed)
  records
    .windowedBy(timeWindows, { emit: 'on-window-close' })
    .count(kept('closed'))
    .toStream()
    .to(`${output}-closed`, timed)
  records
    .windowedBy(timeWindows)
    .count(kept('suppressed'))
    .suppress({ until: 'window-closes' })
    .toStream()
    .to(`${output}-suppressed`, timed)
  records
    .windowedBy(sessions)
    .count({ store: 'sessions' })
    .toStream()
    .to(`${output}-sessions`, { key: sessionSerde, value })
  return builder.build()
}

const print = (line: string) => process.stdout.write(`${line}\n`)
const say = (level: string) => (fields: object, message: string) =>
  print(`log ${level} ${message} ${JSON.stringify(fields)}`)
const logger: Logger = { debug() {}, info: say('info'), warn: say('warn'), error: say('error') }

if (import.meta.main) {
  const options = Object.fromEntries(process.argv.slice(2).map((each) => each.split(/=(.*)/s)))
  const topology = options.kind === 'words' ? countWords : countInWindows
  const streams = new KafkaStreams(topology(options.input, options.output), {
    applicationId: options.applicationId,
    brokers: options.brokers.split(','),
    stateDir: options.stateDir,
    processingGuarantee: options.guarantee as NonNullable<StreamsConfig['processingGuarantee']>,
    commitIntervalMs: Number(options.commitIntervalMs),
    transactionTimeoutMs: Number(options.transactionTimeoutMs),
    sessionTimeoutMs: Number(options.sessionTimeoutMs),
    cacheBytes: Number(options.cacheBytes),
    emitIntervalMs: 0,
    replicationFactor: 1,
    groupInstanceId: null,
    logger,
  })
  const fail = (error: Error) => {
    process.stderr.write(`${error.stack}\n`)
    process.exit(1)
  }
  streams.on('state', ({ to }) => print(`state ${to}`))
  streams.on('restored', ({ records }) => print(`restored ${records}`))
  streams.on('error', fail)
  process.stdin.resume().once('end', () => streams.close().catch(fail))
  await streams.start().catch(fail)
}
