import { StreamsBuilder, serdes, type Topology } from '../../lib/index.ts'
import type { Flight } from './flights.ts'

/** The topics that the demo makes itself; the repartition topic and the changelog are the library's. */
export interface DemoTopics {
  readonly flights: string
  readonly delays: string
}

export function topicsOf(applicationId: string): DemoTopics {
  return { flights: `${applicationId}-flights`, delays: `${applicationId}-airport-delays` }
}

export interface Delays {
  readonly flights: number
  readonly totalMin: number
}

export const delays = serdes.json<Delays>()
export const flights = serdes.json<Flight>()

export const NO_DELAYS: Delays = { flights: 0, totalMin: 0 }

export function addFlight({ flights, totalMin }: Delays, { delayMin }: Flight): Delays {
  return { flights: flights + 1, totalMin: totalMin + delayMin }
}

/** Flights, as they come, to their number and total delay by airport of departure. */
export function airportDelays(topics: DemoTopics): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(topics.flights, { key: serdes.bytes(), value: flights, timestamp: (record) => record.value.at })
    // Another key: a repartition topic brings the flights of an airport together.
    .groupBy((flight) => flight.origin, { key: serdes.string(), value: flights })
    .aggregate(
      () => NO_DELAYS,
      (sum, flight) => addFlight(sum, flight),
      { store: 'delays', value: delays },
    )
    .toStream()
    .to(topics.delays, { key: serdes.string(), value: delays })
  return builder.build()
}
