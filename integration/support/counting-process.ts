import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { javaCounting } from '../java/run-counting.ts'
import { until } from './cluster.ts'

const MAX_STDERR_CHARACTERS = 10_000

/** Which of the two runs an application. */
export type Runner = 'java' | 'millrace'

export interface CountingOptions {
  readonly brokers: string
  readonly applicationId: string
  readonly stateDir: string
  readonly input: string
  /** A topic, or of kind `windowed` what the names of its topics begin with. */
  readonly output: string
  /** See Counting.java. */
  readonly kind: 'words' | 'windowed'
  readonly guarantee: 'exactly_once' | 'at_least_once'
  readonly commitIntervalMs: number
  readonly transactionTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly cacheBytes: number
}

/**
 * The count of Java Kafka Streams, or of Millrace, as a process of its own.
 *
 * @example
 * const counting = await CountingProcess.start('java', options)
 * await counting.running()
 * await counting.close() // committed, and out of the group
 */
export class CountingProcess {
  /** What Millrace has logged: `warn MESSAGE FIELDS`. Java says nothing. */
  readonly log: string[] = []
  readonly #name: string
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #ended: Promise<string>
  #state = ''
  #restored = 0
  #closing = false
  #how: string | undefined
  #stderr = ''

  static async start(runner: Runner, options: CountingOptions): Promise<CountingProcess> {
    const args = Object.entries(options).map(([name, value]) => `${name}=${value}`)
    const program = join(import.meta.dirname, 'counting.ts')
    const command =
      runner === 'java' ? await javaCounting(args) : { command: process.execPath, args: [program, ...args] }
    return new CountingProcess(runner, command.command, command.args)
  }

  private constructor(name: string, command: string, args: readonly string[]) {
    this.#name = name
    this.#process = spawn(command, args, { env: process.env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process.stderr.on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_CHARACTERS)
    })
    this.#process.stdin.on('error', () => {}) // it has ended, which says more
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#heard(line))
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.#how = how
        resolve(how)
      }
      this.#process.once('error', (error) => end(error.message))
      this.#process.once('close', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  get state(): string {
    return this.#state
  }

  /** How many records Millrace has restored from changelogs. */
  get restored(): number {
    return this.#restored
  }

  async running(): Promise<void> {
    await until(`${this.#name} is RUNNING`, () => {
      if (this.#how !== undefined) throw this.#endedEarly(this.#how)
      return this.#state === 'RUNNING'
    })
  }

  async logs(part: string): Promise<void> {
    await until(`${this.#name} logs '${part}'`, () => {
      if (this.#how !== undefined) throw this.#endedEarly(this.#how)
      return this.log.some((line) => line.includes(part))
    })
  }

  /** Rejects if it ends before `close` or `kill` is called. */
  async failed(): Promise<never> {
    const how = await this.#ended
    if (this.#closing) return new Promise(() => {})
    throw this.#endedEarly(how)
  }

  /** Has it commit, leave the group and end. */
  async close(): Promise<void> {
    this.#closing = true
    this.#process.stdin.end()
    const how = await this.#ended
    if (how !== 'exit code 0') throw this.#endedEarly(how)
  }

  /** Stops it in its tracks. */
  pause(): void {
    this.#process.kill('SIGSTOP')
  }

  resume(): void {
    this.#process.kill('SIGCONT')
  }

  /** As kill -9 does. Does nothing if it has ended. */
  async kill(): Promise<void> {
    this.#closing = true
    this.#process.kill('SIGKILL')
    await this.#ended
  }

  #heard(line: string): void {
    const [what, ...words] = line.split(' ')
    const rest = words.join(' ')
    if (what === 'state') this.#state = rest
    else if (what === 'restored') this.#restored += Number(rest)
    else if (what === 'log') this.log.push(rest)
  }

  #endedEarly(how: string): Error {
    return new Error(`${this.#name} ended (${how}): ${this.#stderr}`)
  }
}
