import { join } from 'node:path'
import { kafkaCluster, type MemoryCluster } from '../../lib/index.ts'
import type { Board } from './board.ts'
import { type RunningInstance, startInstance } from './instance.ts'
import { InstanceProcess } from './instance-process.ts'
import type { DemoOptions } from './options.ts'
import type { InstanceConfig, Report } from './reports.ts'
import { until } from './wait.ts'

/** A killed instance is missed after this long. A real broker takes no less than 6 s by default (group.min.session.timeout.ms). */
const SESSION_MS = { embedded: 2_000, kafka: 6_000 }

export interface InstancesContext {
  readonly applicationId: string
  readonly stateDir: string
  /** Undefined: Kafka. */
  readonly cluster: MemoryCluster | undefined
  readonly board: Board
  readonly onFailed: (error: Error) => void
}

/** The instances of a run: one in this process, or several, each a process of its own with a state directory of its own. */
export class Instances {
  readonly processes: readonly InstanceProcess[]
  readonly #options: DemoOptions
  readonly #context: InstancesContext
  #local: RunningInstance | undefined

  constructor(options: DemoOptions, context: InstancesContext) {
    this.#options = options
    this.#context = context
    const names = options.instances === 1 ? [] : Array.from('abcdefgh').slice(0, options.instances)
    this.processes = names.map(
      (name) =>
        new InstanceProcess(name, this.#config(join(context.stateDir, name)), context.cluster, (report) =>
          this.#report(name, report),
        ),
    )
  }

  /** Resolves when all tasks run, and every instance has some. */
  async start(signal: AbortSignal, taskCount: number): Promise<void> {
    const { board, cluster, stateDir } = this.#context
    if (this.processes.length === 0) {
      board.starts('a')
      const supplier = cluster ?? kafkaCluster({ brokers: this.#options.brokers! })
      this.#local = await startInstance(this.#config(stateDir), supplier, (report) => this.#report('a', report))
      return
    }
    board.event(`starting ${this.processes.length} processes, each with a state directory of its own`)
    for (const process of this.processes) {
      board.starts(process.name)
      process.start()
    }
    const areReady = () => {
      const all = board.instances
      const tasks = all.reduce((sum, { tasks }) => sum + tasks.length, 0)
      return tasks === taskCount && all.every(({ state, tasks }) => state === 'RUNNING' && tasks.length > 0)
    }
    await until('all instances are running', areReady, { signal })
    board.event(`${this.processes.length} processes share ${taskCount} tasks`, 'good')
  }

  /** Has all of them commit and leave. */
  async close(): Promise<void> {
    await Promise.all([this.#local?.close(), ...this.processes.map((process) => process.close())])
    this.#local = undefined
  }

  /** Ends whatever is still there, without waiting for a commit. */
  async end(): Promise<void> {
    await Promise.all([this.#local?.close().catch(() => {}), ...this.processes.map((process) => process.kill())])
  }

  #config(stateDir: string): InstanceConfig {
    const { applicationId, cluster } = this.#context
    const sessionTimeoutMs = cluster === undefined ? SESSION_MS.kafka : SESSION_MS.embedded
    return { applicationId, stateDir, brokers: this.#options.brokers ?? null, sessionTimeoutMs }
  }

  #report(name: string, report: Report): void {
    this.#context.board.report(name, report)
    if (report.kind === 'failed') this.#context.onFailed(new Error(`instance ${name} failed: ${report.message}`))
  }
}
