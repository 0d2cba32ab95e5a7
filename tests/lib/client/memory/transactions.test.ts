import { errorCodes, errorName } from '../../../../lib/client/protocol/error-codes.ts'
import { Bench, batchOf, type Producer } from './support.ts'

const LAST_EPOCH = 32_766

function bench(options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const made = new Bench(options)
  made.cluster.createTopic('t', { partitions: 2 })
  return made
}

async function initOnce(
  made: Bench,
  transactionalId: string | null,
  more: Partial<Producer> & { transactionTimeoutMs?: number } = {},
): Promise<string> {
  const { errorCode } = await made.wire.send(1, 'initProducerId', {
    transactionalId,
    transactionTimeoutMs: 60_000,
    producerId: -1,
    producerEpoch: -1,
    ...more,
  })
  return errorName(errorCode)
}

async function send(made: Bench, producer: Producer, sequence = 0, partition = 0): Promise<string> {
  const batch = batchOf([['k', `${sequence}`]], { producer, sequence, transactional: true })
  return errorName((await made.produce('t', batch, { partition, transactionalId: 'x' })).errorCode)
}

describe('InitProducerId', () => {
  it('gives each idempotent producer an id of its own', async () => {
    const { wire } = bench()
    const request = { transactionalId: null, transactionTimeoutMs: 0, producerId: -1, producerEpoch: -1 }
    const first = await wire.send(1, 'initProducerId', request)
    const second = await wire.send(1, 'initProducerId', request)
    expect([first, second]).toMatchObject([
      { errorCode: 0, producerId: 0, producerEpoch: 0 },
      { errorCode: 0, producerId: 1, producerEpoch: 0 },
    ])
  })

  it('raises the epoch of a transactional id each time', async () => {
    const made = bench()
    const first = await made.init('x')
    expect(first).toEqual({ error: 'NONE', producerId: 0, producerEpoch: 0 })
    expect(await made.init('x')).toEqual({ ...first, producerEpoch: 1 })
    expect(await made.init('y')).toEqual({ error: 'NONE', producerId: 1, producerEpoch: 0 })
  })

  it.each([
    ['an empty transactional id', '', {}, 'INVALID_REQUEST'],
    ['a time-out over 15 min', 'x', { transactionTimeoutMs: 900_001 }, 'INVALID_TRANSACTION_TIMEOUT'],
    ['no time-out', 'x', { transactionTimeoutMs: 0 }, 'INVALID_TRANSACTION_TIMEOUT'],
    ['15 min', 'x', { transactionTimeoutMs: 900_000 }, 'NONE'],
    ['a producer id without epoch', 'x', { producerId: 5 }, 'INVALID_REQUEST'],
    ['an epoch without producer id', 'x', { producerEpoch: 5 }, 'INVALID_REQUEST'],
    ['an identity of before, unknown here', 'x', { producerId: 5, producerEpoch: 5 }, 'NONE'],
  ])('with %s', async (_what, transactionalId, more, error) => {
    expect(await initOnce(bench(), transactionalId, more)).toBe(error)
  })

  it('aborts an open transaction, and says CONCURRENT_TRANSACTIONS until that is done', async () => {
    const made = bench()
    const old = await made.init('x')
    await made.addPartitions('x', old, 't')
    await send(made, old)
    expect(await initOnce(made, 'x')).toBe('CONCURRENT_TRANSACTIONS')
    expect(await initOnce(made, 'x')).toBe('CONCURRENT_TRANSACTIONS')
    // The old producer is fenced at once by the coordinator; a partition learns of it by the marker.
    expect(await made.endTxn('x', old, true)).toBe('PRODUCER_FENCED')
    expect(await made.addPartitions('x', old, 't', [1])).toBe('PRODUCER_FENCED')
    expect(await send(made, old, 1)).toBe('NONE')
    await made.markers()
    expect(await send(made, old, 2)).toBe('INVALID_PRODUCER_EPOCH')
    // One epoch was spent on fencing.
    expect(await made.init('x')).toEqual({ ...old, producerEpoch: old.producerEpoch + 2 })
    expect(made.texts('t')).toEqual([])
    expect(made.texts('t', 'read_uncommitted')).toEqual(['0:k=0', '1:k=1'])
  })

  describe('by a producer that names its epoch (KIP-360)', () => {
    it('raises it, once however often the request is repeated', async () => {
      const made = bench()
      const first = await made.init('x')
      const second = await made.init('x', first)
      expect(second).toEqual({ ...first, producerEpoch: 1 })
      expect(await made.init('x', first)).toEqual(second)
      expect(await made.init('x', second)).toEqual({ ...first, producerEpoch: 2 })
    })

    it('is refused when another has taken over', async () => {
      const made = bench()
      const first = await made.init('x')
      await made.init('x')
      expect(await initOnce(made, 'x', first)).toBe('PRODUCER_FENCED')
      expect(await initOnce(made, 'x', { producerId: 99, producerEpoch: 0 })).toBe('PRODUCER_FENCED')
    })

    it('gets a new producer id when the epochs are used up, and again if it repeats the request', async () => {
      const made = bench()
      let producer = await made.init('x')
      while (producer.producerEpoch < LAST_EPOCH) producer = await made.init('x', producer)
      const fresh = await made.init('x', producer)
      expect(fresh).toEqual({ error: 'NONE', producerId: producer.producerId + 1, producerEpoch: 0 })
      expect(await made.init('x', producer)).toEqual(fresh)
    })
  })

  it('never finds a coordinator if the transaction log needs more nodes than there are', async () => {
    const made = bench({ transactionLogReplicationFactor: 3 })
    expect(await made.wire.send('any', 'findCoordinator', { key: 'x', keyType: 1 })).toMatchObject({
      errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE,
      nodeId: -1,
    })
    expect(await initOnce(made, 'x')).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(await initOnce(made, null)).toBe('NONE')
  })

  it('goes to the coordinator only', async () => {
    const made = bench({ nodes: 2 })
    made.cluster.moveCoordinator('transaction', 'x', 2)
    expect(await initOnce(made, 'x')).toBe('NOT_COORDINATOR')
    expect((await made.init('x')).error).toBe('NONE')
  })
})

describe('AddPartitionsToTxn', () => {
  it('adds all partitions or none', async () => {
    const made = bench()
    const producer = await made.init('x')
    const response = await made.wire.send(1, 'addPartitionsToTxn', {
      transactionalId: 'x',
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      topics: [
        { name: 't', partitions: [0, 2] },
        { name: 'nowhere', partitions: [0] },
      ],
    })
    expect(response.topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorName(errorCode)))).toEqual([
      ['OPERATION_NOT_ATTEMPTED', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ['UNKNOWN_TOPIC_OR_PARTITION'],
    ])
    expect(await send(made, producer)).toBe('INVALID_TXN_STATE')
  })

  it.each([
    ['another producer id', (producer: Producer) => ({ ...producer, producerId: 77 }), 'INVALID_PRODUCER_ID_MAPPING'],
    ['an older epoch', (producer: Producer) => ({ ...producer, producerEpoch: 0 }), 'PRODUCER_FENCED'],
    ['a newer epoch', (producer: Producer) => ({ ...producer, producerEpoch: 2 }), 'PRODUCER_FENCED'],
    ['the right one', (producer: Producer) => producer, 'NONE'],
  ])('with %s', async (_what, change, error) => {
    const made = bench()
    await made.init('x')
    const producer = change(await made.init('x'))
    expect(await made.addPartitions('x', producer, 't')).toBe(error)
    expect(await made.addOffsets('x', producer, 'g')).toBe(error)
  })

  it('of an id that nobody initialized is refused', async () => {
    const made = bench()
    const producer = { producerId: 0, producerEpoch: 0 }
    expect(await made.addPartitions('x', producer, 't')).toBe('INVALID_PRODUCER_ID_MAPPING')
    expect(await made.endTxn('x', producer, true)).toBe('INVALID_PRODUCER_ID_MAPPING')
  })
})

describe('EndTxn', () => {
  it('is answered before the markers are written', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 't', [0, 1])
    await send(made, producer, 0, 0)
    expect(await made.endTxn('x', producer, true)).toBe('NONE')
    expect(made.cluster.partition('t', 0)).toMatchObject({ logEndOffset: 1, lastStableOffset: 0 })
    expect(await made.addPartitions('x', producer, 't')).toBe('CONCURRENT_TRANSACTIONS')
    expect(await made.addOffsets('x', producer, 'g')).toBe('CONCURRENT_TRANSACTIONS')
    expect(await made.endTxn('x', producer, true)).toBe('CONCURRENT_TRANSACTIONS')
    expect(await initOnce(made, 'x')).toBe('CONCURRENT_TRANSACTIONS')
    await made.markers()
    expect(made.cluster.partition('t', 0)).toMatchObject({ logEndOffset: 2, lastStableOffset: 2 })
    // Also where nothing was sent.
    expect(made.cluster.partition('t', 1).batches).toMatchObject([
      { control: true, transactional: true, baseOffset: 0 },
    ])
    expect(await made.addPartitions('x', producer, 't')).toBe('NONE')
  })

  it('lets each node write its markers in its own time', async () => {
    const delays: unknown[] = []
    const made = bench({
      nodes: 2,
      transactionMarkerDelayMs: (write) => {
        delays.push(write)
        return write.kind === 'offsets' ? 30 : write.node * 10
      },
    })
    made.cluster.moveLeader('t', 0, 1)
    made.cluster.moveLeader('t', 1, 2)
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 't', [0, 1])
    await made.addOffsets('x', producer, 'g')
    await made.endTxn('x', producer, true)
    const written = (): boolean[] =>
      [0, 1].map((partition) => made.cluster.partition('t', partition).logEndOffset === 1)
    await made.clock.advance(9)
    expect(written()).toEqual([false, false])
    await made.clock.advance(1)
    expect(written()).toEqual([true, false])
    await made.clock.advance(10)
    expect(written()).toEqual([true, true])
    expect(await made.addPartitions('x', producer, 't')).toBe('CONCURRENT_TRANSACTIONS')
    await made.clock.advance(10)
    expect(await made.addPartitions('x', producer, 't')).toBe('NONE')
    expect(delays).toEqual([
      { transactionalId: 'x', node: 1, kind: 'records' },
      { transactionalId: 'x', node: 2, kind: 'records' },
      { transactionalId: 'x', node: expect.any(Number), kind: 'offsets' },
    ])
  })

  it.each([
    { first: true, second: true, error: 'NONE' },
    { first: false, second: false, error: 'NONE' },
    { first: true, second: false, error: 'INVALID_TXN_STATE' },
    { first: false, second: true, error: 'INVALID_TXN_STATE' },
  ])('repeated after committed=$first with committed=$second: $error', async ({ first, second, error }) => {
    const made = bench()
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 't')
    await made.endTxn('x', producer, first)
    await made.markers()
    expect(await made.endTxn('x', producer, second)).toBe(error)
  })

  it('without a transaction is refused', async () => {
    const made = bench()
    expect(await made.endTxn('x', await made.init('x'), true)).toBe('INVALID_TXN_STATE')
  })

  it('goes on with the same epoch and sequences in the next transaction', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.transact(
      'x',
      producer,
      't',
      0,
      [
        ['k', 'a'],
        ['k', 'b'],
      ],
      true,
    )
    await made.transact('x', producer, 't', 2, [['k', 'c']], false)
    await made.transact('x', producer, 't', 3, [['k', 'd']], true)
    expect(made.texts('t')).toEqual(['0:k=a', '1:k=b', '5:k=d'])
  })

  it('skips a topic that was deleted meanwhile', async () => {
    const made = bench()
    made.cluster.createTopic('u')
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 'u')
    await made.addPartitions('x', producer, 't')
    made.cluster.deleteTopic('u')
    await made.endTxn('x', producer, true)
    await made.markers()
    expect(await made.addPartitions('x', producer, 't')).toBe('NONE')
  })
})

describe('a transaction that takes too long', () => {
  it('is aborted, and its producer fenced', async () => {
    const made = bench()
    const producer = await made.init('x', undefined, 5000)
    await made.clock.advance(60_000) // without a transaction there is no time-out
    await made.addPartitions('x', producer, 't')
    await send(made, producer)
    await made.clock.advance(4999)
    expect(made.cluster.partition('t', 0).lastStableOffset).toBe(0)
    await made.clock.advance(1)
    expect(made.cluster.partition('t', 0).lastStableOffset).toBe(2)
    expect(made.texts('t')).toEqual([])
    expect(await made.endTxn('x', producer, true)).toBe('PRODUCER_FENCED')
    expect(await send(made, producer, 1)).toBe('INVALID_PRODUCER_EPOCH')
    expect(await made.init('x')).toEqual({ ...producer, producerEpoch: producer.producerEpoch + 2 })
    expect(await initOnce(made, 'x', producer)).toBe('PRODUCER_FENCED')
  })

  it('leaves its producer the way of naming its epoch, as long as no other has taken over', async () => {
    const made = bench()
    const producer = await made.init('x', undefined, 5000)
    await made.addPartitions('x', producer, 't')
    await made.clock.advance(5000)
    const raised = { ...producer, producerEpoch: producer.producerEpoch + 1 }
    expect(await made.init('x', producer)).toEqual(raised)
    expect(await made.init('x', producer)).toEqual(raised)
    expect(await made.addPartitions('x', raised, 't')).toBe('NONE')
    expect(await send(made, raised)).toBe('NONE')
  })

  it('counts from the first partition added, and for each transaction anew', async () => {
    const made = bench()
    const producer = await made.init('x', undefined, 5000)
    await made.addPartitions('x', producer, 't')
    await made.clock.advance(4000)
    await made.addPartitions('x', producer, 't', [1])
    expect(await made.endTxn('x', producer, true)).toBe('NONE')
    await made.markers()
    await made.addPartitions('x', producer, 't')
    await made.clock.advance(4999)
    expect(await made.endTxn('x', producer, true)).toBe('NONE')
  })
})
