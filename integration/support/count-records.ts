// node count-records.ts BROKERS TOPIC OFFSET: takes the committed records of partition 0 until OFFSET is reached and prints how many there were, and the
// sum of their values. A process of its own, so that a test can say how much memory it may have.
import { kafkaCluster } from '../../lib/client/kafkajs/index.ts'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/log.ts'

const POLL_MS = 5

const [brokers, topic, offset] = process.argv.slice(2) as [string, string, string]
const context = { clientId: 'count-records', clock: systemClock, logger: silentLogger, requestTimeoutMs: 30_000 }
const client = kafkaCluster({ brokers: brokers.split(',') }).connect(context)
const fetcher = client.fetcher({ isolation: 'read_committed', purpose: 'fetch', onReady() {} })
const partition = fetcher.add({ topic, partition: 0 }, 0)
let count = 0
let sum = 0
while (partition.position < Number(offset)) {
  for (let record = partition.next(); record !== undefined; record = partition.next()) {
    count++
    sum += Number(record.value)
  }
  await sleep(systemClock, POLL_MS)
}
console.log(JSON.stringify({ count, sum }))
await client.close()
