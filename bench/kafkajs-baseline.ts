// node bench/kafkajs-baseline.ts --case … : the cases pipe, filter and count of topologies.ts as one writes them by hand with
// kafkajs, for comparison. Prints one JSON line of the shape that bench/main.ts and bench/java print. Options as in USAGE.
//
// Written to be fast within kafkajs's public API: keys and values that are not looked at stay Buffers, and a transaction
// waits 5 ms before it tries again (300 ms by default). Unlike a Streams application it keeps no state that would survive
// a crash: the counts live in a Map, so exactly_once covers its output and offsets only.
import { parseArgs } from 'node:util'
import { type EachBatchPayload, Kafka, type KafkaMessage, logLevel, type Message, Partitioners } from 'kafkajs'
import { percentile } from './statistics.ts'

const USAGE = `Usage: node bench/kafkajs-baseline.ts --case pipe|filter|count --guarantee at_least_once|exactly_once
  --brokers HOST:PORT,... --input TOPIC --records N --application-id ID [--commit-interval-ms N] [--timeout-seconds N]
The input topic must hold exactly N records; the application id must be new. Exactly once commits after each batch.`
const CASES = ['pipe', 'filter', 'count']
const GUARANTEES = ['at_least_once', 'exactly_once']
// The time of kafkajs's send() grows with the square of its messages, and more than about 8,000 of them make a batch
// that the broker refuses.
const MAX_MESSAGES_PER_SEND = 1_000

interface Options {
  readonly case: string
  readonly guarantee: string
  readonly brokers: string
  readonly input: string
  readonly records: number
  readonly applicationId: string
  readonly commitIntervalMs: number
  readonly timeoutSeconds: number
}

interface Measured {
  readonly startSeconds: number
  readonly seconds: number
  readonly commitMs: number[]
}

function parseOptions(args: readonly string[]): Options {
  const names = ['case', 'guarantee', 'brokers', 'input', 'records', 'application-id']
  const optional = { 'commit-interval-ms': '100', 'timeout-seconds': '600' }
  const all = [...names, ...Object.keys(optional)].map((name) => [name, { type: 'string' as const }])
  const { values } = parseArgs({ args: [...args], options: Object.fromEntries(all) })
  const given = { ...optional, ...values } as Record<string, string>
  for (const name of names) if (given[name] === undefined) throw new TypeError(`--${name} is missing`)
  if (!CASES.includes(given.case!)) throw new TypeError(`--case must be one of ${CASES.join(', ')}`)
  if (!GUARANTEES.includes(given.guarantee!)) throw new TypeError(`--guarantee must be one of ${GUARANTEES.join(', ')}`)
  const positive = (name: string): number => {
    const value = Number(given[name])
    if (!(Number.isSafeInteger(value) && value > 0)) throw new TypeError(`--${name} must be a whole number above 0`)
    return value
  }
  return {
    case: given.case!,
    guarantee: given.guarantee!,
    brokers: given.brokers!,
    input: given.input!,
    records: positive('records'),
    applicationId: given['application-id']!,
    commitIntervalMs: positive('commit-interval-ms'),
    timeoutSeconds: positive('timeout-seconds'),
  }
}

function accepts(value: string): boolean {
  return value.length % 2 === 0
}

/** What a case makes of the records of a batch. */
function transformer(name: string): (messages: readonly KafkaMessage[]) => Message[] {
  if (name === 'pipe') return (messages) => messages.map(({ key, value, timestamp }) => ({ key, value, timestamp }))
  if (name === 'filter') {
    return (messages) =>
      messages.flatMap(({ key, value, timestamp }) => {
        const text = value!.toString()
        return accepts(text) ? [{ key, value: text.toUpperCase(), timestamp }] : []
      })
  }
  const counts = new Map<string, number>()
  return (messages) =>
    messages.map(({ key, timestamp }) => {
      const word = key!.toString()
      const count = (counts.get(word) ?? 0) + 1
      counts.set(word, count)
      const value = Buffer.allocUnsafe(8)
      value.writeBigInt64BE(BigInt(count))
      return { key, value, timestamp }
    })
}

function* chunks(messages: Message[]): Generator<Message[]> {
  for (let at = 0; at < messages.length; at += MAX_MESSAGES_PER_SEND)
    yield messages.slice(at, at + MAX_MESSAGES_PER_SEND)
}

/** Runs the case until the commit after which all of its results can be seen, timed from the first fetched batch. */
async function run(kafka: Kafka, options: Options, output: string): Promise<Measured> {
  const { applicationId, input, records, commitIntervalMs } = options
  const exactlyOnce = options.guarantee === 'exactly_once'
  const transform = transformer(options.case)
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { initialRetryTime: 5, maxRetryTime: 1_000, retries: 20 },
    ...(exactlyOnce && { transactionalId: applicationId, idempotent: true, maxInFlightRequests: 1 }),
  })
  const consumer = kafka.consumer({ groupId: applicationId })
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topics: [input], fromBeginning: true })

  const commitMs: number[] = []
  const uncommitted = new Map<number, string>()
  let firstFetchMs: number | undefined
  let lastCommitMs = 0
  let processed = 0
  const finished = Promise.withResolvers<number>()

  async function timed(commit: () => Promise<unknown>): Promise<void> {
    const beganMs = performance.now()
    await commit()
    lastCommitMs = performance.now()
    commitMs.push(lastCommitMs - beganMs)
    if (processed === records) finished.resolve(lastCommitMs)
  }

  async function sendBatch({ batch, heartbeat, resolveOffset }: EachBatchPayload): Promise<void> {
    firstFetchMs ??= lastCommitMs = performance.now()
    const { partition } = batch
    const messages = transform(batch.messages)
    const nextOffset = String(BigInt(batch.lastOffset()) + 1n)
    const transaction = exactlyOnce ? await producer.transaction() : undefined
    for (const chunk of chunks(messages)) {
      await (transaction ?? producer).send({ topic: output, messages: chunk })
      await heartbeat()
    }
    processed += batch.messages.length
    if (transaction !== undefined) {
      const offsets = [{ topic: input, partitions: [{ partition, offset: nextOffset }] }]
      await timed(async () => {
        await transaction.sendOffsets({ consumerGroupId: applicationId, topics: offsets })
        await transaction.commit()
      })
    } else {
      uncommitted.set(partition, nextOffset)
      if (processed === records || performance.now() - lastCommitMs >= commitIntervalMs) {
        const offsets = [...uncommitted].map(([partition, offset]) => ({ topic: input, partition, offset }))
        await timed(() => consumer.commitOffsets(offsets))
        uncommitted.clear()
      }
    }
    resolveOffset(batch.lastOffset())
  }

  consumer.on(consumer.events.CRASH, ({ payload }) => finished.reject(payload.error))
  const timeout = AbortSignal.timeout(options.timeoutSeconds * 1_000)
  timeout.onabort = () =>
    finished.reject(new Error(`${processed} of ${records} records in ${options.timeoutSeconds} s`))
  await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: sendBatch })
  try {
    const endMs = await finished.promise
    // performance.now() counts from the start of the process.
    return { startSeconds: firstFetchMs! / 1e3, seconds: (endMs - firstFetchMs!) / 1e3, commitMs }
  } finally {
    await consumer.disconnect()
    await producer.disconnect()
  }
}

/** Reads all that read_committed shows of a topic now. */
async function readTopic(kafka: Kafka, topic: string, groupId: string, each: (message: KafkaMessage) => void) {
  const admin = kafka.admin()
  await admin.connect()
  // In kafkajs `high` is the last stable offset, and includes the control records that a batch handler never sees.
  const ends = (await admin.fetchTopicOffsets(topic)).filter(({ high, low }) => high !== low)
  const missing = new Map(ends.map(({ partition, high }) => [partition, BigInt(high)]))
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 200 })
  const finished = Promise.withResolvers<void>()
  if (missing.size === 0) finished.resolve()
  consumer.on(consumer.events.CRASH, ({ payload }) => finished.reject(payload.error))
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    const end = missing.get(partition)
    if (end !== undefined && BigInt(lastOffset) + 1n >= end) missing.delete(partition)
    if (missing.size === 0) finished.resolve()
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => batch.messages.forEach(each) })
  await finished.promise
  await consumer.disconnect()
  await admin.deleteGroups([groupId])
  await admin.disconnect()
}

/** Compares the output with what the input says that it must be, and returns how many records it has. */
async function verify(kafka: Kafka, options: Options, output: string): Promise<number> {
  const expectedCounts = new Map<string, number>()
  let expected = 0
  await readTopic(kafka, options.input, `${options.applicationId}-expected`, ({ key, value }) => {
    if (options.case === 'filter' && !accepts(value!.toString())) return
    expected++
    const word = String(key)
    if (options.case === 'count') expectedCounts.set(word, (expectedCounts.get(word) ?? 0) + 1)
  })
  const counts = new Map<string, number>()
  let found = 0
  await readTopic(kafka, output, `${options.applicationId}-found`, ({ key, value }) => {
    found++
    if (options.case === 'count') counts.set(String(key), Number(value!.readBigInt64BE()))
  })
  if (found !== expected) throw new Error(`The output has ${found} records instead of ${expected}`)
  for (const [word, count] of expectedCounts) {
    if (counts.get(word) !== count) throw new Error(`The count of '${word}' is ${counts.get(word)} instead of ${count}`)
  }
  return found
}

async function main(options: Options): Promise<void> {
  const kafka = new Kafka({ brokers: options.brokers.split(','), logLevel: logLevel.ERROR })
  const output = `${options.applicationId}-output`
  const admin = kafka.admin()
  await admin.connect()
  try {
    const offsets = await admin.fetchTopicOffsets(options.input)
    const held = offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
    if (held !== options.records) {
      throw new Error(`Topic ${options.input} holds ${held} records, --records says ${options.records}`)
    }
    const created = await admin.createTopics({ topics: [{ topic: output, numPartitions: offsets.length }] })
    if (!created) throw new Error(`Topic ${output} exists: choose another --application-id`)

    const { startSeconds, seconds, commitMs } = await run(kafka, options, output)
    const peak = Math.round(process.resourceUsage().maxRSS / 1024)
    const outputRecords = await verify(kafka, options, output)
    await admin.deleteTopics({ topics: [output] })
    await admin.deleteGroups([options.applicationId])
    const result = {
      client: 'kafkajs',
      case: options.case,
      guarantee: options.guarantee,
      records: options.records,
      startSeconds: Number(startSeconds.toFixed(3)),
      seconds: Number(seconds.toFixed(3)),
      recordsPerSecond: Math.round(options.records / seconds),
      peakRssMiB: peak,
      outputRecords,
      changelogRecords: 0,
      commits: commitMs.length,
      commitP50Ms: Number(percentile(commitMs, 50).toFixed(3)),
      commitP99Ms: Number(percentile(commitMs, 99).toFixed(3)),
      cacheBytes: 0,
    }
    console.log(JSON.stringify(result))
  } finally {
    await admin.disconnect()
  }
}

let options: Options | undefined
try {
  options = parseOptions(process.argv.slice(2))
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`)
  process.exitCode = 2
}
if (options !== undefined) await main(options)
