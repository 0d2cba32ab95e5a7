// npm run bench:restore -- [--store key-value|window|session] [--records N] [--partitions N] [--clients millrace,java] [--runs N] [--brokers HOST:PORT]
//
// How fast a store is restored from its changelog on a real broker, by an application without local state: by Millrace, and by Java Kafka Streams from the same changelog.
// Prints one JSON line for each run. `seconds` is the time from when it is known what has to be read to when the last store holds everything; `cpuMicrosPerRecord` what the process used
// meanwhile, all threads, LevelDB's and the garbage collector's included: other work on the machine changes it less than it changes `seconds`. Without --brokers a
// broker is started for the run.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startBroker } from '../integration/broker/index.ts'
import { partitionFor } from '../lib/core/murmur2.ts'
import { lastLine } from './child.ts'
import { connect } from './connect.ts'
import { changelogRecord, STORES, type StoreName } from './restore/changelogs.ts'
import { produceAll } from './topics.ts'

const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  millrace: ['restore/millrace.ts'],
  java: ['java/run.ts', 'restore'],
}

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'key-value' },
    records: { type: 'string', default: '1000000' },
    partitions: { type: 'string', default: '1' },
    clients: { type: 'string', default: 'millrace' },
    runs: { type: 'string', default: '1' },
    brokers: { type: 'string' },
  },
})
const store = values.store as StoreName
if (!STORES.includes(store)) throw new Error(`--store is one of ${STORES.join(', ')}`)
const [records, partitionCount, runs] = [values.records, values.partitions, values.runs].map((value) => {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1) throw new Error(`${value} is not a whole number of at least 1`)
  return number
}) as [number, number, number]
const clients = values.clients.split(',')
const unknown = clients.find((client) => PROGRAMS[client] === undefined)
if (unknown !== undefined) throw new Error(`--clients: no '${unknown}', only ${Object.keys(PROGRAMS).join(', ')}`)

const broker = values.brokers === undefined ? await startBroker() : undefined
const brokers = values.brokers ?? broker!.bootstrap
const applicationId = `millrace-bench-restore-${process.pid}-${Date.now()}`
const input = `${applicationId}-input`
const changelog = `${applicationId}-counts-changelog`
const client = connect(brokers)
try {
  await client.admin.createTopics([
    { topic: input, partitionCount },
    { topic: changelog, partitionCount, configs: { 'cleanup.policy': 'compact' } },
  ])
  const startMs = Date.now() - records
  await produceAll(client, {}, records, (producer, n) => {
    const { recordKey, key, value, timestamp } = changelogRecord(store, n, records, startMs)
    producer.send(changelog, partitionFor(recordKey, partitionCount), key, value, timestamp, [])
  })
  for (let run = 0; run < runs; run++) {
    for (const name of clients) {
      const [program, ...first] = PROGRAMS[name]!
      console.log(await lastLine(join(import.meta.dirname, program!), [...first, applicationId, store, input, brokers]))
    }
  }
} finally {
  await client.admin.deleteTopics([input, changelog]).catch(() => {})
  await client.close()
  await broker?.close()
}
