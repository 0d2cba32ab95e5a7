import type { Client, Producer } from '../../lib/client/client.ts'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import { partitionFor } from '../../lib/core/murmur2.ts'
import { NO_HEADERS } from '../../lib/core/record.ts'

const ROUND_MS = 20
const MAX_PENDING_BYTES = 8 << 20
const VALUE = Buffer.from('x')

/** Partitions of input, changelog and output. */
export const PARTITIONS = 4

export function keyOf(number: number): string {
  return `key-${String(number).padStart(9, '0')}`
}

export function numberOf(key: Buffer): number {
  return Number(key.toString('latin1', 4))
}

/** What is sent to the application, and how often it sent each key: the truth that everything is compared with. */
export class Load {
  readonly counts: Uint32Array
  readonly #producer: Producer
  readonly #topic: string
  readonly #random: () => number
  #stopping = false
  #running: Promise<void> = Promise.resolve()

  constructor(client: Client, topic: string, keys: number, random: () => number) {
    this.counts = new Uint32Array(keys)
    this.#producer = client.producer({})
    this.#topic = topic
    this.#random = random
  }

  get sent(): number {
    return this.counts.reduce((sum, count) => sum + count, 0)
  }

  /** Sends each key once. */
  async fill(): Promise<void> {
    await this.#producer.init()
    for (let number = 0; number < this.counts.length; number++) {
      this.#send(number)
      if (this.#producer.pendingBytes > MAX_PENDING_BYTES) await this.#producer.drained(MAX_PENDING_BYTES / 4)
    }
    await this.#producer.flush()
  }

  /** Goes on sending random keys, until `stop`. */
  start(recordsPerSecond: number): void {
    this.#running = this.#run(recordsPerSecond)
    this.#running.catch(() => {})
  }

  /** Resolves when all that was sent is acknowledged. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
    await this.#producer.flush()
    await this.#producer.close()
  }

  async #run(recordsPerSecond: number): Promise<void> {
    const startedMs = systemClock.monotonicMs()
    for (let sent = 0; !this.#stopping; ) {
      const due = Math.floor(((systemClock.monotonicMs() - startedMs) / 1_000) * recordsPerSecond)
      for (; sent < due; sent++) this.#send(Math.floor(this.#random() * this.counts.length))
      if (this.#producer.pendingBytes > MAX_PENDING_BYTES) await this.#producer.drained(MAX_PENDING_BYTES / 4)
      await sleep(systemClock, ROUND_MS)
    }
  }

  #send(number: number): void {
    const key = Buffer.from(keyOf(number))
    this.counts[number]!++
    this.#producer.send(this.#topic, partitionFor(key, PARTITIONS), key, VALUE, systemClock.now(), NO_HEADERS)
  }
}
