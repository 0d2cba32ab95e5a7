import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { partitionFor } from '../../lib/core/murmur2.ts'
import { NO_HEADERS } from '../../lib/core/record.ts'
import {
  KafkaStreams,
  type RestoredEvent,
  StreamsBuilder,
  serdes,
  silentLogger,
  type Topology,
  type Windowed,
  windows,
} from '../../lib/index.ts'
import { type CountingKind, JavaCounting } from '../java/run-counting.ts'
import { freshName, TestCluster, until } from './cluster.ts'

/** Partitions of the input and the output. */
export const PARTITIONS = 2
/** What Counting.java has, too. */
export const WINDOW_MS = 10_000
export const GRACE_MS = 5_000
const RETENTION_MS = 120_000

const strings = { key: serdes.string(), value: serdes.string() }
const windowed = serdes.timeWindowed(serdes.string(), WINDOW_MS)

/** The topologies of Counting.java. */
function counting(kind: CountingKind, input: string, output: string): Topology {
  const builder = new StreamsBuilder()
  const source = builder.stream(input, strings)
  if (kind === 'words') {
    source
      .flatMapValues((line) => line.split(' '))
      .groupBy((word) => word, strings)
      .count({ store: 'counts' })
      .toStream()
      .to(output, { key: serdes.string(), value: serdes.long() })
    return builder.build()
  }
  source
    .groupByKey(strings)
    .windowedBy(windows.tumbling({ sizeMs: WINDOW_MS, graceMs: GRACE_MS }), {
      emit: kind === 'closed-windows' ? 'on-window-close' : 'on-window-update',
    })
    .count({ store: 'counts', retentionMs: RETENTION_MS })
    .toStream()
    .to(output, { key: windowed, value: serdes.long() })
  return builder.build()
}

/** A record of a windowed count: its value does not count. */
export interface TimedKey {
  readonly key: string
  readonly timeMs: number
}

/** Which of the two runs an application. */
export type Runner = 'java' | 'millrace'

export interface RunningApplication {
  /** What Millrace restored from changelogs. */
  readonly restored: readonly RestoredEvent[]
  /** Commits, leaves the group, and waits until nobody is in it. */
  close(): Promise<void>
}

/** One application that Java Kafka Streams and Millrace run in turns, exactly once, each with a disk of its own. */
export class TakeOverRun {
  readonly cluster = new TestCluster()
  readonly applicationId = freshName('take-over')
  readonly #kind: CountingKind
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-take-over-'))
  readonly #started: { kill(): Promise<void> }[] = []
  readonly #failure = Promise.withResolvers<never>()
  #input = ''
  #output = ''

  private constructor(kind: CountingKind) {
    this.#kind = kind
    this.#failure.promise.catch(() => {}) // whoever waits for something hears of it
  }

  static async open(kind: CountingKind): Promise<TakeOverRun> {
    const run = new TakeOverRun(kind)
    run.#input = await run.cluster.createTopic(PARTITIONS, 'input')
    run.#output = await run.cluster.createTopic(PARTITIONS, 'output')
    return run
  }

  get input(): string {
    return this.#input
  }

  async start(runner: Runner): Promise<RunningApplication> {
    const parts = {
      applicationId: this.applicationId,
      stateDir: join(this.#folder, runner),
    }
    if (runner === 'java') {
      const topics = { brokers: this.cluster.brokers, input: this.#input, output: this.#output, kind: this.#kind }
      const java = await JavaCounting.start({ ...parts, ...topics })
      this.#started.push(java)
      java.failed().catch(this.#failure.reject)
      await java.running()
      return { restored: [], close: () => this.#leave(java) }
    }
    const restored: RestoredEvent[] = []
    const streams = new KafkaStreams(counting(this.#kind, this.#input, this.#output), {
      ...parts,
      brokers: this.cluster.brokers.split(','),
      processingGuarantee: 'exactly_once',
      commitIntervalMs: 100,
      emitIntervalMs: 0,
      replicationFactor: 1,
      groupInstanceId: null,
      logger: silentLogger,
    })
    streams.on('error', this.#failure.reject)
    streams.on('restored', (event) => restored.push(event))
    this.#started.push({ kill: () => streams.close().catch(() => {}) })
    await streams.start()
    return { restored, close: () => this.#leave(streams) }
  }

  async #leave(application: { close(): Promise<void> }): Promise<void> {
    await application.close()
    await until(`nobody is in group ${this.applicationId}`, async () => {
      const group = await this.cluster.client.admin.describeGroup(this.applicationId)
      return group === undefined || group.state === 'Empty'
    })
  }

  produceLines(lines: readonly string[]): Promise<void> {
    return this.cluster.produceLines(this.#input, lines)
  }

  /** Produces records in their order to the partitions of their keys. */
  async produce(records: readonly TimedKey[]): Promise<void> {
    const producer = this.cluster.client.producer({})
    await producer.init()
    for (const { key, timeMs } of records) {
      const bytes = Buffer.from(key)
      producer.send(this.#input, partitionFor(bytes, PARTITIONS), bytes, Buffer.from('x'), timeMs, NO_HEADERS)
    }
    await producer.flush()
    await producer.close()
  }

  /** All that was produced is counted and committed. */
  async caughtUp(): Promise<void> {
    const repartition = this.#kind === 'words' ? [this.repartitionTopic] : []
    const reached = this.cluster.caughtUp(this.applicationId, [this.#input, ...repartition])
    await Promise.race([reached, this.#failure.promise])
  }

  get repartitionTopic(): string {
    return `${this.applicationId}-counts-repartition`
  }

  /** Every count that was written, by key (with its window, `key@start`), in order. */
  async written(): Promise<ReadonlyMap<string, readonly number[]>> {
    const counts = new Map<string, number[]>()
    for (const { key, value } of await this.cluster.readCommitted(this.#output)) {
      const name = this.#kind === 'words' ? key!.toString() : nameOf(windowed.deserialize(this.#output, key!))
      const written = counts.get(name)
      const count = Number(value!.readBigInt64BE(0))
      if (written === undefined) counts.set(name, [count])
      else written.push(count)
    }
    return counts
  }

  async close(): Promise<void> {
    await Promise.all(this.#started.map((application) => application.kill()))
    await this.cluster.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function nameOf({ key, window }: Windowed<string>): string {
  return `${key}@${window.startMs}`
}
