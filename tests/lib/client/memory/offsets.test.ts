import { errorName } from '../../../../lib/client/protocol/error-codes.ts'
import { Bench, type Producer } from './support.ts'

const GROUP = 'g'

interface Committer {
  readonly generationId?: number
  readonly memberId?: string
  readonly groupInstanceId?: string | null
}

function offsetsOf(offset: number, topic = 't', partition = 0, metadata: string | null = '') {
  const committed = { committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: metadata }
  return [{ name: topic, partitions: [{ partitionIndex: partition, ...committed }] }]
}

async function commit(made: Bench, topics = offsetsOf(1), committer: Committer = {}): Promise<string> {
  const response = await made.wire.send(await made.coordinator('group', GROUP), 'offsetCommit', {
    groupId: GROUP,
    generationId: -1,
    memberId: '',
    groupInstanceId: null,
    ...committer,
    topics,
  })
  return errorName(response.topics[0]!.partitions[0]!.errorCode)
}

async function txnCommit(
  made: Bench,
  producer: Producer,
  topics = offsetsOf(1),
  committer: Committer = {},
): Promise<string> {
  const response = await made.wire.send(await made.coordinator('group', GROUP), 'txnOffsetCommit', {
    transactionalId: 'x',
    groupId: GROUP,
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    generationId: -1,
    memberId: '',
    groupInstanceId: null,
    ...committer,
    topics,
  })
  return errorName(response.topics[0]!.partitions[0]!.errorCode)
}

async function fetched(made: Bench, requireStable = true, topic = 't', partition = 0): Promise<number | string> {
  const response = await made.wire.send(await made.coordinator('group', GROUP), 'offsetFetch', {
    groupId: GROUP,
    topics: [{ name: topic, partitionIndexes: [partition] }],
    requireStable,
  })
  const answer = response.topics[0]!.partitions[0]!
  return answer.errorCode === 0 ? answer.committedOffset : errorName(answer.errorCode)
}

function bench(): Bench {
  const made = new Bench()
  made.cluster.createTopic('t', { partitions: 2 })
  return made
}

describe('committed offsets', () => {
  it('are -1 where there are none, of a group that does not exist too', async () => {
    expect(await fetched(bench())).toBe(-1)
  })

  it('keep offset, leader epoch and metadata', async () => {
    const made = bench()
    const committed = { committedOffset: 5, committedLeaderEpoch: 3, committedMetadata: 'Ag==' }
    await commit(made, [{ name: 't', partitions: [{ partitionIndex: 1, ...committed }] }])
    const response = await made.wire.send(1, 'offsetFetch', { groupId: GROUP, topics: null, requireStable: false })
    expect(response).toEqual({
      throttleTimeMs: 0,
      errorCode: 0,
      topics: [
        {
          name: 't',
          partitions: [
            { partitionIndex: 1, committedOffset: 5, committedLeaderEpoch: 3, metadata: 'Ag==', errorCode: 0 },
          ],
        },
      ],
    })
  })

  it.each([
    ['an unknown topic', offsetsOf(1, 'nowhere'), 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['an unknown partition', offsetsOf(1, 't', 2), 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['4096 units of metadata', offsetsOf(1, 't', 0, 'x'.repeat(4096)), 'NONE'],
    ['4097 units of metadata', offsetsOf(1, 't', 0, 'x'.repeat(4097)), 'OFFSET_METADATA_TOO_LARGE'],
    ['no metadata', offsetsOf(1, 't', 0, null), 'NONE'],
  ])('for %s', async (_what, topics, error) => {
    const made = bench()
    expect(await commit(made, topics)).toBe(error)
    const producer = await made.init('x')
    await made.addOffsets('x', producer, GROUP)
    expect(await txnCommit(made, producer, topics)).toBe(error)
  })

  it('of a group that does not exist are refused to a member', async () => {
    const made = bench()
    expect(await commit(made, offsetsOf(1), { generationId: 1, memberId: 'm' })).toBe('ILLEGAL_GENERATION')
    const producer = await made.init('x')
    await made.addOffsets('x', producer, GROUP)
    const committer = { generationId: 1, memberId: 'm' }
    expect(await txnCommit(made, producer, offsetsOf(1), committer)).toBe('ILLEGAL_GENERATION')
  })

  it('go with their topic, also those of an open transaction', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.addOffsets('x', producer, GROUP)
    await commit(made)
    await txnCommit(made, producer)
    await made.wire.send('any', 'deleteTopics', { topicNames: ['t'], timeoutMs: 1000 })
    made.cluster.createTopic('t')
    expect(await fetched(made)).toBe(-1)
    await made.endTxn('x', producer, true)
    await made.markers()
    expect(await fetched(made)).toBe(-1)
  })
})

describe('offsets in a transaction', () => {
  it('are seen when it has committed, and are unstable until then', async () => {
    const made = bench()
    await commit(made, offsetsOf(1))
    const producer = await made.init('x')
    await made.addOffsets('x', producer, GROUP)
    expect(await fetched(made)).toBe(1)
    await txnCommit(made, producer, offsetsOf(7))
    expect(await fetched(made, true)).toBe('UNSTABLE_OFFSET_COMMIT')
    expect(await fetched(made, true, 't', 1)).toBe(-1)
    expect(await fetched(made, false)).toBe(1)
    await made.endTxn('x', producer, true)
    expect(await fetched(made, true)).toBe('UNSTABLE_OFFSET_COMMIT')
    await made.markers()
    expect(await fetched(made)).toBe(7)
  })

  it('are dropped when it has aborted', async () => {
    const made = bench()
    await commit(made, offsetsOf(1))
    const producer = await made.init('x')
    await made.addOffsets('x', producer, GROUP)
    await txnCommit(made, producer, offsetsOf(7))
    await made.endTxn('x', producer, false)
    await made.markers()
    expect(await fetched(made)).toBe(1)
  })

  it('are dropped when a new producer takes over', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.addOffsets('x', producer, GROUP)
    await txnCommit(made, producer, offsetsOf(7))
    await made.init('x')
    expect(await fetched(made)).toBe(-1)
    expect(await txnCommit(made, producer, offsetsOf(8))).toBe('INVALID_PRODUCER_EPOCH')
  })

  it('lose to a plain commit that was written after them', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.addOffsets('x', producer, GROUP)
    await txnCommit(made, producer, offsetsOf(7))
    await commit(made, offsetsOf(3))
    await made.endTxn('x', producer, true)
    await made.markers()
    expect(await fetched(made)).toBe(3)
  })

  it('need the group in the transaction', async () => {
    const made = bench()
    const producer = await made.init('x')
    expect(await txnCommit(made, producer)).toBe('INVALID_TXN_STATE')
    await made.addPartitions('x', producer, 't')
    expect(await txnCommit(made, producer)).toBe('INVALID_TXN_STATE')
    await made.addOffsets('x', producer, 'other')
    expect(await txnCommit(made, producer)).toBe('INVALID_TXN_STATE')
    await made.addOffsets('x', producer, GROUP)
    expect(await txnCommit(made, producer)).toBe('NONE')
    await made.endTxn('x', producer, true)
    await made.markers()
    expect(await txnCommit(made, producer)).toBe('INVALID_TXN_STATE')
  })

  it('that come while markers are on their way have to be sent again', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.addOffsets('x', producer, GROUP)
    await made.endTxn('x', producer, true)
    expect(await txnCommit(made, producer)).toBe('CONCURRENT_TRANSACTIONS')
  })

  it.each([
    ['another producer id', { producerId: 55, producerEpoch: 1 }, 'INVALID_PRODUCER_ID_MAPPING'],
    ['an older epoch', { producerId: 0, producerEpoch: 0 }, 'INVALID_PRODUCER_EPOCH'],
  ])('of %s are refused', async (_what, producer, error) => {
    const made = bench()
    await made.init('x')
    await made.addOffsets('x', await made.init('x'), GROUP)
    expect(await txnCommit(made, producer)).toBe(error)
  })

  it('are refused by a node that does not coordinate the group', async () => {
    const made = new Bench({ nodes: 2 })
    made.cluster.createTopic('t')
    const producer = await made.init('x')
    await made.addOffsets('x', producer, GROUP)
    const node = 3 - (await made.coordinator('group', GROUP))
    made.cluster.moveCoordinator('group', GROUP, node)
    expect(await txnCommit(made, producer)).toBe('NONE')
    made.cluster.intercept(({ api, request }) =>
      api === 'findCoordinator' && request.key === GROUP
        ? { answer: { throttleTimeMs: 0, errorCode: 0, errorMessage: null, nodeId: 3 - node, host: '', port: 0 } }
        : undefined,
    )
    expect(await txnCommit(made, producer)).toBe('NOT_COORDINATOR')
    expect(await commit(made)).toBe('NOT_COORDINATOR')
    const response = await made.wire.send(3 - node, 'offsetFetch', {
      groupId: GROUP,
      topics: null,
      requireStable: true,
    })
    expect(errorName(response.errorCode)).toBe('NOT_COORDINATOR')
  })
})
