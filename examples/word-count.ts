// Counts the words of a topic of text lines, exactly once.
//
//   node examples/word-count.ts --brokers localhost:9092 --application-id words --state-dir ./state --input lines --output counts
//
// Reads the input from its earliest record. Each output record is a word (UTF-8) and its count so far (8 bytes, big-endian, as Java's Long).
// Runs until SIGTERM or SIGINT, then commits and exits with 0; 1 is a runtime error, 2 a wrong command line. Prints one JSON line an event.
import { parseArgs } from 'node:util'
import { KafkaStreams, StreamsBuilder, type StreamsConfig, serdes, type Topology } from '../lib/index.ts'

const usage = `usage: node examples/word-count.ts --brokers HOST:PORT[,...] --application-id ID --state-dir DIR --input TOPIC --output TOPIC
  [--guarantee exactly_once|at_least_once] [--instance-id ID] [--session-timeout-ms N] [--commit-interval-ms N]`

const WORDS = /[\p{L}\p{N}]+/gu

/** Lines in, counts by word out; a repartition topic brings equal words together. */
export function wordCount(input: string, output: string): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(input, { key: serdes.bytes(), value: serdes.string() })
    .flatMapValues((line) => line.toLowerCase().match(WORDS) ?? [])
    .groupBy((word) => word, { key: serdes.string(), value: serdes.string() })
    .count({ store: 'counts' })
    .toStream()
    .to(output, { key: serdes.string(), value: serdes.long() })
  return builder.build()
}

interface CommandLine {
  readonly input: string
  readonly output: string
  readonly config: StreamsConfig
}

function readCommandLine(): CommandLine {
  const { values } = parseArgs({
    options: {
      brokers: { type: 'string' },
      'application-id': { type: 'string' },
      'state-dir': { type: 'string' },
      input: { type: 'string' },
      output: { type: 'string' },
      guarantee: { type: 'string' },
      'instance-id': { type: 'string' },
      'session-timeout-ms': { type: 'string' },
      'commit-interval-ms': { type: 'string' },
    },
  })
  const required = (name: keyof typeof values): string => {
    const value = values[name]
    if (value === undefined) throw new Error(`--${name} is missing`)
    return value
  }
  const number = (name: 'session-timeout-ms' | 'commit-interval-ms') =>
    values[name] === undefined ? undefined : Number(values[name])
  const optional = {
    processingGuarantee: values.guarantee as StreamsConfig['processingGuarantee'],
    groupInstanceId: values['instance-id'],
    sessionTimeoutMs: number('session-timeout-ms'),
    commitIntervalMs: number('commit-interval-ms'),
  }
  return {
    input: required('input'),
    output: required('output'),
    config: {
      applicationId: required('application-id'),
      brokers: required('brokers').split(','),
      stateDir: required('state-dir'),
      ...(Object.fromEntries(
        Object.entries(optional).filter(([, value]) => value !== undefined),
      ) as Partial<StreamsConfig>),
    },
  }
}

const print = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`)

function open(): KafkaStreams {
  try {
    const { input, output, config } = readCommandLine()
    return new KafkaStreams(wordCount(input, output), config)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`)
    process.exit(2)
  }
}

if (import.meta.main) {
  const streams = open()
  streams.on('state', ({ to }) => print({ event: 'state', state: to }))
  streams.on('restored', (restored) => print({ event: 'restored', ...restored }))
  const fail = (error: Error) => {
    process.stderr.write(`${error.name}: ${error.message}\n`)
    process.exitCode = 1
  }
  streams.on('error', fail)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void streams.close().catch(fail))
  await streams.start().catch((error: Error) => {
    // Closed while it was starting: that is a clean end.
    if (streams.state !== 'NOT_RUNNING') fail(error)
  })
}
