// How long a partition that was full waits for its next record once its user goes on, while the fetch of another one waits at its end.
//
//   node bench/fetch-resume.ts HOST:PORT

import { sleep, systemClock } from '../lib/core/clock.ts'
import { NO_HEADERS } from '../lib/core/record.ts'
import { connect } from './connect.ts'
import { median } from './statistics.ts'
import { produceAll } from './topics.ts'

const RECORDS = 1_000_000
const RUNS = 20
/** Long enough to fill the partition, and different each time, so that it meets the waiting fetch at different moments. */
const PAUSE_MS = 500
const PAUSE_STEP_MS = 7

const brokers = process.argv[2]
if (brokers === undefined) throw new Error('Usage: node bench/fetch-resume.ts HOST:PORT')
const client = connect(brokers)
const [full, idle] = ['full', 'idle'].map((name) => `bench-fetch-${name}-${process.pid}`) as [string, string]
await client.admin.createTopics([full, idle].map((topic) => ({ topic, partitionCount: 1, replicationFactor: 1 })))
const value = Buffer.alloc(60, 'v')
await produceAll(client, {}, RECORDS, (producer) => producer.send(full, 0, null, value, Date.now(), NO_HEADERS))

const waits: number[] = []
for (let run = 0; run < RUNS; run++) {
  let wake = () => {}
  const fetcher = client.fetcher({ isolation: 'read_committed', purpose: 'fetch', onReady: () => wake() })
  fetcher.add({ topic: idle, partition: 0 }, 0)
  const partition = fetcher.add({ topic: full, partition: 0 }, 0)
  await sleep(systemClock, PAUSE_MS + run * PAUSE_STEP_MS)
  while (partition.next() !== undefined);
  const startMs = systemClock.monotonicMs()
  while (partition.next() === undefined) {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  waits.push(systemClock.monotonicMs() - startMs)
  await fetcher.close()
}
await client.admin.deleteTopics([full, idle])
await client.close()
console.log(
  `drained at once after a pause: next record after ${median(waits).toFixed(0)} ms, at most ${Math.max(...waits).toFixed(0)} ms`,
)
