// node instance.ts OPTIONS: runs the application under chaos until SIGTERM, then commits and ends with 0. Prints one JSON line for each change of state, each
// store restored and each line logged; see InstanceLine.
import { BrokerUnavailableError } from '../../lib/client/errors.ts'
import { KafkaStreams, type Logger, type RestoredEvent, type StreamsConfig } from '../../lib/index.ts'
import { APPLICATION_ID, buildTopology } from './topology.ts'

/** Its one argument, as JSON. */
export type InstanceOptions = Required<
  Pick<
    StreamsConfig,
    'clientId' | 'brokers' | 'stateDir' | 'processingGuarantee' | 'transactionScope' | 'sessionTimeoutMs'
  >
>

/** `atMs` is in epoch milliseconds. */
export type InstanceLine = { readonly atMs: number } & (
  | { readonly event: 'state'; readonly state: string }
  | ({ readonly event: 'restored' } & RestoredEvent)
  | { readonly event: 'log'; readonly level: string; readonly message: string; readonly fields: object }
)

/** No answer within this, and a request is made again. */
const REQUEST_TIMEOUT_MS = 8_000
const TRANSACTION_TIMEOUT_MS = 6_000
const COMMIT_INTERVAL_MS = 150

/** The exit code of one that could not reach the cluster in time at its start: it is to be started again. */
export const START_GIVEN_UP = 75

type Said<Line> = Line extends unknown ? Omit<Line, 'atMs'> : never

function print(line: Said<InstanceLine>): void {
  process.stdout.write(`${JSON.stringify({ atMs: Date.now(), ...line })}\n`)
}

function logger(): Logger {
  const say = (level: string) => (fields: object, message: string) => print({ event: 'log', level, message, fields })
  return { debug() {}, info: say('info'), warn: say('warn'), error: say('error') }
}

if (import.meta.main) {
  const options = JSON.parse(process.argv[2]!) as InstanceOptions
  const streams = new KafkaStreams(buildTopology(), {
    ...options,
    applicationId: APPLICATION_ID,
    commitIntervalMs: COMMIT_INTERVAL_MS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
    rebalanceTimeoutMs: REQUEST_TIMEOUT_MS,
    // Each update is to be seen.
    cacheBytes: 0,
    emitIntervalMs: 0,
    logger: logger(),
  })
  const fail = (error: Error) => {
    process.stderr.write(`${error.stack}\n`)
    process.exitCode = 1
  }
  streams.on('state', ({ to }) => print({ event: 'state', state: to }))
  streams.on('restored', (restored) => print({ event: 'restored', ...restored }))
  streams.on('error', fail)
  process.once('SIGTERM', () => void streams.close().catch(fail))
  await streams.start().catch((error: Error) => {
    // Closed while it was starting: that is a clean end.
    if (streams.state === 'NOT_RUNNING') return
    fail(error)
    if (error instanceof BrokerUnavailableError) process.exitCode = START_GIVEN_UP
  })
}
