// The producer alone: records a second from send to flush, and transactions a second with their latencies.
//
//   node bench/client.ts 127.0.0.1:9092

import type { Client, GroupMetadata, Producer } from '../lib/client/client.ts'
import { kafkaCluster } from '../lib/client/kafkajs/index.ts'
import { systemClock } from '../lib/core/clock.ts'
import { silentLogger } from '../lib/core/log.ts'
import { NO_HEADERS } from '../lib/core/record.ts'

const VALUE_BYTES = 60
const RECORDS_PER_RUN = 500_000
const RUNS = 5
/** As the runtime bounds it: a producer that is further behind makes its sender wait. */
const MAX_PENDING_BYTES = 32 << 20
const RECORDS_PER_TURN = 1_000
const TRANSACTIONS = 400

const value = Buffer.alloc(VALUE_BYTES, 'v')

async function topic(client: Client, name: string, partitionCount: number): Promise<string> {
  const fresh = `bench-${name}-${process.pid}`
  await client.admin.createTopics([{ topic: fresh, partitionCount, replicationFactor: 1 }])
  return fresh
}

/** Sends in slices, as a stream loop does, and lets the event loop turn between them. */
async function sendAll(producer: Producer, topic: string, partitions: number, count: number): Promise<void> {
  const now = Date.now()
  for (let sent = 0; sent < count; ) {
    for (const end = sent + RECORDS_PER_TURN; sent < end; sent++) {
      producer.send(topic, sent % partitions, null, value, now, NO_HEADERS)
    }
    await systemClock.yield()
    if (producer.pendingBytes > MAX_PENDING_BYTES) await producer.drained(MAX_PENDING_BYTES / 2)
  }
  await producer.flush()
}

async function throughput(client: Client, partitions: number, transactional: boolean): Promise<void> {
  const name = await topic(client, `${partitions}p`, partitions)
  const producer = client.producer(transactional ? { transactionalId: `${name}-tx` } : {})
  await producer.init()
  const rates: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const startMs = systemClock.monotonicMs()
    await sendAll(producer, name, partitions, RECORDS_PER_RUN)
    rates.push(RECORDS_PER_RUN / (systemClock.monotonicMs() - startMs))
    if (transactional) await producer.commit([], nobody)
  }
  await producer.close()
  await client.admin.deleteTopics([name])
  rates.sort((a, b) => a - b)
  const kind = transactional ? 'in a transaction' : 'idempotent'
  const [median, best] = [rates[RUNS >> 1]!, rates.at(-1)!]
  console.log(
    `send + flush, ${partitions} partition(s), ${kind}: ${median.toFixed(0)} k/s, best ${best.toFixed(0)} k/s`,
  )
}

const nobody: GroupMetadata = { groupId: `bench-${process.pid}`, memberId: '', generation: -1, instanceId: null }

async function transactions(client: Client, producerCount: number, records: number): Promise<void> {
  const name = await topic(client, `tx${producerCount}-${records}`, 4)
  const latencies: number[] = []
  const startMs = systemClock.monotonicMs()
  await Promise.all(
    Array.from({ length: producerCount }, async (_, index) => {
      const producer = client.producer({ transactionalId: `${name}-${index}` })
      await producer.init()
      for (let done = 0; done < TRANSACTIONS / producerCount; done++) {
        const beginMs = systemClock.monotonicMs()
        for (let i = 0; i < records; i++) producer.send(name, i % 4, null, value, 0, NO_HEADERS)
        await producer.commit([{ topic: name, partition: index % 4, offset: done, metadata: '' }], nobody)
        latencies.push(systemClock.monotonicMs() - beginMs)
      }
      await producer.close()
    }),
  )
  const perSecond = (latencies.length * 1_000) / (systemClock.monotonicMs() - startMs)
  await client.admin.deleteTopics([name])
  latencies.sort((a, b) => a - b)
  const at = (quantile: number): string => latencies[Math.floor(latencies.length * quantile)]!.toFixed(1)
  console.log(
    `${records} records + offsets, 4 partitions, ${producerCount} producer(s): ${perSecond.toFixed(0)} txn/s, ` +
      `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
  )
}

const brokers = process.argv[2]
if (brokers === undefined) {
  console.error('Usage: node bench/client.ts HOST:PORT[,HOST:PORT]')
  process.exitCode = 2
} else {
  const context = { clientId: 'bench', clock: systemClock, logger: silentLogger, requestTimeoutMs: 30_000 }
  const client = kafkaCluster({ brokers: brokers.split(',') }).connect(context)
  for (const partitions of [1, 4]) await throughput(client, partitions, false)
  await throughput(client, 4, true)
  for (const records of [1, 100, 1_000]) await transactions(client, 1, records)
  await transactions(client, 8, 100)
  await client.close()
}
