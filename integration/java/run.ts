// Starts Clients.java: records as Kafka's own Java clients write and read them.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { CompressionCodec } from '../../lib/client/client.ts'
import type { Headers } from '../../lib/core/record.ts'
import { javaCommand } from '../broker/java-engine.ts'
import { kafkaJars } from '../broker/kafka-jars.ts'

const MAX_STDERR_CHARACTERS = 10_000

export interface JavaRecord {
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly headers: Headers
}

export interface JavaProduceOptions {
  readonly compression: CompressionCodec
  /** Whether, and how, the records are a transaction of their own. */
  readonly end: 'none' | 'commit' | 'abort'
  /** Further settings of Java's producer, by Kafka's names. */
  readonly settings?: Readonly<Record<string, string>>
}

interface Answer {
  readonly records: JavaRecord[]
  readonly resolve: (records: readonly JavaRecord[]) => void
  readonly reject: (error: Error) => void
}

/**
 * One Java process for many calls, which it answers in turn.
 *
 * @example
 * await using java = await JavaClients.start('localhost:9092')
 * await java.produce('clicks', records, { compression: 'lz4', end: 'commit' })
 * expect(await java.consume('clicks')).toEqual(records)
 */
export class JavaClients {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #answers: Answer[] = []
  readonly #ended: Promise<void>
  #stderr = ''
  #transactions = 0

  static async start(brokers: string): Promise<JavaClients> {
    return new JavaClients(await kafkaJars(), brokers)
  }

  private constructor(jars: string, brokers: string) {
    const settings = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-Djava.net.preferIPv4Stack=true', '-Dlog4j2.level=WARN']
    const program = join(import.meta.dirname, 'Clients.java')
    this.#process = spawn(javaCommand(), [...settings, '-cp', join(jars, '*'), program, brokers], {
      env: process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#process.stderr.on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_CHARACTERS)
    })
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#heard(line))
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        const error = new Error(`Java's clients ended (${how}): ${this.#stderr}`)
        for (const { reject } of this.#answers.splice(0)) reject(error)
        resolve()
      }
      this.#process.once('error', (error) => end(error.message))
      this.#process.once('close', (code, signal) => end(signal ?? `exit code ${code}`))
    })
    this.#process.stdin.on('error', () => {}) // it has ended, which says more
  }

  /** Sends records; resolves when they are acknowledged, and the transaction, if there is one, has ended. */
  async produce(topic: string, records: readonly JavaRecord[], options: JavaProduceOptions): Promise<void> {
    const encoded = records.map(({ key, value, headers, ...others }) => ({
      ...others,
      key: base64(key),
      value: base64(value),
      headers: headers.map(([name, content]) => [name, base64(content)]),
    }))
    await this.#ask({ do: 'produce', topic, records: encoded, ...this.#settings(options) })
  }

  /** Sends `count` records to partition 0, without keys; the values are the numbers from 0 on. */
  async produceNumbers(topic: string, count: number, options: JavaProduceOptions): Promise<void> {
    await this.#ask({ do: 'produce', topic, count, ...this.#settings(options) })
  }

  /** Every record of a topic as a reader of committed transactions sees it, by partition, then offset. */
  async consume(topic: string): Promise<readonly JavaRecord[]> {
    return await this.#ask({ do: 'consume', topic })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }

  #settings({ compression, end, settings }: JavaProduceOptions): object {
    const id = `java-${process.pid}-${this.#process.pid}-${this.#transactions++}`
    const transactional = end === 'none' ? {} : { 'transactional.id': id }
    return { end, settings: { 'compression.type': compression, ...transactional, ...settings } }
  }

  #ask(request: object): Promise<readonly JavaRecord[]> {
    return new Promise((resolve, reject) => {
      this.#answers.push({ records: [], resolve, reject })
      this.#process.stdin.write(`${JSON.stringify(request)}\n`)
    })
  }

  #heard(line: string): void {
    const heard = JSON.parse(line)
    const answer = this.#answers[0]!
    if (heard.done === undefined && heard.error === undefined) {
      const { partition, timestamp, key, value, headers } = heard
      const decoded = headers.map(([name, content]: [string, string | null]) => [name, bytes(content)])
      answer.records.push({ partition, timestamp, key: bytes(key), value: bytes(value), headers: decoded })
      return
    }
    this.#answers.shift()
    if (heard.error === undefined) answer.resolve(answer.records)
    else answer.reject(new Error(`Java's client fails: ${heard.error}`))
  }
}

function base64(content: Buffer | null): string | null {
  return content === null ? null : content.toString('base64')
}

function bytes(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64')
}
