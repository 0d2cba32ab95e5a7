import type { Client, FetchedPartition, Fetcher } from '../../lib/index.ts'
import { PARTITIONS } from './cluster.ts'
import { type Delays, type DemoTopics, delays } from './topology.ts'

/** Follows the topology's output as any other application would, reading what is committed; and checks that no total ever goes back. */
export class DelaysReader {
  readonly #fetcher: Fetcher
  readonly #partitions: readonly FetchedPartition[]
  readonly #latest = new Map<string, Delays>()
  readonly #notRisen: string[] = []
  #counted = 0
  #read = 0

  constructor(client: Client, { delays: topic }: DemoTopics) {
    this.#fetcher = client.fetcher({ isolation: 'read_committed', purpose: 'restore', onReady: () => {} })
    this.#partitions = Array.from({ length: PARTITIONS }, (_, partition) => this.#fetcher.add({ topic, partition }, 0))
  }

  /** The latest committed result of each airport, as of the last `take`. */
  get latest(): ReadonlyMap<string, Delays> {
    return this.#latest
  }

  /** How many flights are in these results. */
  get counted(): number {
    return this.#counted
  }

  /** How many results were read. */
  get read(): number {
    return this.#read
  }

  /** Results that were not above the one before for the same airport: counted twice, or taken back. There must be none. */
  get notRisen(): readonly string[] {
    return this.#notRisen
  }

  /** Takes what has arrived. */
  take(): void {
    for (const partition of this.#partitions) {
      for (let record = partition.next(); record !== undefined; record = partition.next()) {
        this.#add(record.key!.toString(), delays.deserialize(partition.topic, record.value!))
      }
    }
  }

  close(): Promise<void> {
    return this.#fetcher.close()
  }

  #add(airport: string, sum: Delays): void {
    const before = this.#latest.get(airport)?.flights ?? 0
    if (sum.flights <= before) this.#notRisen.push(`${airport}: ${before}, then ${sum.flights}`)
    this.#latest.set(airport, sum)
    this.#counted += sum.flights - before
    this.#read++
  }
}
