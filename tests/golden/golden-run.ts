// Runs a case's topology in KafkaStreams over a cluster in memory, one step at a time: as Java's driver, which goes on with the next input
// record only when everything that came of the one before is committed.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client, Producer } from '../../lib/client/client.ts'
import { type MemoryCluster, memoryCluster } from '../../lib/client/memory/index.ts'
import { silentLogger } from '../../lib/core/log.ts'
import { partitionKey, type TopicPartition } from '../../lib/core/record.ts'
import { KafkaStreams } from '../../lib/kafka-streams.ts'
import type { CommitStep } from '../../lib/runtime/commit-lane.ts'
import type { ProcessingGuarantee } from '../../lib/runtime/config.ts'
import type { StateStore } from '../../stores/store.ts'
import type { Topology } from '../../topology/topology.ts'
import { type ComparableRecord, produced } from './comparable.ts'
import { driverConfig } from './driver-config.ts'
import type { GoldenCase, GoldenInput } from './golden-case.ts'
import { GoldenClock } from './golden-clock.ts'
import { type GoldenTopics, topicsOf } from './golden-topics.ts'
import { withStoresSeen } from './seen-stores.ts'
import { type GoldenEntry, readStore } from './store-entries.ts'

const HALF_AN_HOUR_MS = 1_800_000
/** The stream loop looks at the clock at least this often: its longest sleep. */
const LOOP_SLEEP_MS = 1_000

/** What a case produced. */
export interface GoldenResult {
  /** By topic; only topics that got records. */
  readonly outputs: Readonly<Record<string, readonly ComparableRecord[]>>
  /** By store name; those that the case holds. */
  readonly stores: Readonly<Record<string, readonly GoldenEntry[]>>
}

export async function runGolden(
  recorded: GoldenCase,
  topology: Topology,
  guarantee: ProcessingGuarantee,
): Promise<GoldenResult> {
  const run = new GoldenRun(recorded, topology, guarantee)
  try {
    await run.start()
    for (const step of recorded.steps) await (step.op === 'pipe' ? run.pipe(step) : run.advanceWallClock(step.ms))
    return { outputs: run.outputs(), stores: await run.stores() }
  } finally {
    await run.close()
  }
}

class GoldenRun {
  readonly #recorded: GoldenCase
  readonly #clock: GoldenClock
  readonly #cluster: MemoryCluster
  readonly #topics: GoldenTopics
  readonly #seenStores = new Map<string, StateStore>()
  /** Records that global stores have read, by topic. */
  readonly #globalReads = new Map<string, number>()
  readonly #stateDir = mkdtempSync(join(tmpdir(), 'millrace-golden-'))
  readonly #streams: KafkaStreams
  readonly #client: Client
  readonly #producer: Producer
  readonly #committed = new Map<string, number>()
  /** For each partition the log end after each step. */
  readonly #ends = new Map<string, number[]>()
  /** Input records, which are no output of the topology, by partition and offset. */
  readonly #piped = new Set<string>()
  #commitsUnderWay = 0
  #failure: Error | undefined

  constructor(recorded: GoldenCase, topology: Topology, guarantee: ProcessingGuarantee) {
    const { applicationId, initialWallClockMs, steps } = recorded
    this.#recorded = recorded
    this.#clock = new GoldenClock(initialWallClockMs)
    this.#cluster = memoryCluster({ clock: this.#clock.timeline })
    this.#topics = topicsOf(recorded, topology.physical())
    for (const name of this.#topics.external) {
      this.#cluster.createTopic(name, { configs: { 'message.timestamp.after.max.ms': '9223372036854775807' } })
    }
    const context = { clientId: 'golden', clock: this.#clock.timeline, logger: silentLogger, requestTimeoutMs: 30_000 }
    this.#client = this.#cluster.connect(context)
    this.#producer = this.#client.producer({ lingerMs: 0 })
    const hasWallClockSteps = steps.some(({ op }) => op === 'advanceWallClock')
    this.#streams = new KafkaStreams(withStoresSeen(topology, this.#seenStores, this.#globalReads), {
      ...driverConfig(recorded),
      applicationId,
      client: this.#cluster,
      stateDir: this.#stateDir,
      processingGuarantee: guarantee,
      commitIntervalMs: 1,
      cacheBytes: 0,
      emitIntervalMs: 0,
      // Virtual time may run far ahead of a disk.
      transactionTimeoutMs: HALF_AN_HOUR_MS / 2,
      repartitionPurgeIntervalMs: HALF_AN_HOUR_MS * 48,
      clock: hasWallClockSteps ? this.#clock.wall : this.#clock.timeline,
      logger: silentLogger,
    })
    this.#streams.on('error', (error) => {
      this.#failure = error
    })
    subscribe('millrace:commit', this.#onCommit)
  }

  async start(): Promise<void> {
    await this.#clock.settled('the producer of the inputs has its id', this.#producer.init())
    await this.#clock.settled('the instance runs', this.#streams.start())
  }

  async pipe({ topic, keyBase64, valueBase64, timestamp, headers }: GoldenInput): Promise<void> {
    this.#piped.add(place({ topic, partition: 0 }, this.#cluster.partition(topic, 0).logEndOffset))
    const named = headers.map(({ key, valueBase64 }) => [key, bytes(valueBase64)] as const)
    this.#producer.send(topic, 0, bytes(keyBase64), bytes(valueBase64), timestamp, named)
    await this.#clock.settled('the input is acknowledged', this.#producer.flush())
    if (this.#topics.globals.has(topic)) await this.#globalStoreHasRead(topic)
    await this.#endStep()
  }

  async advanceWallClock(ms: number): Promise<void> {
    this.#clock.advanceWall(ms)
    // Until the stream loop has seen the time.
    await this.#pass(LOOP_SLEEP_MS)
    await this.#endStep()
  }

  outputs(): Readonly<Record<string, readonly ComparableRecord[]>> {
    const outputs = new Map<string, ComparableRecord[]>()
    for (const partition of this.#topics.partitions) {
      const ends = this.#ends.get(key(partition)) ?? []
      for (const record of this.#cluster.records(partition.topic, partition.partition)) {
        if (this.#piped.has(place(partition, record.offset))) continue
        const step = ends.findIndex((end) => record.offset < end)
        outputs.set(partition.topic, [...(outputs.get(partition.topic) ?? []), produced(step, record)])
      }
    }
    // Of a topic with several partitions only the order of steps is known.
    for (const records of outputs.values()) records.sort((a, b) => a.step - b.step)
    return Object.fromEntries(outputs)
  }

  async stores(): Promise<Readonly<Record<string, readonly GoldenEntry[]>>> {
    const stores: Record<string, readonly GoldenEntry[]> = {}
    for (const [name, expected] of Object.entries(this.#recorded.stores)) {
      const store = this.#seenStores.get(name)
      if (store !== undefined) stores[name] = await readStore(store, expected)
    }
    return stores
  }

  async close(): Promise<void> {
    unsubscribe('millrace:commit', this.#onCommit)
    try {
      await this.#clock.settled('the instance has closed', this.#streams.close())
    } catch (error) {
      // After a failure that is known already, closing fails with the same one.
      if (this.#failure === undefined) throw error
    } finally {
      await this.#clock.settled('the client has closed', this.#client.close())
      rmSync(this.#stateDir, { recursive: true, force: true })
    }
  }

  // ---- inside

  readonly #onCommit = (message: unknown): void => {
    const { step, offsets } = message as CommitStep
    if (step === 'sealed') this.#commitsUnderWay++
    if (step !== 'written') return
    this.#commitsUnderWay--
    for (const partition of offsets) this.#committed.set(key(partition), partition.offset)
  }

  // What it has read is not committed to the group.
  #globalStoreHasRead(topic: string): Promise<void> {
    const { logEndOffset } = this.#cluster.partition(topic, 0)
    return this.#clock.until('the global store has read the record', () => {
      if (this.#failure !== undefined) throw this.#failure
      return this.#globalReads.get(topic) === logEndOffset
    })
  }

  async #pass(ms: number): Promise<void> {
    const endMs = this.#clock.timeline.now() + ms
    await this.#clock.until(`${ms} ms have passed`, () => this.#clock.timeline.now() > endMs)
  }

  async #endStep(): Promise<void> {
    await this.#clock.until('everything is committed', () => this.#quiet())
    for (const partition of this.#topics.partitions) {
      const ends = this.#ends.get(key(partition)) ?? []
      this.#ends.set(key(partition), ends)
      ends.push(this.#cluster.partition(partition.topic, partition.partition).logEndOffset)
    }
  }

  // No commit under way, no transaction open, and the topology has committed everything that it reads.
  #quiet(): boolean {
    if (this.#failure !== undefined) throw this.#failure
    return (
      this.#commitsUnderWay === 0 &&
      this.#topics.partitions.every((partition) => {
        const { logEndOffset, lastStableOffset } = this.#cluster.partition(partition.topic, partition.partition)
        if (lastStableOffset < logEndOffset) return false
        return !this.#topics.sources.has(partition.topic) || (this.#committed.get(key(partition)) ?? 0) === logEndOffset
      })
    )
  }
}

function key({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition)
}

function place(partition: TopicPartition, offset: number): string {
  return `${key(partition)}:${offset}`
}

function bytes(base64: string | null): Buffer | null {
  return base64 === null ? null : Buffer.from(base64, 'base64')
}
