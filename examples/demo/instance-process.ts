import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type MemoryCluster, shareCluster } from '../../lib/index.ts'
import type { InstanceConfig, Report } from './reports.ts'

/** A clean close that takes longer is ended by force. */
const CLOSE_LIMIT_MS = 15_000
const MAX_STDERR_CHARS = 4_000

/** An instance in a process of its own, which can be killed and started again. */
export class InstanceProcess {
  readonly name: string
  readonly #config: InstanceConfig
  readonly #cluster: MemoryCluster | undefined
  readonly #report: (report: Report) => void
  #child: ChildProcess | undefined
  /** How the process has ended: its signal, or its exit code. */
  #exited: Promise<NodeJS.Signals | number | null> = Promise.resolve(null)
  #ending = false

  /** @param cluster - The cluster that the process shall use; undefined: the brokers of its configuration. */
  constructor(
    name: string,
    config: InstanceConfig,
    cluster: MemoryCluster | undefined,
    report: (report: Report) => void,
  ) {
    this.name = name
    this.#config = config
    this.#cluster = cluster
    this.#report = report
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    this.#ending = false
    const child = fork(new URL('./worker.ts', import.meta.url), [JSON.stringify(this.#config)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    if (this.#cluster !== undefined) shareCluster(this.#cluster, child)
    child.on('message', (message) => {
      const { report } = message as { report?: Report }
      if (report !== undefined && child === this.#child) this.#report(report)
    })
    let stderr = ''
    child.stderr!.on('data', (chunk) => {
      stderr = (stderr + chunk).slice(-MAX_STDERR_CHARS)
    })
    const failed = (why: unknown) => {
      if (this.#ending || this.#child !== child) return
      this.#report({ kind: 'failed', message: `the process ended by itself (${why}) ${stderr.trim()}` })
    }
    this.#exited = once(child, 'close').then(
      ([code, signal]) => {
        failed(signal ?? code)
        return signal ?? code
      },
      (error: unknown) => {
        failed(error)
        return null
      },
    )
  }

  /**
   * Ends the process as `kill -9` does: it gets no chance to commit, to leave its group or to close anything. Resolves with the signal that
   * has ended it.
   */
  async kill(): Promise<NodeJS.Signals | number | null> {
    this.#ending = true
    this.#child?.kill('SIGKILL')
    return this.#exited
  }

  /** Has the instance commit and leave. */
  async close(): Promise<void> {
    this.#ending = true
    if (this.#child?.connected === true) this.#child.send({ close: true }, undefined, {}, () => {})
    const limit = setTimeout(() => this.#child?.kill('SIGKILL'), CLOSE_LIMIT_MS)
    await this.#exited
    clearTimeout(limit)
  }
}
