import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { until } from './cluster.ts'

const ROOT = join(import.meta.dirname, '../..')

export interface WordCountOptions {
  readonly brokers: string
  readonly applicationId: string
  readonly stateDir: string
  readonly input: string
  readonly output: string
  readonly guarantee?: string
  readonly instanceId?: string
  readonly sessionTimeoutMs?: number
  readonly commitIntervalMs?: number
}

/** An event line of the example. */
export type WordCountEvent =
  | { readonly event: 'state'; readonly state: string }
  | {
      readonly event: 'restored'
      readonly store: string
      readonly partition: number
      readonly records: number
      readonly ms: number
    }

/** examples/word-count.ts as a process of its own. */
export class WordCountProcess {
  readonly events: WordCountEvent[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>
  #stderr = ''

  /** @param preload - A module that Node loads first: a test's hook. */
  constructor(
    options: WordCountOptions,
    preload?: { readonly module: string; readonly env: Readonly<Record<string, string>> },
  ) {
    const flags = Object.entries(options).flatMap(([name, value]) => [
      `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      String(value),
    ])
    const imports = preload === undefined ? [] : ['--import', preload.module]
    this.#child = spawn(process.execPath, [...imports, join(ROOT, 'examples/word-count.ts'), ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...preload?.env },
    })
    this.#exited = once(this.#child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
    createInterface({ input: this.#child.stdout! }).on('line', (line) =>
      this.events.push(JSON.parse(line) as WordCountEvent),
    )
    this.#child.stderr!.on('data', (chunk) => {
      this.#stderr += chunk
    })
  }

  get stderr(): string {
    return this.#stderr
  }

  get state(): string | undefined {
    return this.events.filter((event) => event.event === 'state').at(-1)?.state
  }

  get restored(): readonly Extract<WordCountEvent, { event: 'restored' }>[] {
    return this.events.filter((event) => event.event === 'restored')
  }

  async running(): Promise<void> {
    await until(
      'the word count is RUNNING',
      () => {
        if (this.#child.exitCode !== null)
          throw new Error(`the word count ended with ${this.#child.exitCode}: ${this.#stderr}`)
        return this.state === 'RUNNING'
      },
      60_000,
    )
  }

  /** Sends a signal that does not end the process: SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends the signal; resolves with how the process ended. */
  async end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    this.#child.kill(signal)
    return this.exited()
  }

  async exited(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    const [code, signal] = await this.#exited
    return { code, signal }
  }
}
