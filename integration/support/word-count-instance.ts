// A word count in this process, with topics, state and log of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wordCount } from '../../examples/word-count.ts'
import { kafkaCluster } from '../../lib/client/kafkajs/index.ts'
import { KafkaStreams, type StreamsConfig } from '../../lib/index.ts'
import { LogLines } from '../../tests/lib/client/log-lines.ts'
import { freshName, type TestCluster } from './cluster.ts'
import { countWords } from './text.ts'
import { finalCounts, wordsNotRising, writtenCounts } from './word-count-check.ts'

const CONNECTION_TIMEOUT_MS = 1_000

export class WordCountInstance {
  readonly log = new LogLines()
  readonly streams: KafkaStreams
  readonly applicationId = freshName('word-count')
  readonly input: string
  readonly #output: string
  readonly #cluster: TestCluster
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-word-count-'))
  readonly #lines: string[] = []

  private constructor(cluster: TestCluster, topics: readonly [string, string], config: Partial<StreamsConfig>) {
    this.#cluster = cluster
    ;[this.input, this.#output] = topics
    this.streams = new KafkaStreams(wordCount(this.input, this.#output), {
      applicationId: this.applicationId,
      client: kafkaCluster({ brokers: cluster.brokers.split(','), connectionTimeoutMs: CONNECTION_TIMEOUT_MS }),
      stateDir: this.#folder,
      commitIntervalMs: 50,
      logger: this.log,
      ...config,
    })
  }

  static async start(
    cluster: TestCluster,
    config: Partial<StreamsConfig> = {},
    partitions = 2,
  ): Promise<WordCountInstance> {
    const topics = await Promise.all([
      cluster.createTopic(partitions, 'lines'),
      cluster.createTopic(partitions, 'counts'),
    ])
    const instance = new WordCountInstance(cluster, topics, config)
    await instance.streams.start()
    return instance
  }

  async produce(lines: readonly string[]): Promise<void> {
    await this.#cluster.produceLines(this.input, lines)
    this.#lines.push(...lines)
  }

  /** Everything that was produced is counted, once: no count was ever seen that was taken back or written twice. */
  async expectExact(limitMs?: number): Promise<void> {
    await this.#cluster.caughtUp(this.applicationId, [this.input, `${this.applicationId}-counts-repartition`], limitMs)
    const written = await writtenCounts(this.#cluster, this.#output)
    expect(finalCounts(written)).toEqual(countWords(this.#lines))
    expect(wordsNotRising(written)).toEqual([])
  }

  async close(): Promise<void> {
    try {
      await this.streams.close()
    } finally {
      rmSync(this.#folder, { recursive: true, force: true })
    }
  }
}
