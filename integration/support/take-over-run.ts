import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { partitionFor } from '../../lib/core/murmur2.ts'
import { NO_HEADERS, type TopicPartition } from '../../lib/core/record.ts'
import type { Input } from '../../tests/topology/windowed/models.ts'
import { freshName, TestCluster, until } from './cluster.ts'
import { type CountingOptions, CountingProcess, type Runner } from './counting-process.ts'
import { countWords, realText } from './text.ts'

/** Partitions of every topic. */
export const PARTITIONS = 2

type RunOptions = Pick<CountingOptions, 'kind'> & Partial<CountingOptions>

/** One application that Java Kafka Streams and Millrace run in turns, each with a disk of its own. */
export class TakeOverRun {
  readonly cluster = new TestCluster()
  readonly applicationId = freshName('take-over')
  readonly input: string
  readonly output = freshName('output')
  readonly #options: RunOptions
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-take-over-'))
  readonly #started: CountingProcess[] = []
  readonly #failure = Promise.withResolvers<never>()

  private constructor(options: RunOptions) {
    this.#options = options
    this.input = freshName('input')
    this.#failure.promise.catch(() => {}) // whoever waits for something hears of it
  }

  static async open(options: RunOptions): Promise<TakeOverRun> {
    const run = new TakeOverRun(options)
    const { input, output } = run
    const outputs = ['updates', 'closed', 'suppressed', 'sessions'].map((name) => `${output}-${name}`)
    await run.cluster.client.admin.createTopics(
      [input, ...(options.kind === 'words' ? [output] : outputs)].map((topic) => {
        return { topic, partitionCount: PARTITIONS, replicationFactor: 1, configs: { 'retention.ms': '-1' } }
      }),
    )
    return run
  }

  /** Java ends if it finds members of another kind in its group: it is started when all are gone. Millrace waits for that itself. */
  async start(runner: Runner): Promise<CountingProcess> {
    if (runner === 'java') await this.groupEmpty()
    const started = await CountingProcess.start(runner, {
      brokers: this.cluster.brokers,
      applicationId: this.applicationId,
      stateDir: join(this.#folder, runner),
      input: this.input,
      output: this.output,
      guarantee: 'exactly_once',
      commitIntervalMs: 100,
      transactionTimeoutMs: 10_000,
      sessionTimeoutMs: 6_000,
      cacheBytes: 10 << 20,
      ...this.#options,
    })
    this.#started.push(started)
    started.failed().catch(this.#failure.reject)
    return started
  }

  async groupEmpty(): Promise<void> {
    await until(`nobody is in group ${this.applicationId}`, async () => {
      const group = await this.cluster.client.admin.describeGroup(this.applicationId)
      return group === undefined || group.state === 'Empty'
    })
  }

  /**
   * Kills an application, as kill -9 does, when what `look` finds in the cluster says that it is in the midst of something. It stands still while one looks.
   * Resolves with what is found after its death.
   */
  async killWhen<T>(application: CountingProcess, look: () => Promise<T | undefined>): Promise<T> {
    await until('the application is in the midst of it', async () => {
      application.pause()
      // What it had sent when it was stopped is done by the second look.
      if ((await look()) !== undefined && (await look()) !== undefined) return true
      application.resume()
      return false
    })
    await application.kill()
    const found = await look()
    if (found === undefined) throw new Error('it was over before the application was dead')
    return found
  }

  /** The transactional ids of the application's open transactions, if there are any and they hold something back in a changelog. */
  async openTransactions(): Promise<readonly string[] | undefined> {
    const { admin } = this.cluster.client
    const open = (await admin.listTransactions()).filter(
      ({ transactionalId, state }) => transactionalId.startsWith(this.applicationId) && state === 'Ongoing',
    )
    if (open.length === 0) return undefined
    const stable = await admin.offsets(this.changelog, 'latest', 'read_committed')
    const ends = await admin.offsets(this.changelog, 'latest', 'read_uncommitted')
    const isHeldBack = [...ends].some(([partition, end]) => stable.get(partition)! < end)
    return isHeldBack ? open.map(({ transactionalId }) => transactionalId).sort() : undefined
  }

  produceLines(lines: readonly string[]): Promise<void> {
    return this.cluster.produceLines(this.input, lines)
  }

  /** Produces records in their order to the partitions of their keys. */
  async produce(records: readonly Input[]): Promise<void> {
    const producer = this.cluster.client.producer({})
    await producer.init()
    for (const record of records) {
      const { key, value, timeMs } = record
      producer.send(this.input, partitionOf(record), Buffer.from(key), Buffer.from(value), timeMs, NO_HEADERS)
    }
    await producer.flush()
    await producer.close()
  }

  /** All that was produced is counted and committed. */
  async caughtUp(): Promise<void> {
    const repartition = this.#options.kind === 'words' ? [this.repartitionTopic] : []
    const reached = this.cluster.caughtUp(this.applicationId, [this.input, ...repartition])
    await Promise.race([reached, this.#failure.promise])
  }

  get repartitionTopic(): string {
    return `${this.applicationId}-counts-repartition`
  }

  /** Of the word counts. */
  get changelog(): readonly TopicPartition[] {
    const topic = `${this.applicationId}-counts-changelog`
    return Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
  }

  /** How far the application has committed the words that it had sent to itself, and how many counts it has logged, both over all partitions; at least once. */
  async progress(): Promise<{ readonly committed: number; readonly sent: number; readonly logged: number }> {
    const { committed, ends } = await this.cluster.progress(this.applicationId, this.repartitionTopic)
    const logged = await this.cluster.client.admin.offsets(this.changelog, 'latest', 'read_uncommitted')
    return {
      committed: sum(committed.map((offset) => Math.max(0, offset))),
      sent: sum(ends),
      logged: sum(logged.values()),
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#started.map((application) => application.kill()))
    await this.cluster.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export function partitionOf({ key }: Input): number {
  return partitionFor(Buffer.from(key), PARTITIONS)
}

/** Lines whose words, `split(' ')`, are the same for both. */
export function plainLines(bytes: number): readonly string[] {
  return realText(bytes).map((line) => [...countWords([line]).keys()].join(' '))
}

export function wordsOf(lines: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const line of lines) for (const word of line.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

export function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, each) => total + each, 0)
}
