// The other end of the wire is the test: it sees each Fetch request and decides the answer. What brokers really answer is tested by
// tests/contracts/client/fetcher-contract.ts.
import { describe, expect, it, jest } from '@jest/globals'
import type { FetchedPartition, FetcherOptions } from '../../../lib/client/client.ts'
import type { Leadership } from '../../../lib/client/cluster-metadata.ts'
import { BrokerUnavailableError, UnknownTopicError } from '../../../lib/client/errors.ts'
import type { PartitionResponse } from '../../../lib/client/fetched-partition.ts'
import { WireFetcher } from '../../../lib/client/fetcher.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { partitionKey } from '../../../lib/core/record.ts'
import { LogLines } from './log-lines.ts'
import { LogBytes } from './protocol/log-bytes.ts'
import { ScriptedWire, type SentRequest } from './scripted-wire.ts'

const MiB = 1024 * 1024

/** Leaders as the test sets them; `cachedLeader` knows what `leader` has been asked since the last invalidation. */
class Leaders {
  readonly current = new Map<string, number | Error>()
  readonly #cached = new Map<string, number>()
  invalidations = 0
  epoch = 3

  cachedLeader(topic: string, partition: number): number | undefined {
    return this.#cached.get(partitionKey(topic, partition))
  }

  async leader(topic: string, partition: number): Promise<number> {
    const leader = this.current.get(partitionKey(topic, partition)) ?? 1
    if (leader instanceof Error) throw leader
    this.#cached.set(partitionKey(topic, partition), leader)
    return leader
  }

  cachedEpoch(): number {
    return this.epoch
  }

  async confirms(_node: number, leaderships: readonly Leadership[]): Promise<boolean> {
    return leaderships.every(({ epoch }) => epoch === this.epoch)
  }

  invalidate(): void {
    this.invalidations++
    this.#cached.clear()
  }
}

class Bench {
  readonly clock = new VirtualClock()
  readonly wire = new ScriptedWire()
  readonly log = new LogLines()
  readonly leaders = new Leaders()
  readonly onReady = jest.fn()
  readonly fetcher: WireFetcher

  constructor(options: Partial<FetcherOptions> = {}) {
    const context = { clientId: 'test', clock: this.clock, logger: this.log, requestTimeoutMs: 30_000 }
    this.fetcher = new WireFetcher(
      { wire: this.wire, metadata: this.leaders, context },
      { isolation: 'read_committed', purpose: 'fetch', onReady: this.onReady, ...options },
    )
  }

  async add(partition: number, offset = 0, topic = 't'): Promise<FetchedPartition> {
    const added = this.fetcher.add({ topic, partition }, offset)
    await this.settle()
    return added
  }

  settle(): Promise<void> {
    return this.clock.advance(0)
  }

  /** Answers the fetch that is under way. */
  async answer(
    ...partitions: (Partial<PartitionResponse> & { partitionIndex: number; topic?: string })[]
  ): Promise<void> {
    respond(this.wire.take('fetch'), partitions)
    await this.settle()
  }

  /** How long the next fetches may be held back, if nothing comes. */
  async waits(count: number): Promise<number[]> {
    const waits: number[] = []
    for (let i = 0; i < count; i++) {
      waits.push((this.wire.sent[0] as SentRequest<'fetch'>).request.maxWaitMs)
      await this.answer()
    }
    return waits
  }

  /** The partitions, and their offsets, that the fetch under way asks for. */
  get asked(): string[] {
    return askedIn(this.wire.sent[0] as SentRequest<'fetch'>)
  }
}

function respond(
  fetch: SentRequest<'fetch'>,
  partitions: (Partial<PartitionResponse> & { partitionIndex: number; topic?: string })[],
): void {
  fetch.answer({
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 0,
    topics: partitions.map(({ topic = 't', ...partition }) => ({
      name: topic,
      partitions: [
        {
          errorCode: 0,
          highWatermark: 0,
          lastStableOffset: 0,
          logStartOffset: 0,
          abortedTransactions: null,
          preferredReadReplica: -1,
          records: null,
          ...partition,
        },
      ],
    })),
  })
}

function askedIn(fetch: SentRequest<'fetch'>): string[] {
  return fetch.request.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partition, fetchOffset }) => `${name}-${partition}@${fetchOffset}`),
  )
}

function offsets(partition: FetchedPartition): number[] {
  const taken: number[] = []
  for (let record = partition.next(); record !== undefined; record = partition.next()) taken.push(record.offset)
  return taken
}

function plain(from: number, count: number): Buffer {
  return new LogBytes(from).plain(count).bytes
}

describe('reading', () => {
  it('gives records in order, and fetches on from where the response ended', async () => {
    const bench = new Bench()
    const partition = await bench.add(0, 5)
    expect(bench.asked).toEqual(['t-0@5'])

    const watermarks = { highWatermark: 9, lastStableOffset: 8, logStartOffset: 2 }
    await bench.answer({ partitionIndex: 0, ...watermarks, records: plain(5, 3) })

    expect(bench.onReady).toHaveBeenCalledTimes(1)
    expect(bench.asked).toEqual(['t-0@8'])
    expect(partition.next()?.offset).toBe(5)
    expect(partition.position).toBe(6)
    expect(offsets(partition)).toEqual([6, 7])
    expect(partition).toMatchObject({ position: 8, ...watermarks })
  })

  it('skips what a batch holds before the offset that was asked for', async () => {
    const bench = new Bench()
    const partition = await bench.add(0, 7)

    await bench.answer({ partitionIndex: 0, records: plain(5, 5) })

    expect(offsets(partition)).toEqual([7, 8, 9])
  })

  it('fetches a batch again that the response cuts off', async () => {
    const bench = new Bench()
    const partition = await bench.add(0)
    const second = plain(2, 2)

    await bench.answer({
      partitionIndex: 0,
      records: Buffer.concat([plain(0, 2), second.subarray(0, second.length - 1)]),
    })

    expect(bench.asked).toEqual(['t-0@2'])
    expect(offsets(partition)).toEqual([0, 1])
  })

  it('moves the position past markers, aborted records and emptied batches, without a call of next', async () => {
    const bench = new Bench()
    const partition = await bench.add(0)
    const log = new LogBytes().plain(1).transactional(7, 3).abort(7).emptied(5)

    await bench.answer({ partitionIndex: 0, records: log.bytes, abortedTransactions: log.aborted })

    expect(partition.position).toBe(0)
    expect(partition.next()?.offset).toBe(0)
    expect(partition.position).toBe(10)
    expect(partition.next()).toBeUndefined()
  })

  it('tells of a response that holds nothing but a marker: the position has moved', async () => {
    const bench = new Bench()
    const partition = await bench.add(0)
    const log = new LogBytes().commit(7)

    await bench.answer({ partitionIndex: 0, records: log.bytes })

    expect(bench.onReady).toHaveBeenCalledTimes(1)
    expect(partition.position).toBe(1)
  })

  it('gives aborted records when reading uncommitted', async () => {
    const bench = new Bench({ isolation: 'read_uncommitted' })
    const partition = await bench.add(0)
    expect((bench.wire.sent[0] as SentRequest<'fetch'>).request.isolationLevel).toBe(0)
    const log = new LogBytes().transactional(7, 3).abort(7)

    await bench.answer({ partitionIndex: 0, records: log.bytes, abortedTransactions: log.aborted })

    expect(offsets(partition)).toEqual([0, 1, 2])
  })

  it('does not keep a large response in memory for a small part of it', async () => {
    const bench = new Bench()
    const partition = await bench.add(0)
    const batch = plain(0, 1)
    const response = Buffer.concat([batch, Buffer.alloc(MiB)])

    await bench.answer({ partitionIndex: 0, records: response.subarray(0, batch.length) })

    expect(partition.next()!.value!.buffer.byteLength).toBeLessThan(MiB / 2)
  })
})

describe('one request a node', () => {
  it('is held back by the broker for a quarter of a second; for less after partitions came or went: more may follow', async () => {
    const bench = new Bench()
    await bench.add(0)
    expect(await bench.waits(7)).toEqual([10, 20, 40, 80, 160, 250, 250])

    await bench.add(1)
    await bench.answer()
    expect(await bench.waits(4)).toEqual([20, 40, 80, 160])

    bench.fetcher.remove({ topic: 't', partition: 1 })
    await bench.answer()
    expect(await bench.waits(3)).toEqual([20, 40, 80])
  })

  it('holds all partitions of the node, and other nodes have their own', async () => {
    const bench = new Bench()
    bench.leaders.current.set('t:1', 2)
    await bench.add(0)
    await bench.add(1)
    await bench.add(2)

    const [first, second] = bench.wire.sent as SentRequest<'fetch'>[]
    expect([first!.node, askedIn(first!)]).toEqual([1, ['t-0@0']])
    expect([second!.node, askedIn(second!)]).toEqual([2, ['t-1@0']])
    expect(bench.wire.sent).toHaveLength(2)

    await bench.answer()
    const third = bench.wire.sent.at(-1) as SentRequest<'fetch'>
    expect([third.node, askedIn(third)]).toEqual([1, ['t-0@0', 't-2@0']])
  })

  it('asks last for partitions that brought records, so that none starves', async () => {
    const bench = new Bench()
    await bench.add(0)
    await bench.add(1)
    await bench.add(0, 0, 'u')
    await bench.answer()
    expect(bench.asked).toEqual(['t-0@0', 't-1@0', 'u-0@0'])

    await bench.answer({ partitionIndex: 0, records: plain(0, 4) })

    expect(bench.asked).toEqual(['t-1@0', 'u-0@0', 't-0@4'])
  })

  it('ends when nothing is left to fetch', async () => {
    const bench = new Bench()
    await bench.add(0)
    bench.fetcher.remove({ topic: 't', partition: 0 })

    await bench.answer()

    expect(bench.wire.sent).toEqual([])
  })
})

describe('a bounded buffer', () => {
  const half = (from: number) => {
    const log = new LogBytes(from)
    while (log.bytes.length <= 512) log.plain(5)
    return log
  }

  it('leaves a partition out while more than half of its bytes wait, and asks at once when they have drained', async () => {
    const bench = new Bench({ maxBufferedBytesPerPartition: 1024 })
    const full = await bench.add(0)
    await bench.add(1)
    await bench.answer()
    const request = (bench.wire.sent[0] as SentRequest<'fetch'>).request
    expect(request.topics[0]!.partitions[0]!.partitionMaxBytes).toBe(512)

    const log = half(0)
    await bench.answer({ partitionIndex: 0, records: log.bytes })
    expect(bench.asked).toEqual(['t-1@0'])
    expect((bench.wire.sent[0] as SentRequest<'fetch'>).request.maxWaitMs).toBe(10)

    expect(offsets(full)).toHaveLength(log.nextOffset)
    await bench.answer()
    expect(bench.asked).toEqual(['t-1@0', `t-0@${log.nextOffset}`])
  })

  it('waits longer and longer, up to 100 ms, for the others while a full partition is not read', async () => {
    const bench = new Bench({ maxBufferedBytesPerPartition: 1024 })
    await bench.add(0)
    await bench.add(1)
    await bench.answer()
    await bench.answer({ partitionIndex: 0, records: half(0).bytes })

    expect(await bench.waits(6)).toEqual([10, 20, 40, 80, 100, 100])
  })

  it('sends nothing while every partition is full, and goes on when one is read', async () => {
    const bench = new Bench({ maxBufferedBytesPerPartition: 1024 })
    const partition = await bench.add(0)
    const log = half(0)
    await bench.answer({ partitionIndex: 0, records: log.bytes })
    await bench.clock.advance(60_000)
    expect(bench.wire.sent).toEqual([])

    offsets(partition)
    await bench.settle()

    expect(bench.asked).toEqual([`t-0@${log.nextOffset}`])
  })

  it('bounds the number of responses as well: a paused partition with a trickle of records', async () => {
    const bench = new Bench()
    await bench.add(0)
    let answers = 0
    for (; bench.wire.sent.length > 0; answers++) {
      await bench.answer({ partitionIndex: 0, records: plain(answers, 1) })
    }
    expect(answers).toBe(33)
  })

  it('takes a batch that is larger than the buffer', async () => {
    const bench = new Bench({ maxBufferedBytesPerPartition: 1024 })
    const partition = await bench.add(0)

    await bench.answer({ partitionIndex: 0, records: plain(0, 1_000) })

    expect(offsets(partition)).toHaveLength(1_000)
  })
})

describe('removing', () => {
  it('throws away what a fetch under way brings, also when the partition is there again', async () => {
    const bench = new Bench()
    const before = await bench.add(0)
    bench.fetcher.remove({ topic: 't', partition: 0 })
    const after = await bench.add(0, 100)

    await bench.answer({ partitionIndex: 0, records: plain(0, 5) })

    expect(before.next()).toBeUndefined()
    expect(after.next()).toBeUndefined()
    expect(bench.asked).toEqual(['t-0@100'])
    expect(bench.onReady).not.toHaveBeenCalled()
  })

  it('forgets what is buffered', async () => {
    const bench = new Bench()
    const partition = await bench.add(0)
    await bench.answer({ partitionIndex: 0, records: plain(0, 5) })

    bench.fetcher.remove({ topic: 't', partition: 0 })

    expect(partition.next()).toBeUndefined()
  })

  it('of a partition that is not there does nothing; adding one twice is an error', async () => {
    const bench = new Bench()
    bench.fetcher.remove({ topic: 't', partition: 9 })
    await bench.add(0)
    expect(() => bench.fetcher.add({ topic: 't', partition: 0 }, 0)).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVARIANT' }),
    )
  })

  it('by closing ends promptly, with a fetch under way', async () => {
    const bench = new Bench()
    const partition = await bench.add(0)

    await bench.fetcher.close()
    await bench.answer({ partitionIndex: 0, records: plain(0, 5) })

    expect(partition.next()).toBeUndefined()
    expect(bench.wire.sent).toEqual([])
    expect(() => bench.fetcher.add({ topic: 't', partition: 1 }, 0)).toThrow('closed')
  })
})

describe('errors', () => {
  it.each([
    'NOT_LEADER_OR_FOLLOWER',
    'UNKNOWN_LEADER_EPOCH',
    'FENCED_LEADER_EPOCH',
    'REPLICA_NOT_AVAILABLE',
    'KAFKA_STORAGE_ERROR',
    'OFFSET_NOT_AVAILABLE',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'UNKNOWN_SERVER_ERROR',
  ] as const)('%s: looks for the leader again, and says so once', async (name) => {
    const bench = new Bench()
    const partition = await bench.add(0)
    await bench.add(1)
    await bench.answer()

    for (let i = 0; i < 3; i++) {
      await bench.answer({ partitionIndex: 0, errorCode: errorCodes[name] })
      expect(bench.asked).toEqual(['t-1@0'])
      await bench.clock.advance(1_000)
      await bench.answer()
    }
    bench.leaders.current.set('t:0', 2)
    await bench.answer({ partitionIndex: 0, errorCode: errorCodes[name] })
    await bench.clock.advance(1_000)

    const moved = bench.wire.sent.find(({ node }) => node === 2) as SentRequest<'fetch'>
    expect(askedIn(moved)).toEqual(['t-0@0'])
    expect(bench.leaders.invalidations).toBe(4)
    expect(partition.next()).toBeUndefined()
    expect(bench.log.lines).toEqual(['info: Looking for the leaders of 1 partitions again'])
  })

  it('asks in the epoch of the leader that it knows', async () => {
    const bench = new Bench()
    await bench.add(0)
    const epochs = (): number[] =>
      (bench.wire.sent[0] as SentRequest<'fetch'>).request.topics.flatMap(({ partitions }) =>
        partitions.map(({ currentLeaderEpoch }) => currentLeaderEpoch),
      )
    expect(epochs()).toEqual([3])

    bench.leaders.epoch = 4
    await bench.answer({ partitionIndex: 0, errorCode: errorCodes.FENCED_LEADER_EPOCH })
    await bench.clock.advance(50)
    expect(epochs()).toEqual([4])
  })

  it('OFFSET_OUT_OF_RANGE from a node that does not lead any more: looks for the leader, and goes on', async () => {
    const bench = new Bench()
    const partition = await bench.add(0, 7)
    bench.leaders.epoch = 4
    bench.leaders.current.set('t:0', 2)
    await bench.answer({ partitionIndex: 0, errorCode: errorCodes.OFFSET_OUT_OF_RANGE })
    expect(partition.next()).toBeUndefined()
    await bench.clock.advance(50)

    expect(bench.wire.sent[0]!.node).toBe(2)
    await bench.answer({ partitionIndex: 0, records: plain(7, 1) })
    expect(offsets(partition)).toEqual([7])
  })

  it('waits longer after each failure, at most a second', async () => {
    const bench = new Bench()
    await bench.add(0)
    const waits: number[] = []
    for (let i = 0; i < 7; i++) {
      await bench.answer({ partitionIndex: 0, errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER })
      const fromMs = bench.clock.monotonicMs()
      await bench.clock.advanceUntil(() => bench.wire.sent.length > 0, 10_000)
      waits.push(bench.clock.monotonicMs() - fromMs)
    }
    expect(waits).toEqual([50, 100, 200, 400, 800, 1_000, 1_000])
  })

  it.each([
    { name: 'OFFSET_OUT_OF_RANGE', code: 'STREAMS_OFFSET_OUT_OF_RANGE', offset: 5 },
    { name: 'TOPIC_AUTHORIZATION_FAILED', code: 'STREAMS_AUTHORIZATION' },
    { name: 'INVALID_REQUEST', code: 'STREAMS_BROKER_RESPONSE' },
    { name: 'CORRUPT_MESSAGE', code: 'STREAMS_CORRUPT_RECORD' },
  ] as const)('$name: next throws it, at each call, after what was read before', async ({ name, code }) => {
    const bench = new Bench()
    const partition = await bench.add(0)
    await bench.answer({ partitionIndex: 0, records: plain(0, 5) })
    await bench.answer({ partitionIndex: 0, errorCode: errorCodes[name] })

    expect(bench.onReady).toHaveBeenCalledTimes(2)
    for (let i = 0; i < 5; i++) expect(partition.next()?.offset).toBe(i)
    expect(() => partition.next()).toThrow(expect.objectContaining({ code }))
    expect(() => partition.next()).toThrow(expect.objectContaining({ code }))
    expect(partition.position).toBe(5)
    expect(bench.wire.sent).toEqual([])
  })

  it('a topic that does not exist', async () => {
    const bench = new Bench()
    bench.leaders.current.set('t:0', new UnknownTopicError('t', 'somewhere'))

    const partition = await bench.add(0)

    expect(bench.onReady).toHaveBeenCalledTimes(1)
    expect(() => partition.next()).toThrow(expect.objectContaining({ code: 'STREAMS_UNKNOWN_TOPIC' }))
  })

  it('damaged bytes: what lies before them is good, the position stays, nothing behind them is given', async () => {
    const bench = new Bench()
    const partition = await bench.add(0)
    const damaged = plain(2, 2)
    damaged[damaged.length - 1]! ^= 1

    await bench.answer({ partitionIndex: 0, records: Buffer.concat([plain(0, 2), damaged, plain(4, 2)]) })

    expect([partition.next()?.offset, partition.next()?.offset]).toEqual([0, 1])
    expect(() => partition.next()).toThrow(/t-0 at offset 2/)
    expect(() => partition.next()).toThrow(expect.objectContaining({ code: 'STREAMS_CORRUPT_RECORD' }))
    expect(partition.position).toBe(2)
  })

  it('bytes that are no batch', async () => {
    const bench = new Bench()
    const partition = await bench.add(0)

    await bench.answer({ partitionIndex: 0, records: Buffer.concat([plain(0, 2), Buffer.alloc(200, 0xff)]) })

    expect([partition.next()?.offset, partition.next()?.offset]).toEqual([0, 1])
    expect(() => partition.next()).toThrow(expect.objectContaining({ code: 'STREAMS_CORRUPT_RECORD' }))
    expect(bench.wire.sent).toEqual([])
  })
})

describe('a node that is away', () => {
  it('is waited for, minutes if need be, and logged once when it goes and once when it is back', async () => {
    const bench = new Bench()
    const partition = await bench.add(0)
    await bench.add(1)

    const untilMs = bench.clock.monotonicMs() + 10 * 60_000
    while (bench.clock.monotonicMs() < untilMs) {
      if (bench.wire.sent.length > 0) bench.wire.take('fetch').fail()
      await bench.clock.advance(500)
    }
    await bench.clock.advanceUntil(() => bench.wire.sent.length > 0, 10_000)
    await bench.answer({ partitionIndex: 0, records: plain(0, 1) })

    expect(partition.next()?.offset).toBe(0)
    expect(bench.log.lines).toEqual([
      'warn: Fetching from node 1 fails and is tried again until it succeeds',
      'info: Node 1 answers fetches again',
    ])
  })

  it('and with it every broker that could name the leader', async () => {
    const bench = new Bench()
    bench.leaders.current.set('t:0', new BrokerUnavailableError('nobody there'))
    bench.leaders.current.set('t:1', new BrokerUnavailableError('nobody there'))
    const partition = await bench.add(0)
    await bench.add(1)
    await bench.clock.advance(5 * 60_000)
    expect(partition.next()).toBeUndefined()
    // For all partitions together.
    const begun = 'warn: Finding the leader of t-0 to fetch from fails so far and is tried again'
    expect(bench.log.lines).toEqual([begun])

    bench.leaders.current.set('t:0', 1)
    bench.leaders.current.set('t:1', 1)
    await bench.clock.advance(1_000)

    expect(bench.asked).toEqual(['t-0@0'])
    expect(bench.log.lines).toEqual([begun, 'info: What failed and was tried again succeeds'])
  })
})
