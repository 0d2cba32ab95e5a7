// npm run bench:client -- [--codecs none,gzip,snappy,lz4,zstd] [--clients millrace,millrace-version-1,java,kafkajs] [--records N] [--transactions N] [--rounds N]
//   [--partitions N] [--batch-bytes N] [--brokers HOST:PORT]
//
// The clients alone: how many records a second they produce (idempotent, acks=all) and fetch, and how long transactions of 1, 100 and 1,000 records
// take, for each codec. Millrace, Java's own clients and hand-written kafkajs take turns on one broker, each in a process of its own; every topic that
// they wrote is read back and compared with what it must hold. Prints a JSON line a run, then medians.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startBroker } from '../integration/broker/index.ts'
import type { CompressionCodec } from '../lib/client/protocol/compression.ts'
import { NO_HEADERS } from '../lib/core/record.ts'
import { lastLine } from './child.ts'
import { type Result, TRANSACTION_SIZES, warmUpRecords, warmUpTransactions } from './client/options.ts'
import { Checksum, expectedGlances, payloads } from './client/payload.ts'
import { type Run, tableOf } from './client/table.ts'
import { connect } from './connect.ts'
import { produceAll, readRecords } from './topics.ts'

const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  millrace: ['client/millrace.ts'],
  'millrace-version-1': ['client/millrace-version-1.ts'],
  java: ['java/run.ts', 'client'],
  kafkajs: ['client/kafkajs.ts'],
}
const CODECS: readonly string[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] satisfies CompressionCodec[]

const { values } = parseArgs({
  options: {
    codecs: { type: 'string', default: CODECS.join(',') },
    clients: { type: 'string', default: 'millrace,java,kafkajs' },
    records: { type: 'string', default: '500000' },
    transactions: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' },
    partitions: { type: 'string', default: '4' },
    'batch-bytes': { type: 'string', default: '131072' },
    brokers: { type: 'string' },
  },
})
const codecs = someOf('codecs', CODECS) as readonly CompressionCodec[]
const clients = someOf('clients', Object.keys(PROGRAMS))
const [records, transactions, rounds, partitions] = [
  wholeNumber('records'),
  wholeNumber('transactions'),
  wholeNumber('rounds'),
  wholeNumber('partitions'),
]

function someOf(option: 'codecs' | 'clients', all: readonly string[]): readonly string[] {
  const given = values[option].split(',')
  if (given.some((name) => !all.includes(name))) throw new Error(`--${option} are some of ${all.join(',')}`)
  return given
}

function wholeNumber(option: 'records' | 'transactions' | 'rounds' | 'partitions'): number {
  const value = Number(values[option])
  if (!(Number.isSafeInteger(value) && value > 0)) throw new Error(`--${option} is a whole number above 0`)
  return value
}

const pool = payloads()
const produced = Checksum.expected(pool, warmUpRecords({ records }) + records)
const transacted = Checksum.expected(
  pool,
  TRANSACTION_SIZES.reduce((sum, size) => sum + size * (transactions + warmUpTransactions({ transactions })), 0),
)
const glances = expectedGlances(pool, records)

const broker = values.brokers === undefined ? await startBroker() : undefined
const brokers = values.brokers ?? broker!.bootstrap
const client = connect(brokers)
const runs: Run[] = []
try {
  for (const codec of codecs) {
    const input = await filledTopic(codec)
    for (let round = 0; round < rounds; round++)
      for (const name of clients) runs.push(await measured(name, codec, input, round))
    await client.admin.deleteTopics([input])
  }
} finally {
  await client.close()
  await broker?.close()
}
console.log(
  `\n${records} records of about 60 bytes, ${partitions} partitions, batches of ${values['batch-bytes']} bytes, ${rounds} rounds in turns; medians. ` +
    `1, 100, 1000: milliseconds of ${transactions} transactions of so many records and an offset`,
)
console.table(tableOf(runs))

async function freshTopic(topic: string): Promise<string> {
  const configs = { 'retention.ms': '-1' }
  await client.admin.createTopics([{ topic, partitionCount: partitions, replicationFactor: 1, configs }])
  return topic
}

/** What all clients fetch. */
async function filledTopic(codec: CompressionCodec): Promise<string> {
  const topic = await freshTopic(`bench-fetch-${codec}-${process.pid}`)
  await produceAll(
    client,
    { compression: codec, maxBatchBytes: Number(values['batch-bytes']) },
    records,
    (producer, n) => {
      const { key, value } = pool[n % pool.length]!
      producer.send(topic, n % partitions, key, value, Date.now(), NO_HEADERS)
    },
  )
  return topic
}

async function measured(name: string, codec: CompressionCodec, input: string, round: number): Promise<Run> {
  const id = `bench-${name}-${codec}-${process.pid}-${round}`
  const [produceTo, transactTo] = [await freshTopic(`${id}-produced`), await freshTopic(`${id}-transacted`)]
  const [program, ...first] = PROGRAMS[name]!
  const options = {
    brokers,
    codec,
    'produce-to': produceTo,
    'fetch-from': input,
    'transact-to': transactTo,
    partitions,
    records,
    transactions,
    'batch-bytes': values['batch-bytes'],
    id,
  }
  const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)])
  const result = JSON.parse(await lastLine(join(import.meta.dirname, program!), [...first, ...args])) as Result
  if (result.glances !== glances) throw new Error(`${id} fetched other values than were produced`)
  await verify(produceTo, produced)
  await verify(transactTo, transacted)
  await client.admin.deleteTopics([produceTo, transactTo])
  const run = { client: name, codec, ...result }
  console.log(JSON.stringify(run))
  return run
}

async function verify(topic: string, expected: Checksum): Promise<void> {
  const found = new Checksum()
  await readRecords(client, topic, ({ key, value }) => found.add(key!, value!))
  if (found.records !== expected.records || found.sum !== expected.sum) {
    throw new Error(
      `${topic} holds ${found.records} records with checksum ${found.sum} instead of ${expected.records} with ${expected.sum}`,
    )
  }
}
