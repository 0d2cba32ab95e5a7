// node bench/restore/beside.ts [--records N] [--brokers HOST:PORT]: what a restore costs the tasks that run beside it. One instance has two sub-topologies: one passes on records that
// come in all the time, the other restores a store of N records. Prints one JSON line: milliseconds from the seal of a commit to its end, without and during the restore.
import { subscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startBroker } from '../../integration/broker/index.ts'
import { type CommitStep, KafkaStreams, StreamsBuilder, serdes, silentLogger } from '../../lib/index.ts'
import { connect } from '../connect.ts'
import { percentile } from '../statistics.ts'
import { feed, produceAll } from '../topics.ts'
import { changelogRecord } from './changelogs.ts'

const FEED_RECORDS = 1_000
/** Commits to be seen after the restore. */
const COMMITS_AFTER = 60
const FEED_PER_ROUND = 100
const FEED_EVERY_MS = 50

const { values } = parseArgs({
  options: { records: { type: 'string', default: '1000000' }, brokers: { type: 'string' } },
})
const records = Number(values.records)
const broker = values.brokers === undefined ? await startBroker() : undefined
const brokers = values.brokers ?? broker!.bootstrap
const applicationId = `millrace-bench-beside-${process.pid}-${Date.now()}`
const [live, passed, input, changelog] = ['live', 'passed', 'input', 'counts-changelog'].map(
  (name) => `${applicationId}-${name}`,
) as [string, string, string, string]
const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const client = connect(brokers)
await client.admin.createTopics([
  { topic: live, partitionCount: 1 },
  { topic: passed, partitionCount: 1 },
  { topic: input, partitionCount: 1 },
  { topic: changelog, partitionCount: 1, configs: { 'cleanup.policy': 'compact' } },
])
const startMs = Date.now() - records
await produceAll(client, {}, records, (producer, n) => {
  const { key, value, timestamp } = changelogRecord('key-value', n, records, startMs)
  producer.send(changelog, 0, key, value, timestamp, [])
})

const text = { key: serdes.string(), value: serdes.string() }
const builder = new StreamsBuilder()
builder.stream(live, text).to(passed, text)
builder.stream(input, text).groupByKey().count({ store: 'counts' })
const streams = new KafkaStreams(builder.build(), {
  applicationId,
  brokers: brokers.split(','),
  stateDir,
  logger: silentLogger,
})
const during: number[] = []
const after: number[] = []
let restoring = false
let restored = false
let restoreMs = 0
streams.on('restoring', () => {
  restoring = true
})
streams.on('restored', ({ ms }) => {
  restored = true
  restoreMs = ms
})
subscribe('millrace:commit', (message) => {
  const { step, sinceSealedMs } = message as CommitStep
  if (step !== 'written') return
  if (restored) after.push(sinceSealedMs)
  else if (restoring) during.push(sinceSealedMs)
})
const started = streams.start()
while (after.length < COMMITS_AFTER) await feed(client, live, FEED_RECORDS, FEED_PER_ROUND, FEED_EVERY_MS)
await started
await streams.close()
await client.admin.deleteTopics([live, passed, input, changelog])
await client.close()
await broker?.close()
rmSync(stateDir, { recursive: true })
const summary = (times: readonly number[]) => ({
  commits: times.length,
  p50Ms: Number(percentile(times, 50).toFixed(1)),
  p99Ms: Number(percentile(times, 99).toFixed(1)),
})
console.log(JSON.stringify({ records, restoreMs, duringRestore: summary(during), withoutRestore: summary(after) }))
