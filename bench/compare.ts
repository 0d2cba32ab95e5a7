// npm run bench:compare -- --case CASE --guarantee at_least_once|exactly_once [--records N] [--runs N] [--clients
//   millrace,java,kafkajs] [--brokers HOST:PORT] [--commit-interval-ms N] [--live true]
//
// CASE is one of CASES in topologies.ts.
//
// Runs one case here, in Java Kafka Streams and in hand-written kafkajs, in turns, over the same preloaded topic, and prints each run's JSON line,
// then medians and ratios. All commit at the same interval (100 ms), so that at_least_once does not wait for Java's default of 30 s.
//
// --live is for the latency of commits: one partition gets 100 records every 100 ms while the client runs, so each commit holds about 100.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startBroker } from '../integration/broker/index.ts'
import { lastLine } from './child.ts'
import { connect } from './connect.ts'
import { median } from './statistics.ts'
import { feed, inputTopic, prepareInput } from './topics.ts'

const PROGRAMS: Readonly<Record<string, string>> = {
  millrace: 'main.ts',
  java: 'java/run.ts',
  kafkajs: 'kafkajs-baseline.ts',
}

const LIVE_RECORDS = 100
const LIVE_MS = 100

const { values } = parseArgs({
  options: {
    case: { type: 'string', default: 'pipe' },
    guarantee: { type: 'string', default: 'exactly_once' },
    records: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '3' },
    clients: { type: 'string', default: 'millrace,java,kafkajs' },
    brokers: { type: 'string' },
    'commit-interval-ms': { type: 'string', default: '100' },
    live: { type: 'string', default: 'false' },
  },
})
// By hand without repartitioning, windows and joins.
const KAFKAJS_CASES = ['pipe', 'filter', 'count']
const clients = values.clients
  .split(',')
  .filter((name) => name !== 'kafkajs' || (KAFKAJS_CASES.includes(values.case) && values.live !== 'true'))
for (const client of clients)
  if (PROGRAMS[client] === undefined) throw new Error(`--clients are some of ${Object.keys(PROGRAMS).join(',')}`)

interface Result {
  readonly seconds: number
  readonly recordsPerSecond: number
  readonly peakRssMiB: number
  readonly commitP50Ms: number
  readonly commitP99Ms: number
}

const broker = values.brokers === undefined ? await startBroker() : undefined
const brokers = values.brokers ?? broker!.bootstrap
const live = values.live === 'true'
const input = inputTopic(values.records)
const client = connect(brokers)
if (!live) await prepareInput(client, input, Number(values.records))

const results = new Map(clients.map((name) => [name, [] as Result[]]))
for (let run = 0; run < Number(values.runs); run++)
  for (const name of clients) results.get(name)!.push(await measure(name, run))
await client.close()
await broker?.close()

const rows = [...results].map(([name, runs]) => {
  const rates = runs.map(({ recordsPerSecond }) => recordsPerSecond)
  return {
    client: name,
    recordsPerSecond: median(rates),
    spread: `${Math.min(...rates)}–${Math.max(...rates)}`,
    peakRssMiB: median(runs.map(({ peakRssMiB }) => peakRssMiB)),
    commitP50Ms: median(runs.map(({ commitP50Ms }) => commitP50Ms)),
    commitP99Ms: median(runs.map(({ commitP99Ms }) => commitP99Ms)),
  }
})
const own = rows.find((row) => row.client === 'millrace')?.recordsPerSecond
console.log(
  `\n${values.case}, ${values.guarantee}, ${values.records} records, ${values.runs} runs each, in turns; medians`,
)
console.table(
  rows.map((row) => ({
    ...row,
    'millrace is × of it': own === undefined ? '' : (own / row.recordsPerSecond).toFixed(2),
  })),
)

async function measure(name: string, run: number): Promise<Result> {
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-compare-'))
  const own = name === 'millrace' ? [] : ['--application-id', `millrace-compare-${name}-${process.pid}-${run}`]
  const state = name === 'java' ? ['--state-dir', stateDir] : []
  const args = ['case', 'guarantee', 'records', 'commit-interval-ms'] as const
  const topic = live ? `${input}-live-${name}-${process.pid}-${run}` : input
  if (live) await client.admin.createTopics([{ topic, partitionCount: 1 }])
  const feeding = live ? feed(client, topic, Number(values.records), LIVE_RECORDS, LIVE_MS) : undefined
  const line = await lastLine(join(import.meta.dirname, PROGRAMS[name]!), [
    ...args.flatMap((option) => [`--${option}`, values[option]]),
    ...['--brokers', brokers, '--input', topic],
    ...(live ? ['--live', 'true'] : []),
    ...own,
    ...state,
  ])
  await feeding
  if (live) await client.admin.deleteTopics([topic])
  rmSync(stateDir, { recursive: true, force: true })
  console.log(line)
  return JSON.parse(line) as Result
}
