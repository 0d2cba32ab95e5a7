import { StreamsBuilder, serdes, type Topology } from '../../lib/index.ts'
import type { Flight } from './flights.ts'

export const FLIGHTS = 'millrace-demo-flights'
export const DELAYS = 'millrace-demo-airport-delays'

export interface Delays {
  readonly flights: number
  readonly totalMin: number
}

export const delays = serdes.json<Delays>()
export const flights = serdes.json<Flight>()

export function addFlight({ flights, totalMin }: Delays, { delayMin }: Flight): Delays {
  return { flights: flights + 1, totalMin: totalMin + delayMin }
}

/** Flights, as they come, to their number and total delay by airport of departure. */
export function airportDelays(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(FLIGHTS, { key: serdes.bytes(), value: flights, timestamp: (record) => record.value.at })
    // Another key: a repartition topic brings the flights of an airport together.
    .groupBy((flight) => flight.origin, { key: serdes.string(), value: flights })
    .aggregate(
      (): Delays => ({ flights: 0, totalMin: 0 }),
      (sum, flight) => addFlight(sum, flight),
      { store: 'delays', value: delays },
    )
    .toStream()
    .to(DELAYS, { key: serdes.string(), value: delays })
  return builder.build()
}
