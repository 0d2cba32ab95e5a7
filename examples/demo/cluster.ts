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

/** Those flights that no earlier run has produced, also if one was killed in the middle: each partition holds every fourth, in order. */
export async function notProduced(client: Client, all: readonly Flight[]): Promise<readonly PlacedFlight[]> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: FLIGHTS, partition }))
  const ends = await client.admin.offsets(partitions, 'latest', 'read_committed')
  return all
    .map((flight, i) => ({ flight, partition: i % PARTITIONS, offset: Math.floor(i / PARTITIONS) }))
    .filter(({ partition, offset }) => offset >= ends.get(`${FLIGHTS}:${partition}`)!)
}

export interface PlacedFlight {
  readonly flight: Flight
  readonly partition: number
}

/** Produces flights in order of departure, and returns once they are acknowledged. */
export async function produce(client: Client, placed: readonly PlacedFlight[], chunk: number): Promise<void> {
  const producer = client.producer({})
  await producer.init()
  for (let from = 0; from < placed.length; from += chunk) {
    for (const { flight, partition } of placed.slice(from, from + chunk)) {
      producer.send(FLIGHTS, partition, null, flights.serialize(FLIGHTS, flight), flight.at, [])
    }
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
