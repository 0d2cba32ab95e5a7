import type { Client, Producer } from '../../lib/client/client.ts'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import { partitionFor } from '../../lib/core/murmur2.ts'
import { NO_HEADERS } from '../../lib/core/record.ts'
import { type INPUTS, PARTITIONS } from './topology.ts'

const ROUND_MS = 100
const ORDERS_A_ROUND = 5
const PAYMENTS_A_ROUND = 5
const TABLE_UPDATES_A_ROUND = 4
const STREAM_KEYS = 25
const TABLE_KEYS = 40
const DELETES = 0.15

type Topic = (typeof INPUTS)[number]

/** Writes the inputs all the time, over a network of its own: only nodes that die disturb it. What it writes follows from the random numbers. */
export class Input {
  /** Records sent, by topic. */
  readonly sent: Record<Topic, number> = { orders: 0, payments: 0, names: 0, rates: 0 }
  readonly #producer: Producer
  readonly #random: () => number
  /** Keys of rates that are there: only those are deleted. */
  readonly #rates = new Set<string>()
  #stopping = false
  #running: Promise<void> = Promise.resolve()

  constructor(client: Client, random: () => number) {
    this.#producer = client.producer({})
    this.#random = random
  }

  async start(): Promise<void> {
    await this.#producer.init()
    this.#running = this.#run()
    this.#running.catch(() => {})
  }

  /** Resolves when all that was sent is acknowledged. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
    await this.#producer.flush()
    await this.#producer.close()
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      for (let i = 0; i < ORDERS_A_ROUND; i++) this.#send('orders', this.#key(STREAM_KEYS), `o${this.sent.orders}`)
      for (let i = 0; i < PAYMENTS_A_ROUND; i++)
        this.#send('payments', this.#key(STREAM_KEYS), `p${this.sent.payments}`)
      for (let i = 0; i < TABLE_UPDATES_A_ROUND; i++) this.#update(this.#key(TABLE_KEYS))
      await sleep(systemClock, ROUND_MS)
    }
  }

  #update(key: string): void {
    if (this.#random() < 0.5) this.#send('names', key, `n${this.sent.names}`)
    else this.#updateRate(key)
  }

  #updateRate(key: string): void {
    const isDelete = this.#random() < DELETES && this.#rates.delete(key)
    if (!isDelete) this.#rates.add(key)
    this.#send('rates', key, isDelete ? null : `r${this.sent.rates}`)
  }

  #key(count: number): string {
    return `k${Math.floor(this.#random() * count)}`
  }

  #send(topic: Topic, key: string, value: string | null): void {
    const bytes = Buffer.from(key)
    const partition = partitionFor(bytes, PARTITIONS)
    const valueBytes = value === null ? null : Buffer.from(value)
    this.#producer.send(topic, partition, bytes, valueBytes, systemClock.now(), NO_HEADERS)
    this.sent[topic]++
  }
}
