import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './cluster.ts'

const DEMO = join(import.meta.dirname, '../../examples/demo.ts')
const LIMIT_MS = 120_000

export interface DemoProcessOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** In a pseudo-terminal, by the program `script`. */
  readonly terminal?: boolean
}

/** examples/demo.ts as a process. Its temporary folder is a fresh one, so that a test sees what it leaves there. */
export class DemoProcess {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #ended: Promise<number | null>
  #stdout = ''
  #stderr = ''

  constructor(
    { args = [], env = {}, terminal = false }: DemoProcessOptions,
    folder = mkdtempSync(join(tmpdir(), 'millrace-demo-test-')),
  ) {
    this.#folder = folder
    // What the tests themselves run in must not decide what the demo shows.
    const { CI, NO_COLOR, NODE_OPTIONS, ...inherited } = process.env
    const command = terminal
      ? ['script', '-qec', [process.execPath, DEMO, ...args].map((word) => `'${word}'`).join(' '), '/dev/null']
      : [process.execPath, DEMO, ...args]
    this.#child = spawn(command[0]!, command.slice(1), {
      env: { ...inherited, TERM: 'xterm', TMPDIR: this.#folder, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child.stdout!.on('data', (chunk) => {
      this.#stdout += chunk
    })
    this.#child.stderr!.on('data', (chunk) => {
      this.#stderr += chunk
    })
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', (code) => resolve(code))
    })
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  get lines(): readonly string[] {
    return this.#stdout.split('\n')
  }

  /** What lies in its temporary folder. */
  get left(): readonly string[] {
    return readdirSync(this.#folder)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Presses keys. */
  type(keys: string): void {
    this.#child.stdin!.write(keys)
  }

  /** Waits for something in its output; resolves with the match. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    await until(`the demo shows ${pattern}`, () => pattern.test(this.#stdout) || this.#hasEnded, LIMIT_MS)
    const match = pattern.exec(this.#stdout)
    if (match === null) throw new Error(`the demo has ended without ${pattern}:\n${this.#stdout}\n${this.#stderr}`)
    return match
  }

  /** Resolves with its exit code. */
  exitCode(): Promise<number | null> {
    return this.#ended
  }

  /** Another one, which finds what this one has left. */
  again(options: DemoProcessOptions): DemoProcess {
    return new DemoProcess(options, this.#folder)
  }

  /** Ends it, if it still runs, and removes what it has left. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }
}
