// Strategy: one producer on a cluster in memory, in virtual time, working through transactions (or flushes) while a seeded random source loses requests
// and answers, delays them, answers with passing errors, moves leaders and coordinators, and lets other producers take the id. The producer's user does what the contract tells it to:
// abort, start over, or ask for the committed offset when an outcome is unknown. The same seed gives the same run.
// Invariant: readers of committed data see the records of exactly those transactions that were committed, each once, in order; and the group's offset is
// that of the last of them. Without transactions: every record that was flushed, once and in order.
import { describe, expect, it } from '@jest/globals'
import type { Client, GroupMetadata, Producer } from '../../../lib/client/client.ts'
import { Coordinators } from '../../../lib/client/coordinators.ts'
import {
  type Exchange,
  errorResponse,
  type Fault,
  type MemoryCluster,
  memoryCluster,
} from '../../../lib/client/memory/index.ts'
import type { ApiName } from '../../../lib/client/protocol/apis.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { sleep, VirtualClock } from '../../../lib/core/clock.ts'
import { StreamsError } from '../../../lib/core/errors.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'
import { Random } from '../../../lib/testing/simulation/random.ts'

const RUNS = 80
const NODES = 3
const PARTITIONS = 3
const ROUNDS = 12
const TRANSACTIONAL_ID = 'the-id'
const LIMIT_MS = 3_120_000
const nobody: GroupMetadata = { groupId: 'the-group', memberId: '', generation: -1, instanceId: null }

/** Errors that each request may meet and that a further attempt cures. */
const passing: Partial<Record<ApiName, readonly number[]>> = {
  produce: [
    errorCodes.NOT_LEADER_OR_FOLLOWER,
    errorCodes.NOT_ENOUGH_REPLICAS,
    errorCodes.REQUEST_TIMED_OUT,
    errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  ],
  addPartitionsToTxn: [errorCodes.NOT_COORDINATOR, errorCodes.CONCURRENT_TRANSACTIONS],
  addOffsetsToTxn: [errorCodes.COORDINATOR_NOT_AVAILABLE, errorCodes.CONCURRENT_TRANSACTIONS],
  txnOffsetCommit: [errorCodes.NOT_COORDINATOR, errorCodes.COORDINATOR_LOAD_IN_PROGRESS],
  txnOffsetCommitV5: [errorCodes.NOT_COORDINATOR, errorCodes.CONCURRENT_TRANSACTIONS],
  produceV12: [errorCodes.NOT_LEADER_OR_FOLLOWER, errorCodes.CONCURRENT_TRANSACTIONS],
  endTxnV5: [errorCodes.NOT_COORDINATOR, errorCodes.CONCURRENT_TRANSACTIONS],
  endTxn: [errorCodes.NOT_COORDINATOR, errorCodes.COORDINATOR_LOAD_IN_PROGRESS],
  initProducerId: [errorCodes.NOT_COORDINATOR, errorCodes.CONCURRENT_TRANSACTIONS],
  findCoordinator: [errorCodes.COORDINATOR_NOT_AVAILABLE],
}

class Simulation {
  readonly clock = new VirtualClock(1_000_000)
  readonly cluster: MemoryCluster
  readonly #random: () => number
  readonly #client: Client
  readonly #coordinators: Coordinators
  readonly #trouble: number
  /** What readers must see, by partition. */
  readonly expected: string[][] = Array.from({ length: PARTITIONS }, () => [])
  /** How often each end of a transaction was met. */
  readonly ends: Record<string, number> = {}
  committed = 0
  #calm = false
  #sent = 0

  constructor(seed: number) {
    const random = new Random(seed)
    this.#random = () => random.next()
    this.#trouble = this.#random() * 0.6
    const { clock } = this
    this.cluster = memoryCluster({
      clock,
      nodes: NODES,
      transactionVersion: seed % 2 === 0 ? 2 : 1,
      latencyMs: this.#random() < 0.5 ? 0 : 2,
      transactionMarkerDelayMs: () => this.#below(30),
    })
    this.cluster.createTopic('t', { partitions: PARTITIONS })
    const context = { clientId: 'simulated', clock, logger: silentLogger, requestTimeoutMs: 200 + this.#below(2_000) }
    this.#client = this.cluster.connect(context)
    this.#coordinators = new Coordinators(this.cluster.open('group', 'checker'), context)
    this.cluster.intercept((exchange) => this.#fault(exchange))
  }

  run(work: () => Promise<void>): Promise<void> {
    let failure: unknown
    let done = false
    const working = work().then(
      () => {
        done = true
      },
      (error) => {
        failure = error
        done = true
      },
    )
    return this.clock
      .advanceUntil(() => done, LIMIT_MS)
      .then(() => working)
      .then(() => {
        if (failure !== undefined) throw failure
      })
  }

  /** Transactions in sequence, records of the next sent while a commit is under way. */
  async transactions(): Promise<void> {
    const producer = this.#client.producer({
      transactionalId: TRANSACTIONAL_ID,
      maxBatchBytes: 300 + this.#below(2_000),
      deliveryTimeoutMs: 500 + this.#below(5_000),
      transactionTimeoutMs: 2_000 + this.#below(20_000),
    })
    await this.#patiently(() => producer.init())
    let open = this.#sendSome(producer)
    for (let round = 0; round < ROUNDS; round++) {
      if (round === ROUNDS - 2) this.#calm = true
      await this.#rest()
      const mine = open
      open = undefined
      const end = await this.#endOf(async () => {
        if (mine === undefined || producer.pendingBytes < 0) throw new Error('refused')
        if (this.#random() < 0.3) await producer.flush()
        if (this.#random() < 0.25) {
          await producer.abort()
          return 'aborted'
        }
        const offset = { topic: 't', partition: 0, offset: this.committed + 1, metadata: '' }
        const committing = producer.commit([offset], nobody)
        committing.catch(() => {})
        if (this.#random() < 0.15) await this.#takeOver()
        if (this.#random() < 0.7) open = this.#sendSome(producer)
        await committing
        return 'committed'
      })
      this.ends[end] = (this.ends[end] ?? 0) + 1
      if (end === 'committed') this.#committed(mine!)
      else if (end === 'STREAMS_COMMIT_OUTCOME_UNKNOWN') {
        await this.#patiently(() => producer.init())
        if ((await this.#committedOffset()) === this.committed + 1) this.#committed(mine!)
        open = undefined
      } else if (end !== 'aborted') {
        await this.#patiently(() => producer.abort().catch(() => producer.init()))
        open = undefined
      }
      open ??= this.#sendSome(producer)
    }
    await this.#patiently(() => producer.init())
    this.#calm = true
    if (this.committed > 0) expect(await this.#committedOffset()).toBe(this.committed)
    await this.#client.close()
  }

  /** Flushes in sequence; nothing is ever given up. */
  async flushes(): Promise<void> {
    const producer = this.#client.producer({
      maxBatchBytes: 300 + this.#below(2_000),
      deliveryTimeoutMs: LIMIT_MS,
      lingerMs: this.#below(20),
    })
    await this.#patiently(() => producer.init())
    for (let round = 0; round < ROUNDS; round++) {
      const sent = this.#sendSome(producer)!
      await this.#rest()
      const offsets = this.#random() < 0.5 ? await producer.flush() : undefined
      for (const [partition, values] of sent.entries()) {
        this.expected[partition]!.push(...values)
        const offset = offsets?.get(`t:${partition}`)
        if (offset !== undefined) expect(offset).toBe(this.expected[partition]!.length - 1)
      }
    }
    await producer.flush()
    expect(producer.pendingBytes).toBe(0)
    await this.#client.close()
  }

  /** What readers see, by partition. */
  get seen(): string[][] {
    return Array.from({ length: PARTITIONS }, (_, partition) =>
      this.cluster.records('t', partition).map(({ value }) => value!.toString()),
    )
  }

  // Undefined if the producer takes nothing.
  #sendSome(producer: Producer): string[][] | undefined {
    const sent: string[][] = Array.from({ length: PARTITIONS }, () => [])
    try {
      for (let count = this.#below(60); count > 0; count--) {
        const partition = this.#below(PARTITIONS)
        const value = `v${this.#sent++}`
        producer.send('t', partition, null, Buffer.from(value), 0, NO_HEADERS)
        sent[partition]!.push(value)
      }
    } catch (error) {
      if (!(error instanceof StreamsError)) throw error
      return undefined
    }
    return sent
  }

  #committed(values: readonly (readonly string[])[]): void {
    this.committed++
    for (const [partition, some] of values.entries()) this.expected[partition]!.push(...some)
  }

  async #endOf(act: () => Promise<string>): Promise<string> {
    try {
      return await act()
    } catch (error) {
      if (error instanceof StreamsError && error.code === 'STREAMS_INVARIANT') throw error
      return error instanceof StreamsError ? error.code : (error as Error).message
    }
  }

  // Another producer of the id appears, as after a failover, and goes at once.
  async #takeOver(): Promise<void> {
    await sleep(this.clock, this.#below(10))
    const heir = this.#client.producer({ transactionalId: TRANSACTIONAL_ID })
    await this.#endOf(async () => {
      await heir.init()
      return 'done'
    })
    await heir.close()
  }

  // Until it works: the trouble passes.
  async #patiently(act: () => Promise<void>): Promise<void> {
    for (;;) {
      const end = await this.#endOf(async () => {
        await act()
        return 'done'
      })
      if (end === 'done') return
      this.ends[`${end} again`] = (this.ends[`${end} again`] ?? 0) + 1
      await sleep(this.clock, 100)
    }
  }

  async #rest(): Promise<void> {
    if (this.#random() < 0.7) await sleep(this.clock, this.#below(40))
  }

  async #committedOffset(): Promise<number> {
    const wire = this.cluster.open('group', 'checker')
    for (;;) {
      const node = await this.#coordinators.find('group', nobody.groupId)
      const response = await wire.send(node, 'offsetFetch', {
        groupId: nobody.groupId,
        topics: [{ name: 't', partitionIndexes: [0] }],
        requireStable: true,
      })
      const answer = response.topics[0]?.partitions[0]
      if (response.errorCode === 0 && answer?.errorCode === 0) return answer.committedOffset
      this.#coordinators.forget('group', nobody.groupId)
      await sleep(this.clock, 20)
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #fault(exchange: Exchange): Fault | undefined {
    if (this.#calm || exchange.clientId === 'checker') return undefined
    if (this.#random() < this.#trouble / 5) this.#move()
    if (this.#random() >= this.#trouble) return undefined
    const sign = this.#random() < 0.8 ? 'disconnect' : 'silence'
    const codes = passing[exchange.api]
    switch (this.#below(codes === undefined ? 4 : 5)) {
      case 0:
        return { dropRequest: sign }
      case 1:
        return { dropResponse: sign }
      case 2:
        return { requestDelayMs: this.#below(300) }
      case 3:
        return { responseDelayMs: this.#below(300) }
      default:
        return { answer: errorResponse(exchange, codes![this.#below(codes!.length)]!) }
    }
  }

  #move(): void {
    const node = 1 + this.#below(NODES)
    const what = this.#below(3)
    if (what === 0) this.cluster.moveLeader('t', this.#below(PARTITIONS), node)
    else if (what === 1) this.cluster.moveCoordinator('transaction', TRANSACTIONAL_ID, node)
    else this.cluster.moveCoordinator('group', nobody.groupId, node)
  }
}

const seeds = Array.from({ length: RUNS }, (_, seed) => seed + 1)

describe('a producer in trouble', () => {
  it('commits each transaction as a whole or not at all, whatever is lost', async () => {
    const ends: Record<string, number> = {}
    for (const seed of seeds) {
      const simulation = new Simulation(seed)
      await simulation.run(() => simulation.transactions())
      expect({ seed, values: simulation.seen }).toEqual({ seed, values: simulation.expected })
      for (const [end, count] of Object.entries(simulation.ends)) ends[end] = (ends[end] ?? 0) + count
    }
    // The runs are worth something only if they meet what they are about.
    expect(ends).toEqual(
      expect.objectContaining({
        committed: expect.any(Number),
        aborted: expect.any(Number),
        STREAMS_COMMIT_OUTCOME_UNKNOWN: expect.any(Number),
        STREAMS_PRODUCER_FENCED: expect.any(Number),
        STREAMS_BROKER_UNAVAILABLE: expect.any(Number),
      }),
    )
  }, 120_000)

  it('stores each record once and in order, whatever is lost', async () => {
    for (const seed of seeds) {
      const simulation = new Simulation(seed)
      await simulation.run(() => simulation.flushes())
      expect({ seed, values: simulation.seen }).toEqual({ seed, values: simulation.expected })
    }
  }, 120_000)
})
