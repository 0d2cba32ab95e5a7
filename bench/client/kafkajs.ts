// node bench/client/kafkajs.ts …: kafkajs in one round of bench/client.ts, as one writes it by hand; options in options.ts.
//
// kafkajs has gzip only. The other codecs are registered by hand, and are the ones that Millrace uses: what differs is the client.
import kafkajs, { type Message } from 'kafkajs'
import { type CompressionCodec, compress, decompress } from '../../lib/client/protocol/compression.ts'
import { measure } from './measure.ts'
import { readOptions } from './options.ts'
import type { Payload } from './payload.ts'

// kafkajs is CommonJS, and not all of its names can be imported.
const { CompressionCodecs, CompressionTypes, Kafka, logLevel, Partitioners } = kafkajs

/** As in kafkajs-baseline.ts: the time of send() grows with the square of its messages. */
const MESSAGES_PER_SEND = 1_000

const TYPES: Readonly<Record<CompressionCodec, number>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

for (const name of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
  CompressionCodecs[TYPES[name] as keyof typeof CompressionCodecs] = () => ({
    compress: async (encoder: { buffer: Buffer }) => compress(name, encoder.buffer),
    decompress: async (bytes: Buffer) => decompress(name, bytes),
  })
}

const options = readOptions()
const { partitions, fetchFrom, produceTo, transactTo } = options
const compression = TYPES[options.codec]
const kafka = new Kafka({ brokers: options.brokers.split(','), logLevel: logLevel.NOTHING })
// kafkajs waits 300 ms before it asks again, which is what a transaction does.
const retry = { initialRetryTime: 5, maxRetryTime: 1_000, retries: 20 }
const idempotent = { createPartitioner: Partitioners.DefaultPartitioner, idempotent: true, retry }
const producer = kafka.producer(idempotent)
const transactional = kafka.producer({ ...idempotent, transactionalId: options.id, maxInFlightRequests: 1 })
await Promise.all([producer.connect(), transactional.connect()])

function messages(pool: readonly Payload[], from: number, to: number): Message[] {
  const made: Message[] = []
  for (let n = from; n < to; n++) {
    const { key, value } = pool[n % pool.length]!
    made.push({ key, value, partition: n % partitions })
  }
  return made
}

let consumers = 0

async function fetchWhole(started: () => void, each: (value: Buffer) => void): Promise<void> {
  const consumer = kafka.consumer({ groupId: `${options.id}-${consumers++}` })
  await consumer.connect()
  await consumer.subscribe({ topics: [fetchFrom], fromBeginning: true })
  let missing = options.records
  const finished = Promise.withResolvers<void>()
  consumer.on(consumer.events.CRASH, ({ payload }) => finished.reject(payload.error))
  const forget = consumer.on(consumer.events.FETCH_START, () => {
    forget()
    started()
  })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      for (const { value } of batch.messages) each(value!)
      missing -= batch.messages.length
      if (missing === 0) finished.resolve()
    },
  })
  await finished.promise
  await consumer.disconnect()
}

const result = await measure(
  {
    async produce(pool, from, to) {
      for (let n = from; n < to; n += MESSAGES_PER_SEND) {
        const chunk = messages(pool, n, Math.min(n + MESSAGES_PER_SEND, to))
        await producer.send({ topic: produceTo, compression, acks: -1, messages: chunk })
      }
    },
    fetch: fetchWhole,
    async transact(pool, from, to) {
      const transaction = await transactional.transaction()
      await transaction.send({ topic: transactTo, compression, acks: -1, messages: messages(pool, from, to) })
      const topics = [{ topic: fetchFrom, partitions: [{ partition: 0, offset: String(to) }] }]
      await transaction.sendOffsets({ consumerGroupId: options.id, topics })
      await transaction.commit()
    },
    async close() {
      await Promise.all([producer.disconnect(), transactional.disconnect()])
    },
  },
  options,
)
console.log(JSON.stringify(result))
