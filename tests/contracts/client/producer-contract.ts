// What a producer owes its user, whatever the cluster: records once and in order, transactions all or nothing, and errors that say what is wrong.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Client, GroupMetadata, Producer, ProducerOptions, SentOffsets } from '../../../lib/client/client.ts'
import { BrokerResponseError, RecordTooLargeError, UnknownTopicError } from '../../../lib/client/errors.ts'
import { wireClient } from '../../../lib/client/wire-client.ts'
import { type Headers, NO_HEADERS } from '../../../lib/core/record.ts'
import { type FaultRule, faultsIn, faultyWires } from './faults.ts'
import {
  batchSizes,
  type ClusterHarness,
  committedOffset,
  contextFor,
  freshName,
  readAll,
  readValues,
  until,
  visibleValues,
} from './harness.ts'

const NOW = Date.now()
const REQUEST_TIMED_OUT = 7
const NOT_LEADER = 6
const COORDINATOR_NOT_AVAILABLE = 15

/** A group that nobody has joined takes commits from this "member". */
function groupOf(groupId: string): GroupMetadata {
  return { groupId, memberId: '', generation: -1, instanceId: null }
}

function values(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`)
}

function sendValue(producer: Producer, topic: string, value: string, partition = 0): void {
  producer.send(topic, partition, null, Buffer.from(value), NOW, NO_HEADERS)
}

function offsetIn(sent: SentOffsets, topic: string, partition = 0): number | undefined {
  return sent.get(`${topic}:${partition}`)
}

/** The error that a promise or a call ends with; it must end with one. */
async function failure(action: () => Promise<unknown> | unknown): Promise<Error & { code?: string }> {
  try {
    await action()
  } catch (error) {
    return error as Error
  }
  throw new Error('this should have failed')
}

export function producerContract(open: () => Promise<ClusterHarness>): void {
  describe('a producer', () => {
    let harness: ClusterHarness
    let client: Client

    beforeAll(async () => {
      harness = await open()
      client = harness.client('producer')
    })

    afterAll(() => harness.close())

    async function started(options: ProducerOptions = {}, from: Client = client): Promise<Producer> {
      const producer = from.producer(options)
      await producer.init()
      return producer
    }

    /** A client whose requests meet faults. It is closed with the producer's test. */
    async function withFaults(
      rule: FaultRule,
      options: { requestTimeoutMs?: number },
      use: (faulty: Client) => Promise<void>,
    ): Promise<void> {
      const faulty = wireClient(faultyWires(harness.wires, rule), contextFor('faulty', options.requestTimeoutMs))
      try {
        await use(faulty)
      } finally {
        await faulty.close()
      }
    }

    describe('without transactions', () => {
      it('reports the last offset of each partition since the flush before', async () => {
        const topic = await harness.topic({ partitions: 2 })
        const producer = await started()
        for (const value of ['a', 'b', 'c']) sendValue(producer, topic, value, 0)
        sendValue(producer, topic, 'd', 1)

        const first = await producer.flush()
        sendValue(producer, topic, 'e', 1)
        const second = await producer.flush()
        const third = await producer.flush()

        expect([...first]).toEqual(
          expect.arrayContaining([
            [`${topic}:0`, 2],
            [`${topic}:1`, 0],
          ]),
        )
        expect([...second]).toEqual([[`${topic}:1`, 1]])
        expect(third.size).toBe(0)
        expect(producer.pendingBytes).toBe(0)
        await producer.close()
      })

      it('sends without a flush once a record has lingered', async () => {
        const topic = await harness.topic()
        const producer = await started({ lingerMs: 1 })
        sendValue(producer, topic, 'lingered')

        expect(producer.pendingBytes).toBeGreaterThan(0)
        await producer.drained(0)

        expect(await readValues(harness, topic)).toEqual(['lingered'])
        await producer.close()
      })

      it('keeps the order of each partition over many small batches', async () => {
        const topic = await harness.topic({ partitions: 3 })
        const producer = await started({ maxBatchBytes: 2_000 })
        for (let i = 0; i < 3_000; i++) sendValue(producer, topic, `v${Math.floor(i / 3)}`, i % 3)

        await producer.flush()

        for (const partition of [0, 1, 2])
          expect(await readValues(harness, topic, partition)).toEqual(values('v', 1_000))
        expect((await batchSizes(harness, topic)).length).toBeGreaterThan(5)
        await producer.close()
      })

      it('cuts a flush of several megabytes into batches that the broker takes', async () => {
        const topic = await harness.topic()
        const producer = await started()
        const value = 'x'.repeat(1_000)
        for (let i = 0; i < 3_000; i++) sendValue(producer, topic, `${i} ${value}`)

        expect(offsetIn(await producer.flush(), topic)).toBe(2_999)

        const sizes = await batchSizes(harness, topic)
        expect(sizes.length).toBeGreaterThanOrEqual(4)
        expect(Math.max(...sizes)).toBeLessThanOrEqual(900 * 1024)
        expect((await readValues(harness, topic)).map((each) => Number(each?.split(' ')[0]))).toEqual([
          ...Array(3_000).keys(),
        ])
        await producer.close()
      })

      it.each([
        { what: 'a null key', key: null, value: Buffer.from('v'), headers: NO_HEADERS, timestamp: NOW },
        { what: 'a null value', key: Buffer.from('k'), value: null, headers: NO_HEADERS, timestamp: NOW },
        { what: 'empty bytes', key: Buffer.alloc(0), value: Buffer.alloc(0), headers: NO_HEADERS, timestamp: NOW },
        { what: 'timestamp 0', key: null, value: Buffer.from('v'), headers: NO_HEADERS, timestamp: 0 },
        {
          what: 'a null header value, and headers of one name',
          key: null,
          value: Buffer.from('v'),
          headers: [
            ['trace', Buffer.from('1')],
            ['', null],
            ['trace', Buffer.from('2')],
          ] as Headers,
          timestamp: NOW,
        },
      ])('stores $what as it is', async ({ key, value, headers, timestamp }) => {
        const topic = await harness.topic()
        const producer = await started()

        producer.send(topic, 0, key, value, timestamp, headers)
        await producer.flush()

        expect(await readAll(harness, topic)).toEqual([{ offset: 0, key, value, headers, timestamp }])
        await producer.close()
      })

      it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('compresses with %s', async (compression) => {
        const topic = await harness.topic()
        const producer = await started({ compression })
        const sent = values('the same words again and again ', 500)
        for (const value of sent) sendValue(producer, topic, value)

        await producer.flush()

        expect(await readValues(harness, topic)).toEqual(sent)
        const [size] = await batchSizes(harness, topic)
        expect(size).toBeLessThan(sent.join('').length / 2)
        await producer.close()
      })

      it('refuses a record that is too large before anything is sent, and goes on', async () => {
        const topic = await harness.topic()
        const producer = await started()
        const ten = Buffer.alloc(10_000_000)

        const error = await failure(() => producer.send(topic, 0, null, ten, NOW, NO_HEADERS))
        sendValue(producer, topic, 'small')
        await producer.flush()

        expect(error).toBeInstanceOf(RecordTooLargeError)
        expect(error.message).toContain(topic)
        expect((error as RecordTooLargeError).limit).toEqual({ name: 'maxRequestBytes', bytes: 1_048_576 })
        expect((error as RecordTooLargeError).sizeBytes).toBeGreaterThan(10_000_000)
        expect(await readValues(harness, topic)).toEqual(['small'])
        await producer.close()
      })

      it('splits batches that the topic finds too large', async () => {
        const topic = await harness.topic({ configs: { 'max.message.bytes': '2000' } })
        const producer = await started()
        const sent = values('a value of some length that fills batches ', 500)
        for (const value of sent) sendValue(producer, topic, value)

        expect(offsetIn(await producer.flush(), topic)).toBe(499)

        expect(await readValues(harness, topic)).toEqual(sent)
        expect(Math.max(...(await batchSizes(harness, topic)))).toBeLessThanOrEqual(2_000)
        await producer.close()
      })

      it("names the limit when one record is above the topic's", async () => {
        const topic = await harness.topic({ configs: { 'max.message.bytes': '2000' } })
        const producer = await started()
        sendValue(producer, topic, 'small')
        sendValue(producer, topic, 'x'.repeat(3_000))

        const error = (await failure(() => producer.flush())) as RecordTooLargeError

        expect(error).toBeInstanceOf(RecordTooLargeError)
        expect(error.topic).toBe(topic)
        expect(error.limit).toEqual({ name: 'max.message.bytes', bytes: 2_000 })
        expect(error.message).toMatch(/makes a batch of 3\d\d\d bytes; the topic's max.message.bytes allows 2000/)
        expect(error.sizeBytes).toBeGreaterThan(3_000)
        await producer.close()
      })

      it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
        "holds the topic's limit against the compressed batch, and splits a batch that is still too large: %s",
        async (compression) => {
          const topic = await harness.topic({ configs: { 'max.message.bytes': '2000' } })
          const producer = await started({ compression })
          const compressible = 'x'.repeat(20_000)
          sendValue(producer, topic, compressible)
          await producer.flush()
          // Hexadecimal digits of a hash: half of each byte is left at best.
          const sent = values('', 100).map((value) => createHash('sha512').update(value).digest('hex'))
          for (const value of sent) sendValue(producer, topic, value)
          await producer.flush()

          expect(await readValues(harness, topic)).toEqual([compressible, ...sent])
          const sizes = await batchSizes(harness, topic)
          expect(sizes.length).toBeGreaterThan(4)
          expect(Math.max(...sizes)).toBeLessThanOrEqual(2_000)
          await producer.close()
        },
      )

      it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
        'lets records of 10 MB through where both limits allow them: %s',
        async (compression) => {
          const topic = await harness.topic({ configs: { 'max.message.bytes': String(20_000_000) } })
          const producer = await started({ maxRequestBytes: 20_000_000, compression })
          const ten = Buffer.alloc(10_000_000, createHash('sha512').update('seed').digest())
          ten.write('the end', ten.length - 7)
          sendValue(producer, topic, 'before')
          producer.send(topic, 0, Buffer.from('ten'), ten, NOW, NO_HEADERS)
          producer.send(topic, 0, Buffer.from('ten'), ten, NOW, NO_HEADERS)
          sendValue(producer, topic, 'after')
          await producer.flush()

          const read = await readAll(harness, topic)
          expect(read.map(({ value }) => value?.length)).toEqual([6, 10_000_000, 10_000_000, 5])
          expect(read[1]!.value!.equals(ten) && read[2]!.value!.equals(ten)).toBe(true)
          await producer.close()
        },
      )

      it.each([
        { option: 'compression', value: 'brotli', says: "'none', 'gzip', 'snappy', 'lz4', 'zstd'" },
        { option: 'maxRequestBytes', value: 0, says: 'above 0' },
        { option: 'maxBatchBytes', value: Number.NaN, says: 'above 0' },
        { option: 'lingerMs', value: -1, says: 'the least is 0' },
        { option: 'transactionalId', value: '', says: 'Leave it out' },
      ])('refuses $option $value when it is made', async ({ option, value, says }) => {
        const error = await failure(() => client.producer({ [option]: value } as ProducerOptions))
        expect(error).toMatchObject({ code: 'STREAMS_INVALID_CONFIG', option, message: expect.stringContaining(says) })
      })

      it('names the topic and its setting when a timestamp is too far in the future', async () => {
        const topic = await harness.topic({ configs: { 'message.timestamp.after.max.ms': '60000' } })
        const producer = await started()
        producer.send(topic, 0, null, Buffer.from('v'), NOW + 3_600_000, NO_HEADERS)

        const error = await failure(() => producer.flush())

        expect(error).toBeInstanceOf(BrokerResponseError)
        expect((error as BrokerResponseError).errorName).toBe('INVALID_TIMESTAMP')
        expect(error.message).toContain(topic)
        expect(error.message).toContain('message.timestamp.after.max.ms')
        await producer.close()
      })

      it('fails on a topic that does not exist, then takes no records until init', async () => {
        const topic = await harness.topic()
        const missing = freshName('missing')
        const impatient = wireClient(harness.wires, contextFor('impatient', 1_000))
        const producer = await started({}, impatient)
        sendValue(producer, missing, 'v')

        const error = await failure(() => producer.flush())
        expect(error).toBeInstanceOf(UnknownTopicError)
        expect(error.message).toContain(missing)
        expect(await failure(() => sendValue(producer, topic, 'after'))).toBe(error)
        expect(await failure(() => producer.drained(0))).toBe(error)

        await producer.init()
        sendValue(producer, topic, 'anew')
        await producer.flush()
        expect(await readValues(harness, topic)).toEqual(['anew'])
        await impatient.close()
      })

      it('is stopped by a cluster that cannot be reached, within the request time-out', async () => {
        const away = wireClient(harness.unreachable, contextFor('away', 300))
        const startMs = harness.clock.monotonicMs()

        const error = await failure(() => away.producer({}).init())

        expect(error.code).toBe('STREAMS_BROKER_UNAVAILABLE')
        expect(error.message).toContain('300 ms')
        expect(harness.clock.monotonicMs() - startMs).toBeLessThan(3_000)
        await away.close()
      })

      it('takes no records before init, and none after close', async () => {
        const producer = client.producer({})
        expect((await failure(() => sendValue(producer, 'any', 'v'))).message).toContain('init')
        await producer.init()
        await producer.close()
        expect((await failure(() => sendValue(producer, 'any', 'v'))).code).toBe('STREAMS_CLIENT_CLOSED')
        expect((await failure(() => producer.init())).code).toBe('STREAMS_CLIENT_CLOSED')
      })

      it('ends a flush when it is closed', async () => {
        const topic = await harness.topic()
        const never = faultsIn('produce', () => 'lose-request')
        await withFaults(never, {}, async (faulty) => {
          const producer = await started({}, faulty)
          sendValue(producer, topic, 'v')
          const flushed = failure(() => producer.flush())
          await producer.close()
          expect((await flushed).code).toBe('STREAMS_CLIENT_CLOSED')
        })
      })

      // Batches of about ten records; with faults that hit every third request, most pipelines hold a batch that failed and some that followed it.
      it.each([
        { what: 'requests are lost', fate: 'lose-request' as const },
        { what: 'responses are lost', fate: 'lose-response' as const },
        { what: 'the leader has moved', fate: NOT_LEADER },
        { what: 'the broker is too slow', fate: REQUEST_TIMED_OUT },
      ])('stores every record once and in order when $what', async ({ fate }) => {
        const topic = await harness.topic({ partitions: 2 })
        const rule = faultsIn('produce', (request, count) => {
          if (count % 3 !== 0) return 'pass'
          if (typeof fate === 'string') return fate
          const topics = request.topics.map(({ name, partitions }) => ({
            name,
            partitions: partitions.map(({ index }) => ({ index, errorCode: fate, ...refusedBatch })),
          }))
          return { topics, throttleTimeMs: 0 }
        })
        await withFaults(rule, {}, async (faulty) => {
          const producer = await started({ maxBatchBytes: 600 }, faulty)
          for (let i = 0; i < 200; i++) {
            sendValue(producer, topic, `v${i}`, 0)
            sendValue(producer, topic, `v${i}`, 1)
          }
          const sent = await producer.flush()

          expect([offsetIn(sent, topic, 0), offsetIn(sent, topic, 1)]).toEqual([199, 199])
          expect(await readValues(harness, topic, 0)).toEqual(values('v', 200))
          expect(await readValues(harness, topic, 1)).toEqual(values('v', 200))
        })
      })

      it('gives up after the delivery time-out, naming the partition', async () => {
        const topic = await harness.topic()
        await withFaults(
          faultsIn('produce', () => 'lose-request'),
          {},
          async (faulty) => {
            const producer = await started({ deliveryTimeoutMs: 300 }, faulty)
            sendValue(producer, topic, 'v')

            const error = await failure(() => producer.flush())

            expect(error.code).toBe('STREAMS_BROKER_UNAVAILABLE')
            expect(error.message).toContain(`${topic}-0`)
            expect(error.message).toContain('300 ms')
          },
        )
      })
    })

    describe('with transactions', () => {
      it('shows committed records to readers of committed data, and nothing before', async () => {
        const topic = await harness.topic({ partitions: 2 })
        const groupId = freshName('group')
        const producer = await started({ transactionalId: freshName('tx') })
        sendValue(producer, topic, 'a', 0)
        sendValue(producer, topic, 'b', 1)
        await producer.flush()

        expect(await visibleValues(harness, topic)).toEqual([])
        expect(await visibleValues(harness, topic, 0, 'read_uncommitted')).toEqual(['a'])

        const offset = { topic, partition: 0, offset: 42, metadata: 'of the commit' }
        await producer.commit([offset], groupOf(groupId))

        expect(await committedOffset(harness, groupId, topic)).toEqual(offset)
        expect(await readValues(harness, topic, 0)).toEqual(['a'])
        expect(await readValues(harness, topic, 1)).toEqual(['b'])
        await producer.close()
      })

      it('reports the offsets sent since the flush before', async () => {
        const topic = await harness.topic()
        const producer = await started({ transactionalId: freshName('tx') })
        sendValue(producer, topic, 'a')
        sendValue(producer, topic, 'b')
        expect(offsetIn(await producer.flush(), topic)).toBe(1)
        expect((await producer.commit([], groupOf('unused'))).size).toBe(0)
        sendValue(producer, topic, 'c')
        // Offset 2 holds the commit marker.
        expect(offsetIn(await producer.commit([], groupOf('unused')), topic)).toBe(3)
        await producer.close()
      })

      it('commits nothing without a word to the cluster', async () => {
        let requests = 0
        const rule: FaultRule = (api) => {
          if (api === 'endTxn') requests++
          return 'pass'
        }
        await withFaults(rule, {}, async (faulty) => {
          const producer = await started({ transactionalId: freshName('tx') }, faulty)
          expect((await producer.commit([], groupOf('unused'))).size).toBe(0)
          expect(requests).toBe(0)
        })
      })

      it('hides an aborted transaction and goes on with the next', async () => {
        const topic = await harness.topic()
        const producer = await started({ transactionalId: freshName('tx') })
        for (let round = 0; round < 3; round++) {
          sendValue(producer, topic, `aborted ${round}`)
          await producer.flush()
          sendValue(producer, topic, `never sent ${round}`)
          await producer.abort()
          expect(producer.pendingBytes).toBe(0)
          sendValue(producer, topic, `committed ${round}`)
          await producer.commit([], groupOf('unused'))
        }

        expect(await readValues(harness, topic)).toEqual(['committed 0', 'committed 1', 'committed 2'])
        await producer.close()
      })

      it('aborts what is still on its way', async () => {
        const topic = await harness.topic()
        const producer = await started({ transactionalId: freshName('tx'), maxBatchBytes: 500 })
        for (let i = 0; i < 100; i++) sendValue(producer, topic, `dropped ${i}`)
        await producer.abort()
        sendValue(producer, topic, 'kept')
        await producer.commit([], groupOf('unused'))

        expect(await readValues(harness, topic)).toEqual(['kept'])
        await producer.close()
      })

      it('commits offsets alone, also right after another commit', async () => {
        const topic = await harness.topic()
        const groupId = freshName('group')
        const producer = await started({ transactionalId: freshName('tx') })
        for (let round = 0; round < 10; round++) {
          sendValue(producer, topic, `v${round}`)
          await producer.commit([], groupOf(groupId))
          await producer.commit([{ topic, partition: 0, offset: round + 1, metadata: '' }], groupOf(groupId))
        }

        expect((await committedOffset(harness, groupId, topic))?.offset).toBe(10)
        expect(await readValues(harness, topic)).toEqual(values('v', 10))
        await producer.close()
      })

      it('keeps records sent during a commit for the next transaction', async () => {
        const topic = await harness.topic()
        const producer = await started({ transactionalId: freshName('tx') })
        sendValue(producer, topic, 'first')
        const committing = producer.commit([], groupOf('unused'))
        sendValue(producer, topic, 'second')
        expect(producer.pendingBytes).toBeGreaterThan(0)
        expect(offsetIn(await committing, topic)).toBe(0)
        await until('the first is visible', async () => (await visibleValues(harness, topic)).length > 0)
        expect(await visibleValues(harness, topic)).toEqual(['first'])

        const secondCommit = producer.commit([], groupOf('unused'))
        sendValue(producer, topic, 'third')
        await secondCommit
        await until('the second is visible', async () => (await visibleValues(harness, topic)).length > 1)
        expect(await visibleValues(harness, topic)).toEqual(['first', 'second'])

        await producer.abort()
        expect(await readValues(harness, topic)).toEqual(['first', 'second'])
        await producer.close()
      })

      it('commits many transactions while records keep coming', async () => {
        const topic = await harness.topic({ partitions: 3 })
        const producer = await started({ transactionalId: freshName('tx') })
        let sent = 0
        const send = (count: number): void => {
          for (let i = 0; i < count; i++, sent++) sendValue(producer, topic, `v${Math.floor(sent / 3)}`, sent % 3)
        }
        send(30)
        for (let round = 0; round < 20; round++) {
          const committing = producer.commit([], groupOf('unused'))
          send(30)
          await committing
        }
        await producer.commit([], groupOf('unused'))

        for (const partition of [0, 1, 2]) {
          expect(await readValues(harness, topic, partition)).toEqual(values('v', sent / 3))
        }
        await producer.close()
      })

      it('is unharmed by a record that is too large', async () => {
        const topic = await harness.topic()
        const producer = await started({ transactionalId: freshName('tx') })
        sendValue(producer, topic, 'before')
        const large = await failure(() => producer.send(topic, 0, null, Buffer.alloc(10_000_000), NOW, NO_HEADERS))
        expect(large).toBeInstanceOf(RecordTooLargeError)
        sendValue(producer, topic, 'after')
        await producer.commit([], groupOf('unused'))

        expect(await readValues(harness, topic)).toEqual(['before', 'after'])
        await producer.close()
      })

      it('splits batches that are too large within the transaction', async () => {
        const topic = await harness.topic({ configs: { 'max.message.bytes': '2000' } })
        const producer = await started({ transactionalId: freshName('tx') })
        for (const prefix of ['first ', 'second ']) {
          for (const value of values(prefix, 300)) sendValue(producer, topic, value)
          await producer.commit([], groupOf('unused'))
        }
        expect(await readValues(harness, topic)).toEqual([...values('first ', 300), ...values('second ', 300)])
        await producer.close()
      })

      it('can be aborted after a batch was refused, and used again', async () => {
        const topic = await harness.topic({ configs: { 'max.message.bytes': '2000' } })
        const producer = await started({ transactionalId: freshName('tx') })
        sendValue(producer, topic, 'doomed')
        await producer.flush()
        sendValue(producer, topic, 'x'.repeat(3_000))

        const error = await failure(() => producer.commit([], groupOf('unused')))
        expect(error).toBeInstanceOf(RecordTooLargeError)
        expect(await failure(() => sendValue(producer, topic, 'refused'))).toBe(error)
        expect(await failure(() => producer.commit([], groupOf('unused')))).toBe(error)

        await producer.abort()
        sendValue(producer, topic, 'fine')
        await producer.commit([], groupOf('unused'))
        expect(await readValues(harness, topic)).toEqual(['fine'])
        await producer.close()
      })

      it('fails on a topic that does not exist, and can be aborted', async () => {
        const topic = await harness.topic()
        const missing = freshName('missing')
        const impatient = wireClient(harness.wires, contextFor('impatient', 1_000))
        const producer = await started({ transactionalId: freshName('tx') }, impatient)
        sendValue(producer, topic, 'doomed')
        sendValue(producer, missing, 'doomed')

        const error = await failure(() => producer.commit([], groupOf('unused')))
        expect(error).toBeInstanceOf(UnknownTopicError)
        expect(error.message).toContain(missing)

        await producer.abort()
        sendValue(producer, topic, 'fine')
        await producer.commit([], groupOf('unused'))
        expect(await readValues(harness, topic)).toEqual(['fine'])
        await impatient.close()
      })

      describe('that is no longer the only one of its id', () => {
        async function fencedProducer(): Promise<{ topic: string; older: Producer }> {
          const topic = await harness.topic()
          const transactionalId = freshName('tx')
          const older = await started({ transactionalId })
          sendValue(older, topic, 'zombie')
          await older.flush()
          const newer = await started({ transactionalId })
          sendValue(newer, topic, 'heir')
          await newer.commit([], groupOf('unused'))
          return { topic, older }
        }

        it.each([
          { call: 'commit of records', act: (older: Producer) => older.commit([], groupOf('unused')) },
          {
            call: 'commit of offsets',
            act: (older: Producer, topic: string) =>
              older.commit([{ topic, partition: 0, offset: 1, metadata: '' }], groupOf(freshName('group'))),
          },
          {
            call: 'flush',
            act: (older: Producer, topic: string) => {
              sendValue(older, topic, 'late')
              return older.flush()
            },
          },
          { call: 'abort', act: (older: Producer) => older.abort() },
        ])('is fenced at its $call', async ({ act }) => {
          const { topic, older } = await fencedProducer()

          const error = await failure(() => act(older, topic))
          expect(error.code).toBe('STREAMS_PRODUCER_FENCED')
          for (const again of [
            () => sendValue(older, topic, 'more'),
            () => older.flush(),
            () => older.commit([], groupOf('unused')),
            () => older.abort(),
          ]) {
            expect((await failure(again)).code).toBe('STREAMS_PRODUCER_FENCED')
          }
          expect(await readValues(harness, topic)).toEqual(['heir'])
        })

        it('takes the id back with init', async () => {
          const { topic, older } = await fencedProducer()
          await failure(() => older.commit([], groupOf('unused')))

          await older.init()
          sendValue(older, topic, 'back')
          await older.commit([], groupOf('unused'))

          expect(await readValues(harness, topic)).toEqual(['heir', 'back'])
        })
      })

      it("has the outcome of a zombie's transaction in the log when init returns", async () => {
        const topic = await harness.topic()
        const transactionalId = freshName('tx')
        const zombie = await started({ transactionalId })
        sendValue(zombie, topic, 'of the zombie')
        await zombie.flush()

        await started({ transactionalId })

        const partitions = [{ topic, partition: 0 }]
        const committed = await client.admin.offsets(partitions, 'latest', 'read_committed')
        const end = await client.admin.offsets(partitions, 'latest', 'read_uncommitted')
        expect([...committed]).toEqual([...end])
        expect(await visibleValues(harness, topic)).toEqual([])
      })

      it('starts over with init when a transaction is open', async () => {
        const topic = await harness.topic()
        const producer = await started({ transactionalId: freshName('tx') })
        sendValue(producer, topic, 'dropped')
        await producer.flush()
        sendValue(producer, topic, 'dropped as well')

        await producer.init()
        expect(producer.pendingBytes).toBe(0)
        sendValue(producer, topic, 'kept')
        await producer.commit([], groupOf('unused'))

        expect(await readValues(harness, topic)).toEqual(['kept'])
        await producer.close()
      })

      it('loses its transaction to the broker after the time-out', async () => {
        const topic = await harness.topic()
        const producer = await started({ transactionalId: freshName('tx'), transactionTimeoutMs: 500 })
        sendValue(producer, topic, 'too late')
        await producer.flush()
        const partitions = [{ topic, partition: 0 }]
        // The abort marker.
        const aborted = async (): Promise<boolean> => {
          const end = await client.admin.offsets(partitions, 'latest', 'read_committed')
          return end.get(`${topic}:0`) === 2
        }
        while (!(await aborted())) await harness.clock.yield()

        // In version 1 the coordinator cannot tell it from a producer that was fenced.
        const error = await failure(() => producer.commit([], groupOf('unused')))
        expect(error.code).toMatch(/^STREAMS_(PRODUCER_FENCED|TRANSACTION_ABORTED)$/)
        expect(await readValues(harness, topic)).toEqual([])
        await producer.close()
      })

      it('says which setting limits the time-out', async () => {
        const producer = client.producer({ transactionalId: freshName('tx'), transactionTimeoutMs: 24 * 3_600_000 })

        const error = await failure(() => producer.init())

        expect(error.code).toBe('STREAMS_INVALID_CONFIG')
        expect(error.message).toContain(
          "'transactionTimeoutMs' is 86400000, more than the 900000 ms that the broker allows",
        )
        expect(error.message).toContain('transaction.max.timeout.ms')
      })

      it.each([
        { what: 'an unknown member', member: { memberId: 'nobody', generation: 7 } },
        { what: 'an unknown generation', member: { memberId: '', generation: 7 } },
      ])('is told of $what, stays sealed, and may commit or abort', async ({ member }) => {
        const topic = await harness.topic()
        const groupId = freshName('group')
        const producer = await started({ transactionalId: freshName('tx') })
        const offsets = [{ topic, partition: 0, offset: 5, metadata: '' }]
        const stale = { groupId, instanceId: null, ...member }

        sendValue(producer, topic, 'aborted')
        expect((await failure(() => producer.commit(offsets, stale))).code).toBe('STREAMS_STALE_MEMBER')
        await producer.abort()

        sendValue(producer, topic, 'committed')
        expect((await failure(() => producer.commit(offsets, stale))).code).toBe('STREAMS_STALE_MEMBER')
        sendValue(producer, topic, 'of the next')
        const sent = await producer.commit(offsets, groupOf(groupId))

        expect(offsetIn(sent, topic)).toBeGreaterThanOrEqual(0)
        await until('the commit is visible', async () => (await visibleValues(harness, topic)).length > 0)
        expect(await visibleValues(harness, topic)).toEqual(['committed'])
        expect((await committedOffset(harness, groupId, topic))?.offset).toBe(5)
        await producer.commit([], groupOf(groupId))
        expect(await readValues(harness, topic)).toEqual(['committed', 'of the next'])
        await producer.close()
      })

      it.each([
        { api: 'endTxn' as const, fate: 'lose-response' as const },
        { api: 'endTxn' as const, fate: 'lose-request' as const },
        { api: 'addPartitionsToTxn' as const, fate: 'lose-response' as const },
        { api: 'addOffsetsToTxn' as const, fate: 'lose-response' as const },
        { api: 'txnOffsetCommit' as const, fate: 'lose-response' as const },
        { api: 'produce' as const, fate: 'lose-response' as const },
        { api: 'initProducerId' as const, fate: 'lose-response' as const },
      ])('repeats $api after $fate, and commits once', async ({ api, fate }) => {
        const topic = await harness.topic()
        const groupId = freshName('group')
        const rule = faultsIn(api, (_, count) => (count % 2 === 1 ? fate : 'pass'))
        await withFaults(rule, {}, async (faulty) => {
          const producer = await started({ transactionalId: freshName('tx') }, faulty)
          for (let round = 0; round < 3; round++) {
            for (let i = 0; i < 10; i++) sendValue(producer, topic, `v${round * 10 + i}`)
            await producer.commit([{ topic, partition: 0, offset: round, metadata: '' }], groupOf(groupId))
          }
          expect(await readValues(harness, topic)).toEqual(values('v', 30))
          expect((await committedOffset(harness, groupId, topic))?.offset).toBe(2)
        })
      })

      it.each([
        { what: 'was carried out', fate: 'lose-response' as const, outcome: ['sent'] },
        { what: 'never arrived', fate: 'lose-request' as const, outcome: [] },
      ])('does not know the outcome when no answer to EndTxn comes and it $what', async ({ fate, outcome }) => {
        const topic = await harness.topic()
        let silent = true
        const rule = faultsIn('endTxn', () => (silent ? fate : 'pass'))
        await withFaults(rule, { requestTimeoutMs: 500 }, async (faulty) => {
          const producer = await started({ transactionalId: freshName('tx') }, faulty)
          sendValue(producer, topic, 'sent')

          const error = await failure(() => producer.commit([], groupOf('unused')))
          expect(error.code).toBe('STREAMS_COMMIT_OUTCOME_UNKNOWN')
          expect(await failure(() => sendValue(producer, topic, 'refused'))).toBe(error)
          expect(await failure(() => producer.abort())).toBe(error)

          silent = false
          await producer.init()
          expect(await readValues(harness, topic)).toEqual(outcome)
          sendValue(producer, topic, 'next')
          await producer.commit([], groupOf('unused'))
          expect(await readValues(harness, topic)).toEqual([...outcome, 'next'])
        })
      })

      it('does not call itself fenced when its own commit may have succeeded before', async () => {
        const topic = await harness.topic()
        const transactionalId = freshName('tx')
        let ends = 0
        const rule: FaultRule = (api) => {
          if (api !== 'endTxn') return 'pass'
          return ++ends === 1 ? 'lose-response' : 'lose-request'
        }
        const cut = { rule }
        await withFaults(((api, request) => cut.rule(api, request)) as FaultRule, {}, async (faulty) => {
          const producer = await started({ transactionalId }, faulty)
          sendValue(producer, topic, 'committed, but who knows')
          const committing = failure(() => producer.commit([], groupOf('unused')))
          while (ends < 2) await harness.clock.yield()
          await started({ transactionalId })
          cut.rule = () => 'pass'

          expect((await committing).code).toBe('STREAMS_COMMIT_OUTCOME_UNKNOWN')
          expect(await readValues(harness, topic)).toEqual(['committed, but who knows'])
        })
      })

      it('starts over after an abort whose batches may or may not have arrived', async () => {
        const topic = await harness.topic()
        let cut = true
        const rule = faultsIn('produce', (_, count) => {
          if (!cut) return 'pass'
          return count % 2 === 0 ? 'lose-response' : 'lose-request'
        })
        await withFaults(rule, {}, async (faulty) => {
          const producer = await started({ transactionalId: freshName('tx'), maxBatchBytes: 500 }, faulty)
          for (let i = 0; i < 50; i++) sendValue(producer, topic, `dropped ${i}`)
          const flushed = failure(() => producer.flush())
          await harness.clock.yield()
          await producer.abort()
          expect((await flushed).code).toBe('STREAMS_TRANSACTION_ABORTED')

          cut = false
          for (const value of values('kept ', 50)) sendValue(producer, topic, value)
          await producer.commit([], groupOf('unused'))
          expect(await readValues(harness, topic)).toEqual(values('kept ', 50))
        })
      })

      it('says what keeps a cluster from hosting transactions, within the request time-out', async () => {
        const rule = faultsIn('findCoordinator', () => ({
          throttleTimeMs: 0,
          errorCode: COORDINATOR_NOT_AVAILABLE,
          errorMessage: null,
          nodeId: -1,
          host: '',
          port: -1,
        }))
        await withFaults(rule, { requestTimeoutMs: 400 }, async (faulty) => {
          const startMs = harness.clock.monotonicMs()
          const error = await failure(() => faulty.producer({ transactionalId: 'nobody' }).init())

          expect(error.code).toBe('STREAMS_BROKER_UNAVAILABLE')
          // Of the 400 ms that init has, finding the coordinator gets what is left when it begins.
          expect(error.message).toMatch(/ within (?:400|3\d\d) ms: COORDINATOR_NOT_AVAILABLE/)
          expect(error.message).toContain('transaction.state.log.replication.factor')
          expect(harness.clock.monotonicMs() - startMs).toBeLessThan(3_000)
        })
      })

      it('is stopped by a cluster that cannot be reached', async () => {
        const away = wireClient(harness.unreachable, contextFor('away', 300))
        const error = await failure(() => away.producer({ transactionalId: 'nobody' }).init())
        expect(error.code).toBe('STREAMS_BROKER_UNAVAILABLE')
        await away.close()
      })
    })
  })
}

const refusedBatch = {
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: -1,
  recordErrors: [],
  errorMessage: null,
}
