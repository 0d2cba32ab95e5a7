// node bench/restore/millrace.ts APPLICATION_ID STORE INPUT BROKERS: restores a store from its changelog into a new state directory, and prints one JSON line.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams, silentLogger } from '../../lib/index.ts'
import { countTopology, type StoreName } from './changelogs.ts'

const [applicationId, store, input, brokers] = process.argv.slice(2)
const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const streams = new KafkaStreams(countTopology(store as StoreName, input!), {
  applicationId: applicationId!,
  brokers: brokers!.split(','),
  stateDir,
  logger: silentLogger,
})
let startedMs = 0
let endedMs = 0
let records = 0
let cpuBefore = process.cpuUsage()
let threadBefore = process.threadCpuUsage()
streams.on('restoring', () => {
  if (startedMs > 0) return
  startedMs = performance.now()
  cpuBefore = process.cpuUsage()
  threadBefore = process.threadCpuUsage()
})
streams.on('restored', (event) => {
  records += event.records
  endedMs = performance.now()
})
await streams.start()
const all = process.cpuUsage(cpuBefore)
const thread = process.threadCpuUsage(threadBefore)
await streams.close()
rmSync(stateDir, { recursive: true })
const seconds = (endedMs - startedMs) / 1_000
console.log(
  JSON.stringify({
    client: 'millrace',
    store,
    records,
    seconds: Number(seconds.toFixed(3)),
    recordsPerSecond: Math.round(records / seconds),
    cpuMicrosPerRecord: Number(((all.user + all.system) / records).toFixed(2)),
    // LevelDB's writes and compactions, and most of the garbage collector's work, are on other threads.
    mainThreadMicrosPerRecord: Number(((thread.user + thread.system) / records).toFixed(2)),
    peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
)
