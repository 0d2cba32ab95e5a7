import { type MemoryCluster, memoryCluster } from '../../client/memory/index.ts'
import { sleep, VirtualClock } from '../../core/clock.ts'
import { silentLogger } from '../../core/log.ts'
import { ClusterView } from './cluster-view.ts'
import { InputProducer } from './input.ts'
import { Machine } from './machine.ts'
import { expectedOf, readTopic } from './oracle.ts'
import { OutputCheck } from './output-check.ts'
import { makePlan, type SimulationPlan } from './plan.ts'
import { type ProcessEvents, SimulatedProcess } from './process.ts'
import { ProcessClock } from './process-clock.ts'
import { Random } from './random.ts'
import { APPLICATION_ID, buildWorkload, INPUT_TOPICS, OUTPUT_TOPICS, SOURCE_TOPICS } from './workload.ts'

const START_MS = 1_700_000_000_000
const LIMIT_MS = 600_000
const DRAIN_LIMIT_MS = 120_000
const POLL_MS = 50

export interface SimulationOptions {
  readonly seed: number
  readonly trace?: (line: string) => void
}

export class Simulation {
  readonly #virtual = new VirtualClock(START_MS)
  readonly #clock = new ProcessClock(this.#virtual)
  readonly #random: Random
  readonly #plan: SimulationPlan
  readonly #cluster: MemoryCluster
  readonly #trace: ((line: string) => void) | undefined
  readonly #processes: SimulatedProcess[] = []
  readonly violations: string[] = []

  constructor({ seed, trace }: SimulationOptions) {
    this.#random = new Random(seed)
    this.#plan = makePlan(this.#random)
    this.#trace = trace
    const { cluster, workload } = this.#plan
    this.#cluster = memoryCluster({
      clock: this.#clock,
      nodes: cluster.nodes,
      latencyMs: cluster.latencyMs,
      transactionMarkerDelayMs: () => this.#random.below(cluster.maxMarkerDelayMs + 1),
    })
    for (const topic of [...INPUT_TOPICS, ...OUTPUT_TOPICS]) {
      this.#cluster.createTopic(topic, { partitions: workload.partitions })
    }
    trace?.(JSON.stringify(this.#plan))
  }

  async run(): Promise<void> {
    let done = false
    const running = this.#run().finally(() => {
      done = true
    })
    running.catch(() => {})
    await this.#virtual.advanceUntil(() => done, LIMIT_MS)
    await running
  }

  async #run(): Promise<void> {
    const { instances, workload } = this.#plan
    for (let i = 0; i < instances; i++) this.#start(new Machine(`m${i}`, `instance-${i}`))
    const client = this.#cluster.connect({
      clientId: 'input',
      clock: this.#clock,
      logger: silentLogger,
      requestTimeoutMs: 30_000,
    })
    await new InputProducer(client, this.#clock, this.#random, workload).run()
    const view = new ClusterView(this.#cluster, this.#clock, APPLICATION_ID)
    const startMs = this.#clock.now()
    for (;;) {
      await sleep(this.#clock, POLL_MS)
      const allRunning = this.#processes.every(({ streams }) => streams.state === 'RUNNING')
      if (allRunning && this.#cluster.partitionCount(SOURCE_TOPICS[2]) > 0) {
        const unread = await view.unread(SOURCE_TOPICS)
        if (unread.length === 0 && view.isStable([...SOURCE_TOPICS, ...OUTPUT_TOPICS])) break
      }
      if (this.#clock.now() - startMs > DRAIN_LIMIT_MS) {
        this.violations.push(
          `not drained within ${DRAIN_LIMIT_MS} ms: ${(await view.unread(SOURCE_TOPICS)).join(', ')}`,
        )
        break
      }
    }
    this.#log(`drained`)
    for (const process of this.#processes) process.close()
    while (this.#processes.some(({ closing }) => closing !== 'ended')) await sleep(this.#clock, POLL_MS)
    this.#check()
  }

  #check(): void {
    const { workload, config } = this.#plan
    const check = new OutputCheck(expectedOf(this.#cluster, workload))
    const isMerged = (config.cacheBytes ?? 0) > 0
    check.mapped(readTopic(this.#cluster, 'mapped'))
    check.windowed(readTopic(this.#cluster, 'windowed'), isMerged)
    check.joined(readTopic(this.#cluster, 'joined'))
    check.lists(readTopic(this.#cluster, 'lists'), isMerged)
    this.violations.push(...check.violations)
  }

  #start(machine: Machine): void {
    const process: SimulatedProcess = new SimulatedProcess({
      name: `${machine.name}.1`,
      machine,
      topology: buildWorkload(this.#plan.workload, () => {}),
      config: {
        applicationId: APPLICATION_ID,
        stateDir: '/tmp',
        ...(this.#plan.staticMembers ? {} : { groupInstanceId: null }),
        ...this.#plan.config,
      },
      cluster: this.#cluster,
      clock: this.#virtual,
      events: this.#events(),
    })
    this.#processes.push(process)
    process.start()
  }

  #events(): ProcessEvents {
    return {
      onOutside: (process, operation, moment) => this.#trace && this.#log(`${process.name} ${moment} ${operation}`),
      diskDelayMs: () => 0,
      onState: (process, state) => this.#log(`${process.name} is ${state}`),
      onLog: (process, level, fields, message) =>
        this.#log(`${process.name} ${level}: ${message} ${JSON.stringify(fields)}`),
    }
  }

  #log(line: string): void {
    this.#trace?.(`${((this.#virtual.now() - START_MS) / 1000).toFixed(3)} ${line}`)
  }
}
