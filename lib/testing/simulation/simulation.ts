import { tmpdir } from 'node:os'
import { StateIoError } from '../../../stores/errors.ts'
import { BrokerUnavailableError, FencedInstanceError } from '../../client/errors.ts'
import { type MemoryCluster, memoryCluster } from '../../client/memory/index.ts'
import { sleep, VirtualClock } from '../../core/clock.ts'
import { silentLogger } from '../../core/log.ts'
import { ClusterView } from './cluster-view.ts'
import { CrashPoints } from './crash-points.ts'
import { type Disks, type FaultContext, faultsOf } from './faults.ts'
import { InputProducer } from './input.ts'
import { Instances } from './instances.ts'
import { Network } from './network.ts'
import { expectedOf, readTopic } from './oracle.ts'
import { OutputCheck } from './output-check.ts'
import { makePlan, type SimulationPlan } from './plan.ts'
import type { ProcessEvents, SimulatedProcess } from './process.ts'
import { ProcessClock } from './process-clock.ts'
import { Random } from './random.ts'
import { ReadCheck } from './read-check.ts'
import { checkStores } from './store-check.ts'
import {
  APPLICATION_ID,
  buildWorkload,
  INPUT_TOPICS,
  OUTPUT_TOPICS,
  REPARTITION_TOPIC,
  SOURCE_TOPICS,
} from './workload.ts'

const START_MS = 1_700_000_000_000
const LIMIT_MS = 1_200_000
const DRAIN_LIMIT_MS = 120_000
const POLL_MS = 50
const MIN_FAULTS = 5

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
  readonly #instances: Instances
  readonly #network: Network
  readonly #crashes: CrashPoints
  readonly #reads: ReadCheck
  readonly #disks: Disks = { full: new Set(), slow: new Map(), failing: new Set() }
  #calm = false
  readonly violations: string[] = []
  readonly faults = new Map<string, number>()

  constructor({ seed, trace }: SimulationOptions) {
    this.#random = new Random(seed)
    this.#plan = makePlan(this.#random)
    this.#trace = trace
    const { cluster, workload, guarantee } = this.#plan
    this.#cluster = memoryCluster({
      clock: this.#clock,
      nodes: cluster.nodes,
      latencyMs: cluster.latencyMs,
      transactionMarkerDelayMs: () => this.#random.below(cluster.maxMarkerDelayMs + 1),
    })
    for (const topic of [...INPUT_TOPICS, ...OUTPUT_TOPICS]) {
      this.#cluster.createTopic(topic, { partitions: workload.partitions })
    }
    this.#reads = new ReadCheck(this.#cluster, this.violations)
    this.#network = new Network(this.#cluster, this.#random, (kind) => this.#count(kind))
    this.#crashes = new CrashPoints(this.#random, guarantee)
    this.#instances = new Instances({
      plan: this.#plan,
      cluster: this.#cluster,
      clock: this.#clock,
      stateDir: tmpdir(),
      events: this.#events(),
      onRead: (process, record) => this.#reads.onRead(process, record),
      isRightError: (process, error) => this.#isRightError(process, error),
      violations: this.violations,
    })
    trace?.(JSON.stringify(this.#plan))
  }

  get crashPoints(): ReadonlyMap<string, number> {
    return this.#crashes.counts
  }

  get virtualMs(): number {
    return this.#virtual.now() - START_MS
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
    for (let i = 0; i < instances; i++) this.#instances.add()
    const client = this.#cluster.connect({
      clientId: 'input',
      clock: this.#clock,
      logger: silentLogger,
      requestTimeoutMs: 30_000,
    })
    const input = new InputProducer(client, this.#clock, this.#random, workload).run()
    const tending = this.#tend()
    await Promise.all([input, this.#trouble()])
    this.#log('calm')
    this.#calm = true
    this.#network.clear()
    for (const { process } of this.#instances.slots) if (process?.isPaused) process.resume(true)
    await this.#drain()
    await tending
    for (const { process } of this.#instances.slots) if (process?.alive) await this.#instances.close(process, 60_000)
    await this.#check()
  }

  async #trouble(): Promise<void> {
    const { workload } = this.#plan
    const context: FaultContext = {
      plan: this.#plan,
      random: this.#random,
      clock: this.#clock,
      cluster: this.#cluster,
      network: this.#network,
      crashes: this.#crashes,
      instances: this.#instances,
      disks: this.#disks,
      count: (kind) => this.#count(kind),
      log: (line) => this.#log(line),
      isCalm: () => this.#calm,
    }
    const faults = faultsOf(this.#plan)
    const wanted = this.#random.between(MIN_FAULTS, 2 * MIN_FAULTS)
    const underWay: Promise<void>[] = []
    for (let begun = 0; begun < wanted || this.#faultCount() < MIN_FAULTS; begun++) {
      await sleep(this.#clock, this.#random.below((2 * workload.inputMs) / wanted))
      underWay.push(this.#random.pick(faults)(context))
    }
    await Promise.all(underWay)
  }

  async #tend(): Promise<void> {
    while (!this.#drained) {
      await sleep(this.#clock, POLL_MS)
      this.#instances.tend()
      for (const slot of this.#instances.slots) {
        if (slot.process?.alive === true) continue
        if (this.#calm || !slot.isAwaited) this.#instances.start(slot)
      }
    }
  }

  #drained = false

  async #drain(): Promise<void> {
    const view = new ClusterView(this.#cluster, this.#clock, APPLICATION_ID)
    const startMs = this.#clock.now()
    for (;;) {
      await sleep(this.#clock, POLL_MS)
      if (this.#instances.allRunning && this.#cluster.partitionCount(REPARTITION_TOPIC) > 0) {
        const unread = await view.unread(SOURCE_TOPICS)
        if (unread.length === 0 && view.isStable([...SOURCE_TOPICS, ...OUTPUT_TOPICS]) && this.#instances.allRunning)
          break
      }
      if (this.#clock.now() - startMs > DRAIN_LIMIT_MS) {
        const unread = await view.unread(SOURCE_TOPICS)
        this.violations.push(
          `not drained within ${DRAIN_LIMIT_MS} ms: ${this.#instances.states()}; ${unread.join(', ')}`,
        )
        break
      }
    }
    this.#drained = true
    this.#log('drained')
  }

  async #check(): Promise<void> {
    const { workload, config, guarantee } = this.#plan
    if (guarantee === 'at_least_once') return
    const check = new OutputCheck(expectedOf(this.#cluster, workload))
    const isMerged = (config.cacheBytes ?? 0) > 0
    check.mapped(readTopic(this.#cluster, 'mapped'))
    check.windowed(readTopic(this.#cluster, 'windowed'), isMerged)
    check.joined(readTopic(this.#cluster, 'joined'))
    check.lists(readTopic(this.#cluster, 'lists'), isMerged)
    this.violations.push(...check.violations)
    this.#reads.checkAborted(SOURCE_TOPICS)
    const topology = buildWorkload(workload, () => {}).physical()
    for (const { disk, name } of this.#instances.machines) {
      this.violations.push(...(await checkStores(this.#cluster, topology, disk, name)))
    }
  }

  #isRightError(process: SimulatedProcess, error: Error): boolean {
    if (error instanceof StateIoError) return this.#diskFailed.has(process)
    if (error instanceof FencedInstanceError) return this.#instances.isContested(process)
    return error instanceof BrokerUnavailableError
  }

  readonly #diskFailed = new Set<SimulatedProcess>()

  #events(): ProcessEvents {
    return {
      onOutside: (process, operation, moment) => {
        if (this.#trace !== undefined) this.#log(`${process.name} ${moment} ${operation}`)
        this.#crashes.onOutside(process, operation, moment)
      },
      diskDelayMs: (process) => {
        const { name } = process.machine
        const failing = this.#disks.failing.delete(name)
        if (!failing && !this.#disks.full.has(name)) return this.#disks.slow.get(name) ?? 0
        this.#count(failing ? 'failing batch' : 'full disk')
        this.#diskFailed.add(process)
        return 'ENOSPC'
      },
      onCommitted: (process, { topics }) => {
        for (const { name, partitions } of topics) {
          for (const { partitionIndex, committedOffset } of partitions) {
            this.#reads.onCommitted(process, name, partitionIndex, committedOffset)
          }
        }
      },
      duplicates: (api) => this.#network.duplicates(api),
      onState: (process, state) => this.#log(`${process.name} is ${state}`),
      onLog: (process, level, fields, message) => {
        if (message.startsWith('store is emptied'))
          this.violations.push(`${process.name}: ${message} ${JSON.stringify(fields)}`)
        if (this.#trace !== undefined) this.#log(`${process.name} ${level}: ${message} ${JSON.stringify(fields)}`)
      },
    }
  }

  #faultCount(): number {
    let count = 0
    for (const each of this.faults.values()) count += each
    return count
  }

  #count(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1)
  }

  #log(line: string): void {
    this.#trace?.(`${((this.#virtual.now() - START_MS) / 1000).toFixed(3)} ${line}`)
  }
}
