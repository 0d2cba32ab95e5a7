import { tmpdir } from 'node:os'
import { StateIoError } from '../../../stores/errors.ts'
import { BrokerUnavailableError, FencedInstanceError } from '../../client/errors.ts'
import { type MemoryCluster, memoryCluster } from '../../client/memory/index.ts'
import { inEitherVersion } from '../../client/transaction-version.ts'
import { sleep, VirtualClock } from '../../core/clock.ts'
import { silentLogger } from '../../core/log.ts'
import { ProcessingError } from '../../runtime/errors.ts'
import { ClusterView } from './cluster-view.ts'
import { CrashPoints } from './crash-points.ts'
import type { Disks, FaultContext } from './faults.ts'
import { InputProducer } from './input.ts'
import { Instances } from './instances.ts'
import { Network } from './network.ts'
import { makePlan, type SimulationPlan } from './plan.ts'
import type { ProcessEvents, SimulatedProcess } from './process.ts'
import { ProcessClock } from './process-clock.ts'
import { Random } from './random.ts'
import { ReadCheck } from './read-check.ts'
import type { SimulationOptions, SimulationResult } from './simulate.ts'
import { detailOf } from './trace-detail.ts'
import { makeTrouble } from './trouble.ts'
import { judge, type Verdict } from './verdict.ts'
import {
  ALL_TOPICS,
  APPLICATION_ID,
  INPUT_TOPICS,
  OUTPUT_TOPICS,
  REPARTITION_TOPIC,
  SOURCE_TOPICS,
} from './workload.ts'

const START_MS = 1_700_000_000_000
/** A run that takes longer, in virtual time, hangs. */
const LIMIT_MS = 1_200_000
/** How soon after the last fault all instances run and have read everything. */
const DRAIN_LIMIT_MS = 120_000
const CLOSE_LIMIT_MS = 60_000
const POLL_MS = 50

/** One run: its cluster, its instances, what happens to them, and what they are held to. */
export class Simulation {
  readonly #seed: number
  readonly #trace: ((line: string) => void) | undefined
  readonly #virtual = new VirtualClock(START_MS)
  readonly #clock = new ProcessClock(this.#virtual)
  readonly #random: Random
  readonly #plan: SimulationPlan
  readonly #cluster: MemoryCluster
  readonly #instances: Instances
  readonly #network: Network
  readonly #crashes: CrashPoints
  readonly #reads: ReadCheck
  /** Processes whose next callback throws, and those of which one has. */
  readonly #throwing = new Set<SimulatedProcess>()
  readonly #thrown = new Set<SimulatedProcess>()
  readonly #disks: Disks = { full: new Set(), slow: new Map(), failing: new Set() }
  /** Processes whose disk has refused a batch. */
  readonly #refused = new Set<SimulatedProcess>()
  readonly #faults = new Map<string, number>()
  readonly #violations: string[] = []
  #phase: 'trouble' | 'calm' | 'over' = 'trouble'

  constructor({ seed, guarantee, trace }: SimulationOptions) {
    this.#seed = seed
    this.#trace = trace
    this.#random = new Random(seed)
    this.#plan = makePlan(this.#random, guarantee)
    this.#cluster = this.#makeCluster()
    this.#reads = new ReadCheck(this.#cluster, this.#violations)
    this.#network = new Network(this.#cluster, this.#random, (kind) => this.#count(kind))
    this.#crashes = new CrashPoints(this.#random, this.#plan.guarantee)
    this.#instances = new Instances({
      plan: this.#plan,
      cluster: this.#cluster,
      clock: this.#clock,
      stateDir: tmpdir(),
      events: this.#events(),
      onRead: (process, record) => this.#reads.onRead(process, record),
      onHalfDone: (process) => this.#onHalfDone(process),
      isRightError: (process, error) => this.#isRightError(process, error),
      violations: this.#violations,
    })
  }

  async run(): Promise<SimulationResult> {
    this.#trace?.(JSON.stringify(this.#plan))
    let verdict: Verdict = { violations: [], duplicates: 0 }
    let isOver = false
    const story = this.#story().then((result) => {
      verdict = result
    })
    const settled = story.finally(() => {
      isOver = true
    })
    settled.catch(() => {})
    // In production it would end the process.
    const onUnhandled = (error: unknown): void => void this.#violations.push(`unhandled rejection: ${String(error)}`)
    process.on('unhandledRejection', onUnhandled)
    try {
      await this.#virtual.advanceUntil(() => isOver, LIMIT_MS)
      await settled
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }
    return {
      seed: this.#seed,
      guarantee: this.#plan.guarantee,
      violations: [...this.#violations, ...verdict.violations],
      faults: Object.fromEntries(this.#faults),
      crashPoints: Object.fromEntries(this.#crashes.counts),
      records: this.#plan.workload.records,
      duplicates: verdict.duplicates,
      virtualMs: this.#virtual.now() - START_MS,
    }
  }

  // ---- the story of a run

  async #story(): Promise<Verdict> {
    for (let i = 0; i < this.#plan.instances; i++) this.#instances.add()
    const tending = this.#tend()
    await Promise.all([this.#input(), makeTrouble(this.#context(), () => this.#faultCount())])
    this.#log('no more faults')
    this.#phase = 'calm'
    this.#network.clear()
    const view = new ClusterView(this.#cluster, this.#clock, APPLICATION_ID)
    await this.#drain(view)
    this.#phase = 'over'
    await tending
    for (const { process } of this.#instances.living) await this.#instances.close(process!, CLOSE_LIMIT_MS)
    // Their last transactions have ended; the markers may be on their way.
    while (!view.isStable(ALL_TOPICS)) await sleep(this.#clock, POLL_MS)
    await view.close()
    this.#reads.checkAborted(SOURCE_TOPICS)
    return judge(this.#plan, this.#cluster, this.#instances.machines)
  }

  #input(): Promise<void> {
    const client = this.#cluster.connect({
      clientId: 'input',
      clock: this.#clock,
      logger: silentLogger,
      requestTimeoutMs: 30_000,
    })
    return new InputProducer(client, this.#clock, this.#random, this.#plan.workload).run()
  }

  // What an operator does: whatever has ended is started again.
  async #tend(): Promise<void> {
    while (this.#phase !== 'over') {
      await sleep(this.#clock, POLL_MS)
      this.#instances.tend(this.#phase === 'calm')
    }
  }

  async #drain(view: ClusterView): Promise<void> {
    const deadlineMs = this.#clock.now() + DRAIN_LIMIT_MS
    while (!(await this.#isDrained(view))) {
      if (this.#clock.now() > deadlineMs) {
        const unread = (await view.unread(SOURCE_TOPICS)).join(', ')
        this.#violations.push(`not at rest within ${DRAIN_LIMIT_MS} ms: ${this.#instances.states()}; ${unread}`)
        break
      }
      await sleep(this.#clock, POLL_MS)
    }
    this.#log('all is read')
  }

  async #isDrained(view: ClusterView): Promise<boolean> {
    const isReady = (): boolean =>
      this.#instances.allRunning && this.#cluster.partitionCount(REPARTITION_TOPIC) > 0 && view.isStable(ALL_TOPICS)
    return isReady() && (await view.unread(SOURCE_TOPICS)).length === 0 && isReady()
  }

  // ---- inside

  #makeCluster(): MemoryCluster {
    const { cluster, workload } = this.#plan
    const { nodes, latencyMs, transactionVersion, maxRecordMarkerDelayMs, maxOffsetMarkerDelayMs } = cluster
    const made = memoryCluster({
      clock: this.#clock,
      nodes,
      latencyMs,
      transactionVersion,
      transactionMarkerDelayMs: ({ kind }) =>
        this.#random.below(1 + (kind === 'records' ? maxRecordMarkerDelayMs : maxOffsetMarkerDelayMs)),
    })
    for (const topic of [...INPUT_TOPICS, ...OUTPUT_TOPICS])
      made.createTopic(topic, { partitions: workload.partitions })
    return made
  }

  #context(): FaultContext {
    return {
      plan: this.#plan,
      random: this.#random,
      clock: this.#clock,
      cluster: this.#cluster,
      network: this.#network,
      crashes: this.#crashes,
      instances: this.#instances,
      disks: this.#disks,
      throwing: this.#throwing,
      count: (kind) => this.#count(kind),
      log: (line) => this.#log(line),
      isCalm: () => this.#phase !== 'trouble',
    }
  }

  #events(): ProcessEvents {
    return {
      onOutside: (process, operation, moment, message) => {
        if (this.#trace !== undefined)
          this.#log(`${process.name} ${moment} ${operation}${detailOf(operation, message)}`)
        // A crash that was to come, and has not, would have somebody start when nobody waits for it any more.
        if (this.#phase !== 'over') this.#crashes.onOutside(process, operation, moment)
      },
      diskDelayMs: (process) => this.#diskDelayMs(process),
      onCommitted: (process, offsets) => this.#reads.onCommitted(process, offsets),
      duplicates: (api) => this.#network.duplicates(inEitherVersion(api)),
      onState: (process, state) => this.#log(`${process.name} is ${state}`),
      onRestored: (process, event) => this.#log(`${process.name} has restored ${JSON.stringify(event)}`),
      onLog: (process, level, fields, message) => {
        const line = `${process.name} ${level}: ${message} ${JSON.stringify(fields)}`
        if (this.#isWipe(message)) this.#violations.push(line)
        this.#log(line)
      },
    }
  }

  // No crash empties a store. Only a changelog of which the beginning was deleted meanwhile does.
  #isWipe(message: string): boolean {
    return message.startsWith('store is emptied') && !message.includes('its changelog starts at')
  }

  #diskDelayMs(process: SimulatedProcess): number | 'ENOSPC' {
    const { name } = process.machine
    const { failing, full, slow } = this.#disks
    const fails = failing.delete(name)
    if (!fails && !full.has(name)) return slow.get(name) ?? 0
    this.#count(fails ? 'failing batch' : 'full disk')
    this.#refused.add(process)
    return 'ENOSPC'
  }

  #onHalfDone(process: SimulatedProcess): void {
    if (!this.#throwing.delete(process)) return
    this.#count('callback fails')
    this.#log(`a callback of ${process.name} fails`)
    this.#thrown.add(process)
    throw new Error('a callback fails')
  }

  #isRightError(process: SimulatedProcess, error: Error): boolean {
    if (error instanceof ProcessingError) return this.#thrown.has(process)
    if (error instanceof StateIoError) return this.#refused.has(process)
    if (error instanceof FencedInstanceError) return this.#instances.isContested(process)
    return error instanceof BrokerUnavailableError
  }

  #faultCount(): number {
    let count = 0
    for (const each of this.#faults.values()) count += each
    return count
  }

  #count(kind: string): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1)
  }

  #log(line: string): void {
    this.#trace?.(`${((this.#virtual.now() - START_MS) / 1_000).toFixed(3)} ${line}`)
  }
}
