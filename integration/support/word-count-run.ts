import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freshName, TestCluster } from './cluster.ts'
import { type WordCountOptions, WordCountProcess } from './word-count-process.ts'

const PARTITIONS = 4

/** One application, its topics and its instances; everything is ended and removed by `close`. */
export class WordCountRun {
  readonly cluster: TestCluster
  readonly applicationId = freshName('word-count')
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-word-count-'))
  readonly #processes: WordCountProcess[] = []
  readonly #settings: Partial<WordCountOptions>
  #input = ''
  #output = ''

  private constructor(settings: Partial<WordCountOptions>, cluster: TestCluster) {
    this.#settings = settings
    this.cluster = cluster
  }

  /** @param cluster - Default: the broker that all tests share. */
  static async open(settings: Partial<WordCountOptions> = {}, cluster = new TestCluster()): Promise<WordCountRun> {
    const run = new WordCountRun(settings, cluster)
    run.#input = await run.cluster.createTopic(PARTITIONS, 'lines')
    run.#output = await run.cluster.createTopic(PARTITIONS, 'counts')
    return run
  }

  get input(): string {
    return this.#input
  }

  get output(): string {
    return this.#output
  }

  /** Starts an instance whose state lies in a folder of that name, which outlives it. */
  start(name: string, preload?: ConstructorParameters<typeof WordCountProcess>[1]): WordCountProcess {
    const started = new WordCountProcess(
      {
        brokers: this.cluster.brokers,
        applicationId: this.applicationId,
        stateDir: this.stateDir(name),
        input: this.#input,
        output: this.#output,
        ...this.#settings,
      },
      preload,
    )
    this.#processes.push(started)
    return started
  }

  stateDir(name: string): string {
    return join(this.#folder, name)
  }

  produce(lines: readonly string[]): Promise<void> {
    return this.cluster.produceLines(this.#input, lines)
  }

  /** Everything that was produced is counted and committed. */
  caughtUp(): Promise<void> {
    return this.cluster.caughtUp(this.applicationId, [this.#input, this.repartitionTopic])
  }

  get repartitionTopic(): string {
    return `${this.applicationId}-counts-repartition`
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((instance) => instance.end('SIGKILL')))
    await this.cluster.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
