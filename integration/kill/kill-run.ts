// One application, killed again and again under load, and what each restart had to do.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaWires } from '../../lib/client/kafkajs/index.ts'
import type { Wire } from '../../lib/client/wire.ts'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/log.ts'
import { partitionKey } from '../../lib/core/record.ts'
import type { ProcessingGuarantee } from '../../lib/runtime/config.ts'
import { freshName, TestCluster, until } from '../support/cluster.ts'
import { seededRandom } from '../support/random.ts'
import { ChangelogLog } from './changelog-log.ts'
import { exactlyOnceProblems } from './check.ts'
import { type AtLeastOnceFound, checkAtLeastOnce } from './check-at-least-once.ts'
import { KilledProcess, type Launcher } from './killed-process.ts'
import { Load, PARTITIONS } from './load.ts'
import { type Restart, Restarts } from './restarts.ts'

/** Kills that hit while the application starts; the others hit while it works. */
const SHARE_WHILE_STARTING = 0.2
const MAX_WORKING_MS = 1_000
const FIRST_START_MS = 1_000
const START_LIMIT_MS = 300_000
const DRAIN_LIMIT_MS = 1_200_000
/** How all messages say it that tell of a store which was emptied, set aside or not there. */
const WIPE = /restored from the start/

export interface KillRunOptions {
  readonly brokers: string
  readonly client: 'millrace' | 'java'
  readonly launch: Launcher
  /** Of Millrace; with Java it is exactly once. */
  readonly guarantee: ProcessingGuarantee
  readonly scope: 'task' | 'instance'
  /** Of Java's member; Millrace's always is static. */
  readonly isStatic: boolean
  readonly keys: number
  readonly kills: number
  readonly recordsPerSecond: number
  readonly seed: number
  readonly onRestart?: (restart: Restart) => void
}

export interface KillReport {
  readonly restarts: readonly Restart[]
  /** Kills before the application had taken a record. */
  readonly killedWhileStarting: number
  readonly records: number
  /** In the changelogs, while there were kills. */
  readonly transactions: { readonly committed: number; readonly aborted: number }
  /** Stores that were emptied, by the log. */
  readonly wipes: number
  /** What was logged as a warning or an error, and how often. */
  readonly logged: ReadonlyMap<string, number>
  /** What came more than once; undefined: nothing may. */
  readonly twice: Pick<AtLeastOnceFound, 'resultsTwice' | 'countedTwice'> | undefined
  /** What is not as it must be; empty if all is well. */
  readonly problems: readonly string[]
}

export class KillRun {
  readonly #options: KillRunOptions
  readonly #cluster: TestCluster
  readonly #wire: Wire
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-kill-'))
  readonly #applicationId = freshName('kill')
  readonly #input = freshName('kill-input')
  readonly #output = freshName('kill-output')
  readonly #random: () => number
  readonly #load: Load
  readonly #lives: KilledProcess[] = []
  readonly #problems: string[] = []
  #restarts = new Restarts([])
  #twice: KillReport['twice']
  #killedWhileStarting = 0

  constructor(options: KillRunOptions) {
    this.#options = options
    this.#cluster = new TestCluster(options.brokers)
    const context = { clientId: 'kill-test', clock: systemClock, logger: silentLogger, requestTimeoutMs: 30_000 }
    this.#wire = kafkaWires({ brokers: options.brokers.split(',') }, context).open('restore')
    this.#random = seededRandom(options.seed)
    this.#load = new Load(this.#cluster.client, this.#input, options.keys, seededRandom(options.seed + 1))
  }

  /** Fills the state, kills, drains, compares. */
  async run(): Promise<KillReport> {
    const { admin } = this.#cluster.client
    const topics = [this.#input, this.#output]
    await admin.createTopics(
      topics.map((topic) => ({ topic, partitionCount: PARTITIONS, configs: { 'retention.ms': '-1' } })),
    )
    let life = this.#start()
    await this.#load.fill()
    await this.#caughtUp()
    this.#restarts = new Restarts(await this.#changelogsFromHere())
    this.#load.start(this.#options.recordsPerSecond)
    for (let kill = 1; kill <= this.#options.kills; kill++) {
      await this.#kill(life, kill)
      life = this.#start()
    }
    await this.#working(life)
    await this.#look(life, this.#options.kills)
    await this.#load.stop()
    await this.#caughtUp()
    await life.close()
    await this.#compare()
    return this.#report()
  }

  async close(): Promise<void> {
    await Promise.all(this.#lives.map((life) => life.kill()))
    await this.#load.stop().catch(() => {})
    await this.#wire.close()
    await this.#cluster.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #changelog(): string {
    return `${this.#applicationId}-counts-changelog`
  }

  #start(): KilledProcess {
    const { brokers, launch, client, guarantee, scope, isStatic } = this.#options
    const life = new KilledProcess(
      launch({
        brokers,
        applicationId: this.#applicationId,
        stateDir: this.#folder,
        input: this.#input,
        output: this.#output,
        ...(client === 'millrace' ? { guarantee, scope } : {}),
        ...(client === 'java' && isStatic ? { groupInstanceId: 'killed' } : {}),
      }),
    )
    this.#lives.push(life)
    return life
  }

  async #kill(life: KilledProcess, kill: number): Promise<void> {
    const whileStarting = this.#random() < SHARE_WHILE_STARTING
    const share = this.#random()
    if (whileStarting) {
      await sleep(systemClock, share * (this.#restarts.usualStartMs ?? FIRST_START_MS))
    } else {
      await this.#working(life)
      await sleep(systemClock, share * MAX_WORKING_MS)
    }
    const how = await life.kill()
    if (how !== 'SIGKILL') throw new Error(`the application had ended before kill ${kill}: ${how}`)
    if (life.processingMs === undefined) this.#killedWhileStarting++
    if (kill > 1) await this.#look(life, kill - 1)
  }

  // One task may take records while another still restores.
  async #working(life: KilledProcess): Promise<void> {
    const isWorking = () => life.runningMs !== undefined && life.processingMs !== undefined
    await life.until('is RUNNING and takes records', isWorking, START_LIMIT_MS)
  }

  async #look(life: KilledProcess, number: number): Promise<void> {
    const restart = await this.#restarts.add(number, life)
    this.#options.onRestart?.(restart)
  }

  /** None without transactions: nothing could be told of them. */
  async #changelogsFromHere(): Promise<readonly ChangelogLog[]> {
    if (this.#options.guarantee === 'at_least_once') return []
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: this.#changelog, partition }))
    const ends = await this.#cluster.client.admin.offsets(partitions, 'latest', 'read_committed')
    return partitions.map(
      ({ topic, partition }) =>
        new ChangelogLog(this.#wire, topic, partition, ends.get(partitionKey(topic, partition))!),
    )
  }

  async #caughtUp(): Promise<void> {
    await this.#cluster.caughtUp(this.#applicationId, [this.#input], DRAIN_LIMIT_MS)
    for (const topic of [this.#output, this.#changelog]) await this.#noneOpen(topic)
  }

  /** Waits until the markers of transactions that ended are in the topic. */
  async #noneOpen(topic: string): Promise<void> {
    const { admin } = this.#cluster.client
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
    await until(`no transaction is open in ${topic}`, async () => {
      const stable = await admin.offsets(partitions, 'latest', 'read_committed')
      const ends = await admin.offsets(partitions, 'latest', 'read_uncommitted')
      return [...ends].every(([key, end]) => stable.get(key) === end)
    })
  }

  async #compare(): Promise<void> {
    const { client } = this.#cluster
    const isMillrace = this.#options.client === 'millrace'
    const directory = isMillrace ? join(this.#folder, this.#applicationId) : undefined
    const left = { client, output: this.#output, changelog: this.#changelog, directory }
    const { counts } = this.#load
    if (this.#options.guarantee === 'at_least_once') {
      const { problems, ...twice } = await checkAtLeastOnce(left, counts, this.#restarts.replays)
      this.#problems.push(...problems)
      this.#twice = twice
      return
    }
    // Java merges updates in its cache, as it does by default.
    this.#problems.push(...(await exactlyOnceProblems(left, counts, isMillrace)))
    if (isMillrace) this.#problems.push(...this.#restarts.excesses)
  }

  #report(): KillReport {
    // The first life found nothing, and says so.
    const messages = this.#lives.slice(1).flatMap((life) => life.logged.map(({ message }) => message))
    const logged = new Map<string, number>()
    for (const message of messages) logged.set(message, (logged.get(message) ?? 0) + 1)
    const wipes = messages.filter((message) => WIPE.test(message)).length
    if (wipes > 0) this.#problems.push(`${wipes} stores were emptied`)
    return {
      restarts: this.#restarts.all,
      killedWhileStarting: this.#killedWhileStarting,
      records: this.#load.sent,
      transactions: this.#restarts.transactions,
      wipes,
      logged,
      twice: this.#twice,
      problems: this.#problems,
    }
  }
}
