// What a producer asks for in each version of transactions, and what version 2 is for: nothing late gets into the next transaction.
import type { ApiName } from '../../../lib/client/protocol/apis.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'
import { nobody, ProducerBench } from './producer-bench.ts'

/** The largest epoch that clients see. */
const LAST_EPOCH = 32_766

const offset = { topic: 't', partition: 0, offset: 1, metadata: '' }

async function twoCommits(transactionVersion: 1 | 2): Promise<ProducerBench> {
  const bench = new ProducerBench({ transactionVersion })
  const producer = await bench.producer({ transactionalId: 'id' })
  for (const value of ['a', 'b']) {
    producer.send('t', 0, null, Buffer.from(value), 0, NO_HEADERS)
    await bench.finished(producer.commit([offset], nobody))
  }
  return bench
}

/** The requests of transactions, in order. */
function requestsOf(bench: ProducerBench): readonly ApiName[] {
  return bench.asked.map(({ api }) => api).filter((api) => !['metadata', 'findCoordinator'].includes(api))
}

function epochsIn(bench: ProducerBench): readonly number[] {
  return bench.cluster.partition('t', 0).batches.map(({ producerEpoch }) => producerEpoch)
}

describe('two transactions of one partition and one group', () => {
  it('add both by requests of their own in version 1, under one epoch', async () => {
    const bench = await twoCommits(1)
    const one = ['addOffsetsToTxn', 'addPartitionsToTxn', 'endTxn', 'produce', 'txnOffsetCommit']
    expect([...requestsOf(bench)].sort()).toEqual(['apiVersions', 'initProducerId', ...one, ...one].sort())
    expect(epochsIn(bench)).toEqual([0, 0, 0, 0])
  })

  it('take three requests each in version 2, each under an epoch of its own', async () => {
    const bench = await twoCommits(2)
    const one = ['endTxnV5', 'produceV12', 'txnOffsetCommitV5']
    expect([...requestsOf(bench)].sort()).toEqual(['apiVersions', 'initProducerId', ...one, ...one].sort())
    // Each marker has the epoch that its transaction's end raised.
    expect(epochsIn(bench)).toEqual([0, 1, 1, 2])
  })
})

describe('in version 2', () => {
  const cluster = { transactionVersion: 2 } as const

  it('a batch that comes again after its transaction was aborted is refused', async () => {
    const bench = new ProducerBench(cluster)
    const producer = await bench.producer({ transactionalId: 'id' })
    producer.send('t', 0, null, Buffer.from('late'), 0, NO_HEADERS)
    await bench.finished(producer.flush())
    const late = bench.asked.find(({ api }) => api === 'produceV12')!
    await bench.finished(producer.abort())
    // The next transaction is open in the same partition.
    producer.send('t', 0, null, Buffer.from('kept'), 0, NO_HEADERS)
    await bench.finished(producer.flush())
    const wire = bench.cluster.open('produce', 'network')
    const { topics } = await bench.finished(wire.send(late.node, 'produceV12', late.request as never))
    expect(topics[0]!.partitions[0]!.errorCode).toBe(errorCodes.INVALID_PRODUCER_EPOCH)
    await bench.finished(producer.commit([], nobody))
    expect(bench.cluster.records('t', 0).map(({ value }) => String(value))).toEqual(['kept'])
  })

  it('a batch that comes while the transaction before is ending comes again, without a doubt about the leader', async () => {
    const bench = new ProducerBench({ ...cluster, nodes: 3 })
    const producer = await bench.producer({ transactionalId: 'id' })
    bench.answerWith('produceV12', ...new Array<number>(3).fill(errorCodes.CONCURRENT_TRANSACTIONS))
    const startMs = bench.clock.monotonicMs()
    producer.send('t', 0, null, Buffer.from('a'), 0, NO_HEADERS)
    await bench.finished(producer.commit([], nobody))
    expect(requestsOf(bench).filter((api) => api === 'produceV12')).toHaveLength(4)
    // It takes milliseconds: after 1, 2 and 4 ms, besides the way there and back.
    expect(bench.clock.monotonicMs() - startMs).toBeLessThan(20)
    // One, to find the leader.
    expect(bench.asked.filter(({ api }) => api === 'metadata')).toHaveLength(1)
  })

  it('the answer to an end that was lost is given again, with the same epoch', async () => {
    const bench = new ProducerBench(cluster)
    const producer = await bench.producer({ transactionalId: 'id' })
    let lost = 0
    bench.breakWith(({ api }) => (api === 'endTxnV5' && lost++ === 0 ? { dropResponse: 'disconnect' } : undefined))
    for (const value of ['a', 'b']) {
      producer.send('t', 0, null, Buffer.from(value), 0, NO_HEADERS)
      await bench.finished(producer.commit([], nobody))
    }
    expect(lost).toBe(3)
    expect(epochsIn(bench)).toEqual([0, 1, 1, 2])
  })

  it('an epoch that is used up is followed by another producer id', async () => {
    const bench = new ProducerBench({ ...cluster, latencyMs: 0 })
    const wire = bench.cluster.open('produce', 'others')
    const taken = { transactionalId: 'id', transactionTimeoutMs: 1_000, producerId: -1, producerEpoch: -1 }
    for (let epoch = -1; epoch < LAST_EPOCH - 1; ) {
      const response = await wire.send(1, 'initProducerId', taken)
      epoch = response.producerEpoch
    }
    const producer = await bench.producer({ transactionalId: 'id' })
    for (const value of ['a', 'b', 'c']) {
      producer.send('t', 0, null, Buffer.from(value), 0, NO_HEADERS)
      await bench.finished(producer.commit([], nobody))
    }
    const data = bench.cluster.partition('t', 0).batches.filter(({ control }) => !control)
    expect(data.map(({ producerId, producerEpoch }) => ({ producerId, producerEpoch }))).toEqual([
      { producerId: 0, producerEpoch: LAST_EPOCH },
      { producerId: 1, producerEpoch: 0 },
      { producerId: 1, producerEpoch: 1 },
    ])
    expect(bench.cluster.records('t', 0).map(({ value }) => String(value))).toEqual(['a', 'b', 'c'])
  })

  it('a cluster that is upgraded is spoken to in version 2 from the next init on', async () => {
    const bench = new ProducerBench({ transactionVersion: 1 })
    const producer = await bench.producer({ transactionalId: 'id' })
    producer.send('t', 0, null, Buffer.from('a'), 0, NO_HEADERS)
    await bench.finished(producer.commit([], nobody))
    let isNew = true
    bench.breakWith(({ api }) =>
      api === 'apiVersions' && isNew
        ? {
            answer: {
              errorCode: 0,
              apiKeys: [],
              throttleTimeMs: 0,
              finalizedFeatures: [{ name: 'transaction.version', maxVersionLevel: 2, minVersionLevel: 2 }],
            },
          }
        : undefined,
    )
    await bench.finished(producer.init())
    producer.send('t', 0, null, Buffer.from('b'), 0, NO_HEADERS)
    await bench.finished(producer.commit([], nobody))
    isNew = false
    await bench.finished(producer.init())
    producer.send('t', 0, null, Buffer.from('c'), 0, NO_HEADERS)
    await bench.finished(producer.commit([], nobody))
    expect(requestsOf(bench).filter((api) => api.startsWith('endTxn'))).toEqual(['endTxn', 'endTxnV5', 'endTxn'])
    expect(bench.cluster.records('t', 0).map(({ value }) => String(value))).toEqual(['a', 'b', 'c'])
  })
})
