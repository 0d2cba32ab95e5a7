// Starts Counting.java: an application of Java Kafka Streams.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { javaCommand } from '../broker/java-engine.ts'
import { kafkaStreamsJars } from '../broker/kafka-jars.ts'
import { until } from '../support/cluster.ts'

const MAX_STDERR_CHARACTERS = 10_000

/** What Counting.java counts: see there. */
export type CountingKind = 'words' | 'windows' | 'closed-windows'

export interface CountingOptions {
  readonly brokers: string
  readonly applicationId: string
  readonly stateDir: string
  readonly input: string
  readonly output: string
  readonly kind: CountingKind
}

/**
 * Java Kafka Streams as a process of its own.
 *
 * @example
 * const java = await JavaCounting.start(options)
 * await java.running()
 * await java.close() // committed, and out of the group
 */
export class JavaCounting {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #ended: Promise<string>
  #state = ''
  #closing = false
  #how: string | undefined
  #stderr = ''

  static async start(options: CountingOptions): Promise<JavaCounting> {
    return new JavaCounting(await kafkaStreamsJars(), options)
  }

  private constructor(jars: string, { brokers, applicationId, stateDir, input, output, kind }: CountingOptions) {
    const settings = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-Djava.net.preferIPv4Stack=true', '-Dlog4j2.level=WARN']
    const program = [join(import.meta.dirname, 'Counting.java'), brokers, applicationId, stateDir, input, output, kind]
    this.#process = spawn(javaCommand(), [...settings, '-cp', join(jars, '*'), ...program], {
      env: process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#process.stderr.on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_CHARACTERS)
    })
    this.#process.stdin.on('error', () => {}) // it has ended, which says more
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      if (line.startsWith('state ')) this.#state = line.slice('state '.length)
    })
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.#how = how
        resolve(how)
      }
      this.#process.once('error', (error) => end(error.message))
      this.#process.once('close', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  async running(): Promise<void> {
    await until('Java Kafka Streams is RUNNING', () => {
      if (this.#how !== undefined) throw new Error(`Java Kafka Streams ended (${this.#how}): ${this.#stderr}`)
      return this.#state === 'RUNNING'
    })
  }

  /** Rejects if it ends before `close` is called. */
  async failed(): Promise<never> {
    const how = await this.#ended
    if (this.#closing) return new Promise(() => {})
    throw new Error(`Java Kafka Streams ended (${how}): ${this.#stderr}`)
  }

  /** Has it commit, leave the group and end. */
  async close(): Promise<void> {
    this.#closing = true
    this.#process.stdin.end()
    const how = await this.#ended
    if (how !== 'exit code 0') throw new Error(`Java Kafka Streams ended (${how}): ${this.#stderr}`)
  }

  /** For clearing up: ends it at once if it still runs. */
  async kill(): Promise<void> {
    this.#closing = true
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}
