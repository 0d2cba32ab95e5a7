import { join } from 'node:path'
import { kafkaCluster } from '../../lib/index.ts'
import type { Board } from './board.ts'
import { type RunningInstance, startInstance } from './instance.ts'
import { InstanceProcess } from './instance-process.ts'
import type { DemoOptions } from './options.ts'
import type { InstanceConfig, Report } from './reports.ts'
import type { Setting } from './setting.ts'
import { until } from './wait.ts'

/** At least once an instance commits rarely (every 30 s by default): here often enough to show results meanwhile. */
const COMMIT_MS = { exactly_once: 100, at_least_once: 1_000 }

/** The instances of a run: one in this process, or several, each a process of its own with a state directory of its own. */
export class Instances {
  readonly processes: readonly InstanceProcess[]
  readonly #options: DemoOptions
  readonly #setting: Setting
  readonly #board: Board
  readonly #onFailed: (error: Error) => void
  #local: RunningInstance | undefined

  constructor(options: DemoOptions, setting: Setting, board: Board, onFailed: (error: Error) => void) {
    this.#options = options
    this.#setting = setting
    this.#board = board
    this.#onFailed = onFailed
    const names = options.instances === 1 ? [] : Array.from('abcdefgh').slice(0, options.instances)
    this.processes = names.map(
      (name) =>
        new InstanceProcess(name, this.#config(join(setting.stateDir, name)), setting.embedded, (report) =>
          this.#report(name, report),
        ),
    )
  }

  /** Resolves when all tasks run, and every instance has some. */
  async start(signal: AbortSignal, taskCount: number): Promise<void> {
    const { embedded, stateDir } = this.#setting
    const board = this.#board
    if (this.processes.length === 0) {
      board.starts('a')
      const supplier = embedded ?? kafkaCluster({ brokers: this.#options.brokers! })
      this.#local = await startInstance(this.#config(stateDir), supplier, (report) => this.#report('a', report))
      return
    }
    for (const process of this.processes) {
      board.starts(process.name)
      process.start()
    }
    const pids = this.processes.map(({ pid }) => pid).join(', ')
    board.event(`${this.processes.length} processes start, each with its own state (pids ${pids})`)
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
    const { applicationId, sessionMs } = this.#setting
    const { brokers = null, guarantee } = this.#options
    return {
      applicationId,
      stateDir,
      brokers,
      sessionTimeoutMs: sessionMs,
      processingGuarantee: guarantee,
      commitIntervalMs: COMMIT_MS[guarantee],
    }
  }

  #report(name: string, report: Report): void {
    this.#board.report(name, report)
    if (report.kind === 'failed') this.#onFailed(new Error(`instance ${name} failed: ${report.message}`))
  }
}
