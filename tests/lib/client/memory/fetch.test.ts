import { errorCodes, errorName } from '../../../../lib/client/protocol/error-codes.ts'
import { readBatchHeader } from '../../../../lib/client/protocol/record-batch.ts'
import { Bench, batchOf, isSettled } from './support.ts'

function bench(): Bench {
  const made = new Bench()
  made.cluster.createTopic('t')
  return made
}

const one = batchOf([['k', 'v']])

function baseOffsets(bytes: Buffer | null): number[] {
  const found: number[] = []
  let at = 0
  for (let header = readBatchHeader(bytes!, at); header !== undefined; header = readBatchHeader(bytes!, at)) {
    found.push(header.baseOffset)
    at += header.sizeBytes
  }
  return found
}

describe('a fetch', () => {
  it('starts with the batch that holds its offset', async () => {
    const made = bench()
    await made.produce(
      't',
      batchOf([
        ['a', '0'],
        ['a', '1'],
        ['a', '2'],
      ]),
    )
    await made.produce('t', batchOf([['a', '3']]))
    for (const offset of [0, 1, 2]) {
      expect(baseOffsets((await made.fetch('t', offset)).records)).toEqual([0, 3])
    }
    expect(baseOffsets((await made.fetch('t', 3)).records)).toEqual([3])
    expect(await made.fetch('t', 4)).toEqual({
      partitionIndex: 0,
      errorCode: 0,
      highWatermark: 4,
      lastStableOffset: 4,
      logStartOffset: 0,
      abortedTransactions: [],
      preferredReadReplica: -1,
      records: Buffer.alloc(0),
    })
  })

  it('returns bytes of its own: changing them does not change the log', async () => {
    const made = bench()
    await made.produce('t', one)
    ;(await made.fetch('t', 0)).records!.fill(0)
    expect(made.texts('t')).toEqual(['0:k=v'])
  })

  it.each([
    { what: 'beyond the log end', offset: 3, error: 'OFFSET_OUT_OF_RANGE' },
    { what: 'before the log start', offset: 0, error: 'OFFSET_OUT_OF_RANGE' },
    { what: 'at the log start, within a batch', offset: 1, error: 'NONE' },
    { what: 'at the log end', offset: 2, error: 'NONE' },
  ])('$what answers $error', async ({ offset, error }) => {
    const made = bench()
    await made.produce(
      't',
      batchOf([
        ['k', '0'],
        ['k', '1'],
      ]),
    )
    made.cluster.deleteRecordsBefore('t', 0, 1)
    const maxWaitMs = error === 'NONE' ? 0 : 1000 // an error does not wait
    expect(errorName((await made.fetch('t', offset, { maxWaitMs })).errorCode)).toBe(error)
  })

  it.each([
    ['an unknown topic', { topic: 'nowhere', node: 1 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['a node that does not lead', { topic: 't', node: 2 }, 'NOT_LEADER_OR_FOLLOWER'],
  ])('of %s answers at once', async (_what, { topic, node }, error) => {
    const made = new Bench({ nodes: 2 })
    made.cluster.createTopic('t')
    made.cluster.moveLeader('t', 0, 1)
    const { errorCode } = await made.fetch(topic, 0, { node, maxWaitMs: 10_000 })
    expect(errorName(errorCode)).toBe(error)
  })

  it.each([
    [-1, 'NONE'],
    [1, 'NONE'],
    [0, 'FENCED_LEADER_EPOCH'],
    [2, 'UNKNOWN_LEADER_EPOCH'],
  ])('with leader epoch %d, when it is 1, answers %s', async (currentLeaderEpoch, error) => {
    const made = bench()
    made.cluster.moveLeader('t', 0, 1)
    const request = made.fetchRequest('t', 0)
    const partitions = [{ ...request.topics[0]!.partitions[0]!, currentLeaderEpoch }]
    const response = await made.wire.send(1, 'fetch', { ...request, topics: [{ name: 't', partitions }] })
    expect(errorName(response.topics[0]!.partitions[0]!.errorCode)).toBe(error)
  })

  it('keeps no session', async () => {
    const made = bench()
    const request = { ...made.fetchRequest('t', 0), sessionId: 5, sessionEpoch: 1 }
    expect(await made.wire.send(1, 'fetch', request)).toMatchObject({
      errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND,
      topics: [],
    })
    // Opening one, or closing it, is no error.
    for (const sessionEpoch of [0, -1]) {
      expect(await made.wire.send(1, 'fetch', { ...request, sessionEpoch })).toMatchObject({
        errorCode: 0,
        sessionId: 0,
      })
    }
  })
})

describe('the size of a fetch', () => {
  it('is cut at the maximum, in the middle of a batch', async () => {
    const made = bench()
    for (let i = 0; i < 4; i++) await made.produce('t', one)
    const { records } = await made.fetch('t', 0, { partitionMaxBytes: one.length * 2 + 10 })
    expect(records).toHaveLength(one.length * 2 + 10)
    expect(baseOffsets(records)).toEqual([0, 1])
  })

  it('has room for the first batch, however large, of the first partition that has one', async () => {
    const made = new Bench()
    made.cluster.createTopic('t', { partitions: 3 })
    for (const partition of [1, 2]) await made.produce('t', one, { partition })
    const request = made.fetchRequest('t', 0, { maxBytes: 1 })
    const wanted = request.topics[0]!.partitions[0]!
    const partitions = [0, 1, 2].map((partition) => ({ ...wanted, partition }))
    const response = await made.wire.send(1, 'fetch', { ...request, topics: [{ name: 't', partitions }] })
    const sizes = response.topics[0]!.partitions.map(({ records }) => records!.length)
    expect(sizes).toEqual([0, one.length, 0])
  })

  it('is bounded over all partitions', async () => {
    const made = new Bench()
    made.cluster.createTopic('t', { partitions: 2 })
    for (const partition of [0, 1]) for (let i = 0; i < 3; i++) await made.produce('t', one, { partition })
    const request = made.fetchRequest('t', 0, { maxBytes: one.length * 4 })
    const wanted = request.topics[0]!.partitions[0]!
    const partitions = [0, 1].map((partition) => ({ ...wanted, partition }))
    const response = await made.wire.send(1, 'fetch', { ...request, topics: [{ name: 't', partitions }] })
    const sizes = response.topics[0]!.partitions.map(({ records }) => records!.length)
    expect(sizes).toEqual([one.length * 3, one.length])
  })
})

describe('a long poll', () => {
  const poll = (made: Bench, minBytes = 1, isolation: 0 | 1 = 1) =>
    made.fetch('t', 0, { maxWaitMs: 500, minBytes, isolation })

  it('ends empty when its time is up', async () => {
    const made = bench()
    const fetched = poll(made)
    await made.clock.advance(499)
    expect(await isSettled(made.clock, fetched)).toBe(false)
    await made.clock.advance(1)
    expect((await fetched).records).toHaveLength(0)
  })

  it('ends as soon as there are records', async () => {
    const made = bench()
    const fetched = poll(made)
    expect(await isSettled(made.clock, fetched)).toBe(false)
    await made.produce('t', one)
    expect(baseOffsets((await fetched).records)).toEqual([0])
  })

  it('waits for minBytes, and returns less when its time is up', async () => {
    const made = bench()
    const fetched = poll(made, one.length * 2 + 1)
    await made.produce('t', one)
    await made.produce('t', one)
    expect(await isSettled(made.clock, fetched)).toBe(false)
    await made.produce('t', one)
    expect(baseOffsets((await fetched).records)).toEqual([0, 1, 2])

    const late = made.fetch('t', 3, { maxWaitMs: 500, minBytes: 10_000 })
    await made.produce('t', one)
    await made.clock.advance(500)
    expect(baseOffsets((await late).records)).toEqual([3])
  })

  it('counts no more of a partition than it may return', async () => {
    const made = bench()
    const limits = { maxWaitMs: 500, minBytes: one.length + 1, partitionMaxBytes: one.length }
    const fetched = made.fetch('t', 0, limits)
    for (let i = 0; i < 3; i++) await made.produce('t', one)
    expect(await isSettled(made.clock, fetched)).toBe(false)
    await made.clock.advance(500)
    expect(baseOffsets((await fetched).records)).toEqual([0])
    // A first batch larger than that is returned whole, and counts whole.
    const whole = made.fetch('t', 0, { ...limits, minBytes: one.length, partitionMaxBytes: 1 })
    expect(await isSettled(made.clock, whole)).toBe(true)
  })

  it('does not see an open transaction when reading committed', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 't')
    const committed = poll(made)
    const uncommitted = made.cluster
      .open('fetch')
      .send(1, 'fetch', made.fetchRequest('t', 0, { maxWaitMs: 500, isolation: 0 }))
    await made.produce('t', batchOf([['k', 'v']], { producer, transactional: true }), { transactionalId: 'x' })
    expect(await isSettled(made.clock, uncommitted)).toBe(true)
    expect(await isSettled(made.clock, committed)).toBe(false)
    await made.endTxn('x', producer, true)
    expect(baseOffsets((await committed).records)).toEqual([0, 1])
  })

  it('ends when the log start passes its offset', async () => {
    const made = bench()
    await made.produce('t', one)
    await made.produce('t', one)
    const fetched = made.fetch('t', 1, { maxWaitMs: 500, minBytes: 10_000 })
    expect(await isSettled(made.clock, fetched)).toBe(false)
    made.cluster.deleteRecordsBefore('t', 0, 2)
    expect(errorName((await fetched).errorCode)).toBe('OFFSET_OUT_OF_RANGE')
  })

  it('ends when the topic goes, and when the leader moves', async () => {
    const made = new Bench({ nodes: 2 })
    made.cluster.createTopic('t')
    const node = made.leader('t', 0)
    const moved = poll(made)
    await made.clock.advance(0)
    made.cluster.moveLeader('t', 0, node === 1 ? 2 : 1)
    expect(errorName((await moved).errorCode)).toBe('NOT_LEADER_OR_FOLLOWER')

    const gone = poll(made)
    await made.clock.advance(0)
    made.cluster.deleteTopic('t')
    expect(errorName((await gone).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })
})

describe('reading committed', () => {
  it('stops at the first open transaction, and names it stable once it ends', async () => {
    const made = bench()
    await made.produce('t', one)
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 't')
    await made.produce('t', batchOf([['k', 'open']], { producer, transactional: true }), { transactionalId: 'x' })
    await made.produce('t', one)
    expect(await made.fetch('t', 0)).toMatchObject({ highWatermark: 3, lastStableOffset: 1 })
    expect(baseOffsets((await made.fetch('t', 0)).records)).toEqual([0])
    expect((await made.fetch('t', 2)).records).toHaveLength(0)
    expect(baseOffsets((await made.fetch('t', 0, { isolation: 0 })).records)).toEqual([0, 1, 2])
    await made.endTxn('x', producer, true)
    await made.markers()
    expect(await made.fetch('t', 0)).toMatchObject({ highWatermark: 4, lastStableOffset: 4 })
    expect(made.texts('t')).toEqual(['0:k=v', '1:k=open', '2:k=v'])
  })

  // Both transactions overlap: y begins first and ends last.
  it('lists aborted transactions in the order in which they ended', async () => {
    const made = bench()
    const [x, y] = [await made.init('x'), await made.init('y')]
    const send = async (id: string, producer: typeof x, sequence: number, value: string) => {
      await made.addPartitions(id, producer, 't')
      const batch = batchOf([['k', value]], { producer, sequence, transactional: true })
      await made.produce('t', batch, { transactionalId: id })
    }
    await send('y', y, 0, 'y0') // 0
    await send('x', x, 0, 'x0') // 1
    await made.endTxn('x', x, false)
    await made.markers() // 2
    await send('x', x, 1, 'x1') // 3
    await made.endTxn('y', y, false)
    await made.markers() // 4
    await made.endTxn('x', x, true)
    await made.markers() // 5
    const aborted = [
      { producerId: x.producerId, firstOffset: 1 },
      { producerId: y.producerId, firstOffset: 0 },
    ]
    expect((await made.fetch('t', 0)).abortedTransactions).toEqual(aborted)
    expect((await made.fetch('t', 0, { isolation: 0 })).abortedTransactions).toBeNull()
    expect(made.texts('t')).toEqual(['3:k=x1'])
    expect(made.texts('t', 'read_uncommitted')).toEqual(['0:k=y0', '1:k=x0', '3:k=x1'])
    // Only those that touch what was read.
    expect((await made.fetch('t', 3)).abortedTransactions).toEqual([aborted[1]])
    expect((await made.fetch('t', 5)).abortedTransactions).toEqual([])
    const first = await made.fetch('t', 0, { partitionMaxBytes: 1 })
    expect(first.abortedTransactions).toEqual([aborted[1]])
  })

  it('moves the stable offset with the log start when the open records are deleted', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 't')
    await made.produce(
      't',
      batchOf(
        [
          ['k', '0'],
          ['k', '1'],
        ],
        { producer, transactional: true },
      ),
      { transactionalId: 'x' },
    )
    await made.produce('t', one)
    made.cluster.deleteRecordsBefore('t', 0, 2)
    expect(await made.fetch('t', 2)).toMatchObject({ logStartOffset: 2, lastStableOffset: 2, highWatermark: 3 })
    expect((await made.fetch('t', 2)).records).toHaveLength(0)
  })
})
