// An answer that lacks what was asked about, or names what cannot be, says nothing: it is as good as lost, and the request is sent again.
import { describe, expect, it, jest } from '@jest/globals'
import { InterceptedWires } from '../../../integration/support/intercepted-wires.ts'
import type { Client, GroupMetadata } from '../../../lib/client/client.ts'
import { memoryCluster } from '../../../lib/client/memory/index.ts'
import type { ApiName, ResponseOf } from '../../../lib/client/protocol/apis.ts'
import { wireClient } from '../../../lib/client/wire-client.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'
import { SharingAssignor, TestMember } from '../../contracts/client/group-members.ts'

const t0 = { topic: 't', partition: 0 }
const t1 = { topic: 't', partition: 1 }
const nobody: GroupMetadata = { groupId: 'g', memberId: '', generation: -1, instanceId: null }

class Bench {
  readonly clock = new VirtualClock(1_000_000)
  readonly cluster = memoryCluster({ clock: this.clock, nodes: 1, latencyMs: 2 })
  readonly wires = new InterceptedWires({ open: (purpose) => this.cluster.open(purpose, 'test') })
  readonly client: Client
  /** How often each request was sent. */
  readonly sent = new Map<ApiName, number>()

  constructor() {
    this.cluster.createTopic('t', { partitions: 2 })
    const { clock } = this
    this.client = wireClient(this.wires, { clientId: 'test', clock, logger: silentLogger, requestTimeoutMs: 5_000 })
    this.cluster.intercept(({ api }) => {
      this.sent.set(api, (this.sent.get(api) ?? 0) + 1)
      return undefined
    })
  }

  /** The next answer to a request of this kind is changed. */
  alterNext<A extends ApiName>(api: A, alter: (response: ResponseOf<A>) => ResponseOf<A>): () => boolean {
    const altered = jest.fn(alter as any)
    this.wires.interceptNext(api, async (send) => altered(await send()) as ResponseOf<A>)
    return () => altered.mock.calls.length === 1
  }

  async during<T>(call: Promise<T>): Promise<T> {
    let ended = false
    const watched = call.finally(() => {
      ended = true
    })
    watched.catch(() => {})
    await this.clock.advanceUntil(() => ended, 100_000)
    return watched
  }

  async member(): Promise<TestMember> {
    const made = new TestMember(this.client, 'g', new SharingAssignor('t', 2))
    await this.during(made.member.start())
    return made
  }

  async sending(): Promise<ReturnType<Client['producer']>> {
    const producer = this.client.producer({ transactionalId: 'it', lingerMs: 0 })
    await this.during(producer.init())
    producer.send('t', 0, null, Buffer.from('a'), 0, NO_HEADERS)
    producer.send('t', 1, null, Buffer.from('b'), 0, NO_HEADERS)
    return producer
  }
}

/** The answer without its last partition. */
function withoutOne<T extends { readonly topics: readonly { readonly partitions: readonly unknown[] }[] }>(
  answer: T,
): T {
  return { ...answer, topics: answer.topics.map((topic) => ({ ...topic, partitions: topic.partitions.slice(0, -1) })) }
}

describe('an answer without a partition that was asked about is asked for again', () => {
  it('committed offsets: none is no answer', async () => {
    const bench = new Bench()
    const { member } = await bench.member()
    const offsets = [t0, t1].map((partition) => ({ ...partition, offset: 7, metadata: '' }))
    await bench.during(member.commit(offsets))
    const altered = bench.alterNext('offsetFetch', withoutOne)

    const committed = await bench.during(member.committed([t0, t1]))

    expect(altered()).toBe(true)
    expect([...committed]).toEqual([
      ['t:0', { offset: 7, metadata: '' }],
      ['t:1', { offset: 7, metadata: '' }],
    ])
  })

  it('a commit of offsets', async () => {
    const bench = new Bench()
    const { member } = await bench.member()
    const altered = bench.alterNext('offsetCommit', withoutOne)
    await bench.during(member.commit([t0, t1].map((partition) => ({ ...partition, offset: 7, metadata: '' }))))
    expect(altered()).toBe(true)
    expect(bench.sent.get('offsetCommit')).toBe(2)
  })

  it.each(['txnOffsetCommit', 'addPartitionsToTxn'] as const)('a transaction: %s', async (api) => {
    const bench = new Bench()
    const altered = bench.alterNext(api, withoutOne)
    const producer = await bench.sending()
    await bench.during(producer.commit([{ ...t0, offset: 3, metadata: '' }], nobody))
    expect(altered()).toBe(true)
    expect(bench.sent.get(api)).toBe(2)
    await bench.clock.advance(100)
    expect([0, 1].map((partition) => bench.cluster.records('t', partition).length)).toEqual([1, 1])
  })
})

describe('a producer id', () => {
  it.each([
    { what: 'with a transactional id', transactionalId: 'it', answer: { producerId: -1, producerEpoch: 0 } },
    { what: 'without', transactionalId: undefined, answer: { producerId: 5, producerEpoch: -1 } },
  ])('that is none is asked for again: $what', async ({ transactionalId, answer }) => {
    const bench = new Bench()
    const altered = bench.alterNext('initProducerId', (right) => ({ ...right, ...answer }))
    await bench.during(bench.client.producer(transactionalId === undefined ? {} : { transactionalId }).init())
    expect(altered()).toBe(true)
    expect(bench.sent.get('initProducerId')).toBe(2)
  })
})

describe('a topic', () => {
  type Partitions = ResponseOf<'metadata'>['topics'][number]['partitions']
  it.each([
    { what: 'with a partition missing', change: (all: Partitions) => all.slice(1) },
    { what: 'with a partition twice', change: (all: Partitions) => [...all, all[0]!] },
    {
      what: 'with a partition of a very high number',
      change: (all: Partitions) => [...all, { ...all[0]!, partitionIndex: 2 ** 31 - 1 }],
    },
    {
      what: 'with a partition of a negative number',
      change: (all: Partitions) => [...all, { ...all[0]!, partitionIndex: -1 }],
    },
  ])('$what is asked for again: keys are spread over its partitions', async ({ change }) => {
    const bench = new Bench()
    const altered = bench.alterNext('metadata', (right) => ({
      ...right,
      topics: right.topics.map((topic) => ({ ...topic, partitions: change(topic.partitions) })),
    }))
    const described = await bench.during(bench.client.admin.describeTopics(['t']))
    expect(altered()).toBe(true)
    expect(described.get('t')?.partitionCount).toBe(2)
    expect(bench.sent.get('metadata')).toBe(2)
  })
})

describe('the end of a transaction', () => {
  it.each([
    { what: 'a code of a newer Kafka', errorCode: 999 },
    { what: 'UNKNOWN_SERVER_ERROR', errorCode: -1 },
  ])('that is answered with $what is unknown, not refused', async ({ errorCode }) => {
    const bench = new Bench()
    const producer = await bench.sending()
    const altered = bench.alterNext('endTxn', (right) => ({ ...right, errorCode }))
    await expect(bench.during(producer.commit([], nobody))).rejects.toMatchObject({
      code: 'STREAMS_COMMIT_OUTCOME_UNKNOWN',
    })
    expect(altered()).toBe(true)
    await bench.clock.advance(100)
    expect(bench.cluster.records('t', 0).length).toBe(1) // it was committed
  })

  it('that is refused is known', async () => {
    const bench = new Bench()
    const producer = await bench.sending()
    bench.alterNext('endTxn', (right) => ({ ...right, errorCode: 48 }))
    await expect(bench.during(producer.commit([], nobody))).rejects.toMatchObject({
      code: 'STREAMS_TRANSACTION_ABORTED',
    })
  })
})

describe('an assignment', () => {
  it('that cannot be read ends the member with an error that says why', async () => {
    const bench = new Bench()
    bench.alterNext('syncGroup', (right) => ({ ...right, assignment: right.assignment.subarray(0, 5) }))
    const { member } = new TestMember(bench.client, 'g', new SharingAssignor('t', 2))
    await expect(bench.during(member.start())).rejects.toMatchObject({
      code: 'STREAMS_BROKER_RESPONSE',
      errorName: 'INCONSISTENT_GROUP_PROTOCOL',
      message: expect.stringMatching(
        /^The assignment that the leader of group 'g' has made cannot be read \(4 bytes wanted at 2, 3 left\)/,
      ),
    })
  })
})
