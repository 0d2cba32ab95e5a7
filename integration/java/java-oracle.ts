// Starts oracle/Oracle.java: Java's TopologyTestDriver, which says what comes of a random case.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { GoldenCase } from '../../tests/golden/golden-case.ts'
import { javaCommand } from '../broker/java-engine.ts'
import { kafkaTestDriverJars } from '../broker/kafka-jars.ts'
import { runToEnd } from '../broker/run-command.ts'

const MAX_STDERR_CHARACTERS = 10_000
const COMPILE_TIMEOUT_MS = 120_000
/** State is flushed to files with each record: where there is a file system in memory, there. */
const FILES_IN_MEMORY = '/dev/shm'

/** A case without its results. */
export type OracleInput = Pick<GoldenCase, 'applicationId' | 'config' | 'initialWallClockMs' | 'steps'> & {
  readonly topology: NonNullable<GoldenCase['topology']>
}

export type OracleResults = Pick<GoldenCase, 'topologyDescription' | 'outputs' | 'stores' | 'failsAt'>

/** Java does not build or start this topology. */
export interface Rejected {
  readonly rejected: string
}

/**
 * One Java process for many cases, which it runs in turn.
 *
 * @example
 * await using java = await JavaOracle.start()
 * const results = await java.run(input)
 */
export class JavaOracle {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #answers: { resolve: (results: OracleResults | Rejected) => void; reject: (error: Error) => void }[] = []
  readonly #folder: string
  readonly #ended: Promise<void>
  #stderr = ''

  static async start(): Promise<JavaOracle> {
    const jars = join(await kafkaTestDriverJars(), '*')
    const folder = mkdtempSync(join(existsSync(FILES_IN_MEMORY) ? FILES_IN_MEMORY : tmpdir(), 'millrace-oracle-'))
    const classes = join(folder, 'classes')
    const sources = globSync(join(import.meta.dirname, 'oracle', '*.java'))
    const compiler = javaCommand().replace(/java$/, 'javac')
    const compiled = await runToEnd(
      { command: compiler, args: ['-d', classes, '-cp', jars, ...sources] },
      COMPILE_TIMEOUT_MS,
    )
    if (compiled.ok) return new JavaOracle(folder, [classes, jars].join(delimiter))
    rmSync(folder, { recursive: true })
    throw new Error(`javac does not compile ${sources.join(' ')} (${compiled.how}):\n${compiled.output}`)
  }

  private constructor(folder: string, classPath: string) {
    this.#folder = folder
    const settings = ['-Xmx768m', '-XX:+UseSerialGC', '-Dlog4j2.level=OFF', `-Djava.io.tmpdir=${folder}`]
    this.#process = spawn(javaCommand(), [...settings, '-cp', classPath, 'Oracle'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#process.stderr.on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_CHARACTERS)
    })
    this.#process.stdin.on('error', () => {}) // it has ended, which says more
    createInterface({ input: this.#process.stdout }).on('line', (line) =>
      this.#answers.shift()?.resolve(JSON.parse(line)),
    )
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        const error = new Error(`Java's test driver ended (${how}): ${this.#stderr}`)
        for (const { reject } of this.#answers.splice(0)) reject(error)
        resolve()
      }
      this.#process.once('error', (error) => end(error.message))
      this.#process.once('close', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  /** What Java makes of a case. May be called again before the last answer has come. */
  run({ applicationId, config, initialWallClockMs, topology, steps }: OracleInput): Promise<OracleResults | Rejected> {
    return new Promise((resolve, reject) => {
      this.#answers.push({ resolve, reject })
      this.#process.stdin.write(`${JSON.stringify({ applicationId, config, initialWallClockMs, topology, steps })}\n`)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
