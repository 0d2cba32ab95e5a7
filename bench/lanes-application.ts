// One run of bench/lanes.ts, in a process of its own: counts by key, and measures its commits from the message `measure` to the message `stop`.
import { subscribe } from 'node:diagnostics_channel'
import { type CommitStep, KafkaStreams } from '../lib/index.ts'
import { percentile } from './statistics.ts'
import { benchTopology } from './topologies.ts'

export interface LanesApplicationOptions {
  readonly brokers: string
  readonly applicationId: string
  readonly stateDir: string
  readonly input: string
  readonly output: string
  readonly scope: 'task' | 'instance'
}

export type ToApplication = 'measure' | 'stop'

export type FromApplication = { readonly running: true } | LanesMeasurement

export interface LanesMeasurement {
  readonly running: false
  readonly seconds: number
  /** Of one task. */
  readonly commitsPerSecond: number
  readonly transactionsPerSecond: number
  /** From the seal to the end of the write. */
  readonly commitP50Ms: number
  readonly commitP99Ms: number
  readonly recordsPerSecond: number
  /** Of one core. */
  readonly cpuPercent: number
}

const { scope, brokers, input, output, ...config } = JSON.parse(process.argv[2]!) as LanesApplicationOptions
const tell = (message: FromApplication) => process.send!(message)

const streams = new KafkaStreams(benchTopology('count', input, output, { wordsOut: 0, wordsIn: 0 }), {
  ...config,
  brokers: brokers.split(','),
  transactionScope: scope,
})
streams.on('error', (error) => {
  console.error(error)
  process.exit(1)
})

const committing = new Set<string>()
const commitMs: number[] = []
let taskCommits = 0
let measuring: { readonly ms: number; readonly cpu: NodeJS.CpuUsage; readonly records: number } | undefined
subscribe('millrace:commit', (message) => {
  const { step, tasks, sinceSealedMs } = message as CommitStep
  if (step !== 'written') return
  for (const task of tasks) committing.add(task)
  if (measuring === undefined) return
  taskCommits += tasks.length
  commitMs.push(sinceSealedMs)
})

function measured(): LanesMeasurement {
  const { ms, cpu, records } = measuring!
  const seconds = (performance.now() - ms) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return {
    running: false,
    seconds,
    commitsPerSecond: taskCommits / seconds / committing.size,
    transactionsPerSecond: commitMs.length / seconds,
    commitP50Ms: percentile(commitMs, 50),
    commitP99Ms: percentile(commitMs, 99),
    recordsPerSecond: (streams.metrics().recordsProcessed - records) / seconds,
    cpuPercent: (user + system) / 10_000 / seconds,
  }
}

process.on('message', async (message: ToApplication) => {
  if (message === 'measure') {
    measuring = { ms: performance.now(), cpu: process.cpuUsage(), records: streams.metrics().recordsProcessed }
    return
  }
  tell(measured())
  await streams.close()
  process.disconnect()
})
await streams.start()
tell({ running: true })
