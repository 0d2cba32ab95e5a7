// What is wrong with topics, records, state directories or the cluster itself, on a real broker: a clear error by name, soon, and never a hang.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaWires } from '../lib/client/kafkajs/index.ts'
import { wireClient } from '../lib/client/wire-client.ts'
import { systemClock } from '../lib/core/clock.ts'
import { silentLogger } from '../lib/core/log.ts'
import { NO_HEADERS } from '../lib/core/record.ts'
import { KafkaStreams, StreamsBuilder, type StreamsConfig, serdes, type Topology } from '../lib/index.ts'
import { contextFor } from '../tests/contracts/client/harness.ts'
import { describeWithBroker } from './broker/describe.ts'
import { startBroker } from './broker/index.ts'
import { freshName, TestCluster, until } from './support/cluster.ts'
import { countWords, realText } from './support/text.ts'
import { finalCounts, wordsNotRising, writtenCounts } from './support/word-count-check.ts'
import { WordCountRun } from './support/word-count-run.ts'

const strings = { key: serdes.string(), value: serdes.string() }

function pipe(input: string, output: string): Topology {
  const builder = new StreamsBuilder()
  builder.stream(input, strings).to(output)
  return builder.build()
}

function counting(inputs: readonly string[], output: string): Topology {
  const builder = new StreamsBuilder()
  const [first, ...others] = inputs.map((input) => builder.stream(input, strings))
  others
    .reduce((merged, other) => merged.merge(other), first!)
    .groupByKey(strings)
    .count({ store: 'counts' })
    .toStream()
    .to(output, { key: serdes.string(), value: serdes.long() })
  return builder.build()
}

/** State directories of a test, removed after it; instances of a test, closed after it. */
class Instances {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-bad-input-'))
  readonly #open: KafkaStreams[] = []

  make(topology: Topology, config: Partial<StreamsConfig> & Pick<StreamsConfig, 'brokers'>): KafkaStreams {
    const streams = new KafkaStreams(topology, {
      applicationId: freshName('bad-input'),
      stateDir: join(this.folder, 'state'),
      commitIntervalMs: 50,
      logger: silentLogger,
      ...config,
    })
    this.#open.push(streams)
    return streams
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((streams) => streams.close().catch(() => {})))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The error that an instance ends with. */
function errorOf(streams: KafkaStreams): Promise<Error> {
  return new Promise((resolve) => {
    streams.once('error', resolve)
  })
}

/** How long a promise takes to reject, and with what. */
async function rejection(promise: Promise<unknown>): Promise<{ readonly error: any; readonly ms: number }> {
  const startedMs = systemClock.monotonicMs()
  const error = await promise.then(
    () => new Error('it did not reject'),
    (reason) => reason,
  )
  return { error, ms: systemClock.monotonicMs() - startedMs }
}

describeWithBroker('on a real broker', (brokersText) => {
  const brokers = brokersText.split(',')
  let cluster: TestCluster
  let instances: Instances
  beforeEach(() => {
    cluster = new TestCluster()
    instances = new Instances()
  })
  afterEach(async () => {
    await instances.close()
    await cluster.close()
  })

  it('a missing source topic, and a missing sink topic, fail the start by name', async () => {
    const topic = await cluster.createTopic(1)
    const source = await rejection(instances.make(pipe('no-such-input', topic), { brokers }).start())
    expect(source.error).toMatchObject({ code: 'STREAMS_MISSING_SOURCE_TOPIC', topics: ['no-such-input'] })
    const sink = await rejection(instances.make(pipe(topic, 'no-such-output'), { brokers }).start())
    expect(sink.error).toMatchObject({ code: 'STREAMS_MISSING_SINK_TOPIC', topic: 'no-such-output' })
  })

  it('inputs that are not co-partitioned fail the start with both counts', async () => {
    const [two, three] = [await cluster.createTopic(2), await cluster.createTopic(3)]
    const { error } = await rejection(instances.make(counting([two, three], two), { brokers }).start())
    expect(error).toMatchObject({ code: 'STREAMS_NOT_COPARTITIONED' })
    expect(error.message).toContain(`'${two}' has 2`)
    expect(error.message).toContain(`'${three}' has 3`)
  })

  it('a source under a store that was given more partitions stops the instance: internal topic and both counts', async () => {
    const [input, output] = [await cluster.createTopic(2), await cluster.createTopic(1)]
    const applicationId = freshName('bad-input')
    const config = { brokers, applicationId, metadataMaxAgeMs: 300 }
    const streams = instances.make(counting([input], output), config)
    await streams.start()
    const stopped = errorOf(streams)
    await cluster.client.admin.createPartitions(input, 3)
    const found = {
      code: 'STREAMS_INTERNAL_TOPIC_PARTITIONS',
      topic: `${applicationId}-counts-changelog`,
      expected: 3,
      actual: 2,
    }
    expect(await stopped).toMatchObject(found)
    const again = await rejection(instances.make(counting([input], output), config).start())
    expect(again.error).toMatchObject(found)
  }, 60_000)

  it('new partitions of a stateless part are read', async () => {
    const [input, output] = [await cluster.createTopic(1), await cluster.createTopic(1)]
    const streams = instances.make(pipe(input, output), { brokers, metadataMaxAgeMs: 300 })
    await streams.start()
    await cluster.client.admin.createPartitions(input, 3)
    await cluster.produceLines(
      input,
      Array.from({ length: 250 }, (_, i) => `line ${i}`),
    )
    await until('all lines are written', async () => (await cluster.readCommitted(output)).length === 250)
    expect(streams.state).toBe('RUNNING')
  }, 60_000)

  it.each(['exactly_once', 'at_least_once'] as const)(
    'a record that cannot be read stops the instance with its place, and nothing is committed past it (%s)',
    async (processingGuarantee) => {
      const [input, output] = [await cluster.createTopic(1), await cluster.createTopic(1)]
      const applicationId = freshName('bad-input')
      const builder = new StreamsBuilder()
      builder.stream(input, { key: serdes.bytes(), value: serdes.json() }).to(output)
      const streams = instances.make(builder.build(), { brokers, applicationId, processingGuarantee })
      await streams.start()
      const stopped = errorOf(streams)
      await cluster.produceLines(input, ['{"n":1}', '{"n":2}', 'poison', '{"n":3}'])
      expect(await stopped).toMatchObject({
        code: 'STREAMS_RECORD_DESERIALIZATION',
        place: { topic: input, partition: 0, offset: 2 },
        message: expect.stringContaining(`${input}-0 offset 2`),
      })
      expect(streams.state).toBe('ERROR')
      const { committed } = await cluster.progress(applicationId, input)
      expect(committed[0]).toBeLessThanOrEqual(2)
      const written = (await cluster.readCommitted(output)).map(({ value }) => String(value))
      expect(written).not.toContain('{"n":3}')
    },
    60_000,
  )

  it('a record larger than its topic allows stops the instance with the limit', async () => {
    const [input, output] = [await cluster.createTopic(1), await cluster.createTopic(1)]
    await cluster.client.admin.alterConfigs(output, { 'max.message.bytes': '2000' })
    const streams = instances.make(pipe(input, output), { brokers })
    await streams.start()
    const stopped = errorOf(streams)
    const producer = cluster.client.producer({})
    await producer.init()
    producer.send(input, 0, null, Buffer.alloc(5_000, 'x'), systemClock.now(), NO_HEADERS)
    await producer.flush()
    await producer.close()
    expect(await stopped).toMatchObject({
      code: 'STREAMS_RECORD_TOO_LARGE',
      topic: output,
      limit: { name: 'max.message.bytes', bytes: 2_000 },
      message: expect.stringMatching(`'${output}' makes a batch of 50\\d\\d bytes`),
    })
    expect(streams.state).toBe('ERROR')
  }, 60_000)

  it('a record of 10 MB stops the instance before anything of it is sent; with higher limits it is processed once', async () => {
    const [input, output] = [await cluster.createTopic(1), await cluster.createTopic(1)]
    const applicationId = freshName('bad-input')
    const builder = new StreamsBuilder()
    builder
      .stream(input, strings)
      .mapValues((size) => 'x'.repeat(Number(size)), strings)
      .to(output, strings)
    const topology = builder.build()
    const first = instances.make(topology, { brokers, applicationId })
    await first.start()
    const stopped = errorOf(first)
    await cluster.produceLines(input, ['1', '10000000', '2'])
    expect(await stopped).toMatchObject({
      code: 'STREAMS_RECORD_TOO_LARGE',
      topic: output,
      sizeBytes: expect.closeTo(10_000_000, -3),
      limit: { name: 'maxRequestBytes', bytes: 1_048_576 },
    })
    await first.close()
    expect((await cluster.progress(applicationId, input)).committed[0]).toBeLessThanOrEqual(1)

    await cluster.client.admin.alterConfigs(output, { 'max.message.bytes': '20000000' })
    const second = instances.make(topology, { brokers, applicationId, maxRequestBytes: 20_000_000 })
    await second.start()
    await cluster.caughtUp(applicationId, [input])
    expect((await cluster.readCommitted(output)).map(({ value }) => value!.length)).toEqual([1, 10_000_000, 2])
  }, 60_000)

  it('a broker that is not there: a clear error within the request time-out', async () => {
    const streams = instances.make(pipe('in', 'out'), { brokers: ['127.0.0.1:1'], requestTimeoutMs: 2_000 })
    const { error, ms } = await rejection(streams.start())
    expect(error).toMatchObject({ code: 'STREAMS_BROKER_UNAVAILABLE', message: expect.stringContaining('127.0.0.1:1') })
    expect(ms).toBeLessThan(6_000)
    expect(streams.state).toBe('ERROR')
  })

  it('close() while the cluster does not answer ends soon', async () => {
    const streams = instances.make(pipe('in', 'out'), { brokers: ['127.0.0.1:1'], requestTimeoutMs: 20_000 })
    const started = rejection(streams.start())
    const startedMs = systemClock.monotonicMs()
    await streams.close()
    expect(systemClock.monotonicMs() - startedMs).toBeLessThan(5_000)
    expect((await started).error).toMatchObject({ code: 'STREAMS_NOT_RUNNING' })
    expect(streams.state).toBe('NOT_RUNNING')
  })

  it('a cluster with fewer brokers than its transaction log wants replicas: a clear error within the request time-out', async () => {
    await using broker = await startBroker({ properties: { 'transaction.state.log.replication.factor': '3' } })
    const small = new TestCluster(broker.bootstrap)
    const context = contextFor('few-brokers', 3_000)
    const client = wireClient(kafkaWires({ brokers: [broker.bootstrap] }, context), context)
    try {
      const producer = await rejection(client.producer({ transactionalId: 'nobody' }).init())
      expect(producer.error).toMatchObject({
        code: 'STREAMS_BROKER_UNAVAILABLE',
        message: expect.stringContaining('transaction.state.log.replication.factor'),
      })
      expect(producer.ms).toBeLessThan(6_000)
      const [input, output] = [await small.createTopic(1), await small.createTopic(1)]
      const config = { brokers: [broker.bootstrap], requestTimeoutMs: 4_000 }
      const { error, ms } = await rejection(instances.make(pipe(input, output), config).start())
      expect(error).toMatchObject({ code: 'STREAMS_BROKER_UNAVAILABLE', message: expect.stringMatching(/transaction/) })
      expect(ms).toBeLessThan(20_000)
    } finally {
      await client.close()
      await small.close()
    }
  }, 120_000)
})

describeWithBroker('state directories', () => {
  let run: WordCountRun
  beforeEach(async () => {
    run = await WordCountRun.open({ guarantee: 'exactly_once', commitIntervalMs: 50, sessionTimeoutMs: 6_000 })
  })
  afterEach(() => run.close())

  const lines = realText(100_000)

  it('in use by another process: the second fails and names it, the first is untouched', async () => {
    const first = run.start('a')
    await first.running()
    const second = run.start('a')
    expect(await second.exited()).toEqual({ code: 2, signal: null })
    expect(second.stderr).toMatch(/state directory .* in use by process \d+/)
    await run.produce(lines)
    await run.caughtUp()
    expect(first.state).toBe('RUNNING')
    expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(finalCounts(await writtenCounts(run.cluster, run.output))).toEqual(countWords(lines))
  }, 120_000)

  it('copied, and used by another process at the same time: the fenced one stops and names the id; nothing is counted twice', async () => {
    const half = Math.floor(lines.length / 2)
    const original = run.start('a')
    await run.produce(lines.slice(0, half))
    await run.caughtUp()
    expect(await original.end('SIGTERM')).toEqual({ code: 0, signal: null })
    cpSync(run.stateDir('a'), run.stateDir('copy'), { recursive: true })

    const first = run.start('a')
    await first.running()
    const second = run.start('copy')
    const ended = await first.exited()
    expect(ended).toEqual({ code: 1, signal: null })
    expect(first.stderr).toMatch(/FencedInstanceError: .*instance id '[0-9a-f-]{36}'/)
    await run.produce(lines.slice(half))
    await run.caughtUp()
    expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null })
    const written = await writtenCounts(run.cluster, run.output)
    expect(finalCounts(written)).toEqual(countWords(lines))
    expect(wordsNotRising(written)).toEqual([])
  }, 120_000)
})
