// Strategy: the client's parts work on a cluster in memory, in virtual time, while a seeded random source changes what the cluster answers
// (wild-responses.ts). Their users do what the contract tells them to; in the end the answers are right again.
// Invariants: every call ends within its time-outs, with a value or a StreamsError; readers get each committed record once and in order, writers'
// records are stored once and in order, offsets that were said to be committed are; no rejection is left unhandled.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Client, GroupMetadata } from '../../../lib/client/client.ts'
import { type MemoryCluster, memoryCluster } from '../../../lib/client/memory/index.ts'
import { wireClient } from '../../../lib/client/wire-client.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { StreamsError } from '../../../lib/core/errors.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { NO_HEADERS, partitionKey } from '../../../lib/core/record.ts'
import { SharingAssignor, TestMember } from '../../contracts/client/group-members.ts'
import { type Chance, FUZZ_TIMEOUT_MS, fuzzAsync } from '../../support/fuzz.ts'
import { type WildOptions, WildWires } from './wild-responses.ts'

const PARTITIONS = 3
const REQUEST_TIMEOUT_MS = 2_000
const LIMIT_MS = 600_000
const nobody: GroupMetadata = { groupId: 'g', memberId: '', generation: -1, instanceId: null }

const unhandled: unknown[] = []
const note = (error: unknown) => void unhandled.push(error)
beforeEach(() => void process.on('unhandledRejection', note))
afterEach(() => {
  process.off('unhandledRejection', note)
  expect(unhandled.splice(0)).toEqual([])
})

class Bench {
  readonly clock = new VirtualClock(1_000_000)
  readonly cluster: MemoryCluster = memoryCluster({ clock: this.clock, nodes: 2, latencyMs: 2 })
  readonly chance: Chance
  readonly changes: Record<string, number>[] = []
  rate: number

  constructor(chance: Chance) {
    this.chance = chance
    this.rate = chance.random() * 0.5
    this.cluster.createTopic('t', { partitions: PARTITIONS })
  }

  client(clientId: string, options: Partial<WildOptions> = {}): Client {
    const wires = new WildWires(this.cluster, clientId, { chance: this.chance, rate: () => this.rate, ...options })
    this.changes.push(wires.changes)
    const { clock } = this
    return wireClient(wires, { clientId, clock, logger: silentLogger, requestTimeoutMs: REQUEST_TIMEOUT_MS })
  }

  /** A client whose answers are right. */
  calmClient(): Client {
    return this.client('calm', { rate: () => 0 })
  }

  /** Lets time pass until the call has ended. */
  async during<T>(call: Promise<T>, limitMs = LIMIT_MS): Promise<T> {
    let ended = false
    const watched = call.finally(() => {
      ended = true
    })
    watched.catch(() => {})
    await this.clock.advanceUntil(() => ended, limitMs)
    return watched
  }

  /** The call's value, or its StreamsError; any other error fails the test. */
  async outcome<T>(call: () => Promise<T>, limitMs?: number): Promise<T | StreamsError> {
    try {
      return await this.during(call(), limitMs)
    } catch (error) {
      if (error instanceof StreamsError && error.code !== 'STREAMS_INVARIANT') return error
      throw error
    }
  }

  /** Until it works. */
  async patiently(call: () => Promise<unknown>): Promise<void> {
    for (let i = 0; (await this.outcome(call)) instanceof StreamsError; i++) {
      if (i === 50) throw new Error('it never works')
      if (i === 25) this.rate = 0
      await this.clock.advance(100)
    }
  }
}

/** What was changed, in all runs of a test: they are worth something only if they meet what they are about. */
function tally(into: Record<string, number>, { changes }: Bench): void {
  for (const each of changes) for (const [kind, count] of Object.entries(each)) into[kind] = (into[kind] ?? 0) + count
}

describe('a fetcher', () => {
  it(
    'gives each committed record once and in order, or says that it cannot',
    async () => {
      const changes: Record<string, number> = {}
      let failures = 0
      await fuzzAsync(60, async (chance) => {
        const bench = new Bench(chance)
        const producer = bench.calmClient().producer({ transactionalId: 'filler', maxBatchBytes: 200 })
        await bench.during(producer.init())
        const expected: string[][] = Array.from({ length: PARTITIONS }, () => [])
        for (let round = 0; round < 8; round++) {
          const commits = chance.below(3) > 0
          for (let i = 0; i < 20; i++) {
            const partition = chance.below(PARTITIONS)
            producer.send('t', partition, null, Buffer.from(`${round}.${i}`), 0, NO_HEADERS)
            if (commits) expected[partition]!.push(`${round}.${i}`)
          }
          await bench.during<unknown>(
            commits ? producer.commit([], nobody) : producer.flush().then(() => producer.abort()),
          )
        }
        await bench.clock.advance(100)

        const fetcher = bench
          .client('reader')
          .fetcher({ isolation: 'read_committed', purpose: 'fetch', onReady: () => {} })
        const seen: string[][] = expected.map(() => [])
        const open = expected.map((_, partition) => fetcher.add({ topic: 't', partition }, 0))
        const ends = open.map((_, partition) => bench.cluster.partition('t', partition).logEndOffset)
        const untilMs = bench.clock.now() + 60_000
        while (open.some(({ position }, i) => position < ends[i]!)) {
          if (bench.clock.now() > untilMs) bench.rate = 0
          if (bench.clock.now() > untilMs + LIMIT_MS) throw new Error('it does not come to the end')
          await bench.clock.advance(50)
          for (const [partition, each] of open.entries()) {
            try {
              for (let record = each.next(); record !== undefined; record = each.next()) {
                seen[partition]!.push(record.value!.toString())
              }
            } catch (error) {
              if (!(error instanceof StreamsError) || error.code === 'STREAMS_INVARIANT') throw error
              failures++
              const { position } = each
              fetcher.remove(each)
              open[partition] = fetcher.add({ topic: 't', partition }, position)
            }
          }
        }
        expect(seen).toEqual(expected)
        await fetcher.close()
        tally(changes, bench)
      })
      expect(failures).toBeGreaterThan(0)
      expect(changes).toMatchObject({
        'records: earlier': expect.any(Number),
        'records: twice': expect.any(Number),
        'records: cut': expect.any(Number),
        'missing: partitions': expect.any(Number),
        'twice: partitions': expect.any(Number),
        'stranger: topics': expect.any(Number),
        'an unknown code': expect.any(Number),
        throttleTimeMs: expect.any(Number),
      })
    },
    FUZZ_TIMEOUT_MS,
  )
})

describe('a producer', () => {
  it(
    'with transactions stores exactly what it said was committed, offsets included',
    async () => {
      const changes: Record<string, number> = {}
      const ends: Record<string, number> = {}
      await fuzzAsync(60, async (chance) => {
        const bench = new Bench(chance)
        const admin = bench.calmClient().admin
        const producer = bench
          .client('writer')
          .producer({ transactionalId: 'it', maxBatchBytes: 300, deliveryTimeoutMs: 3_000 })
        const expected: string[][] = Array.from({ length: PARTITIONS }, () => [])
        let committed = 0
        const committedOffset = async () => {
          const offsets = await bench.during(admin.committedOffsets('g'))
          return offsets.get(partitionKey('t', 0))?.offset ?? 0
        }
        await bench.patiently(() => producer.init())
        for (let round = 0; round < 8; round++) {
          const sent: string[][] = expected.map(() => [])
          const end = await bench.outcome(async () => {
            for (let i = 0; i < 15; i++) {
              const partition = chance.below(PARTITIONS)
              producer.send('t', partition, null, Buffer.from(`${round}.${i}`), 0, NO_HEADERS)
              sent[partition]!.push(`${round}.${i}`)
            }
            return producer.commit([{ topic: 't', partition: 0, offset: committed + 1, metadata: '' }], nobody)
          })
          let isIn = !(end instanceof StreamsError)
          const name = end instanceof StreamsError ? end.code : 'committed'
          ends[name] = (ends[name] ?? 0) + 1
          if (end instanceof StreamsError) {
            await bench.patiently(() => producer.init())
            if (end.code === 'STREAMS_COMMIT_OUTCOME_UNKNOWN') isIn = (await committedOffset()) === committed + 1
          }
          if (!isIn) continue
          committed++
          for (const [partition, values] of sent.entries()) expected[partition]!.push(...values)
        }
        await bench.clock.advance(1_000)
        const stored = expected.map((_, i) => bench.cluster.records('t', i).map(({ value }) => value!.toString()))
        expect(stored).toEqual(expected)
        expect(await committedOffset()).toBe(committed)
        tally(changes, bench)
      })
      expect(ends).toMatchObject({
        committed: expect.any(Number),
        STREAMS_COMMIT_OUTCOME_UNKNOWN: expect.any(Number),
        STREAMS_BROKER_RESPONSE: expect.any(Number),
      })
      expect(changes).toMatchObject({ 'missing: partitions': expect.any(Number), 'a passing code': expect.any(Number) })
    },
    FUZZ_TIMEOUT_MS,
  )

  it(
    'without transactions stores what it flushed once and in order, and the rest at most once',
    async () => {
      await fuzzAsync(60, async (chance) => {
        const bench = new Bench(chance)
        const client = bench.client('writer')
        const expected: string[][] = Array.from({ length: PARTITIONS }, () => [])
        const flushed = new Set<string>()
        let producer = client.producer({ maxBatchBytes: 300 })
        await bench.patiently(() => producer.init())
        for (let round = 0; round < 8; round++) {
          const sent: string[] = []
          const end = await bench.outcome(async () => {
            for (let i = 0; i < 15; i++) {
              const partition = chance.below(PARTITIONS)
              producer.send('t', partition, null, Buffer.from(`${round}.${i}`), 0, NO_HEADERS)
              expected[partition]!.push(`${round}.${i}`)
              sent.push(`${round}.${i}`)
            }
            return producer.flush()
          })
          if (!(end instanceof StreamsError)) for (const value of sent) flushed.add(value)
          else {
            await bench.during(producer.close())
            producer = client.producer({ maxBatchBytes: 300 })
            await bench.patiently(() => producer.init())
          }
        }
        await bench.clock.advance(1_000)
        for (const [partition, all] of expected.entries()) {
          const stored = bench.cluster.records('t', partition).map(({ value }) => value!.toString())
          const kept = new Set(stored)
          expect(stored).toEqual(all.filter((value) => kept.has(value)))
          expect(all.filter((value) => flushed.has(value) && !kept.has(value))).toEqual([])
        }
      })
    },
    FUZZ_TIMEOUT_MS,
  )
})

describe('a group member', () => {
  it(
    'reads what its group gives it, or says that it cannot go on; offsets said to be committed are',
    async () => {
      const changes: Record<string, number> = {}
      let joined = 0
      await fuzzAsync(40, async (chance) => {
        const bench = new Bench(chance)
        const admin = bench.calmClient().admin
        // A code that a member does not know ends it: too early for the rest, if it were in each run.
        const codes = chance.oneIn(4) ? 'any' : 'passing'
        const start = (name: string) => {
          const times = { sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 10_000, heartbeatIntervalMs: 500 }
          const made = new TestMember(bench.client(name, { codes }), 'g', new SharingAssignor('t', PARTITIONS), times)
          return { made, started: bench.outcome(() => made.member.start()) }
        }
        const one = start('one')
        await one.started
        const members = [one, start('two')]
        await bench.clock.advance(30_000)
        let offset = 0
        for (let i = 0; i < 10; i++) {
          await bench.clock.advance(chance.below(3_000))
          const { made } = chance.pick(members)
          const [partition] = made.partitions
          if (partition === undefined) continue
          const end = await bench.outcome(() =>
            made.member.commit([{ topic: 't', partition, offset: ++offset, metadata: '' }]),
          )
          if (end instanceof StreamsError) continue
          const stored = (await bench.during(admin.committedOffsets('g'))).get(partitionKey('t', partition))
          expect(stored?.offset).toBe(offset)
          const read = await bench.outcome(() => made.member.committed([{ topic: 't', partition }]), 30 * 60_000)
          if (!(read instanceof StreamsError)) expect(read.get(partitionKey('t', partition))?.offset).toBe(offset)
        }
        bench.rate = 0
        const alive = async () => {
          const standing = []
          for (const each of members) {
            const failed = each.made.fatal ?? (await each.started)
            if (failed === undefined) standing.push(each.made)
            else expect(failed).toBeInstanceOf(StreamsError)
          }
          return standing
        }
        await bench.clock.advance(120_000)
        const standing = await alive()
        joined += standing.length
        const owners = standing.flatMap(({ partitions }) => partitions).sort()
        expect(owners).toEqual(standing.length === 0 ? [] : [0, 1, 2])
        for (const { made } of members) {
          expect(made.events).not.toContain('overlapping calls')
          await bench.during(made.member.close({ leaveGroup: true }))
        }
        tally(changes, bench)
      })
      expect(joined).toBeGreaterThan(0)
      expect(changes).toMatchObject({
        'missing: partitions': expect.any(Number),
        'an unknown code': expect.any(Number),
      })
    },
    FUZZ_TIMEOUT_MS,
  )
})

describe('an admin', () => {
  const offset = { topic: 't', partition: 0, offset: 0 }
  const calls: Record<string, (admin: Client['admin']) => Promise<unknown>> = {
    clusterId: (admin) => admin.clusterId(),
    describeCluster: (admin) => admin.describeCluster(),
    listTopics: (admin) => admin.listTopics(),
    describeTopics: (admin) => admin.describeTopics(['t', 'other']),
    createTopics: (admin) => admin.createTopics([{ topic: 'new', partitionCount: 2 }]),
    deleteTopics: (admin) => admin.deleteTopics(['new']),
    createPartitions: (admin) => admin.createPartitions('t', PARTITIONS),
    offsets: (admin) =>
      admin.offsets(
        [
          { topic: 't', partition: 0 },
          { topic: 't', partition: 1 },
        ],
        'latest',
        'read_committed',
      ),
    deleteRecords: (admin) => admin.deleteRecords([offset]),
    describeConfigs: (admin) => admin.describeConfigs('t'),
    alterConfigs: (admin) => admin.alterConfigs('t', { 'retention.ms': '1000' }),
    committedOffsets: (admin) => admin.committedOffsets('g'),
    alterOffsets: (admin) => admin.alterOffsets('g', [offset]),
    deleteOffsets: (admin) => admin.deleteOffsets('g', [offset]),
    listGroups: (admin) => admin.listGroups(),
    describeGroup: (admin) => admin.describeGroup('g'),
    deleteGroup: (admin) => admin.deleteGroup('h'),
    listTransactions: (admin) => admin.listTransactions(),
    describeTransaction: (admin) => admin.describeTransaction('it'),
    fenceProducers: (admin) => admin.fenceProducers(['it']),
  }

  it.each(Object.entries(calls))(
    'ends within its time-out, with a value or a StreamsError: %s',
    async (_, call) => {
      const values: unknown[] = []
      await fuzzAsync(40, async (chance) => {
        const bench = new Bench(chance)
        const { admin } = bench.client('admin')
        values.push(await bench.outcome(() => call(admin), 10 * REQUEST_TIMEOUT_MS))
        bench.rate = 0
        const calm = await bench.outcome(() => call(admin))
        if (calm instanceof StreamsError) expect(calm.code).not.toBe('STREAMS_BROKER_UNAVAILABLE')
      })
      expect(values.some((value) => !(value instanceof StreamsError))).toBe(true)
    },
    FUZZ_TIMEOUT_MS,
  )
})
