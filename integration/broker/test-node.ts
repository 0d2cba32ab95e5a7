import { readFile, stat } from 'node:fs/promises'
import { scheduler } from 'node:timers/promises'

import type { Engine } from './engine.ts'
import { BrokerStartError } from './errors.ts'
import type { NodeAddress } from './server-properties.ts'
import type { WatchedProcess, WatchedProcesses } from './watched-processes.ts'

// Logged by a node once it has joined the quorum and serves requests.
const STARTED = 'Kafka Server started'
const POLL_MS = 50
const SHOWN_LOG_LINES = 40
const STOP_TIMEOUT_MS = 30_000

/** One node of a test broker: its process can be killed, stopped in its tracks, and started again with its data. */
export class TestNode {
  readonly address: NodeAddress
  readonly logFile: string
  readonly #properties: Record<string, string>
  readonly #engine: Engine
  readonly #processes: WatchedProcesses
  #process: WatchedProcess | undefined

  constructor(
    address: NodeAddress,
    properties: Record<string, string>,
    engine: Engine,
    processes: WatchedProcesses,
    logFile: string,
  ) {
    this.address = address
    this.logFile = logFile
    this.#properties = properties
    this.#engine = engine
    this.#processes = processes
  }

  get running(): boolean {
    return this.#process !== undefined && this.#process.endedBy === undefined
  }

  /** Process id of the node (with Docker: of the client attached to it); undefined before the start. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Starts the process and waits until it serves requests. */
  async start(): Promise<void> {
    const logStart = await stat(this.logFile).then(
      ({ size }) => size,
      () => 0,
    )
    const command = this.#engine.command(this.address, this.#properties, this.#process !== undefined)
    const started = await this.#processes.start(command, this.logFile)
    this.#process = started
    const timeout = AbortSignal.timeout(this.#engine.startTimeoutMs)
    while (!(await this.#log(logStart)).includes(STARTED)) {
      if (started.endedBy !== undefined) throw await this.#startError(`ended (${started.endedBy})`)
      if (timeout.aborted) throw await this.#startError(`was not up after ${this.#engine.startTimeoutMs} ms`)
      await scheduler.wait(POLL_MS)
    }
  }

  /** Sends the signal and waits for the process to end. SIGKILL by default: a crash; SIGTERM: an orderly stop. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const running = this.#process
    if (running === undefined || running.endedBy !== undefined) return
    await this.#engine.signal(this.address, running.pid, signal)
    const timeout = AbortSignal.timeout(STOP_TIMEOUT_MS)
    while (running.endedBy === undefined) {
      if (timeout.aborted) throw await this.#startError(`did not end ${STOP_TIMEOUT_MS} ms after ${signal}`)
      await scheduler.wait(POLL_MS)
    }
  }

  /** Stops the process in its tracks: connections stay open and nothing answers. */
  async pause(): Promise<void> {
    await this.#engine.signal(this.address, this.#process!.pid, 'SIGSTOP')
  }

  /** Lets a paused process go on. */
  async resume(): Promise<void> {
    await this.#engine.signal(this.address, this.#process!.pid, 'SIGCONT')
  }

  /** Starts the node again with its data, after an orderly stop if it still runs. */
  async restart(): Promise<void> {
    await this.kill('SIGTERM')
    await this.start()
  }

  async #log(from: number): Promise<string> {
    const bytes = await readFile(this.logFile).catch(() => Buffer.alloc(0))
    return bytes.toString('utf8', from)
  }

  async #startError(what: string): Promise<BrokerStartError> {
    const tail = (await this.#log(0)).trimEnd().split('\n').slice(-SHOWN_LOG_LINES).join('\n')
    return new BrokerStartError(`Broker node ${this.address.nodeId} ${what}. The end of its log:\n${tail}`)
  }
}
