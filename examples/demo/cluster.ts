// What surrounds the topology in the demo: topics, somebody who produces flights, and somebody who reads the result.
import type { Client, FetchedPartition, Fetcher } from '../../lib/index.ts'
import type { Flight } from './flights.ts'
import { DELAYS, type Delays, delays, FLIGHTS, flights } from './topology.ts'

const PARTITIONS = 4

export async function createTopics(client: Client): Promise<void> {
  // Flights of 2001 are older than any ordinary retention: keep them.
  const configs = { 'retention.ms': '-1' }
  await client.admin.createTopics([FLIGHTS, DELAYS].map((topic) => ({ topic, partitionCount: PARTITIONS, configs })))
}

/** Flights that earlier runs have produced already. */
export async function countProduced(client: Client): Promise<number> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: FLIGHTS, partition }))
  const ends = await client.admin.offsets(partitions, 'latest', 'read_committed')
  return [...ends.values()].reduce((sum, end) => sum + end, 0)
}

/** Produces flights in order of departure, spread over the partitions, and returns once they are acknowledged. */
export async function produce(client: Client, records: readonly Flight[], chunk: number): Promise<void> {
  const producer = client.producer({})
  await producer.init()
  for (let from = 0; from < records.length; from += chunk) {
    records.slice(from, from + chunk).forEach((flight, i) => {
      producer.send(FLIGHTS, (from + i) % PARTITIONS, null, flights.serialize(FLIGHTS, flight), flight.at, [])
    })
    await producer.flush()
  }
  await producer.close()
}

/** Follows the topology's output as any other application would: the latest committed result of each airport. */
export class DelaysReader {
  readonly #fetcher: Fetcher
  readonly #partitions: readonly FetchedPartition[]
  readonly #latest = new Map<string, Delays>()
  #changed: () => void = () => {}

  constructor(client: Client) {
    this.#fetcher = client.fetcher({ isolation: 'read_committed', purpose: 'restore', onReady: () => this.#changed() })
    this.#partitions = Array.from({ length: PARTITIONS }, (_, partition) =>
      this.#fetcher.add({ topic: DELAYS, partition }, 0),
    )
  }

  /** Takes what has arrived. */
  latest(): ReadonlyMap<string, Delays> {
    for (const partition of this.#partitions) {
      for (let record = partition.next(); record !== undefined; record = partition.next()) {
        this.#latest.set(record.key!.toString(), delays.deserialize(DELAYS, record.value!))
      }
    }
    return this.#latest
  }

  /** Resolves when there is something to take. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve
    })
  }

  close(): Promise<void> {
    return this.#fetcher.close()
  }
}
