import type { Client } from '../../lib/index.ts'
import { indexOf, placeOf } from './cluster.ts'
import type { Flight } from './flights.ts'
import { type DemoTopics, flights } from './topology.ts'
import { pause } from './wait.ts'

/** Flights sent at once. */
const CHUNK = 500
/** Sent and not acknowledged, before more are sent. */
const MAX_PENDING_BYTES = 1024 * 1024
/** With a rate, what is due is sent this often. */
const TICK_MS = 20
/** What is sent at once, at most, after a pause: so much of a second's worth. */
const MAX_BURST_SECONDS = 0.1
/** Without a rate the producer runs ahead of the results by no more than this: otherwise it would take the whole processor at first. */
const MAX_AHEAD = 20_000

export interface FlightProducerOptions {
  readonly client: Client
  readonly topics: DemoTopics
  readonly flight: (index: number) => Flight
  readonly total: number
  /** By partition, how many are there already. */
  readonly before: readonly number[]
  /** A second; undefined: as fast as they are counted. */
  readonly rate: number | undefined
  /** How many are in the results. */
  readonly counted: () => number
}

/** Produces flights in order of departure, as an airline's systems might: it knows nothing of Millrace. */
export class FlightProducer {
  readonly #options: FlightProducerOptions
  #next: number
  #limit: number

  constructor(options: FlightProducerOptions) {
    this.#options = options
    this.#limit = options.total
    // The first that is missing.
    this.#next = Math.min(...options.before.map((length, partition) => indexOf(partition, length)))
  }

  /** How many flights are on the cluster, or on their way there; those of earlier runs included. */
  get produced(): number {
    return this.#next
  }

  /** Stops at this many, until told otherwise. */
  holdAt(limit: number): void {
    this.#limit = limit
  }

  release(): void {
    this.#limit = this.#options.total
  }

  /** Resolves once all are acknowledged. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, total, rate, counted } = this.#options
    const producer = client.producer({})
    await producer.init()
    const send = (index: number) => {
      const { topics, flight, before } = this.#options
      const { partition, offset } = placeOf(index)
      if (offset < before[partition]!) return
      const record = flight(index)
      producer.send(topics.flights, partition, null, flights.serialize(topics.flights, record), record.at, [])
    }
    let allowance = 0
    let lastMs = performance.now()
    while (this.#next < total) {
      signal.throwIfAborted()
      const nowMs = performance.now()
      if (rate === undefined) allowance = Math.min(CHUNK, Math.max(0, counted() + MAX_AHEAD - this.#next))
      else allowance = Math.min(allowance + (rate * (nowMs - lastMs)) / 1_000, Math.max(1, rate * MAX_BURST_SECONDS))
      lastMs = nowMs
      const due = Math.min(Math.floor(allowance), this.#limit - this.#next)
      for (let i = 0; i < due; i++) send(this.#next++)
      allowance -= Math.max(0, due)
      await producer.drained(MAX_PENDING_BYTES)
      if (rate !== undefined || due <= 0) await pause(TICK_MS)
    }
    await producer.flush()
    await producer.close()
  }
}
