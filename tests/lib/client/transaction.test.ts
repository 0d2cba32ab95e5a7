// The requests of a transaction: which, when, and what becomes of errors that only a script can bring about.
import { describe, expect, it } from '@jest/globals'
import type { Producer } from '../../../lib/client/client.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { nobody, ProducerBench, range, sendValue } from './producer-bench.ts'

const offset = { topic: 't', partition: 0, offset: 1, metadata: '' }

function transactional(bench: ProducerBench, options = {}): Promise<Producer> {
  return bench.producer({ transactionalId: 'the-id', ...options })
}

describe('a transaction', () => {
  it('adds the partitions of one stretch of work in one request, before their batches', async () => {
    const bench = new ProducerBench()
    const producer = await transactional(bench)
    for (const partition of range(4)) sendValue(producer, 'a', partition)
    await bench.finished(producer.commit([], nobody))
    for (const partition of [1, 2]) sendValue(producer, 'b', partition)
    await bench.finished(producer.flush())
    sendValue(producer, 'c', 3)
    sendValue(producer, 'c', 1)
    await bench.finished(producer.commit([], nobody))

    const added = bench.requests('addPartitionsToTxn').map(({ request }) => request.topics[0]!.partitions)
    expect(added).toEqual([[0, 1, 2, 3], [1, 2], [3]])
    const order = bench.asked.map(({ api }) => api).filter((api) => api === 'addPartitionsToTxn' || api === 'produce')
    expect(order.slice(0, 2)).toEqual(['addPartitionsToTxn', 'produce'])
  })

  it('begins at its first record, without waiting for a batch', async () => {
    const bench = new ProducerBench()
    const producer = await transactional(bench, { lingerMs: 60_000 })
    sendValue(producer, 'a')
    await bench.clock.advance(1)
    expect(bench.requests('addPartitionsToTxn').length).toBe(1)
    expect(bench.requests('produce').length).toBe(0)
  })

  it('hands over offsets while its records are on their way', async () => {
    const bench = new ProducerBench({ latencyMs: 100 })
    const producer = await transactional(bench)
    sendValue(producer, 'a')
    await bench.finished(producer.commit([offset], nobody))
    const at = (api: 'addPartitionsToTxn' | 'addOffsetsToTxn' | 'produce' | 'endTxn') => bench.requests(api)[0]!.atMs
    expect(at('addOffsetsToTxn')).toBe(at('addPartitionsToTxn'))
    expect(at('endTxn')).toBeGreaterThanOrEqual(at('produce') + 100)
  })

  it('asks of the cluster nothing for the next one before its own end was answered', async () => {
    const bench = new ProducerBench({ latencyMs: 50 })
    const producer = await transactional(bench, { maxBatchBytes: 200 })
    sendValue(producer, 'mine')
    const committing = producer.commit([], nobody)
    for (const i of range(50)) sendValue(producer, `next ${i}`)
    expect(producer.pendingBytes).toBeGreaterThan(500)
    await bench.finished(committing)
    const endedAtMs = bench.clock.now()
    await bench.finished(producer.flush())

    const later = bench.asked.slice(bench.asked.findIndex(({ api }) => api === 'endTxn') + 1)
    expect(later[0]!.api).toBe('addPartitionsToTxn')
    expect(later[0]!.atMs).toBeGreaterThanOrEqual(endedAtMs)
    expect(bench.requests('produce').filter(({ atMs }) => atMs < endedAtMs).length).toBe(1)
  })

  it('asks again after 1 ms, rising to 20 ms, while the one before is being written', async () => {
    const bench = new ProducerBench({ latencyMs: 0 })
    const producer = await transactional(bench)
    bench.answerWith('addPartitionsToTxn', ...range(8).map(() => errorCodes.CONCURRENT_TRANSACTIONS))
    sendValue(producer, 'a')
    await bench.finished(producer.commit([], nobody))
    const times = bench.requests('addPartitionsToTxn').map(({ atMs }) => atMs)
    expect(times.slice(1).map((atMs, i) => atMs - times[i]!)).toEqual([1, 2, 4, 8, 16, 20, 20, 20])
  })

  it('keeps its epoch from one to the next, and over an abort that leaves nothing open', async () => {
    const bench = new ProducerBench()
    const producer = await transactional(bench)
    for (const round of range(3)) {
      sendValue(producer, `aborted ${round}`)
      await bench.finished(producer.flush())
      await bench.finished(producer.abort())
      sendValue(producer, `committed ${round}`)
      await bench.finished(producer.commit([offset], nobody))
    }
    await bench.clock.advance(100)
    expect(bench.requests('initProducerId').length).toBe(1)
    expect(bench.values(0)).toEqual(range(3).map((round) => `committed ${round}`))
  })

  it('takes another epoch when an abort leaves a batch of which nobody knows', async () => {
    const bench = new ProducerBench()
    const producer = await transactional(bench)
    bench.breakWith(({ api }) => (api === 'produce' ? { dropResponse: 'disconnect' } : undefined))
    sendValue(producer, 'lost')
    await bench.clock.advance(20)
    await bench.finished(producer.abort())
    bench.breakWith(() => undefined)
    sendValue(producer, 'kept')
    await bench.finished(producer.commit([], nobody))
    await bench.clock.advance(100)

    const [first, second] = bench.requests('initProducerId').map(({ request }) => request)
    expect(first).toMatchObject({ producerId: -1, producerEpoch: -1 })
    expect(second!.producerId).toBeGreaterThanOrEqual(0)
    expect(bench.values(0)).toEqual(['kept'])
  })

  it('takes another epoch when it is not known which partitions the coordinator has', async () => {
    const bench = new ProducerBench()
    const producer = await transactional(bench)
    bench.breakWith(({ api }) => (api === 'addPartitionsToTxn' ? { dropResponse: 'disconnect' } : undefined))
    sendValue(producer, 'lost')
    await bench.clock.advance(20)
    await bench.finished(producer.abort())

    expect(bench.requests('endTxn').length).toBe(1)
    expect(bench.requests('initProducerId').length).toBe(2)
  })

  it('has nothing pending after an abort, whatever is answered later', async () => {
    const bench = new ProducerBench({ latencyMs: 50 })
    const producer = await transactional(bench, { maxBatchBytes: 300 })
    sendValue(producer, 'a')
    await bench.finished(producer.flush())
    for (const i of range(100)) sendValue(producer, `v${i}`)
    const drained = producer.drained(0)
    await bench.clock.advance(10)
    const aborting = producer.abort()
    await bench.clock.advance(0)
    expect(producer.pendingBytes).toBe(0)
    await bench.finished(drained)
    await bench.finished(aborting)
    expect(producer.pendingBytes).toBe(0)
    expect((await bench.finished(producer.commit([], nobody))).size).toBe(0)
  })

  it('is not failed by what an abort dropped', async () => {
    const bench = new ProducerBench({ requestTimeoutMs: 2_000 })
    const producer = await transactional(bench)
    sendValue(producer, 'to nowhere', 0, 'missing')
    await bench.clock.advance(1)
    await bench.finished(producer.abort())
    sendValue(producer, 'kept')
    await bench.clock.advance(5_000)
    await bench.finished(producer.commit([], nobody))
    expect(bench.values(0)).toEqual(['kept'])
  })

  it('that nobody was told of is aborted without a word', async () => {
    const bench = new ProducerBench()
    const producer = await transactional(bench)
    sendValue(producer, 'a')
    await bench.finished(producer.abort())
    expect(bench.requests('endTxn')).toEqual([])
    await bench.finished(producer.abort())
    sendValue(producer, 'b')
    await bench.finished(producer.commit([], nobody))
    expect(bench.requests('addPartitionsToTxn').length).toBe(1)
  })

  it.each([
    { api: 'addPartitionsToTxn' as const, code: errorCodes.INVALID_TXN_STATE },
    { api: 'addOffsetsToTxn' as const, code: errorCodes.TRANSACTION_ABORTABLE },
    { api: 'txnOffsetCommit' as const, code: errorCodes.INVALID_TXN_STATE },
    { api: 'produce' as const, code: errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER },
    { api: 'endTxn' as const, code: errorCodes.INVALID_TXN_STATE },
  ])('has to be aborted when $api answers $code, and can be', async ({ api, code }) => {
    const bench = new ProducerBench()
    const producer = await transactional(bench)
    bench.answerWith(api, code)
    sendValue(producer, 'doomed')
    expect(await bench.failure(producer.commit([offset], nobody))).toMatchObject({
      code: 'STREAMS_TRANSACTION_ABORTED',
    })
    await bench.finished(producer.abort())
    sendValue(producer, 'kept')
    await bench.finished(producer.commit([offset], nobody))
    await bench.clock.advance(100)
    expect(bench.values(0)).toEqual(['kept'])
  })

  it.each([
    errorCodes.INVALID_PRODUCER_EPOCH,
    errorCodes.PRODUCER_FENCED,
    errorCodes.INVALID_PRODUCER_ID_MAPPING,
    errorCodes.TRANSACTIONAL_ID_NOT_FOUND,
  ])('is lost when another producer has the id (%i)', async (code) => {
    for (const api of ['addPartitionsToTxn', 'addOffsetsToTxn', 'txnOffsetCommit', 'produce', 'endTxn'] as const) {
      const bench = new ProducerBench()
      const producer = await transactional(bench)
      bench.answerWith(api, code)
      sendValue(producer, 'lost')
      const error = await bench.failure(producer.commit([offset], nobody))
      expect([api, error.code]).toEqual([api, 'STREAMS_PRODUCER_FENCED'])
      expect(await bench.failure(producer.abort())).toBe(error)
      await bench.finished(producer.init())
      sendValue(producer, 'kept')
      await bench.finished(producer.commit([offset], nobody))
    }
  })

  it.each([errorCodes.ILLEGAL_GENERATION, errorCodes.UNKNOWN_MEMBER_ID, errorCodes.REBALANCE_IN_PROGRESS])(
    'stays open and sealed when the group answers %i',
    async (code) => {
      const bench = new ProducerBench()
      const producer = await transactional(bench)
      bench.answerWith('txnOffsetCommit', code)
      sendValue(producer, 'mine')
      const error = await bench.failure(producer.commit([offset], nobody))
      expect(error.code).toBe('STREAMS_STALE_MEMBER')
      expect(error.message).toContain('the-group')
      sendValue(producer, 'next')
      const sent = await bench.finished(producer.commit([offset], { ...nobody }))
      await bench.clock.advance(100)

      expect([...sent]).toEqual([['t:0', 0]])
      expect(bench.requests('addOffsetsToTxn').length).toBe(1)
      expect(bench.values(0)).toEqual(['mine'])
    },
  )

  it('says that another process has the instance id', async () => {
    const bench = new ProducerBench()
    const producer = await transactional(bench)
    bench.answerWith('txnOffsetCommit', errorCodes.FENCED_INSTANCE_ID)
    const group = { ...nobody, instanceId: 'instance-1' }
    expect(await bench.failure(producer.commit([offset], group))).toMatchObject({
      code: 'STREAMS_FENCED_INSTANCE',
      instanceId: 'instance-1',
    })
    await bench.finished(producer.abort())
  })

  it('quotes the refusal of one partition, not of those that were not tried', async () => {
    const bench = new ProducerBench()
    const producer = await transactional(bench)
    bench.breakWith(({ api, request }) => {
      if (api !== 'addPartitionsToTxn') return undefined
      const topics = request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map((partitionIndex) => ({
          partitionIndex,
          errorCode: partitionIndex === 2 ? errorCodes.TOPIC_AUTHORIZATION_FAILED : errorCodes.OPERATION_NOT_ATTEMPTED,
        })),
      }))
      return { answer: { throttleTimeMs: 0, topics } }
    })
    for (const partition of range(4)) sendValue(producer, 'a', partition)
    const error = await bench.failure(producer.commit([], nobody))
    expect(error).toMatchObject({ errorName: 'TOPIC_AUTHORIZATION_FAILED', message: expect.stringContaining('t-2') })
  })

  it('stops asking for its offsets when its records have failed', async () => {
    const bench = new ProducerBench({ requestTimeoutMs: 60_000 })
    const producer = await transactional(bench)
    bench.breakWith((exchange) => {
      if (exchange.api === 'addOffsetsToTxn')
        return { answer: { throttleTimeMs: 0, errorCode: errorCodes.COORDINATOR_LOAD_IN_PROGRESS } }
      return undefined
    })
    sendValue(producer, 'x'.repeat(500_000), 0, 't')
    bench.cluster.createTopic('narrow', { configs: { 'max.message.bytes': '1000' } })
    sendValue(producer, 'x'.repeat(5_000), 0, 'narrow')
    const error = await bench.failure(producer.commit([offset], nobody))
    expect(error.code).toBe('STREAMS_RECORD_TOO_LARGE')
    expect(bench.clock.now()).toBeLessThan(5_000)
  })

  it('refuses a second commit while one is under way, and commits without an id', async () => {
    const bench = new ProducerBench()
    const producer = await transactional(bench)
    sendValue(producer, 'a')
    const committing = producer.commit([], nobody)
    expect((await bench.failure(producer.commit([], nobody))).code).toBe('STREAMS_INVARIANT')
    await bench.finished(committing)
    const plain = await bench.producer()
    expect((await bench.failure(plain.commit([], nobody))).code).toBe('STREAMS_INVARIANT')
  })

  it('ends a commit under way before it aborts or starts over', async () => {
    const bench = new ProducerBench({ latencyMs: 20 })
    const producer = await transactional(bench)
    sendValue(producer, 'committed')
    const committing = producer.commit([], nobody)
    sendValue(producer, 'dropped')
    const aborting = producer.abort()
    await bench.finished(committing)
    await bench.finished(aborting)
    await bench.finished(producer.init())
    await bench.clock.advance(100)
    expect(bench.values(0)).toEqual(['committed'])
  })

  it('takes no record between the call of abort, or init, and its end', async () => {
    const bench = new ProducerBench()
    const producer = await transactional(bench)
    for (const act of [() => producer.abort(), () => producer.init()]) {
      sendValue(producer, 'dropped')
      const acting = act()
      expect(() => sendValue(producer, 'refused')).toThrow('dropped')
      await bench.finished(acting)
    }
    sendValue(producer, 'kept')
    await bench.finished(producer.commit([], nobody))
    expect(bench.values(0)).toEqual(['kept'])
  })

  it('is closed while a commit is under way: the commit ends with an error', async () => {
    const bench = new ProducerBench({ latencyMs: 20 })
    const producer = await transactional(bench)
    sendValue(producer, 'a')
    const committing = producer.commit([offset], nobody)
    await bench.finished(producer.close())
    expect((await bench.failure(committing)).code).toBe('STREAMS_CLIENT_CLOSED')
  })
})
