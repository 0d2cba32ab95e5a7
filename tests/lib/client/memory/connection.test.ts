import { ConnectionError, RequestTimeoutError, UnknownNodeError } from '../../../../lib/client/errors.ts'
import { errorResponse } from '../../../../lib/client/memory/index.ts'
import type { RequestOf } from '../../../../lib/client/protocol/apis.ts'
import { errorCodes } from '../../../../lib/client/protocol/error-codes.ts'
import type { Wire } from '../../../../lib/client/wire.ts'
import { Bench, batchOf, isSettled } from './support.ts'

const METADATA: RequestOf<'metadata'> = {
  topics: [],
  allowAutoTopicCreation: false,
  includeTopicAuthorizedOperations: false,
}

// A long poll on an empty topic: the plainest request that the broker parks.
function parkFetch(bench: Bench, maxWaitMs = 1000, wire = bench.wire): Promise<unknown> {
  return wire.send(1, 'fetch', bench.fetchRequest('t', 0, { maxWaitMs }))
}

function joinRequest(memberId: string): RequestOf<'joinGroup'> {
  return {
    groupId: 'g',
    sessionTimeoutMs: 60_000,
    rebalanceTimeoutMs: 10_000,
    memberId,
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'stream', metadata: Buffer.alloc(0) }],
  }
}

// A second member's JoinGroup is parked until the first has joined again, which it never does.
async function parkJoin(bench: Bench, wire: Wire, timeoutMs = 30_000): Promise<{ readonly parked: Promise<unknown> }> {
  const others = bench.cluster.open('group')
  for (const which of ['first', 'second']) {
    const { memberId } = await others.send(1, 'joinGroup', joinRequest(''))
    if (which === 'second') return { parked: wire.send(1, 'joinGroup', joinRequest(memberId), { timeoutMs }) }
    await others.send(1, 'joinGroup', joinRequest(memberId))
  }
  throw new Error('unreachable')
}

describe('a wire in memory', () => {
  it('never answers within the call, and needs no time without latency', async () => {
    const { wire } = new Bench()
    let answered = false
    const response = wire.send('any', 'metadata', METADATA).then(() => (answered = true))
    expect(answered).toBe(false)
    await response
  })

  it('takes half of the latency to the node and half back', async () => {
    const bench = new Bench({ latencyMs: 10 })
    bench.cluster.createTopic('t')
    const produced = bench.produce('t', batchOf([['k', 'v']]))
    await bench.clock.advance(4)
    expect(bench.cluster.partition('t', 0).logEndOffset).toBe(0)
    await bench.clock.advance(1)
    expect(bench.cluster.partition('t', 0).logEndOffset).toBe(1)
    expect(await isSettled(bench.clock, produced)).toBe(false)
    await bench.clock.advance(5)
    expect(await isSettled(bench.clock, produced)).toBe(true)
  })

  it('refuses a node that does not exist', async () => {
    await expect(new Bench({ nodes: 2 }).wire.send(3, 'metadata', METADATA)).rejects.toThrow(UnknownNodeError)
  })

  it('refuses everything once closed, and rejects what was parked', async () => {
    const bench = new Bench()
    bench.cluster.createTopic('t')
    const parked = parkFetch(bench)
    await bench.clock.advance(1)
    await bench.wire.close()
    await bench.wire.close()
    await expect(parked).rejects.toThrow(ConnectionError)
    await expect(bench.wire.send('any', 'metadata', METADATA)).rejects.toThrow(ConnectionError)
  })

  it('answers one request of a connection at a time, so a parked JoinGroup parks what is behind it', async () => {
    const bench = new Bench()
    const { parked } = await parkJoin(bench, bench.wire)
    const behind = bench.wire.send(1, 'metadata', METADATA)
    const elsewhere = bench.cluster.open('admin').send(1, 'metadata', METADATA)
    expect(await isSettled(bench.clock, elsewhere)).toBe(true)
    expect(await isSettled(bench.clock, behind)).toBe(false)
    await bench.clock.advance(10_000) // the rebalance time-out
    expect(await isSettled(bench.clock, parked)).toBe(true)
    expect(await isSettled(bench.clock, behind)).toBe(true)
  })

  it('fetches over a connection of their own', async () => {
    const bench = new Bench()
    bench.cluster.createTopic('t')
    const fetch = parkFetch(bench)
    const behind = bench.wire.send(1, 'metadata', METADATA)
    expect(await isSettled(bench.clock, behind)).toBe(true)
    expect(await isSettled(bench.clock, fetch)).toBe(false)
    await bench.clock.advance(1000)
    expect(await isSettled(bench.clock, fetch)).toBe(true)
  })

  it('keeps nodes apart', async () => {
    const bench = new Bench({ nodes: 2 })
    bench.cluster.moveCoordinator('group', 'g', 1)
    await parkJoin(bench, bench.wire)
    const other = bench.wire.send(2, 'metadata', METADATA)
    expect(await isSettled(bench.clock, other)).toBe(true)
  })

  it('breaks the connection when a request has no answer in time', async () => {
    const bench = new Bench()
    const { parked } = await parkJoin(bench, bench.wire, 500)
    const late = parked.catch((error: unknown) => error)
    const behind = bench.wire.send(1, 'metadata', METADATA).catch((error: unknown) => error)
    await bench.clock.advance(500)
    expect(await late).toBeInstanceOf(RequestTimeoutError)
    expect(await behind).toBeInstanceOf(ConnectionError)
    await expect(bench.wire.send(1, 'metadata', METADATA)).resolves.toBeDefined()
  })
})

describe('a fault hook', () => {
  it('sees who sends what to whom, until it is removed', async () => {
    const bench = new Bench()
    const seen: unknown[] = []
    const remove = bench.cluster.intercept(({ clientId, purpose, node, api }) => {
      seen.push({ clientId, purpose, node, api })
      return undefined
    })
    await bench.cluster.open('restore', 'ada').send('any', 'metadata', METADATA)
    remove()
    await bench.wire.send('any', 'metadata', METADATA)
    expect(seen).toEqual([{ clientId: 'ada', purpose: 'restore', node: 1, api: 'metadata' }])
  })

  it.each([
    { fault: { dropRequest: 'disconnect' } as const, error: ConnectionError, records: 0, why: 'lost before the node' },
    { fault: { dropResponse: 'disconnect' } as const, error: ConnectionError, records: 1, why: 'its answer was lost' },
    { fault: { dropRequest: 'silence' } as const, error: RequestTimeoutError, records: 0, why: 'lost without a sign' },
    {
      fault: { dropResponse: 'silence' } as const,
      error: RequestTimeoutError,
      records: 1,
      why: 'answer lost without a sign',
    },
  ])('loses a request: $why', async ({ fault, error, records }) => {
    const bench = new Bench()
    bench.cluster.createTopic('t')
    const remove = bench.cluster.intercept(({ api }) => (api === 'produce' ? fault : undefined))
    const failed = bench.produce('t', batchOf([['k', 'v']])).catch((problem: unknown) => problem)
    remove()
    // Of the same connection: not begun, and lost with it.
    const behind = bench.produce('t', batchOf([['k', 'behind']])).catch((problem: unknown) => problem)
    await bench.clock.advance(30_000)
    expect(await failed).toBeInstanceOf(error)
    expect(await behind).toBeInstanceOf(ConnectionError)
    expect(bench.cluster.records('t', 0)).toHaveLength(records)
    expect(await bench.produce('t', batchOf([['k', 'again']]))).toMatchObject({ baseOffset: records })
  })

  it('answers in place of the node', async () => {
    const bench = new Bench()
    bench.cluster.createTopic('t')
    bench.cluster.intercept((exchange) => ({ answer: errorResponse(exchange, errorCodes.NOT_LEADER_OR_FOLLOWER) }))
    expect(await bench.produce('t', batchOf([['k', 'v']]))).toMatchObject({
      errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER,
      baseOffset: -1,
    })
    expect(bench.cluster.partition('t', 0).logEndOffset).toBe(0)
  })

  it('sees and changes the answer', async () => {
    const bench = new Bench()
    const seen: unknown[] = []
    bench.cluster.intercept(() => ({
      onResponse: (response) => {
        seen.push(response)
        return { ...response, throttleTimeMs: 7 }
      },
    }))
    expect(await bench.wire.send('any', 'metadata', METADATA)).toMatchObject({ throttleTimeMs: 7, clusterId: 'test' })
    expect(seen).toEqual([expect.objectContaining({ throttleTimeMs: 0, clusterId: 'test' })])
  })

  it('that throws fails the request, and nothing else for long', async () => {
    const bench = new Bench()
    const remove = bench.cluster.intercept(() => ({
      onResponse: () => {
        throw new Error('a mistake in the test')
      },
    }))
    await expect(bench.wire.send('any', 'metadata', METADATA)).rejects.toThrow('a mistake in the test')
    remove()
    await expect(bench.wire.send('any', 'metadata', METADATA)).resolves.toBeDefined()
  })

  it('delays a request, and what is sent behind it', async () => {
    const bench = new Bench()
    bench.cluster.createTopic('t')
    const remove = bench.cluster.intercept(() => ({ requestDelayMs: 50 }))
    const first = bench.produce('t', batchOf([['k', 'first']]))
    remove()
    const second = bench.produce('t', batchOf([['k', 'second']]))
    await bench.clock.advance(49)
    expect(bench.cluster.partition('t', 0).logEndOffset).toBe(0)
    await bench.clock.advance(1)
    expect([await first, await second].map(({ baseOffset }) => baseOffset)).toEqual([0, 1])
  })

  it('delays an answer, and the answers behind it, not what the node does', async () => {
    const bench = new Bench()
    bench.cluster.createTopic('t')
    const remove = bench.cluster.intercept(() => ({ responseDelayMs: 50 }))
    const first = bench.produce('t', batchOf([['k', 'first']]))
    remove()
    const second = bench.produce('t', batchOf([['k', 'second']]))
    await bench.clock.advance(49)
    expect(bench.cluster.partition('t', 0).logEndOffset).toBe(2)
    expect(await isSettled(bench.clock, second)).toBe(false)
    await bench.clock.advance(1)
    expect([await first, await second].map(({ baseOffset }) => baseOffset)).toEqual([0, 1])
  })

  it('has an error response for every api', async () => {
    const bench = new Bench()
    bench.cluster.createTopic('t')
    const codes: unknown[] = []
    bench.cluster.intercept((exchange) => {
      codes.push(JSON.stringify(errorResponse(exchange, 123)).includes('"errorCode":123'))
      return undefined
    })
    const identity = { transactionalId: 'x', producerId: 0, producerEpoch: 0 }
    const member = { groupId: 'g', memberId: '', groupInstanceId: null, generationId: -1 }
    const topics = [{ name: 't', partitions: [] }]
    const offset = { partitionIndex: 0, committedOffset: 0, committedLeaderEpoch: -1, committedMetadata: '' }
    const { wire } = bench
    await bench.produce('t', batchOf([['k', 'v']]))
    await bench.fetch('t', 0)
    await bench.listOffset('t', -1)
    await wire.send(1, 'metadata', { ...METADATA, topics: [{ topicId: '0'.repeat(32), name: 't' }] })
    const offsets = [{ name: 't', partitions: [offset] }]
    await wire.send(1, 'offsetCommit', { ...member, topics: offsets })
    await wire.send(1, 'offsetFetch', { groupId: 'g', topics: null, requireStable: true })
    await wire.send(1, 'findCoordinator', { key: 'g', keyType: 0 })
    await wire.send(1, 'joinGroup', {
      ...member,
      sessionTimeoutMs: 0,
      rebalanceTimeoutMs: 0,
      protocolType: '',
      protocols: [],
    })
    await wire.send(1, 'heartbeat', member)
    await wire.send(1, 'leaveGroup', { groupId: 'g', members: [] })
    await wire.send(1, 'syncGroup', { ...member, assignments: [] })
    const newTopic = { name: 'n', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
    await wire.send(1, 'createTopics', { topics: [newTopic], timeoutMs: 0, validateOnly: false })
    await wire.send(1, 'deleteTopics', { topicNames: ['n'], timeoutMs: 0 })
    const before = [{ name: 't', partitions: [{ partitionIndex: 0, offset: 0 }] }]
    await wire.send(1, 'deleteRecords', { topics: before, timeoutMs: 0 })
    await wire.send(1, 'initProducerId', { ...identity, transactionTimeoutMs: 1 })
    await wire.send(1, 'addPartitionsToTxn', { ...identity, topics: [{ ...topics[0]!, partitions: [0] }] })
    await wire.send(1, 'addOffsetsToTxn', { ...identity, groupId: 'g' })
    await wire.send(1, 'endTxn', { ...identity, committed: true })
    await wire.send(1, 'txnOffsetCommit', { ...identity, ...member, topics: offsets })
    const resource = { resourceType: 2, resourceName: 't' }
    const describe = { resources: [{ ...resource, configurationKeys: null }], includeSynonyms: false }
    await wire.send(1, 'describeConfigs', describe)
    await wire.send(1, 'createPartitions', {
      topics: [{ name: 't', count: 2, assignments: null }],
      timeoutMs: 0,
      validateOnly: false,
    })
    await wire.send(1, 'incrementalAlterConfigs', { resources: [{ ...resource, configs: [] }], validateOnly: false })
    expect(codes).toEqual(new Array(22).fill(true))
  })
})
