// The wire and the record-batch codec against a real broker: what it accepts, and what it sends back.

import { UnknownNodeError } from '../lib/client/errors.ts'
import { kafkaWires } from '../lib/client/kafkajs/index.ts'
import type { RequestOf, ResponseOf } from '../lib/client/protocol/apis.ts'
import { errorCodes, errorName } from '../lib/client/protocol/error-codes.ts'
import { FetchedRecords } from '../lib/client/protocol/fetched-records.ts'
import { RecordBatchBuilder } from '../lib/client/protocol/record-batch-builder.ts'
import type { Wire } from '../lib/client/wire.ts'
import { systemClock } from '../lib/core/clock.ts'
import { silentLogger } from '../lib/core/log.ts'
import { type Headers, NO_HEADERS } from '../lib/core/record.ts'
import { describeWithBroker } from './broker/describe.ts'

const DEADLINE_MS = 20_000
const LATEST = -1
const NO_PRODUCER = { producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false }

let wire: Wire
let nodeId: number
let topicCount = 0

/** A new topic with one partition that its leader, `nodeId`, serves: it is named in the metadata a moment before it does. */
async function newTopic(): Promise<string> {
  const name = `wire-${process.pid}-${Date.now()}-${topicCount++}`
  const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  const created = await wire.send('any', 'createTopics', { topics: [topic], timeoutMs: 5_000, validateOnly: false })
  expect(created.topics).toEqual([{ name, errorCode: errorCodes.NONE, errorMessage: null }])
  nodeId = await eventually('a leader', async () => {
    const found = (await metadata(name)).topics[0]!.partitions[0]
    return found !== undefined && found.errorCode === 0 && found.leaderId >= 0 ? found.leaderId : undefined
  })
  await eventually('leader that serves', async () => (await endOffset(name)).errorCode === 0 || undefined)
  return name
}

function metadata(name: string): Promise<ResponseOf<'metadata'>> {
  const topics = [{ topicId: '0'.repeat(32), name }]
  return wire.send('any', 'metadata', {
    topics,
    allowAutoTopicCreation: false,
    includeTopicAuthorizedOperations: false,
  })
}

async function endOffset(name: string) {
  const partition = { partitionIndex: 0, currentLeaderEpoch: -1, timestamp: LATEST }
  const request = { replicaId: -1, isolationLevel: 0, topics: [{ name, partitions: [partition] }] }
  const { topics } = await wire.send(nodeId, 'listOffsets', request)
  return topics[0]!.partitions[0]!
}

/** Asks until there is an answer: a broker tells its news to the others in its own time. */
async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`no ${what} within ${DEADLINE_MS} ms`)
    await systemClock.yield()
  }
}

async function produce(topic: string, records: Buffer, transactionalId: string | null = null): Promise<number> {
  const topics = [{ name: topic, partitions: [{ index: 0, records }] }]
  const response = await wire.send(nodeId, 'produce', { transactionalId, acks: -1, timeoutMs: 5_000, topics })
  const { errorCode, baseOffset } = response.topics[0]!.partitions[0]!
  expect(errorName(errorCode)).toBe('NONE')
  return baseOffset
}

async function fetch(topic: string, fetchOffset: number): Promise<FetchedRecords> {
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset,
    logStartOffset: -1,
    partitionMaxBytes: 1 << 20,
  }
  const request: RequestOf<'fetch'> = {
    replicaId: -1,
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 1 << 20,
    isolationLevel: 1,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ name: topic, partitions: [partition] }],
    forgottenTopics: [],
    rackId: '',
  }
  const response = await wire.send(nodeId, 'fetch', request)
  const { errorCode, records, abortedTransactions } = response.topics[0]!.partitions[0]!
  expect(errorName(errorCode)).toBe('NONE')
  return new FetchedRecords(records ?? Buffer.alloc(0), {
    topic,
    partition: 0,
    fetchOffset,
    abortedTransactions: abortedTransactions ?? [],
  })
}

describeWithBroker('a wire to a real broker', (bootstrap) => {
  beforeAll(() => {
    const context = { clientId: 'wire-test', clock: systemClock, logger: silentLogger, requestTimeoutMs: 10_000 }
    wire = kafkaWires({ brokers: bootstrap.split(',') }, context).open('admin')
  })
  afterAll(() => wire.close())

  it('learns the cluster, and names a node that is not in it', async () => {
    const topic = await newTopic()
    const { brokers: nodes, clusterId, topics } = await metadata(topic)
    expect(nodes.map((node) => node.nodeId)).toContain(nodeId)
    expect(clusterId).toMatch(/\S/)
    expect(topics[0]).toMatchObject({ name: topic, errorCode: 0, isInternal: false })
    expect(topics[0]!.topicId).toMatch(/^[0-9a-f]{32}$/)

    const request = wire.send(4711, 'heartbeat', { groupId: 'g', generationId: 1, memberId: '', groupInstanceId: null })
    await expect(request).rejects.toThrow(UnknownNodeError)
    await expect(request).rejects.toThrow(/no broker 4711; it has \d/)
  })

  it.each(['none', 'gzip', 'zstd'] as const)('stores and returns a batch: %s', async (codec) => {
    const topic = await newTopic()
    const nowMs = Date.now()
    const headers: Headers = [
      ['trace', Buffer.from([1, 2])],
      ['trace', null],
    ]
    const written = [
      { key: Buffer.from('ada'), value: Buffer.from('v'.repeat(300)), timestamp: nowMs, headers },
      { key: null, value: Buffer.alloc(0), timestamp: nowMs - 5, headers: NO_HEADERS },
      { key: Buffer.alloc(0), value: null, timestamp: 0, headers: NO_HEADERS },
    ]
    for (let i = 0; i < 2; i++) {
      const builder = new RecordBatchBuilder({ codec })
      for (const { key, value, timestamp, headers } of written) builder.append(key, value, timestamp, headers)
      expect(await produce(topic, builder.finish(NO_PRODUCER))).toBe(3 * i)
    }

    const records = await fetch(topic, 2)

    expect(records.next()).toEqual({ offset: 2, ...written[2] })
    expect([records.next(), records.next(), records.next()]).toEqual(
      written.map((one, i) => ({ offset: 3 + i, ...one })),
    )
    expect(records.next()).toBeUndefined()
    expect(records.position).toBe(6)
  })

  it('hides aborted transactions that overlap, with the ranges that a broker names', async () => {
    const topic = await newTopic()
    const [first, second] = [await newProducer(`${topic}-a`), await newProducer(`${topic}-b`)]
    const send = async (producer: TestProducer, value: string) => {
      const builder = new RecordBatchBuilder({ codec: 'none' })
      builder.append(Buffer.alloc(4), Buffer.from(value), Date.now(), NO_HEADERS) // the key looks like an abort marker's
      const { transactionalId, producerId, producerEpoch } = producer
      await addPartition(producer, topic)
      const baseSequence = producer.sequence++
      await produce(
        topic,
        builder.finish({ producerId, producerEpoch, baseSequence, transactional: true }),
        transactionalId,
      )
    }
    await send(first, 'aborted: began first, ends last')
    await send(second, 'aborted: began last, ends first')
    await end(second, false)
    await send(second, 'committed: of the producer that has aborted before')
    await send(first, 'aborted: after the other marker')
    await end(second, true)
    await end(first, false)
    await send(first, 'committed: the last')
    await end(first, true)

    const values: string[] = []
    const position = await eventually('end of the log', async () => {
      const records = await fetch(topic, 0) // up to the last stable offset, which moves when a marker is written
      values.length = 0
      for (let record = records.next(); record !== undefined; record = records.next()) values.push(`${record.value}`)
      return records.position === 9 ? records.position : undefined
    })

    expect(position).toBe(9) // five records and four markers
    expect(values).toEqual(['committed: of the producer that has aborted before', 'committed: the last'])
  })

  it('answers what was sent in a row in that order', async () => {
    await newTopic()
    const answered: number[] = []
    const keys = Array.from({ length: 100 }, (_, i) => i)
    await Promise.all(
      keys.map(async (i) => {
        await wire.send(nodeId, 'findCoordinator', { key: `group-${i}`, keyType: 0 })
        answered.push(i)
      }),
    )
    expect(answered).toEqual(keys)
  })
})

interface TestProducer {
  readonly transactionalId: string
  readonly coordinator: number
  readonly producerId: number
  readonly producerEpoch: number
  sequence: number
}

async function newProducer(transactionalId: string): Promise<TestProducer> {
  const coordinator = await eventually('transaction coordinator', async () => {
    const found = await wire.send('any', 'findCoordinator', { key: transactionalId, keyType: 1 })
    return found.errorCode === 0 ? found.nodeId : undefined
  })
  const request = { transactionalId, transactionTimeoutMs: 30_000, producerId: -1, producerEpoch: -1 }
  return await eventually('producer id', async () => {
    const { errorCode, producerId, producerEpoch } = await wire.send(coordinator, 'initProducerId', request)
    return errorCode === 0 ? { transactionalId, coordinator, producerId, producerEpoch, sequence: 0 } : undefined
  })
}

async function addPartition(producer: TestProducer, topic: string): Promise<void> {
  const { transactionalId, coordinator, producerId, producerEpoch } = producer
  const topics = [{ name: topic, partitions: [0] }]
  const request = { transactionalId, producerId, producerEpoch, topics }
  // Until the markers of the transaction before are written, the coordinator answers CONCURRENT_TRANSACTIONS.
  await eventually('place in the transaction', async () => {
    const response = await wire.send(coordinator, 'addPartitionsToTxn', request)
    return response.topics[0]!.partitions[0]!.errorCode === 0 || undefined
  })
}

async function end(producer: TestProducer, committed: boolean): Promise<void> {
  const { transactionalId, coordinator, producerId, producerEpoch } = producer
  const { errorCode } = await wire.send(coordinator, 'endTxn', {
    transactionalId,
    producerId,
    producerEpoch,
    committed,
  })
  expect(errorName(errorCode)).toBe('NONE')
}
