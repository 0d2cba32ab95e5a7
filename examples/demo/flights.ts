// Real data: 20 000 US flights of 2001 and the airports' names, of the npm package vega-datasets.
import { readFileSync } from 'node:fs'

export interface Flight {
  readonly origin: string
  readonly destination: string
  /** Minutes late on arrival; negative: early. */
  readonly delayMin: number
  /** Departure, in epoch milliseconds; the data has no time zones, so the local time counts as UTC. */
  readonly at: number
}

const data = (name: string) => readFileSync(new URL(`../data/${name}`, import.meta.resolve('vega-datasets')), 'utf8')

/** In order of departure. */
export function readFlights(): readonly Flight[] {
  const rows = JSON.parse(data('flights-20k.json')) as {
    date: string
    delay: number
    origin: string
    destination: string
  }[]
  return rows
    .map(({ date, delay, origin, destination }) => ({ origin, destination, delayMin: delay, at: parseDate(date) }))
    .sort((a, b) => a.at - b.at)
}

const DAY_MS = 86_400_000

/** As many flights as one likes: the same ones over and over, each time later, so that time never goes back. */
export function flightAt(flights: readonly Flight[], index: number): Flight {
  const round = Math.floor(index / flights.length)
  const flight = flights[index % flights.length]!
  if (round === 0) return flight
  const spanMs = flights.at(-1)!.at - flights[0]!.at + DAY_MS
  return { ...flight, at: flight.at + round * spanMs }
}

/** Airport names by IATA code. */
export function readAirports(): ReadonlyMap<string, string> {
  const rows = data('airports.csv').trim().split('\n').slice(1)
  // A name with a comma is quoted.
  return new Map(
    rows
      .map((row) => /^([^,]+),(?:"([^"]+)"|([^,]*)),/.exec(row)!)
      .map(([, iata, quoted, name]) => [iata!, quoted ?? name!]),
  )
}

// 2001/01/31 23:59
function parseDate(date: string): number {
  return Date.parse(`${date.replaceAll('/', '-').replace(' ', 'T')}:00Z`)
}
