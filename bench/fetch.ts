// The fetcher alone: records a second through next(), and how long a full partition waits once its user goes on.
//
//   node bench/fetch.ts 127.0.0.1:9092

import type { Client, FetchedPartition } from '../lib/client/client.ts'
import { kafkaCluster } from '../lib/client/kafkajs/index.ts'
import { systemClock } from '../lib/core/clock.ts'
import { silentLogger } from '../lib/core/log.ts'
import { NO_HEADERS } from '../lib/core/record.ts'

const VALUE_BYTES = 60
const RECORD_COUNT = 1_000_000
const RUNS = 5
const MAX_PENDING_BYTES = 32 << 20
const RECORDS_PER_TURN = 1_000
/** As the stream loop does: after so long it lets the event loop turn. Milliseconds. */
const SLICE_MS = 8
const READY_TIMEOUT_MS = 10_000

async function filledTopic(client: Client, partitionCount: number): Promise<string> {
  const topic = `bench-fetch-${partitionCount}-${process.pid}`
  const configs = { 'retention.ms': '-1' }
  await client.admin.createTopics([{ topic, partitionCount, replicationFactor: 1, configs }])
  const producer = client.producer({})
  await producer.init()
  const value = Buffer.alloc(VALUE_BYTES, 'v')
  const now = Date.now()
  for (let sent = 0; sent < RECORD_COUNT; ) {
    for (const end = sent + RECORDS_PER_TURN; sent < end; sent++) {
      producer.send(topic, sent % partitionCount, null, value, now, NO_HEADERS)
    }
    await systemClock.yield()
    if (producer.pendingBytes > MAX_PENDING_BYTES) await producer.drained(MAX_PENDING_BYTES / 2)
  }
  await producer.flush()
  await producer.close()
  return topic
}

class Reading {
  readonly fetcher
  #wake = (): void => {}

  constructor(client: Client) {
    this.fetcher = client.fetcher({ isolation: 'read_committed', purpose: 'fetch', onReady: () => this.#wake() })
  }

  ready(): Promise<void> {
    return new Promise((resolve) => {
      const timer = systemClock.setTimer(READY_TIMEOUT_MS, resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  /** Takes this many records, in turn from the partitions, in slices of the event loop. */
  async take(partitions: readonly FetchedPartition[], count: number): Promise<number> {
    let taken = 0
    let busyMs = 0
    while (taken < count) {
      const sliceMs = systemClock.monotonicMs()
      const before = taken
      sliced: for (const partition of partitions) {
        while (partition.next() !== undefined) {
          if ((++taken & 255) === 0 && systemClock.monotonicMs() - sliceMs > SLICE_MS) break sliced
        }
      }
      busyMs += systemClock.monotonicMs() - sliceMs
      if (taken === before) await this.ready()
      else await systemClock.yield()
    }
    return busyMs
  }
}

async function throughput(client: Client, topic: string, partitionCount: number): Promise<void> {
  const rates: number[] = []
  const costs: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const reading = new Reading(client)
    const startMs = systemClock.monotonicMs()
    const partitions = Array.from({ length: partitionCount }, (_, partition) =>
      reading.fetcher.add({ topic, partition }, 0),
    )
    const busyMs = await reading.take(partitions, RECORD_COUNT)
    rates.push(RECORD_COUNT / (systemClock.monotonicMs() - startMs))
    costs.push((busyMs * 1_000) / RECORD_COUNT)
    await reading.fetcher.close()
  }
  rates.sort((a, b) => a - b)
  costs.sort((a, b) => a - b)
  const [median, best, cost] = [rates[RUNS >> 1]!, rates.at(-1)!, costs[RUNS >> 1]!]
  const figures = `${median.toFixed(0)} k/s, best ${best.toFixed(0)} k/s; next() takes ${cost.toFixed(2)} µs`
  console.log(`${partitionCount} partition(s) of ${VALUE_BYTES}-byte values: ${figures}`)
}

// One partition is full, another is at its end: the fetch that waits for the latter must not hold up the former.
async function resumption(client: Client, topic: string): Promise<void> {
  const waits: number[] = []
  const idle = `bench-fetch-idle-${process.pid}`
  await client.admin.createTopics([{ topic: idle, partitionCount: 1, replicationFactor: 1 }])
  for (let run = 0; run < 20; run++) {
    const reading = new Reading(client)
    reading.fetcher.add({ topic: idle, partition: 0 }, 0)
    const full = reading.fetcher.add({ topic, partition: 0 }, 0)
    await new Promise((resolve) => systemClock.setTimer(500 + run * 7, () => resolve(undefined)))
    while (full.next() !== undefined);
    const startMs = systemClock.monotonicMs()
    while (full.next() === undefined) await reading.ready()
    waits.push(systemClock.monotonicMs() - startMs)
    await reading.fetcher.close()
  }
  waits.sort((a, b) => a - b)
  const [median, worst] = [waits[waits.length >> 1]!, waits.at(-1)!]
  console.log(
    `drained at once after a pause: next record after ${median.toFixed(0)} ms, at most ${worst.toFixed(0)} ms`,
  )
  await client.admin.deleteTopics([idle])
}

const brokers = process.argv[2]
if (brokers === undefined) throw new Error('Usage: node bench/fetch.ts HOST:PORT')
const client = kafkaCluster({ brokers: brokers.split(',') }).connect({
  clientId: 'bench-fetch',
  clock: systemClock,
  logger: silentLogger,
  requestTimeoutMs: 30_000,
})
for (const partitionCount of [1, 4]) {
  const topic = await filledTopic(client, partitionCount)
  await throughput(client, topic, partitionCount)
  if (partitionCount === 1) await resumption(client, topic)
  await client.admin.deleteTopics([topic])
}
await client.close()
