import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { ProcessingGuarantee } from '../../lib/runtime/config.ts'
import { javaCommand } from '../broker/java-engine.ts'
import { kafkaStreamsJars } from '../broker/kafka-jars.ts'
import { runToEnd } from '../broker/run-command.ts'
import type { Command } from '../broker/watched-processes.ts'
import { until } from '../support/cluster.ts'

const MAX_STDERR_CHARACTERS = 10_000
const COMPILE_TIMEOUT_MS = 120_000

/** What the application is told, as NAME=VALUE. */
export interface KilledOptions {
  readonly brokers: string
  readonly applicationId: string
  readonly stateDir: string
  readonly input: string
  readonly output: string
  /** These two of Millrace alone. */
  readonly guarantee?: ProcessingGuarantee
  readonly scope?: 'task' | 'instance'
  /** Of Java alone; Millrace's is in its state directory. */
  readonly groupInstanceId?: string
}

/** What the application says of itself; times in epoch milliseconds. */
export type KilledEvent =
  | { readonly event: 'state'; readonly state: string; readonly atMs: number }
  | Restored
  | Processing
  | { readonly event: 'log'; readonly level: 'warn' | 'error'; readonly message: string; readonly fields: object }

/** The first record is in process. */
export interface Processing {
  readonly event: 'processing'
  /** Told by Millrace, for each partition; Java tells of the first of all. */
  readonly partition?: number
  /** The record's. */
  readonly timestamp?: number
  readonly atMs: number
}

export interface Restored {
  readonly event: 'restored'
  readonly partition: number
  /** Told by Millrace, if there was anything to read. */
  readonly startingOffset?: number | undefined
  /** Read from the changelog. */
  readonly records: number
  readonly ms: number
  readonly atMs: number
}

/** How an application is started. */
export type Launcher = (options: KilledOptions) => Command

const nameValues = (options: KilledOptions) => Object.entries(options).map(([name, value]) => `${name}=${value}`)

export function millraceLauncher(): Launcher {
  const program = join(import.meta.dirname, 'application.ts')
  return (options) => ({ command: process.execPath, args: [program, ...nameValues(options)] })
}

/** Compiles first, once: its starts are measured. */
export async function javaLauncher(): Promise<Launcher & Disposable> {
  const jars = join(await kafkaStreamsJars(), '*')
  const classes = mkdtempSync(join(tmpdir(), 'millrace-kill-classes-'))
  const source = join(import.meta.dirname, 'KilledCounting.java')
  const compiler = javaCommand().replace(/java$/, 'javac')
  const compiled = await runToEnd({ command: compiler, args: ['-cp', jars, '-d', classes, source] }, COMPILE_TIMEOUT_MS)
  if (!compiled.ok) throw new Error(`${source} was not compiled (${compiled.how}): ${compiled.output}`)
  const launch: Launcher = (options) => ({
    command: javaCommand(),
    args: ['-Dlog4j2.level=WARN', '-cp', `${classes}${delimiter}${jars}`, 'KilledCounting', ...nameValues(options)],
  })
  return Object.assign(launch, { [Symbol.dispose]: () => rmSync(classes, { recursive: true, force: true }) })
}

/** One life of the application. */
export class KilledProcess {
  readonly startedMs = Date.now()
  readonly events: KilledEvent[] = []
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #ended: Promise<string>
  #how: string | undefined
  #stderr = ''

  constructor({ command, args }: Command) {
    this.#process = spawn(command, args, { env: process.env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process.stdin.on('error', () => {}) // it has ended, which says more
    this.#process.stderr.on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_CHARACTERS)
    })
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.events.push(JSON.parse(line)))
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.#how = how
        resolve(how)
      }
      this.#process.once('error', (error) => end(error.message))
      this.#process.once('close', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  get restored(): readonly Restored[] {
    return this.events.filter((event) => event.event === 'restored')
  }

  /** When it was RUNNING for the first time; undefined if it has not been. */
  get runningMs(): number | undefined {
    return this.events.filter((event) => event.event === 'state').find(({ state }) => state === 'RUNNING')?.atMs
  }

  /** By partition, first things first. */
  get processing(): readonly Processing[] {
    return this.events.filter((event) => event.event === 'processing')
  }

  get processingMs(): number | undefined {
    return this.processing[0]?.atMs
  }

  /** Warnings and errors. */
  get logged(): readonly Extract<KilledEvent, { event: 'log' }>[] {
    return this.events.filter((event) => event.event === 'log')
  }

  /** Waits for something that it says of itself. */
  async until(what: string, holds: () => boolean, limitMs: number): Promise<void> {
    await until(
      `the application ${what}`,
      () => {
        if (this.#how !== undefined) throw new Error(`the application ended (${this.#how}): ${this.#stderr}`)
        return holds()
      },
      limitMs,
    )
  }

  /** As kill -9 does. Resolves when the process is gone, with what had ended it: SIGKILL, unless it ended before. */
  async kill(): Promise<string> {
    this.#process.kill('SIGKILL')
    return this.#ended
  }

  /** Has it commit and end. */
  async close(): Promise<void> {
    this.#process.stdin.end()
    const how = await this.#ended
    if (how !== 'exit code 0') throw new Error(`the application ended with ${how}: ${this.#stderr}`)
  }
}
