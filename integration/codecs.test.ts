// Java's clients and Millrace read what the other writes, with every codec: keys, values, timestamps, headers, transactions. And what is very large:
// records of 10 MB, batches and transactions of 300 000 records.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ProducerOptions } from '../lib/client/client.ts'
import { kafkaWires } from '../lib/client/kafkajs/index.ts'
import { compressionCodecs } from '../lib/client/protocol/compression.ts'
import { silentLogger } from '../lib/core/log.ts'
import type { Headers } from '../lib/core/record.ts'
import { KafkaStreams, StreamsBuilder, serdes } from '../lib/index.ts'
import { batchHeaders, type ClusterHarness, harnessOver } from '../tests/contracts/client/harness.ts'
import { describeWithJava } from './java/describe.ts'
import { JavaClients, type JavaRecord } from './java/run.ts'
import { freshName, TestCluster, until } from './support/cluster.ts'

const NOW = Date.now()
const NO_GROUP = { groupId: 'none', memberId: '', generation: -1, instanceId: null }

/** Bytes that no codec makes much smaller. */
function incompressible(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 64) }, (_, i) => createHash('sha512').update(`${i}`).digest())
  return Buffer.concat(blocks).subarray(0, length)
}

/** Records of every kind, in two partitions, then enough of the usual kind for several batches. */
function sampleRecords(prefix: string): readonly JavaRecord[] {
  const record = (parts: Partial<JavaRecord>): JavaRecord => {
    return { partition: 0, key: Buffer.from(prefix), value: Buffer.from('v'), timestamp: NOW, headers: [], ...parts }
  }
  const headers: Headers = [
    ['trace', Buffer.from([0, 255, 1])],
    ['none', null],
    ['trace', Buffer.from('again')],
    ['', Buffer.alloc(0)],
    ['schlüssel 鍵', Buffer.from('ü')],
  ]
  const usual = Array.from({ length: 3_000 }, (_, i) =>
    record({ partition: i % 2, value: Buffer.from(`{"id":${i},"by":"${prefix}","text":"${'word '.repeat(i % 20)}"}`) }),
  )
  const kinds = [
    record({ timestamp: 0 }), // also the first of its batch, from which the others' times count
    record({ key: null }),
    record({ value: null }),
    record({ key: null, value: null }),
    record({ key: Buffer.alloc(0), value: Buffer.alloc(0) }),
    record({ timestamp: 1 }),
    record({ timestamp: NOW - 2 ** 40 }),
    record({ headers }),
    record({ value: incompressible(300_000) }),
    record({ value: Buffer.alloc(300_000, 'all the same ') }),
  ]
  const placed = kinds.flatMap((each) => [each, { ...each, partition: 1 }])
  return [...placed, ...usual].sort((a, b) => a.partition - b.partition)
}

type Comparable = Pick<JavaRecord, 'key' | 'value' | 'timestamp' | 'headers'>

/** Records as lines of text, so that a difference between thousands can be read. */
function lines(records: readonly Comparable[]): readonly string[] {
  const show = (bytes: Buffer | null): string => {
    if (bytes === null) return 'null'
    return bytes.length > 200
      ? `${bytes.length} ${createHash('md5').update(bytes).digest('hex')}`
      : bytes.toString('latin1')
  }
  return records.map(({ key, value, timestamp, headers }) =>
    JSON.stringify([show(key), show(value), timestamp, headers.map(([name, content]) => [name, show(content)])]),
  )
}

await describeWithJava("Java's clients and Millrace", (brokers) => {
  let cluster: TestCluster
  let harness: ClusterHarness
  let java: JavaClients
  beforeAll(async () => {
    cluster = new TestCluster()
    const wires = (context: Parameters<typeof kafkaWires>[1]) => kafkaWires({ brokers: brokers.split(',') }, context)
    harness = harnessOver({ wires, unreachable: wires })
    java = await JavaClients.start(brokers)
  })
  afterAll(async () => {
    await java[Symbol.asyncDispose]()
    await harness.close()
    await cluster.close()
  })

  async function produce(topic: string, records: readonly JavaRecord[], options: ProducerOptions): Promise<void> {
    const producer = cluster.client.producer(options)
    await producer.init()
    for (const { partition, key, value, timestamp, headers } of records) {
      producer.send(topic, partition, key, value, timestamp, headers)
    }
    if (options.transactionalId === undefined) await producer.flush()
    else await producer.commit([], NO_GROUP)
    await producer.close()
  }

  /** The codecs of all data batches in the topic's log. */
  async function codecsIn(topic: string): Promise<readonly string[]> {
    const headers = [...(await batchHeaders(harness, topic, 0)), ...(await batchHeaders(harness, topic, 1))]
    return [...new Set(headers.filter(({ control }) => !control).map(({ codec }) => codec))]
  }

  it.each(compressionCodecs)(
    'Millrace reads what Java writes: %s',
    async (compression) => {
      const topic = await cluster.createTopic(2)
      const [plain, committed] = [sampleRecords('plain'), sampleRecords('committed')]
      await java.produce(topic, plain, { compression, end: 'none' })
      await java.produce(topic, sampleRecords('aborted'), { compression, end: 'abort' })
      await java.produce(topic, committed, { compression, end: 'commit' })

      const expected = [0, 1].flatMap((partition) =>
        [...plain, ...committed].filter((record) => record.partition === partition),
      )
      expect(lines(await cluster.readCommitted(topic))).toEqual(lines(expected))
      expect(await codecsIn(topic)).toEqual([compression])
    },
    60_000,
  )

  it.each(compressionCodecs)(
    'Java reads what Millrace writes: %s',
    async (compression) => {
      const topic = await cluster.createTopic(2)
      const [plain, committed] = [sampleRecords('plain'), sampleRecords('committed')]
      await produce(topic, plain, { compression })
      const aborting = cluster.client.producer({ compression, transactionalId: freshName('aborting') })
      await aborting.init()
      for (const { partition, key, value } of sampleRecords('aborted')) {
        aborting.send(topic, partition, key, value, NOW, [])
      }
      await aborting.flush()
      await aborting.abort()
      await aborting.close()
      await produce(topic, committed, { compression, transactionalId: freshName('committing') })

      const expected = [0, 1].flatMap((partition) =>
        [...plain, ...committed].filter((record) => record.partition === partition),
      )
      expect(lines(await java.consume(topic))).toEqual(lines(expected))
      expect(await codecsIn(topic)).toEqual([compression])
    },
    60_000,
  )

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'Millrace reads what the broker compresses anew: %s',
    async (codec) => {
      const topic = await cluster.createTopic(2)
      await cluster.client.admin.alterConfigs(topic, { 'compression.type': codec })
      const records = sampleRecords('anew')
      await produce(topic, records, { compression: codec === 'lz4' ? 'snappy' : 'lz4' })
      expect(lines(await cluster.readCommitted(topic))).toEqual(lines(records))
      expect(await codecsIn(topic)).toEqual([codec])
    },
    60_000,
  )

  it.each(['none', 'lz4', 'snappy'] as const)(
    'both read records of 10 MB that the other writes: %s',
    async (compression) => {
      const topic = await cluster.createTopic(2)
      await cluster.client.admin.alterConfigs(topic, { 'max.message.bytes': '20000000' })
      const value = Buffer.concat([incompressible(5_000_000), Buffer.alloc(5_000_000, 'the same ')])
      const ten = { partition: 0, key: Buffer.from('ten'), value, timestamp: NOW, headers: [] }
      const small = { ...ten, key: Buffer.from('small'), value: Buffer.from('small') }
      const settings = { 'max.request.size': '20000000', 'buffer.memory': '50000000' }
      await java.produce(topic, [small, ten, small], { compression, end: 'none', settings })
      await produce(topic, [small, ten, small], { compression, maxRequestBytes: 20_000_000 })

      const expected = lines([small, ten, small, small, ten, small])
      expect(lines(await cluster.readCommitted(topic))).toEqual(expected)
      expect(lines(await java.consume(topic))).toEqual(expected)
    },
    60_000,
  )

  it('an application passes records of 10 MB on, through a store and its changelog, where all limits allow them', async () => {
    const [input, output] = [await cluster.createTopic(1), await cluster.createTopic(1)]
    const applicationId = freshName('large')
    const changelog = `${applicationId}-latest-changelog`
    for (const topic of [input, output]) {
      await cluster.client.admin.alterConfigs(topic, { 'max.message.bytes': '20000000' })
    }
    await cluster.client.admin.createTopics([
      {
        topic: changelog,
        partitionCount: 1,
        configs: { 'cleanup.policy': 'compact', 'max.message.bytes': '20000000' },
      },
    ])
    const builder = new StreamsBuilder()
    const bytes = { key: serdes.string(), value: serdes.bytes() }
    builder
      .stream(input, bytes)
      .groupByKey(bytes)
      .reduce((_, value) => value, { store: 'latest' })
      .toStream()
      .to(output, bytes)
    const folder = mkdtempSync(join(tmpdir(), 'millrace-large-'))
    const open = (state: string) =>
      new KafkaStreams(builder.build(), {
        applicationId,
        brokers: brokers.split(','),
        stateDir: join(folder, state),
        groupInstanceId: null,
        maxRequestBytes: 20_000_000,
        compression: 'lz4',
        cacheBytes: 0,
        logger: silentLogger,
      })
    const value = incompressible(10_000_000)
    const record = { partition: 0, key: Buffer.from('ten'), value, timestamp: NOW, headers: [] }
    const first = open('first')
    try {
      await first.start()
      await produce(input, [record], { maxRequestBytes: 20_000_000 })
      await cluster.caughtUp(applicationId, [input])
      expect(lines(await cluster.readCommitted(output))).toEqual(lines([record]))
      expect(lines(await cluster.readCommitted(changelog))).toHaveLength(1)
    } finally {
      await first.close()
    }

    const second = open('second')
    let restored = 0
    second.on('restored', ({ records }) => {
      restored += records
    })
    try {
      await second.start()
      await until('the record is restored from the changelog', () => restored === 1)
      expect(second.state).toBe('RUNNING')
    } finally {
      await second.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }, 90_000)

  it('a batch larger than a segment of its topic is refused with the name of that setting', async () => {
    const topic = await cluster.createTopic(1)
    const limits = { 'max.message.bytes': '4000000', 'segment.bytes': '1048576' }
    await cluster.client.admin.alterConfigs(topic, limits)
    const large = { partition: 0, key: null, value: incompressible(2_000_000), timestamp: NOW, headers: [] }
    await expect(produce(topic, [large], { maxRequestBytes: 4_000_000 })).rejects.toMatchObject({
      code: 'STREAMS_RECORD_TOO_LARGE',
      topic,
      limit: { name: 'segment.bytes', bytes: 1_048_576 },
    })
  }, 60_000)

  describe('300 000 records', () => {
    const COUNT = 300_000
    const SUM = (COUNT * (COUNT - 1)) / 2
    // All as objects would take more than twice as much.
    const HEAP_MEGABYTES = 48
    /** Java's producer makes one batch of them all. */
    const oneBatch = {
      'batch.size': '30000000',
      'linger.ms': '60000',
      'max.request.size': '30000000',
      'buffer.memory': '100000000',
    }

    async function largeTopic(): Promise<string> {
      const topic = await cluster.createTopic(1)
      await cluster.client.admin.alterConfigs(topic, { 'max.message.bytes': '30000000' })
      return topic
    }

    async function countRecords(topic: string): Promise<unknown> {
      const partitions = [{ topic, partition: 0 }]
      let end = -1
      await until(`transactions in ${topic} end`, async () => {
        const stable = (await cluster.client.admin.offsets(partitions, 'latest', 'read_committed')).get(`${topic}:0`)!
        end = (await cluster.client.admin.offsets(partitions, 'latest', 'read_uncommitted')).get(`${topic}:0`)!
        return stable === end
      })
      const program = join(import.meta.dirname, 'support/count-records.ts')
      const args = [`--max-old-space-size=${HEAP_MEGABYTES}`, program, brokers, topic, String(end)]
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000, env: process.env })
      return JSON.parse(stdout)
    }

    it.each(['none', 'snappy', 'lz4'] as const)(
      'in one batch are read one by one, in little memory: %s',
      async (compression) => {
        const topic = await largeTopic()
        await java.produceNumbers(topic, COUNT, { compression, end: 'none', settings: oneBatch })
        expect((await batchHeaders(harness, topic)).map(({ recordCount, codec }) => [recordCount, codec])).toEqual([
          [COUNT, compression],
        ])
        expect(await countRecords(topic)).toEqual({ count: COUNT, sum: SUM })
      },
      60_000,
    )

    it('of an aborted transaction are passed over, and those of the next are read', async () => {
      const topic = await largeTopic()
      await java.produceNumbers(topic, COUNT, { compression: 'zstd', end: 'abort' })
      await java.produceNumbers(topic, 1_000, { compression: 'zstd', end: 'commit' })
      await java.produceNumbers(topic, COUNT, { compression: 'zstd', end: 'abort', settings: oneBatch })
      await java.produceNumbers(topic, 1_000, { compression: 'zstd', end: 'commit' })
      expect(await countRecords(topic)).toEqual({ count: 2_000, sum: 2 * 499_500 })
    }, 60_000)
  })
})
