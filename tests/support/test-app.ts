// An application over a cluster in memory: its topics, its instances, and what can be seen of it from outside.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client, Producer } from '../../lib/client/client.ts'
import { type MemoryCluster, type MemoryClusterOptions, memoryCluster } from '../../lib/client/memory/index.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { type Logger, silentLogger } from '../../lib/core/log.ts'
import { NO_HEADERS } from '../../lib/core/record.ts'
import { KafkaStreams, type KafkaStreamsState } from '../../lib/kafka-streams.ts'
import type { StreamsConfig } from '../../lib/runtime/config.ts'
import type { RestoredEvent } from '../../lib/runtime/restore-progress.ts'
import type { StateStorage } from '../../stores/state-storage.ts'
import type { Topology } from '../../topology/topology.ts'
import { StoppableClock } from './stoppable-clock.ts'
import { until } from './until.ts'

/** A record as tests write it: text, or nothing. */
export interface PlainRecord {
  readonly key?: string | null
  readonly value: string | null
  readonly timestamp?: number
  readonly partition?: number
}

/** A record as tests read it. */
export interface OutputRecord {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly partition: number
}

/** A log line that was written at `warn` or `error`. */
export interface LogLine {
  readonly level: 'warn' | 'error'
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A KafkaStreams with what it has reported. */
export class TestInstance {
  readonly streams: KafkaStreams
  readonly states: KafkaStreamsState[] = []
  readonly restored: RestoredEvent[] = []
  readonly errors: Error[] = []
  readonly log: LogLine[]

  constructor(topology: Topology, config: Omit<StreamsConfig, 'logger'>, storage?: StateStorage) {
    const log: LogLine[] = []
    this.log = log
    const logger: Logger = {
      ...silentLogger,
      warn: (fields, message) => void log.push({ level: 'warn', fields: { ...fields }, message }),
      error: (fields, message) => void log.push({ level: 'error', fields: { ...fields }, message }),
    }
    this.streams = new KafkaStreams(topology, { ...config, logger }, storage)
    this.streams.on('state', ({ to }) => this.states.push(to))
    this.streams.on('restored', (event) => this.restored.push(event))
    this.streams.on('error', (error) => this.errors.push(error))
  }

  get state(): KafkaStreamsState {
    return this.streams.state
  }

  close(): Promise<void> {
    return this.streams.close()
  }

  /** Waits for ERROR; resolves with its cause. */
  async failed(): Promise<Error> {
    await until(`the instance ends in ERROR (it is ${this.state})`, () => this.errors.length > 0)
    return this.errors[0]!
  }

  logged(part: string): LogLine | undefined {
    return this.log.find(({ message }) => message.includes(part))
  }
}

export class TestApp {
  readonly applicationId: string = 'app'
  readonly cluster: MemoryCluster
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-app-'))
  readonly #clock = new StoppableClock()
  readonly #settings: Partial<StreamsConfig>
  readonly #instances: TestInstance[] = []
  readonly #created: string[] = []
  readonly #client: Client
  #producer: Promise<Producer> | undefined
  #transactions = 0

  /** @param settings - Of every instance. Commits follow each other closely unless told otherwise. */
  constructor(settings: Partial<StreamsConfig> = {}, cluster: MemoryClusterOptions = {}) {
    this.cluster = memoryCluster({ clock: this.#clock, ...cluster })
    this.#settings = { commitIntervalMs: 20, ...settings }
    this.#client = this.cluster.connect({
      clientId: 'test',
      clock: systemClock,
      logger: silentLogger,
      requestTimeoutMs: 10_000,
    })
  }

  topics(partitionCounts: Readonly<Record<string, number>>): this {
    for (const [name, partitions] of Object.entries(partitionCounts)) {
      this.cluster.createTopic(name, { partitions })
      this.#created.push(name)
    }
    return this
  }

  /** Makes an instance whose state lies in a folder of that name, which outlives it. */
  open(topology: Topology, name = 'a', settings: Partial<StreamsConfig> = {}, storage?: StateStorage): TestInstance {
    const config = {
      applicationId: this.applicationId,
      client: this.cluster,
      stateDir: join(this.folder, name),
      ...this.#settings,
      ...settings,
    }
    const instance = new TestInstance(topology, config, storage)
    this.#instances.push(instance)
    return instance
  }

  async start(topology: Topology, name = 'a', settings: Partial<StreamsConfig> = {}): Promise<TestInstance> {
    const instance = this.open(topology, name, settings)
    await instance.streams.start()
    return instance
  }

  /** Produces to partition 0 unless a record says otherwise; resolves when all are in the log. */
  async produce(topic: string, ...records: readonly PlainRecord[]): Promise<void> {
    this.#producer ??= this.#open({})
    const producer = await this.#producer
    send(producer, topic, records)
    await producer.flush()
  }

  /** Produces in a transaction of its own, which is then committed or aborted. */
  async transaction(end: 'commit' | 'abort', topic: string, ...records: readonly PlainRecord[]): Promise<void> {
    const producer = await this.#open({ transactionalId: `test-${this.#transactions++}` })
    send(producer, topic, records)
    await producer.flush()
    if (end === 'abort') await producer.abort()
    else await producer.commit([], { groupId: 'none', memberId: '', generation: -1, instanceId: null })
    await producer.close()
  }

  /** What a reader of committed transactions sees, by partition and then offset. */
  read(topic: string): readonly OutputRecord[] {
    return this.#partitions(topic).flatMap((partition) =>
      this.cluster.records(topic, partition).map(({ key, value, timestamp }) => ({
        key: key === null ? null : key.toString(),
        value: value === null ? null : value.toString(),
        timestamp,
        partition,
      })),
    )
  }

  /** The last value of each key. */
  latest(topic: string): ReadonlyMap<string | null, string | null> {
    return new Map(this.read(topic).map(({ key, value }) => [key, value]))
  }

  /** How far the application has committed each partition; -1 where it has not. */
  async committed(topic: string): Promise<readonly number[]> {
    const wire = this.cluster.open('admin')
    try {
      const { nodeId } = await wire.send('any', 'findCoordinator', { key: this.applicationId, keyType: 0 })
      const response = await wire.send(nodeId, 'offsetFetch', {
        groupId: this.applicationId,
        topics: [{ name: topic, partitionIndexes: this.#partitions(topic) }],
        requireStable: false,
      })
      const offsets = new Map(
        response.topics.flatMap(({ partitions }) => partitions.map((p) => [p.partitionIndex, p.committedOffset])),
      )
      return this.#partitions(topic).map((partition) => offsets.get(partition) ?? -1)
    } finally {
      await wire.close()
    }
  }

  /** The log ends of a topic's partitions. */
  ends(topic: string): readonly number[] {
    return this.#partitions(topic).map((partition) => this.cluster.partition(topic, partition).logEndOffset)
  }

  /** Waits until the committed offsets of these topics, in the order in which records flow through them, reach their ends. */
  async caughtUp(...topics: readonly string[]): Promise<void> {
    let offsets = ''
    const check = async () => {
      let reached = true
      const seen: string[] = []
      for (const topic of topics) {
        const committed = await this.committed(topic)
        const ends = this.ends(topic)
        seen.push(`${topic}: ${committed.join()} of ${ends.join()}`)
        reached &&= ends.every((end, i) => committed[i] === end || end === 0)
      }
      offsets = seen.join('; ')
      return reached
    }
    try {
      // A later topic may get records from an earlier one between the two looks: only a second look is sure.
      await until('', async () => (await check()) && (await check()))
      // Offsets and records of one transaction become visible with markers of their own, one after the other.
      await until('', () => this.#created.every((topic) => this.#stable(topic)))
    } catch {
      const reports = this.#instances.map(({ state, errors, log }) =>
        JSON.stringify({ state, errors: errors.map(String), log }),
      )
      throw new Error(`not caught up: ${offsets}\n${reports.join('\n')}`)
    }
  }

  /** Ends what still runs and removes what it kept. */
  async close(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.close().catch(() => {})))
    await this.#client.close()
    this.#clock.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #open(options: { transactionalId?: string }): Promise<Producer> {
    const producer = this.#client.producer({ lingerMs: 0, ...options })
    await producer.init()
    return producer
  }

  #stable(topic: string): boolean {
    return this.#partitions(topic).every((partition) => {
      const { lastStableOffset, logEndOffset } = this.cluster.partition(topic, partition)
      return lastStableOffset === logEndOffset
    })
  }

  #partitions(topic: string): readonly number[] {
    let count = 0
    try {
      for (; ; count++) this.cluster.partition(topic, count)
    } catch {
      return Array.from({ length: count }, (_, partition) => partition)
    }
  }
}

function send(producer: Producer, topic: string, records: readonly PlainRecord[]): void {
  for (const { key = null, value, timestamp = 1_700_000_000_000, partition = 0 } of records) {
    producer.send(topic, partition, bytes(key), bytes(value), timestamp, NO_HEADERS)
  }
}

function bytes(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text)
}
