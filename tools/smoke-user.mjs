// Run by smoke.ts in a folder where the packed library is installed: a count by key over the embedded memory cluster.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scheduler } from 'node:timers/promises'

import { KafkaStreams, memoryCluster, StreamsBuilder, serdes, silentLogger, systemClock } from 'millrace'
import * as testing from 'millrace/testing'

console.log(`ok: import 'millrace' and 'millrace/testing' (${Object.keys(testing).sort().join(', ')})`)

const cluster = memoryCluster()
const client = cluster.connect({
  clientId: 'smoke',
  clock: systemClock,
  logger: silentLogger,
  requestTimeoutMs: 10_000,
})
await client.admin.createTopics([
  { topic: 'words', partitionCount: 1 },
  { topic: 'counts', partitionCount: 1 },
])

const builder = new StreamsBuilder()
builder
  .stream('words', { key: serdes.string(), value: serdes.string() })
  .groupByKey()
  .count({ store: 'count-by-word' })
  .toStream()
  .to('counts', { key: serdes.string(), value: serdes.long() })

const producer = client.producer({})
await producer.init()
for (const key of ['mill', 'race', 'mill']) {
  producer.send('words', 0, Buffer.from(key), Buffer.from('x'), systemClock.now(), [])
}
await producer.flush()

const stateDir = mkdtempSync(join(tmpdir(), 'millrace-smoke-state-'))
const streams = new KafkaStreams(builder.build(), { applicationId: 'smoke', client: cluster, stateDir })
await streams.start()

const counts = new Map()
const fetcher = client.fetcher({ isolation: 'read_committed', purpose: 'fetch', onReady() {} })
const output = fetcher.add({ topic: 'counts', partition: 0 }, 0)
const deadline = AbortSignal.timeout(20_000)
while (counts.get('mill') !== 2 || counts.get('race') !== 1) {
  assert(!deadline.aborted, `counts after 20 s: ${JSON.stringify([...counts])}`)
  for (let record = output.next(); record !== undefined; record = output.next()) {
    counts.set(record.key.toString(), Number(record.value.readBigInt64BE()))
  }
  await scheduler.wait(10)
}
console.log('ok: a count by key over the memory cluster, exactly once, is right and committed')

await streams.close()
await fetcher.close()
await producer.close()
await client.close()
rmSync(stateDir, { recursive: true })
console.log('ok: it closes')
