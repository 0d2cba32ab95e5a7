// One run: an application of three processes on three nodes, input all the time, faults of all kinds, and in the end a comparison of everything with the truth.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import { WatchedProcesses } from '../broker/watched-processes.ts'
import { TestCluster, until } from '../support/cluster.ts'
import { FailoverCluster } from '../support/failover-cluster.ts'
import { seededRandom } from '../support/random.ts'
import { checkRun } from './check.ts'
import { FaultLog } from './fault-log.ts'
import { Input } from './input.ts'
import { InstanceProcess } from './instance-process.ts'
import { ChaosNetwork } from './network.ts'
import { networkFaults } from './network-faults.ts'
import { nodeFaults } from './node-faults.ts'
import { type KilledState, processFaults } from './process-faults.ts'
import { type Lane, Storm } from './storm.ts'
import { APPLICATION_ID, INPUTS, OUTPUTS, PARTITIONS, SOURCES } from './topology.ts'

const INSTANCES = 3
const SESSION_TIMEOUT_MS = 1_500
/** A run that is short of faults goes on for up to this many times as long as it should. */
const MAX_OVERTIME = 4
/** Until everything that was written has been processed, once the faults are over. */
const DRAIN_LIMIT_MS = 180_000
const CLOSE_LIMIT_MS = 60_000
const START_LIMIT_MS = 120_000
/** The input's producer waits for nodes that die. */
const INPUT_TIMEOUT_MS = 120_000
const POLL_MS = 100
/** What share of the time between two faults at one target is a pause; the rest is for the faults themselves. */
const PAUSE_SHARE = 0.5

export interface ChaosOptions {
  /** How long faults happen. */
  readonly seconds: number
  /** How many faults must have happened. */
  readonly faults: number
  readonly seed: number
  /** How long an instance may take to run its tasks before the next fault comes all the same; 0: most of what they do is to start. */
  readonly patienceSeconds: number
  readonly scope: 'task' | 'instance'
  readonly guarantee: 'exactly_once' | 'at_least_once'
}

export interface ChaosReport {
  /** What is wrong; empty: nothing. */
  readonly violations: readonly string[]
  /** How often each kind of fault was seen to happen. */
  readonly faults: ReadonlyMap<string, number>
  readonly faultLog: readonly string[]
  readonly records: { readonly input: number; readonly output: number; readonly duplicates: number }
  /** Changelog records read by instances that were killed and found their state again, at their start. */
  readonly restoredAfterKills: number
  readonly seconds: { readonly faults: number; readonly drain: number; readonly all: number }
  /** Logs, states and outputs; there only if something is wrong. */
  readonly folder: string
}

/** @throws Error if the run itself cannot be done: no broker, a node that does not come back. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const run = await ChaosRun.open(options)
  try {
    return await run.run()
  } finally {
    await run.close()
  }
}

class ChaosRun {
  readonly #options: ChaosOptions
  readonly #folder: string
  readonly #network: ChaosNetwork
  readonly #nodes: FailoverCluster
  readonly #onlooker: TestCluster
  readonly #processes: WatchedProcesses
  readonly #instances: readonly InstanceProcess[]
  readonly #killed: KilledState[] = []
  readonly #log: FaultLog
  readonly #startMs = systemClock.monotonicMs()

  static async open(options: ChaosOptions): Promise<ChaosRun> {
    const network = await ChaosNetwork.open(INSTANCES)
    try {
      return new ChaosRun(options, network, await FailoverCluster.start(network.brokerOptions))
    } catch (error) {
      await network.close()
      throw error
    }
  }

  private constructor(options: ChaosOptions, network: ChaosNetwork, nodes: FailoverCluster) {
    this.#options = options
    this.#network = network
    this.#nodes = nodes
    this.#onlooker = new TestCluster(nodes.broker.bootstrap)
    this.#folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'))
    this.#log = new FaultLog(this.#folder)
    this.#processes = new WatchedProcesses(join(this.#folder, 'watched'), [])
    this.#instances = network.instances.map(
      ({ bootstrap }, i) =>
        new InstanceProcess(`instance-${i + 1}`, this.#folder, this.#processes, {
          brokers: bootstrap,
          processingGuarantee: options.guarantee,
          transactionScope: options.scope,
          sessionTimeoutMs: SESSION_TIMEOUT_MS,
        }),
    )
  }

  async run(): Promise<ChaosReport> {
    const { seconds, faults, seed } = this.#options
    await this.#createTopics()
    const { client } = this.#nodes.client('input', { requestTimeoutMs: INPUT_TIMEOUT_MS })
    const input = new Input(client, seededRandom(seed))
    await input.start()
    await Promise.all(this.#instances.map((instance) => instance.start()))
    await this.#allRunning(START_LIMIT_MS)

    this.#log.note('the faults begin')
    const lanes = this.#lanes()
    const storm = new Storm(lanes, seed, ((seconds * 1_000 * lanes.length) / faults) * PAUSE_SHARE)
    const begunMs = systemClock.monotonicMs()
    const lasts = () => (systemClock.monotonicMs() - begunMs) / 1_000
    storm.start()
    while (lasts() < seconds || (this.#log.total < faults && lasts() < seconds * MAX_OVERTIME)) {
      await Promise.race([sleep(systemClock, POLL_MS), storm.failed])
      if (this.#instances.some(({ unexpectedEnds }) => unexpectedEnds.length > 0)) break
    }
    await storm.stop()
    for (const network of this.#network.instances) network.heal()
    const faultSeconds = lasts()
    this.#log.note('the faults are over')
    await input.stop()
    const problems = await this.#drained()
    const drainSeconds = lasts() - faultSeconds
    this.#log.note('the instances are closed')

    const { outputs, ...checked } = await checkRun({
      onlooker: this.#onlooker,
      instances: this.#instances,
      killed: this.#killed,
      sent: input.sent,
      guarantee: this.#options.guarantee,
    })
    if (this.#log.total < faults) problems.push(`only ${this.#log.total} of ${faults} faults have happened`)
    const violations = [...problems, ...checked.violations]
    for (const violation of violations) this.#log.note(`violation: ${violation}`)
    if (violations.length === 0) rmSync(this.#folder, { recursive: true })
    else writeFileSync(join(this.#folder, 'outputs.json'), JSON.stringify(outputs, undefined, 1))
    return {
      ...checked,
      violations,
      faults: this.#log.counts,
      faultLog: this.#log.lines,
      seconds: { faults: faultSeconds, drain: drainSeconds, all: (systemClock.monotonicMs() - this.#startMs) / 1_000 },
      folder: this.#folder,
    }
  }

  async close(): Promise<void> {
    await this.#processes.close()
    await this.#onlooker.close()
    await this.#nodes.close()
    await this.#network.close()
  }

  async #createTopics(): Promise<void> {
    const topics = [...INPUTS, ...OUTPUTS]
    const configs = { 'retention.ms': '-1' }
    await this.#onlooker.client.admin.createTopics(
      topics.map((topic) => ({ topic, partitionCount: PARTITIONS, configs })),
    )
    for (const topic of topics) await this.#nodes.healed(topic)
    // Kafka makes its own topics when somebody asks for a coordinator.
    await this.#nodes.coordinatorOf('group', APPLICATION_ID)
    await this.#nodes.coordinatorOf('transaction', APPLICATION_ID)
  }

  #lanes(): readonly Lane[] {
    const log = this.#log
    const { admin } = this.#onlooker.client
    const { patienceSeconds } = this.#options
    const isExactlyOnce = this.#options.guarantee === 'exactly_once'
    return [
      ...this.#instances.map((instance) => ({
        name: instance.name,
        faults: processFaults.map(({ share, fault }) => ({
          share,
          fault: (random: () => number) => fault({ instance, admin, log, killed: this.#killed, random }),
        })),
        // Who is never left alone does nothing that could go wrong.
        isReady: () => instance.isSettled(patienceSeconds * 1_000),
      })),
      ...this.#instances.map((instance, i) => {
        const network = this.#network.instances[i]!
        return {
          name: `network of ${instance.name}`,
          faults: networkFaults.map(({ share, fault }) => ({
            share,
            fault: (random: () => number) =>
              fault({ instance, network, isExactlyOnce, log, random }).finally(() => network.heal()),
          })),
          isReady: () => instance.active && network.openConnections > 0,
        }
      }),
      {
        name: 'nodes',
        faults: nodeFaults.map(({ share, fault }) => ({
          share,
          fault: (random: () => number) => fault({ cluster: this.#nodes, admin, log, random }),
        })),
        isReady: () => true,
      },
    ]
  }

  /** Everything is processed and committed, and all instances have ended cleanly; what of that is not so. */
  async #drained(): Promise<string[]> {
    const problems: string[] = []
    try {
      await this.#allRunning(DRAIN_LIMIT_MS)
      await this.#onlooker.caughtUp(APPLICATION_ID, SOURCES, DRAIN_LIMIT_MS)
    } catch (error) {
      problems.push(`not all is processed: ${(error as Error).message}`)
    }
    const deadline = Promise.withResolvers<string>()
    const timer = systemClock.setTimer(CLOSE_LIMIT_MS, () => deadline.resolve(`nothing within ${CLOSE_LIMIT_MS} ms`))
    await Promise.all(
      this.#instances.map(async (instance) => {
        problems.push(...instance.unexpectedEnds.map((end) => `${instance.name}: ${end}`))
        const how = await Promise.race([instance.close(), deadline.promise])
        if (how !== 'exit code 0') problems.push(`${instance.name}: a clean close gave ${how}`)
      }),
    )
    timer.cancel()
    return problems
  }

  async #allRunning(limitMs: number): Promise<void> {
    await until(
      'all instances are RUNNING',
      () => {
        const ended = this.#instances.flatMap(({ name, unexpectedEnds }) =>
          unexpectedEnds.map((end) => `${name}: ${end}`),
        )
        if (ended.length > 0) throw new Error(ended.join('; '))
        return this.#instances.every(({ state }) => state === 'RUNNING')
      },
      limitMs,
    )
  }
}
