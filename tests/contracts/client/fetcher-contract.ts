// What a fetcher reads, on any cluster: every committed record once and in order, whatever lies between them in the log, within bounded memory.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Client, FetcherOptions, GroupMetadata, Producer } from '../../../lib/client/client.ts'
import type { ApiName, RequestOf, ResponseOf } from '../../../lib/client/protocol/apis.ts'
import type { NodeTarget, SendOptions, WireFactory } from '../../../lib/client/wire.ts'
import { wireClient } from '../../../lib/client/wire-client.ts'
import { type Headers, NO_HEADERS, partitionKey } from '../../../lib/core/record.ts'
import { faultyWires } from './faults.ts'
import { Reader, values } from './fetch-reader.ts'
import { type ClusterHarness, contextFor, emptiedBatchCount, freshName, until } from './harness.ts'

const NO_GROUP: GroupMetadata = { groupId: '', memberId: '', generation: -1, instanceId: null }
const KiB = 1024
const NOW = Date.now()

export function fetcherContract(harness: () => Promise<ClusterHarness>): void {
  describe('a fetcher', () => contract(harness))
}

function contract(harness: () => Promise<ClusterHarness>): void {
  let cluster: ClusterHarness
  beforeAll(async () => {
    cluster = await harness()
  })
  afterAll(() => cluster.close())

  const clients: Client[] = []
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
  })

  const clientOver = (wires: WireFactory): Client => {
    const client = wireClient(wires, contextFor('fetcher'))
    clients.push(client)
    return client
  }
  const newReader = (options?: Partial<FetcherOptions>, wires: WireFactory = cluster.wires): Reader =>
    new Reader(clientOver(wires), options)

  async function newProducer(transactionalId?: string): Promise<Producer> {
    const client = clientOver(cluster.wires)
    const producer = client.producer(transactionalId === undefined ? {} : { transactionalId })
    await producer.init()
    return producer
  }
  const transactional = (): Promise<Producer> => newProducer(freshName('txn'))

  const send = (producer: Producer, topic: string, text: string, partition = 0, key: Buffer | null = null): void =>
    producer.send(topic, partition, key, Buffer.from(text), NOW, NO_HEADERS)

  const end = async (
    topic: string,
    isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
    partition = 0,
  ) => {
    const offsets = await cluster.admin.offsets([{ topic, partition }], 'latest', isolation)
    return offsets.get(partitionKey(topic, partition))!
  }
  // Markers are written after the answer to EndTxn.
  const allEnded = (topic: string): Promise<void> =>
    until('every transaction has its marker', async () => (await end(topic)) === (await end(topic, 'read_uncommitted')))

  async function readAllValues(topic: string, options?: Partial<FetcherOptions>): Promise<(string | null)[]> {
    await allEnded(topic)
    const reader = newReader(options)
    const partition = reader.add(topic)
    const upTo = await end(topic)
    const taken = await reader.to(partition, upTo)
    expect(partition.position).toBe(upTo)
    return values(taken)
  }

  describe('records', () => {
    it('arrive as they were sent: null and empty bytes, headers in order with doubles and nulls, timestamp 0', async () => {
      const topic = await cluster.topic()
      const producer = await newProducer()
      const headers: Headers = [
        ['a', Buffer.from('1')],
        ['b', null],
        ['a', Buffer.alloc(0)],
      ]
      producer.send(topic, 0, null, Buffer.from('v'), 0, headers)
      producer.send(topic, 0, Buffer.from('k'), null, NOW, NO_HEADERS)
      producer.send(topic, 0, Buffer.alloc(0), Buffer.alloc(0), NOW + 1, NO_HEADERS)
      await producer.flush()

      const reader = newReader()
      const records = await reader.to(reader.add(topic), 3)

      expect(records).toEqual([
        { offset: 0, timestamp: 0, key: null, value: Buffer.from('v'), headers },
        { offset: 1, timestamp: NOW, key: Buffer.from('k'), value: null, headers: [] },
        { offset: 2, timestamp: NOW + 1, key: Buffer.alloc(0), value: Buffer.alloc(0), headers: [] },
      ])
    })

    it('arrive while they are written, and the partition knows its ends', async () => {
      const topic = await cluster.topic()
      const producer = await newProducer()
      const reader = newReader()
      const partition = reader.add(topic)
      expect(partition).toMatchObject({ position: 0, highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 })
      for (let i = 0; i < 20; i++) {
        send(producer, topic, `${i}`)
        await producer.flush()
        expect(values(await reader.to(partition, i + 1))).toEqual([`${i}`])
      }
      expect(partition).toMatchObject({ highWatermark: 20, lastStableOffset: 20, logStartOffset: 0 })
    })

    it('start at the offset that was asked for, in the middle of a batch', async () => {
      const topic = await cluster.topic()
      const producer = await newProducer()
      for (let i = 0; i < 10; i++) send(producer, topic, `${i}`)
      await producer.flush()

      const reader = newReader()
      const partition = reader.add(topic, 0, 7)
      expect(partition.position).toBe(7)
      expect(values(await reader.to(partition, 10))).toEqual(['7', '8', '9'])
    })

    it('300 000 of them arrive, in order, through a buffer of 256 KiB', async () => {
      const topic = await cluster.topic()
      const producer = await newProducer()
      const count = 300_000
      for (let i = 0; i < count; i++) {
        send(producer, topic, `record number ${i}`)
        if (i % 10_000 === 0) await producer.drained(1_000_000)
      }
      await producer.flush()

      const reader = newReader({ maxBufferedBytesPerPartition: 256 * KiB })
      const partition = reader.add(topic)
      let next = 0
      await reader.takeUntil(
        partition,
        (taken) => {
          for (; next < taken.length; next++) {
            if (taken[next]!.offset !== next || taken[next]!.value!.toString() !== `record number ${next}`) {
              throw new Error(`offset ${taken[next]!.offset} came as number ${next}`)
            }
          }
          return next === count
        },
        30_000,
      )
      expect(partition.position).toBe(count)
    })

    it('one that is larger than the whole buffer comes through', async () => {
      const topic = await cluster.topic()
      const producer = await newProducer()
      send(producer, topic, 'small')
      await producer.flush()
      send(producer, topic, 'x'.repeat(500 * KiB))
      await producer.flush()
      send(producer, topic, 'small again')
      await producer.flush()

      const reader = newReader({ maxBufferedBytesPerPartition: 16 * KiB })
      const taken = await reader.to(reader.add(topic), 3)

      expect(taken.map(({ value }) => value!.length)).toEqual([5, 500 * KiB, 11])
    })
  })

  describe('transactions', () => {
    it('overlapping aborts: the broker lists them in the order of their ends', async () => {
      const topic = await cluster.topic()
      const [a, b, c] = [await transactional(), await transactional(), await transactional()]
      send(a, topic, 'aborted a1')
      await a.flush()
      send(b, topic, 'aborted b1')
      await b.flush()
      send(c, topic, 'c1')
      await c.flush()
      await b.abort()
      send(a, topic, 'aborted a2')
      await a.flush()
      send(b, topic, 'b2')
      await b.flush()
      await a.abort()
      await b.commit([], NO_GROUP)
      send(c, topic, 'c2')
      await c.commit([], NO_GROUP)

      expect(await readAllValues(topic)).toEqual(['c1', 'b2', 'c2'])
    })

    it('a record of an aborted transaction whose key looks like an abort marker', async () => {
      const topic = await cluster.topic()
      const producer = await transactional()
      const zero = Buffer.alloc(4)
      for (let i = 0; i < 3; i++) {
        send(producer, topic, `aborted ${i}`, 0, zero)
        await producer.flush()
      }
      await producer.abort()
      send(producer, topic, 'committed', 0, zero)
      await producer.commit([], NO_GROUP)

      expect(await readAllValues(topic)).toEqual(['committed'])
    })

    it('abort, commit, abort, commit by one producer within one fetch', async () => {
      const topic = await cluster.topic()
      const producer = await transactional()
      for (let i = 0; i < 4; i++) {
        send(producer, topic, `${i}`)
        if (i % 2 === 1) await producer.commit([], NO_GROUP)
        else {
          await producer.flush()
          await producer.abort()
        }
      }

      expect(await readAllValues(topic)).toEqual(['1', '3'])
    })

    it('an aborted transaction that takes many fetches', async () => {
      const topic = await cluster.topic()
      const [aborting, committing] = [await transactional(), await transactional()]
      for (let i = 0; i < 100; i++) {
        send(aborting, topic, 'aborted'.repeat(1_000))
        await aborting.flush()
        if (i % 25 === 0) {
          send(committing, topic, `${i}`)
          await committing.commit([], NO_GROUP)
        }
      }
      await aborting.abort()

      expect(await readAllValues(topic, { maxBufferedBytesPerPartition: 64 * KiB })).toEqual(['0', '25', '50', '75'])
    })

    it('aborted records and markers show when reading uncommitted: the records; not the markers', async () => {
      const topic = await cluster.topic()
      const producer = await transactional()
      send(producer, topic, 'aborted')
      await producer.flush()
      await producer.abort()
      send(producer, topic, 'committed')
      await producer.commit([], NO_GROUP)

      expect(await readAllValues(topic, { isolation: 'read_uncommitted' })).toEqual(['aborted', 'committed'])
    })

    it('a control record at the end: the position goes past it', async () => {
      const topic = await cluster.topic()
      const producer = await transactional()
      send(producer, topic, 'only')
      await producer.commit([], NO_GROUP)
      await allEnded(topic)

      const reader = newReader()
      const partition = reader.add(topic)
      await reader.to(partition, 2)

      expect(partition).toMatchObject({ position: 2, highWatermark: 2, lastStableOffset: 2 })
    })

    it('a partition that holds nothing but an aborted transaction: the position goes to its end without a record', async () => {
      const topic = await cluster.topic()
      const producer = await transactional()
      send(producer, topic, 'aborted')
      await producer.flush()
      await producer.abort()
      await allEnded(topic)

      const reader = newReader()
      const partition = reader.add(topic)
      const becameReady = reader.ready(5_000)
      await becameReady

      expect(partition.position).toBe(2)
      expect(partition.next()).toBeUndefined()
    })

    it('an open one at the end: the position stays before it until it ends', async () => {
      const topic = await cluster.topic()
      const [open, plain] = [await transactional(), await newProducer()]
      send(plain, topic, 'before')
      await plain.flush()
      send(open, topic, 'in the transaction')
      await open.flush()
      send(plain, topic, 'behind')
      await plain.flush()

      const reader = newReader()
      const partition = reader.add(topic)
      expect(values(await reader.to(partition, 1))).toEqual(['before'])
      await until('the fetcher has seen the end', async () => partition.highWatermark === 3)
      expect(partition).toMatchObject({ position: 1, lastStableOffset: 1 })
      expect(partition.next()).toBeUndefined()

      await open.commit([], NO_GROUP)
      expect(values(await reader.to(partition, 4))).toEqual(['in the transaction', 'behind'])
      expect(partition.lastStableOffset).toBe(4)
    })
  })

  describe('compaction', () => {
    it('an emptied batch, also as the first thing that is read, is passed', async () => {
      const topic = await cluster.topic({
        configs: {
          'cleanup.policy': 'compact',
          'segment.bytes': `${1024 * KiB}`,
          'min.cleanable.dirty.ratio': '0.0001',
          'min.compaction.lag.ms': '0',
        },
      })
      // The cleaner keeps each producer's last batch, if need be without records.
      const [first, second] = [await newProducer(), await newProducer()]
      for (const text of ['old', 'older']) send(first, topic, text, 0, Buffer.from(text))
      await first.flush()
      for (const text of ['old', 'older']) send(second, topic, `newer ${text}`, 0, Buffer.from(text))
      await second.flush()
      // Only segments that are no longer written to are compacted.
      for (let i = 0; i < 4; i++) {
        send(second, topic, `${i}`.repeat(500 * KiB), 0, Buffer.from(`filler ${i}`))
        await second.flush()
      }
      cluster.compact(topic)
      await until('a batch is empty', async () => (await emptiedBatchCount(cluster, topic)) > 0, 90_000)

      const reader = newReader()
      const partition = reader.add(topic)
      const taken = await reader.to(partition, 8)
      expect(taken.map(({ offset }) => offset)).toEqual([2, 3, 4, 5, 6, 7])
      const again = newReader()
      const atEmptied = again.add(topic, 0, 1)
      const [next] = await again.takeUntil(atEmptied, (some) => some.length > 0)
      expect(next!.offset).toBe(2)
    }, 120_000)
  })

  describe('a slow user', () => {
    it('gets no more than fits into the buffers, and all of it when it goes on', async () => {
      const topic = await cluster.topic({ partitions: 4 })
      const producer = await newProducer()
      const perPartition = 2_000
      for (let i = 0; i < perPartition; i++) {
        for (let partition = 0; partition < 4; partition++) send(producer, topic, `${i} ${'x'.repeat(200)}`, partition)
        if (i % 20 === 0) await producer.flush()
      }
      await producer.flush()

      const counted = countingFetches(cluster.wires)
      const reader = newReader({ maxBufferedBytesPerPartition: 64 * KiB }, counted.wires)
      const partitions = [0, 1, 2, 3].map((partition) => reader.add(topic, partition))
      await until('the buffers are full', async () => {
        const { requests } = counted
        await reader.ready(400)
        return counted.requests > 0 && counted.requests === requests
      })
      expect(counted.bytes).toBeLessThanOrEqual(4 * 64 * KiB)
      expect(counted.bytes).toBeGreaterThan(4 * 16 * KiB)

      for (const partition of partitions) {
        const taken = await reader.to(partition, perPartition)
        expect(taken.map(({ offset }) => offset)).toEqual(Array.from({ length: perPartition }, (_, i) => i))
      }
    })

    it('of one partition does not slow the others, and is served at once when it goes on', async () => {
      const topic = await cluster.topic({ partitions: 2 })
      const producer = await newProducer()
      for (let i = 0; i < 400; i++) send(producer, topic, `${i} ${'x'.repeat(1_000)}`, 0)
      await producer.flush()
      const reader = newReader({ maxBufferedBytesPerPartition: 64 * KiB })
      const [slow, idle] = [reader.add(topic, 0), reader.add(topic, 1)]
      await until('the slow one is full', async () => slow.highWatermark === 400)
      send(producer, topic, 'for the other', 1)
      await producer.flush()
      expect(values(await reader.to(idle, 1))).toEqual(['for the other'])

      const fromMs = cluster.clock.monotonicMs()
      await reader.to(slow, 400)

      // Seven times the buffer: were each filling to wait for the idle partition's poll, this would take seconds.
      expect(cluster.clock.monotonicMs() - fromMs).toBeLessThan(1_500)
    })
  })

  describe('adding and removing', () => {
    it('a partition that comes back at another offset sees nothing of its former self', async () => {
      const topic = await cluster.topic()
      const producer = await newProducer()
      for (let i = 0; i < 100; i++) send(producer, topic, `${i}`)
      await producer.flush()
      const reader = newReader()
      for (const offset of [0, 90, 10, 50, 99, 0]) {
        const partition = reader.add(topic, 0, offset)
        const [first] = await reader.takeUntil(partition, (taken) => taken.length > 0)
        expect(first!.offset).toBe(offset)
        reader.fetcher.remove({ topic, partition: 0 })
        expect(partition.next()).toBeUndefined()
      }
    })

    it('a partition that is added while the others have nothing to read is not kept waiting', async () => {
      const idle = await cluster.topic({ partitions: 3 })
      const topic = await cluster.topic()
      const producer = await newProducer()
      send(producer, topic, 'here')
      await producer.flush()
      const reader = newReader()
      for (let partition = 0; partition < 3; partition++) reader.add(idle, partition)
      await reader.ready(300)

      const fromMs = cluster.clock.monotonicMs()
      await reader.to(reader.add(topic), 1)

      expect(cluster.clock.monotonicMs() - fromMs).toBeLessThan(700)
    })

    it('closing is prompt, with a fetch parked at the broker', async () => {
      const topic = await cluster.topic()
      const reader = newReader()
      reader.add(topic)
      await reader.ready(100)
      const fromMs = cluster.clock.monotonicMs()
      await reader.fetcher.close()
      expect(cluster.clock.monotonicMs() - fromMs).toBeLessThan(50)
    })
  })

  describe('errors', () => {
    const failure = async (reader: Reader, topic: string, offset: number, limitMs?: number): Promise<unknown> => {
      const partition = reader.add(topic, 0, offset)
      try {
        await reader.takeUntil(partition, () => false, limitMs)
      } catch (error) {
        return error
      }
      return undefined
    }

    it('an offset that retention has deleted, and one beyond the end', async () => {
      const topic = await cluster.topic()
      const producer = await newProducer()
      for (let i = 0; i < 10; i++) send(producer, topic, `${i}`)
      await producer.flush()
      await cluster.admin.deleteRecords([{ topic, partition: 0, offset: 5 }])

      expect(await failure(newReader(), topic, 2)).toMatchObject({ code: 'STREAMS_OFFSET_OUT_OF_RANGE', offset: 2 })
      expect(await failure(newReader(), topic, 11)).toMatchObject({ code: 'STREAMS_OFFSET_OUT_OF_RANGE', offset: 11 })
      const reader = newReader()
      const partition = reader.add(topic, 0, 5)
      expect(await reader.to(partition, 10)).toHaveLength(5)
      expect(partition.logStartOffset).toBe(5)
    })

    it('a topic that does not exist', async () => {
      const topic = freshName('nowhere')
      expect(await failure(newReader(), topic, 0)).toMatchObject({ code: 'STREAMS_UNKNOWN_TOPIC', topic })
    })

    it('a topic that is created a moment later is waited for', async () => {
      const topic = freshName('soon')
      const reader = newReader()
      const partition = reader.add(topic)
      await reader.ready(200)
      await cluster.admin.createTopics([{ topic, partitionCount: 1 }])
      const producer = await newProducer()
      send(producer, topic, 'here')
      await producer.flush()
      expect(values(await reader.to(partition, 1))).toEqual(['here'])
    })

    it('brokers that cannot be reached are waited for', async () => {
      const topic = await cluster.topic()
      const producer = await newProducer()
      send(producer, topic, 'here')
      await producer.flush()
      let cut = true
      const reader = newReader(
        {},
        faultyWires(cluster.wires, () => (cut ? 'lose-request' : 'pass')),
      )
      const partition = reader.add(topic)
      await reader.ready(500)
      expect(partition.next()).toBeUndefined()

      cut = false

      expect(values(await reader.to(partition, 1))).toEqual(['here'])
    })

    it('nobody there at all: nothing happens, and closing is prompt', async () => {
      const reader = newReader({}, cluster.unreachable)
      const partition = reader.add('anything')
      await reader.ready(300)
      expect(partition.next()).toBeUndefined()
      await reader.fetcher.close()
    })

    it('connections that break now and then lose nothing and repeat nothing', async () => {
      const topic = await cluster.topic()
      const producer = await newProducer()
      for (let i = 0; i < 3_000; i++) {
        send(producer, topic, `${i}`)
        if (i % 100 === 0) await producer.flush()
      }
      await producer.flush()
      let count = 0
      const wires = faultyWires(cluster.wires, (api) => {
        if (api !== 'fetch') return 'pass'
        count++
        return count % 3 === 1 ? 'lose-response' : count % 3 === 2 ? 'lose-request' : 'pass'
      })
      const reader = newReader({ maxBufferedBytesPerPartition: 8 * KiB }, wires)
      const taken = await reader.to(reader.add(topic), 3_000, 20_000)
      expect(values(taken)).toEqual(Array.from({ length: 3_000 }, (_, i) => `${i}`))
    })
  })
}

/** Counts what fetches bring. */
function countingFetches(inner: WireFactory) {
  const counted = { requests: 0, bytes: 0, wires: undefined as unknown as WireFactory }
  const open: WireFactory['open'] = (purpose) => {
    const wire = inner.open(purpose)
    return {
      async send<A extends ApiName>(node: NodeTarget, api: A, request: RequestOf<A>, options?: SendOptions) {
        const response = await wire.send(node, api, request, options)
        if (api === 'fetch') {
          counted.requests++
          for (const { partitions } of (response as ResponseOf<'fetch'>).topics) {
            for (const { records } of partitions) counted.bytes += records?.length ?? 0
          }
        }
        return response
      },
      close: () => wire.close(),
    }
  }
  counted.wires = { open }
  return counted
}
