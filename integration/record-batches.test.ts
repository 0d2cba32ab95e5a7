// Record batches between Millrace and Kafka's own Java classes: what the builder writes, Java reads; and the corpus of the unit tests is what
// java/RecordBatches.java writes.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { compressionCodecs } from '../lib/client/protocol/compression.ts'
import { encodeControlBatch } from '../lib/client/protocol/control-batch.ts'
import { readBatchHeader, setBaseOffset } from '../lib/client/protocol/record-batch.ts'
import { RecordBatchBuilder } from '../lib/client/protocol/record-batch-builder.ts'
import { asJava, type JavaBatch, javaCases } from '../tests/lib/client/protocol/java-corpus.ts'
import { type RecordToWrite, randomRecords } from '../tests/lib/client/protocol/random-records.ts'
import { Chance, fuzzRuns } from '../tests/support/fuzz.ts'
import { hasKafkaJars, kafkaJars } from './broker/kafka-jars.ts'

const PROGRAM = fileURLToPath(new URL('java/RecordBatches.java', import.meta.url))
const TIMEOUT_MS = 120_000

const hasJava = spawnSync('java', ['-version']).status === 0
const canRun = hasJava && ((await hasKafkaJars()) || spawnSync('mvn', ['-v']).status === 0)
const describeWithJava = canRun ? describe : describe.skip

/** Runs the program to its end and returns the lines that it printed. */
async function java(mode: 'write' | 'read', input = ''): Promise<string[]> {
  const child = spawn('java', ['-Xmx256m', '-cp', join(await kafkaJars(), '*'), PROGRAM, mode], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const printed: Buffer[] = []
  const complaints: Buffer[] = []
  child.stdout.on('data', (bytes) => printed.push(bytes))
  child.stderr.on('data', (bytes) => complaints.push(bytes))
  child.stdin.on('error', () => {}) // it ended early: its exit code says so
  child.stdin.end(input)
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`java ended with ${code}: ${Buffer.concat(complaints)}`)
  return Buffer.concat(printed).toString().trim().split('\n')
}

interface Written {
  readonly bytes: Buffer
  readonly records: readonly RecordToWrite[]
}

function randomBatch(chance: Chance): Written {
  const codec = chance.pick(compressionCodecs)
  const builder = new RecordBatchBuilder({ codec })
  const records = randomRecords(chance, 1 + chance.below(chance.oneIn(10) ? 90 : 8))
  for (const { key, value, timestamp, headers } of records) builder.append(key, value, timestamp, headers)
  const transactional = chance.oneIn(2)
  const producerId = transactional ? 4242 : chance.pick([-1, 7])
  const isIdempotent = producerId >= 0
  const bytes = builder.finish({
    producerId,
    producerEpoch: isIdempotent ? chance.below(32_768) : -1,
    baseSequence: isIdempotent ? chance.pick([0, 99, 2 ** 31 - 1]) : -1,
    transactional,
  })
  setBaseOffset(bytes, chance.pick([0, 17, 2 ** 40]), chance.below(5))
  return { bytes, records }
}

describeWithJava('Java', () => {
  it(
    'reads the batches that Millrace writes: any records, with every codec, and markers',
    async () => {
      const chance = new Chance(1)
      const batches: Written[] = Array.from({ length: fuzzRuns(200) }, () => randomBatch(chance))
      const markers = (['commit', 'abort'] as const).map((type) =>
        encodeControlBatch({
          type,
          producerId: 5,
          producerEpoch: 6,
          timestamp: 1_700_000_000_000,
          coordinatorEpoch: 7,
        }),
      )
      const all = [...batches.map(({ bytes }) => bytes), ...markers]

      const lines = await java('read', all.map((bytes) => `${bytes.toString('base64')}\n`).join(''))
      const read = lines.map((line) => JSON.parse(line) as JavaBatch[])

      expect(read.length).toBe(all.length)
      for (const [i, { bytes, records }] of batches.entries()) {
        const header = readBatchHeader(bytes, 0)!
        const expected = records.map((record, delta) => asJava({ offset: header.baseOffset + delta, ...record }))
        if (!isDeepStrictEqual(read[i], [{ header, records: expected }])) {
          expect(read[i]).toEqual([{ header, records: expected }])
        }
      }
      expect(read.slice(-2).map(([marker]) => marker?.controlType)).toEqual(['COMMIT', 'ABORT'])
      expect(new Set(read.map(([batch]) => batch?.header.codec))).toEqual(new Set(compressionCodecs))
    },
    TIMEOUT_MS,
  )

  it(
    'writes the corpus that the unit tests read',
    async () => {
      const [json] = await java('write')
      const written = JSON.parse(json!) as {
        readonly name: string
        readonly bytes: string
        readonly batches: unknown
      }[]
      const recorded = javaCases.map((each) => ({ ...each, bytes: each.bytes.toString('base64') }))
      expect(written.map(({ name }) => name)).toEqual(recorded.map(({ name }) => name))
      expect(written.filter((each, i) => !isDeepStrictEqual(each, recorded[i])).map(({ name }) => name)).toEqual([])
    },
    TIMEOUT_MS,
  )
})
