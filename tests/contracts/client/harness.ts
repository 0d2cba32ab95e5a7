// What the client contracts need from a cluster, be it the memory broker or a real one.
import type { Admin, Client, ClientContext, IsolationLevel, OffsetCommit } from '../../../lib/client/client.ts'
import { Coordinators } from '../../../lib/client/coordinators.ts'
import { FetchedRecords } from '../../../lib/client/protocol/fetched-records.ts'
import { type BatchHeader, readBatchHeader } from '../../../lib/client/protocol/record-batch.ts'
import type { WireFactory } from '../../../lib/client/wire.ts'
import { wireClient } from '../../../lib/client/wire-client.ts'
import { type Clock, sleep, systemClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { type ConsumedRecord, partitionKey } from '../../../lib/core/record.ts'

/** A cluster under test. Topics have fresh names, so tests of one cluster do not see each other. */
export interface ClusterHarness {
  client(clientId: string): Client
  readonly wires: WireFactory
  /** Wires to an address where nobody listens. */
  readonly unreachable: WireFactory
  readonly clock: Clock
  /** The harness's own. */
  readonly admin: Admin
  /** Makes a topic with a fresh name. */
  topic(options?: { partitions?: number; configs?: Record<string, string> }): Promise<string>
  /** Compacts a topic now, where the cluster can be told to; a real broker does it in its own time. */
  compact(topic: string): void
  close(): Promise<void>
}

export interface HarnessParts {
  readonly wires: (context: ClientContext) => WireFactory
  readonly unreachable: (context: ClientContext) => WireFactory
  readonly compact?: (topic: string) => void
  /** Ends what the harness itself started. */
  readonly close?: () => Promise<void>
}

let names = 0

/** A name that no other test, and no earlier run against the same broker, has used. */
export function freshName(prefix: string): string {
  return `${prefix}-${process.pid}-${systemClock.now().toString(36)}-${names++}`
}

export function contextFor(clientId: string, requestTimeoutMs = 15_000): ClientContext {
  return { clientId, clock: systemClock, logger: silentLogger, requestTimeoutMs }
}

/** A harness over wires, on the machine's clock. */
export function harnessOver(parts: HarnessParts): ClusterHarness {
  const context = contextFor('contract')
  const wires = parts.wires(context)
  const clients: Client[] = []
  const client = (clientId: string): Client => {
    const opened = wireClient(wires, contextFor(clientId))
    clients.push(opened)
    return opened
  }
  const own = client('contract')
  return {
    client,
    wires,
    unreachable: parts.unreachable(context),
    clock: systemClock,
    admin: own.admin,
    async topic({ partitions = 1, configs = {} } = {}) {
      const topic = freshName('contract')
      await own.admin.createTopics([
        { topic, partitionCount: partitions, configs: { 'retention.ms': '-1', ...configs } },
      ])
      return topic
    },
    compact: (topic) => parts.compact?.(topic),
    async close() {
      await Promise.all(clients.map((each) => each.close()))
      await parts.close?.()
    },
  }
}

/** Waits for a condition; fails, saying for what it waited, after `limitMs`. */
export async function until(what: string, holds: () => Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + limitMs
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await sleep(systemClock, 10)
  }
}

/** The encoded batches of a partition from its start to the end that the isolation level shows, without the fetcher's help. */
async function fetchBytes(harness: ClusterHarness, topic: string, partition: number, isolation: IsolationLevel) {
  const wire = harness.wires.open('fetch')
  try {
    const partitions = [{ topic, partition }]
    const [start, end] = await Promise.all([
      harness.admin.offsets(partitions, 'earliest', isolation),
      harness.admin.offsets(partitions, 'latest', isolation),
    ])
    const endOffset = end.get(partitionKey(topic, partition))!
    const node = await leaderOf(harness, topic, partition)
    const chunks: { bytes: Buffer; aborted: readonly { producerId: number; firstOffset: number }[] }[] = []
    for (let at = start.get(partitionKey(topic, partition))!; at < endOffset; ) {
      const response = await wire.send(node, 'fetch', {
        replicaId: -1,
        maxWaitMs: 100,
        minBytes: 1,
        maxBytes: 8 << 20,
        isolationLevel: isolation === 'read_committed' ? 1 : 0,
        sessionId: 0,
        sessionEpoch: -1,
        topics: [
          {
            name: topic,
            partitions: [
              { partition, currentLeaderEpoch: -1, fetchOffset: at, logStartOffset: -1, partitionMaxBytes: 8 << 20 },
            ],
          },
        ],
        forgottenTopics: [],
        rackId: '',
      })
      const answer = response.topics[0]!.partitions[0]!
      if (answer.errorCode !== 0) throw new Error(`fetch from ${topic}-${partition} answers ${answer.errorCode}`)
      const bytes = answer.records ?? Buffer.alloc(0)
      let end = 0
      for (let header = readBatchHeader(bytes, 0); header !== undefined; header = readBatchHeader(bytes, end)) {
        end += header.sizeBytes
        at = header.lastOffset + 1
      }
      chunks.push({ bytes: bytes.subarray(0, end), aborted: answer.abortedTransactions ?? [] })
    }
    return chunks
  } finally {
    await wire.close()
  }
}

async function leaderOf(harness: ClusterHarness, topic: string, partition: number): Promise<number> {
  const wire = harness.wires.open('admin')
  try {
    const response = await wire.send('any', 'metadata', {
      topics: [{ topicId: '0'.repeat(32), name: topic }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    })
    return response.topics[0]!.partitions.find(({ partitionIndex }) => partitionIndex === partition)!.leaderId
  } finally {
    await wire.close()
  }
}

/** Every record of a partition as the isolation level shows it now. */
export async function readAll(
  harness: ClusterHarness,
  topic: string,
  partition = 0,
  isolation: IsolationLevel = 'read_committed',
): Promise<ConsumedRecord[]> {
  const found: ConsumedRecord[] = []
  for (const { bytes, aborted } of await fetchBytes(harness, topic, partition, isolation)) {
    const first = readBatchHeader(bytes, 0)
    if (first === undefined) continue
    const options = { topic, partition, fetchOffset: first.baseOffset }
    const records = new FetchedRecords(bytes, {
      ...options,
      abortedTransactions: isolation === 'read_committed' ? aborted : [],
    })
    for (let record = records.next(); record !== undefined; record = records.next()) found.push(record)
  }
  return found
}

/** The values of a partition as text, as the isolation level shows them now. */
export async function visibleValues(
  harness: ClusterHarness,
  topic: string,
  partition = 0,
  isolation: IsolationLevel = 'read_committed',
): Promise<(string | null)[]> {
  const records = await readAll(harness, topic, partition, isolation)
  return records.map(({ value }) => (value === null ? null : value.toString()))
}

/** The committed values of a partition as text, once every transaction in it has its marker: those come after the answer to EndTxn. */
export async function readValues(harness: ClusterHarness, topic: string, partition = 0): Promise<(string | null)[]> {
  await until(`transactions in ${topic}-${partition} end`, async () => {
    const partitions = [{ topic, partition }]
    const stable = await harness.admin.offsets(partitions, 'latest', 'read_committed')
    const end = await harness.admin.offsets(partitions, 'latest', 'read_uncommitted')
    return stable.get(`${topic}:${partition}`) === end.get(`${topic}:${partition}`)
  })
  return visibleValues(harness, topic, partition)
}

/** The headers of all batches in a partition's log, control batches included. */
export async function batchHeaders(harness: ClusterHarness, topic: string, partition = 0): Promise<BatchHeader[]> {
  const headers: BatchHeader[] = []
  for (const { bytes } of await fetchBytes(harness, topic, partition, 'read_uncommitted')) {
    let at = 0
    for (let header = readBatchHeader(bytes, at); header !== undefined; header = readBatchHeader(bytes, at)) {
      at += header.sizeBytes
      headers.push(header)
    }
  }
  return headers
}

/** How many batches of a partition compaction has left without records. */
export async function emptiedBatchCount(harness: ClusterHarness, topic: string, partition = 0): Promise<number> {
  const headers = await batchHeaders(harness, topic, partition)
  return headers.filter(({ recordCount }) => recordCount === 0).length
}

/** The sizes of the data batches in a partition's log, in bytes. */
export async function batchSizes(harness: ClusterHarness, topic: string, partition = 0): Promise<number[]> {
  const headers = await batchHeaders(harness, topic, partition)
  return headers.filter(({ control }) => !control).map(({ sizeBytes }) => sizeBytes)
}

/** A group's committed offset, or undefined. Waits for a transaction that holds it. */
export async function committedOffset(
  harness: ClusterHarness,
  groupId: string,
  topic: string,
  partition = 0,
): Promise<OffsetCommit | undefined> {
  const wire = harness.wires.open('group')
  try {
    const coordinators = new Coordinators(wire, contextFor('reader'))
    const node = await coordinators.find('group', groupId)
    for (;;) {
      const response = await wire.send(node, 'offsetFetch', {
        groupId,
        topics: [{ name: topic, partitionIndexes: [partition] }],
        requireStable: true,
      })
      if (response.errorCode !== 0) throw new Error(`offsetFetch answers ${response.errorCode}`)
      const answer = response.topics[0]!.partitions[0]!
      if (answer.errorCode === UNSTABLE_OFFSET_COMMIT) {
        await sleep(systemClock, 5)
        continue
      }
      if (answer.errorCode !== 0) throw new Error(`offsetFetch answers ${answer.errorCode}`)
      if (answer.committedOffset < 0) return undefined
      return { topic, partition, offset: answer.committedOffset, metadata: answer.metadata ?? '' }
    }
  } finally {
    await wire.close()
  }
}

const UNSTABLE_OFFSET_COMMIT = 88
