// What the contracts cannot see: when the producer sends, to whom, how much at once, and with which sequence numbers.
import { describe, expect, it } from '@jest/globals'
import { errorResponse } from '../../../lib/client/memory/index.ts'
import { nextSequence } from '../../../lib/client/producer-batch.ts'
import { MAX_REQUEST_BYTES } from '../../../lib/client/producer-sender.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { ProducerBench, range, sendValue } from './producer-bench.ts'

/** The partitions of a produce request. */
function partitionsOf(request: {
  readonly topics: readonly { readonly partitions: readonly { readonly index: number }[] }[]
}) {
  return request.topics.flatMap(({ partitions }) => partitions.map(({ index }) => index))
}

function bytesOf(request: {
  readonly topics: readonly { readonly partitions: readonly { readonly records: Buffer | null }[] }[]
}): number {
  return request.topics.flatMap(({ partitions }) => partitions).reduce((sum, { records }) => sum + records!.length, 0)
}

describe('batches', () => {
  it('wait as long as they may linger, for all partitions together', async () => {
    const bench = new ProducerBench()
    const producer = await bench.producer({ lingerMs: 7 })
    const startMs = bench.clock.now()
    sendValue(producer, 'a', 0)
    await bench.clock.advance(3)
    sendValue(producer, 'b', 1)
    await bench.clock.advance(3)
    expect(bench.requests('metadata')).toEqual([])

    await bench.finished(producer.drained(0))
    expect(bench.requests('metadata').map(({ atMs }) => atMs - startMs)).toEqual([7])
    expect(bench.requests('produce').map(({ request }) => partitionsOf(request))).toEqual([[0, 1]])
  })

  it('leave at once when they are full', async () => {
    const bench = new ProducerBench()
    const producer = await bench.producer({ lingerMs: 60_000, maxBatchBytes: 1_000 })
    for (const i of range(100)) sendValue(producer, `a value of some length ${i}`)
    await bench.clock.advance(100)

    expect(bench.requests('produce').length).toBeGreaterThan(2)
    expect(bench.values(0).length).toBeGreaterThan(50)
    expect(bench.values(0).length).toBeLessThan(100)
  })

  it('leave at a flush', async () => {
    const bench = new ProducerBench()
    const producer = await bench.producer({ lingerMs: 60_000 })
    sendValue(producer, 'a')
    expect([...(await bench.finished(producer.flush()))]).toEqual([['t:0', 0]])
    expect(bench.clock.now()).toBeLessThan(100)
  })

  it('of one leader share requests, up to a megabyte', async () => {
    const bench = new ProducerBench({ partitions: 8 })
    const producer = await bench.producer()
    for (const partition of range(8)) for (const _ of range(4)) sendValue(producer, 'x'.repeat(100_000), partition)
    await bench.finished(producer.flush())

    const requests = bench.requests('produce')
    expect(requests.length).toBeLessThanOrEqual(6)
    expect(Math.max(...requests.map(({ request }) => bytesOf(request)))).toBeLessThanOrEqual(MAX_REQUEST_BYTES)
    expect(requests.flatMap(({ request }) => partitionsOf(request)).sort()).toEqual(range(8))
  })

  it('of two leaders go to each at the same time', async () => {
    const bench = new ProducerBench({ nodes: 2 })
    const producer = await bench.producer()
    for (const partition of range(4)) sendValue(producer, 'a', partition)
    await bench.finished(producer.flush())

    const requests = bench
      .requests('produce')
      .map(({ atMs, node, request }) => ({ atMs, node, to: partitionsOf(request) }))
    const atMs = requests[0]!.atMs
    expect(requests).toEqual([
      { atMs, node: 1, to: [0, 2] },
      { atMs, node: 2, to: [1, 3] },
    ])
  })

  it('are pipelined, five requests at a time, once the leader knows the producer', async () => {
    const bench = new ProducerBench({ partitions: 1, latencyMs: 20 })
    const producer = await bench.producer({ maxBatchBytes: 500 })
    let most = 0
    bench.breakWith(({ api }) => {
      if (api === 'produce') most = Math.max(most, bench.inFlight.get(1) ?? 0)
      return undefined
    })
    for (const i of range(2_000)) sendValue(producer, `v${i}`)
    await bench.clock.advance(30)
    expect(bench.requests('produce').length).toBe(1)

    await bench.finished(producer.flush())
    // The fault is asked before a request counts itself.
    expect(most + 1).toBe(5)
    expect(bench.values(0)).toEqual(range(2_000).map((i) => `v${i}`))
  })

  it('carry sequence numbers without gaps, also after a split', async () => {
    const bench = new ProducerBench({ partitions: 1 })
    bench.cluster.createTopic('narrow', { configs: { 'max.message.bytes': '700' } })
    const producer = await bench.producer({ maxBatchBytes: 2_000 })
    for (const i of range(150)) sendValue(producer, `v${i}`, 0, 'narrow')
    await bench.finished(producer.flush())

    let next = 0
    for (const { baseSequence, recordCount } of bench.cluster.partition('narrow', 0).batches) {
      expect(baseSequence).toBe(next)
      next += recordCount
    }
    expect(next).toBe(150)
  })

  it('number on from 0 after the largest sequence', () => {
    expect(nextSequence(2 ** 31 - 3, 2)).toBe(2 ** 31 - 1)
    expect(nextSequence(2 ** 31 - 3, 3)).toBe(0)
    expect(nextSequence(2 ** 31 - 1, 5)).toBe(4)
  })
})

describe('a leader', () => {
  it('gets nothing of a partition while batches are on their way to the one before', async () => {
    const bench = new ProducerBench({ nodes: 2, partitions: 2 })
    bench.cluster.moveLeader('t', 1, 1)
    const producer = await bench.producer({ lingerMs: 0 })
    for (const partition of [0, 1]) sendValue(producer, 'first', partition)
    await bench.finished(producer.flush())

    // Partition 1 waits for an answer of node 1 when the trouble of partition 0 brings the news that both have moved.
    const slow = { partition: 1, untilMs: bench.clock.now() + 500 }
    bench.breakWith(({ api, request }) => {
      if (api !== 'produce' || partitionsOf(request)[0] !== slow.partition) return undefined
      return { responseDelayMs: Math.max(0, slow.untilMs - bench.clock.now()) }
    })
    sendValue(producer, 'second', 1)
    await bench.clock.advance(2)
    for (const partition of [0, 1]) bench.cluster.moveLeader('t', partition, 2)
    bench.client.admin.offsets([{ topic: 't', partition: 0 }], 'latest', 'read_committed').catch(() => {})
    await bench.clock.advance(100)
    sendValue(producer, 'third', 1)
    await bench.finished(producer.flush())

    expect(bench.values(1)).toEqual(['first', 'second', 'third'])
    const third = bench.requests('produce').at(-1)!
    expect([third.node, third.atMs >= slow.untilMs]).toEqual([2, true])
  })

  it('that knows a batch already has stored it, wherever that was', async () => {
    const bench = new ProducerBench()
    const producer = await bench.producer()
    bench.answerWith('produce', errorCodes.DUPLICATE_SEQUENCE_NUMBER)
    sendValue(producer, 'a')
    expect((await bench.finished(producer.flush())).size).toBe(0)
    expect(producer.pendingBytes).toBe(0)
  })

  it('that misses acknowledged records is an error, not something to try again', async () => {
    const bench = new ProducerBench()
    const producer = await bench.producer()
    bench.answerWith('produce', errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
    sendValue(producer, 'a')
    const error = await bench.failure(producer.flush())
    expect(error).toMatchObject({ code: 'STREAMS_BROKER_RESPONSE', errorName: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
    expect(error.message).toContain('t-0')
    expect(bench.requests('produce').length).toBe(1)
  })

  it.each([
    { code: errorCodes.INVALID_RECORD, says: 'compacted topic' },
    { code: errorCodes.INVALID_TIMESTAMP, says: 'message.timestamp.after.max.ms' },
  ])('that refuses with $code is quoted, with the partition and the way out', async ({ code, says }) => {
    const bench = new ProducerBench()
    const producer = await bench.producer()
    bench.answerWith('produce', code)
    sendValue(producer, 'a', 3)
    const error = await bench.failure(producer.flush())
    expect(error).toMatchObject({ code: 'STREAMS_BROKER_RESPONSE', errorCode: code })
    expect(error.message).toContain('t-3')
    expect(error.message).toContain(says)
  })

  it('is asked again after 20 ms, then after twice as long each time', async () => {
    const bench = new ProducerBench({ latencyMs: 0 })
    const producer = await bench.producer({ lingerMs: 0 })
    bench.answerWith('produce', ...range(7).map(() => errorCodes.NOT_ENOUGH_REPLICAS))
    sendValue(producer, 'a')
    await bench.finished(producer.flush())
    const times = bench.requests('produce').map(({ atMs }) => atMs)
    expect(times.slice(1).map((atMs, i) => atMs - times[i]!)).toEqual([20, 40, 80, 160, 320, 640, 1_000])
  })

  it.each([1, 4])('is asked again about all that it refused in one request (%i partitions)', async (partitions) => {
    const bench = new ProducerBench({ partitions })
    const producer = await bench.producer({ lingerMs: 0 })
    bench.answerWith('produce', errorCodes.NOT_ENOUGH_REPLICAS, errorCodes.NOT_ENOUGH_REPLICAS)
    for (const partition of range(partitions)) sendValue(producer, 'a', partition)
    await bench.finished(producer.flush())
    const sizes = bench.requests('produce').map(({ request }) => request.topics[0]!.partitions.length)
    expect(sizes).toEqual([partitions, partitions, partitions])
  })

  it('is not asked again when what guards the producer objects meanwhile', async () => {
    const bench = new ProducerBench()
    const producer = await bench.producer({ lingerMs: 0 })
    bench.answerWith('produce', errorCodes.NOT_ENOUGH_REPLICAS)
    let objects = false
    producer.guard(() => {
      if (objects) throw new Error('it slept')
    })
    sendValue(producer, 'a')
    const flushed = producer.flush()
    flushed.catch(() => {})
    await bench.clock.advanceUntil(() => bench.requests('produce').length === 1, 1_000)
    objects = true
    expect((await bench.failure(flushed)).message).toBe('it slept')
    await bench.clock.advance(10_000)
    expect(bench.requests('produce')).toHaveLength(1)

    // Made anew, and unguarded, it goes on.
    await bench.finished(producer.init())
    producer.guard(undefined)
    sendValue(producer, 'b')
    await bench.finished(producer.flush())
    expect(bench.values(0)).toEqual(['b'])
  })

  it('that is looked for in vain is no trouble once an abort has dropped the records', async () => {
    const bench = new ProducerBench({ requestTimeoutMs: 2_000 })
    const producer = await bench.producer()
    sendValue(producer, 'to nowhere', 0, 'missing')
    await bench.clock.advance(100)
    await bench.finished(producer.abort())
    await bench.clock.advance(5_000)
    sendValue(producer, 'kept')
    await bench.finished(producer.flush())
    expect(bench.values(0)).toEqual(['kept'])
  })
})

describe('the log', () => {
  it('says once that sends fail for long, however many partitions and producers it are, and once that they succeed', async () => {
    const bench = new ProducerBench()
    const producers = [await bench.producer(), await bench.producer()]
    let away = true
    bench.breakWith((exchange) => {
      const isRefused = away && exchange.api === 'produce'
      return isRefused ? { answer: errorResponse(exchange, errorCodes.NOT_ENOUGH_REPLICAS) } : undefined
    })
    for (const producer of producers) for (const partition of range(4)) sendValue(producer, 'a', partition)
    await bench.clock.advance(1_000)
    expect(bench.log.lines).toEqual([])
    await bench.clock.advance(20_000)
    const begun = expect.stringMatching(/^warn: Sending to t-\d fails so far and is tried again$/)
    expect(bench.log.lines).toEqual([begun])

    away = false
    await Promise.all(producers.map((producer) => bench.finished(producer.flush())))
    expect(bench.log.lines).toEqual([begun, 'info: What failed and was tried again succeeds'])
    expect(range(4).map((partition) => bench.values(partition))).toEqual(range(4).map(() => ['a', 'a']))
  })

  it('says nothing of troubles that pass', async () => {
    const bench = new ProducerBench()
    const producer = await bench.producer()
    bench.answerWith('produce', errorCodes.NOT_LEADER_OR_FOLLOWER, errorCodes.NOT_ENOUGH_REPLICAS)
    sendValue(producer, 'a')
    await bench.finished(producer.flush())
    expect(bench.requests('produce')).toHaveLength(3)
    expect(bench.log.lines).toEqual([])
  })
})
