// The input that a benchmark reads and the output that it is checked by.

import { setTimeout } from 'node:timers/promises'
import type { Client, Producer, ProducerOptions } from '../lib/client/client.ts'
import { partitionFor } from '../lib/core/murmur2.ts'
import { type ConsumedRecord, partitionKey, type TopicPartition } from '../lib/core/record.ts'
import { lineOf } from './text.ts'

export const PARTITIONS = 4
export const KEYS = 10_007
const MAX_PENDING_BYTES = 16 << 20

/** The topic of so many records that all clients read. */
export function inputTopic(records: number | string): string {
  return `millrace-bench-text-${records}`
}

export async function partitionsOf(client: Client, topic: string): Promise<readonly TopicPartition[]> {
  const found = (await client.admin.describeTopics([topic])).get(topic)
  if (found === undefined) throw new Error(`no topic '${topic}'`)
  return Array.from({ length: found.partitionCount }, (_, partition) => ({ topic, partition }))
}

/** Makes the topic if it is absent, and fills it up to `records`; refuses one that holds something else. */
export async function prepareInput(client: Client, topic: string, records: number): Promise<void> {
  await client.admin.createTopics([{ topic, partitionCount: PARTITIONS, configs: { 'retention.ms': '-1' } }])
  const partitions = await partitionsOf(client, topic)
  const [starts, ends] = await Promise.all([
    client.admin.offsets(partitions, 'earliest', 'read_committed'),
    client.admin.offsets(partitions, 'latest', 'read_committed'),
  ])
  const held = [...ends].reduce((sum, [key, end]) => sum + end - starts.get(key)!, 0)
  if (held === records) return
  if (held !== 0) throw new Error(`topic '${topic}' holds ${held} records, not ${records}: name another one by --input`)
  const startMs = Date.now() - records
  await produceAll(client, {}, records, (producer, n) => send(producer, topic, partitions.length, n, startMs + n))
}

/** Lets `sendOne` send record 0 to `records` - 1 by a producer of its own, and waits until all are acknowledged. */
export async function produceAll(
  client: Client,
  options: ProducerOptions,
  records: number,
  sendOne: (producer: Producer, n: number) => void,
): Promise<void> {
  const producer = client.producer(options)
  await producer.init()
  for (let n = 0; n < records; n++) {
    sendOne(producer, n)
    if (producer.pendingBytes > MAX_PENDING_BYTES) await producer.drained(MAX_PENDING_BYTES / 4)
  }
  await producer.flush()
  await producer.close()
}

function send(producer: Producer, topic: string, partitionCount: number, n: number, timestamp: number): void {
  const key = Buffer.from(`key-${(n * 7919) % KEYS}`)
  producer.send(topic, partitionFor(key, partitionCount), key, Buffer.from(lineOf(n)), timestamp, [])
}

/** Makes a topic of one partition, and adds `perRound` records to it every `everyMs` until it holds `records`. */
export async function feed(
  client: Client,
  topic: string,
  records: number,
  perRound: number,
  everyMs: number,
): Promise<void> {
  const producer = client.producer({})
  await producer.init()
  for (let n = 0; n < records; ) {
    const nextMs = Date.now() + everyMs
    for (let i = 0; i < perRound && n < records; i++) send(producer, topic, 1, n++, Date.now())
    await producer.flush()
    await setTimeout(Math.max(0, nextMs - Date.now()))
  }
  await producer.close()
}

/** What a reader of committed transactions finds in a topic. */
export interface Contents {
  readonly records: number
  /** The last value of each key. */
  readonly latest: ReadonlyMap<string, Buffer>
}

/** Shows each committed record of a topic; by partition, then offset. Key and value share memory with the whole fetch. */
export async function readRecords(
  client: Client,
  topic: string,
  each: (record: ConsumedRecord) => void,
): Promise<void> {
  const partitions = await partitionsOf(client, topic)
  const starts = await client.admin.offsets(partitions, 'earliest', 'read_committed')
  const ends = await client.admin.offsets(partitions, 'latest', 'read_committed')
  let ready = () => {}
  const fetcher = client.fetcher({ isolation: 'read_committed', purpose: 'restore', onReady: () => ready() })
  for (const partition of partitions) {
    const key = partitionKey(topic, partition.partition)
    const end = ends.get(key)!
    const fetched = fetcher.add(partition, starts.get(key)!)
    while (fetched.position < end) {
      const record = fetched.next()
      if (record === undefined) {
        if (fetched.position >= end) break
        await new Promise<void>((resolve) => {
          ready = resolve
        })
        continue
      }
      each(record)
    }
    fetcher.remove(partition)
  }
  await fetcher.close()
}

/** Reads a topic whole; records whose value `counts` refuses are left out. A key whose last record has no value is not among `latest`. */
export async function readTopic(
  client: Client,
  topic: string,
  counts: (value: Buffer) => boolean = () => true,
): Promise<Contents> {
  const latest = new Map<string, Buffer>()
  let records = 0
  await readRecords(client, topic, ({ key, value }) => {
    if (value !== null && !counts(value)) return
    records++
    const name = key?.toString('latin1') ?? ''
    if (value === null) latest.delete(name)
    else latest.set(name, Buffer.from(value))
  })
  return { records, latest }
}
