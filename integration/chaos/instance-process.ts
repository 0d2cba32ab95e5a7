import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../lib/core/clock.ts'
import type { WatchedProcess, WatchedProcesses } from '../broker/watched-processes.ts'
import { type InstanceLine, type InstanceOptions, START_GIVEN_UP } from './instance.ts'

/** What does not follow from the name. */
export type InstanceSettings = Omit<InstanceOptions, 'stateDir' | 'clientId'>

const PROGRAM = join(import.meta.dirname, 'instance.ts')

/** An instance of the application under chaos: a state directory, and one process after the other that uses it. */
export class InstanceProcess {
  readonly name: string
  readonly stateDir: string
  /** How processes ended that nobody had ended. */
  readonly unexpectedEnds: string[] = []
  /** Processes so far, this one included. */
  lives = 0
  readonly #folder: string
  readonly #processes: WatchedProcesses
  readonly #options: InstanceSettings
  #process: WatchedProcess | undefined
  #starting: Promise<void> = Promise.resolve()
  #isPaused = false
  #startedMs = 0

  constructor(name: string, folder: string, processes: WatchedProcesses, options: InstanceSettings) {
    this.name = name
    this.stateDir = join(folder, name)
    this.#folder = folder
    this.#processes = processes
    this.#options = options
    mkdirSync(this.stateDir, { recursive: true })
  }

  /** Runs, and is not paused. */
  get active(): boolean {
    return this.#process !== undefined && this.#process.endedBy === undefined && !this.#isPaused
  }

  /** Runs its tasks, or has had so long to get there. */
  isSettled(patienceMs: number): boolean {
    if (!this.active) return false
    return systemClock.monotonicMs() - this.#startedMs > patienceMs || this.state === 'RUNNING'
  }

  start(): Promise<void> {
    this.#starting = this.#start()
    return this.#starting
  }

  /** Stops it in its tracks, for good. Resolves with how it ended. */
  kill(): Promise<string> {
    return this.#end('SIGKILL')
  }

  /** Has it commit, leave the group and end. Resolves with how it ended. */
  close(): Promise<string> {
    return this.#end('SIGTERM')
  }

  pause(): void {
    this.#isPaused = true
    this.#signal('SIGSTOP')
  }

  resume(): void {
    this.#signal('SIGCONT')
    this.#isPaused = false
  }

  /** To be called between two lives. */
  loseState(): void {
    rmSync(this.stateDir, { recursive: true })
    mkdirSync(this.stateDir)
  }

  logFile(life = this.lives): string {
    return join(this.#folder, `${this.name}-${life}.log`)
  }

  /** What one life has printed so far. */
  lines(life = this.lives): readonly InstanceLine[] {
    if (!existsSync(this.logFile(life))) return []
    // A killed process may have left half a line, and anything may have written to stderr.
    return readFileSync(this.logFile(life), 'utf8')
      .split('\n')
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as InstanceLine]
        } catch {
          return []
        }
      })
  }

  get state(): string {
    const states = this.lines().flatMap((line) => (line.event === 'state' ? line.state : []))
    return states.at(-1) ?? 'CREATED'
  }

  async #start(): Promise<void> {
    this.lives++
    this.#startedMs = systemClock.monotonicMs()
    const options: InstanceOptions = { ...this.#options, clientId: this.name, stateDir: this.stateDir }
    const command = { command: process.execPath, args: [PROGRAM, JSON.stringify(options)] }
    const started = await this.#processes.start(command, this.logFile())
    this.#process = started
    void started.ended.then((how) => {
      // Whoever ends it has taken it away before.
      if (this.#process !== started) return
      // A start waits for the cluster as long as a request may take; then it is for others to start it again, as here.
      if (how === `exit code ${START_GIVEN_UP}`) void this.start()
      else this.unexpectedEnds.push(`life ${this.lives} ended by itself: ${how}`)
    })
  }

  // It may have ended a moment ago.
  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(this.#process!.pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  async #end(signal: NodeJS.Signals): Promise<string> {
    await this.#starting
    const ending = this.#process
    if (ending === undefined) throw new Error(`${this.name} was not started`)
    if (ending.endedBy === undefined) this.#signal(signal)
    this.#process = undefined
    return await ending.ended
  }
}
