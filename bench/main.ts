// npm run bench -- --case CASE --guarantee at_least_once|exactly_once --records N [--brokers HOST:PORT] [--input TOPIC]
//   [--commit-interval-ms N] [--cache-bytes N] [--live true]
//
// CASE is one of CASES in topologies.ts.
//
// Runs one topology over a preloaded topic, checks its output, and prints one JSON line. `seconds` runs from the first record to the commit
// that makes the last result visible to a reader of committed transactions; `cpuMicrosPerRecord` is what this process used meanwhile, all threads, which other
// work on the machine changes less than it changes `seconds`. Start-up is reported apart. Without --brokers a broker is started
// for the run. With --live the records come into the topic while this runs: for the latency of commits.
import { subscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startBroker } from '../integration/broker/index.ts'
import { type CommitStep, KafkaStreams, type ProcessingGuarantee } from '../lib/index.ts'
import { connect } from './connect.ts'
import { percentile } from './statistics.ts'
import { inputTopic, partitionsOf, prepareInput, readTopic } from './topics.ts'
import { benchTopology, CASES, type Case, type Progress } from './topologies.ts'
import { verify } from './verify.ts'

const { values } = parseArgs({
  options: {
    case: { type: 'string', default: 'pipe' },
    guarantee: { type: 'string', default: 'exactly_once' },
    records: { type: 'string', default: '1000000' },
    brokers: { type: 'string' },
    input: { type: 'string' },
    'commit-interval-ms': { type: 'string' },
    'cache-bytes': { type: 'string' },
    live: { type: 'string', default: 'false' },
  },
})
const name = values.case as Case
if (!CASES.includes(name)) throw new Error(`--case is one of ${CASES.join(', ')}`)
const records = Number(values.records)
if (!Number.isInteger(records) || records < 1) throw new Error('--records is a whole number, at least 1')
const cacheBytes = Number(values['cache-bytes'] ?? 10 * 1024 * 1024)
const commitIntervalMs = Number(values['commit-interval-ms'] ?? (values.guarantee === 'at_least_once' ? 30_000 : 100))

const broker = values.brokers === undefined ? await startBroker() : undefined
const brokers = values.brokers ?? broker!.bootstrap
const input = values.input ?? inputTopic(records)
const applicationId = `millrace-bench-${name}-${process.pid}-${Date.now()}`
const output = `${applicationId}-output`
const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))

const prepare = connect(brokers)
if (values.live !== 'true') await prepareInput(prepare, input, records)
const partitionCount = (await partitionsOf(prepare, input)).length
await prepare.admin.createTopics([{ topic: output, partitionCount }])
await prepare.close()

const commitMs: number[] = []
let lastCommitMs = 0
subscribe('millrace:commit', (message) => {
  const { step, sinceSealedMs } = message as CommitStep
  if (step === 'ended') lastCommitMs = performance.now()
  if (step === 'written') commitMs.push(sinceSealedMs)
})
const progress: Progress = { wordsOut: 0, wordsIn: 0 }
const streams = new KafkaStreams(benchTopology(name, input, output, progress), {
  applicationId,
  brokers: brokers.split(','),
  stateDir,
  processingGuarantee: values.guarantee as ProcessingGuarantee,
  cacheBytes,
  commitIntervalMs,
})
const createdMs = performance.now()
let firstRecordMs = 0
let processedMs = 0
let cpuBefore = process.cpuUsage()
const failed = new Promise<never>((_, reject) => streams.on('error', reject))
const finished = new Promise<void>((resolve) => {
  const look = setInterval(() => {
    const { recordsProcessed } = streams.metrics()
    if (recordsProcessed === 0) {
      firstRecordMs = performance.now()
      cpuBefore = process.cpuUsage()
    }
    // The words that came back through the repartition topic were processed as records too.
    if (recordsProcessed < records + progress.wordsIn || progress.wordsIn < progress.wordsOut || recordsProcessed === 0)
      return
    processedMs ||= performance.now()
    // Everything is committed when a commit has followed, and then none for longer than the interval.
    if (lastCommitMs < processedMs || performance.now() - lastCommitMs < 2 * commitIntervalMs + 500) return
    clearInterval(look)
    resolve()
  }, 1)
})
await Promise.race([streams.start(), failed])
await Promise.race([finished, failed])
const cpu = process.cpuUsage(cpuBefore)
await streams.close()
const seconds = (lastCommitMs - firstRecordMs) / 1_000
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024)

const check = connect(brokers)
const outputRecords = await verify(check, { name, input, output, records, wordsOut: progress.wordsOut })
const topics = [...(await check.admin.listTopics()).keys()].filter((topic) => topic.startsWith(`${applicationId}-`))
let changelogRecords = 0
for (const topic of topics) {
  if (topic.endsWith('-changelog')) changelogRecords += (await readTopic(check, topic)).records
}
await check.admin.deleteTopics(topics)
await check.close()
await broker?.close()
rmSync(stateDir, { recursive: true })

console.log(
  JSON.stringify({
    client: 'millrace',
    case: name,
    guarantee: values.guarantee,
    records,
    seconds: Number(seconds.toFixed(3)),
    recordsPerSecond: Math.round(records / seconds),
    cpuMicrosPerRecord: Number(((cpu.user + cpu.system) / records).toFixed(2)),
    peakRssMiB,
    outputRecords,
    changelogRecords,
    commits: commitMs.length,
    commitP50Ms: Number(percentile(commitMs, 50).toFixed(1)),
    commitP99Ms: Number(percentile(commitMs, 99).toFixed(1)),
    cacheBytes,
    startupMs: Math.round(firstRecordMs - createdMs),
  }),
)
