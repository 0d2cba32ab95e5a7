// What a run has come to, and whether it is right.
import { airportTable } from './airport-table.ts'
import type { Flight } from './flights.ts'
import type { AirportSnapshot, EventSnapshot } from './snapshot.ts'
import { count, type Line, paint } from './text.ts'
import { addFlight, type Delays, NO_DELAYS } from './topology.ts'

const SHOWN_AIRPORTS = 15
const SHOWN_PROBLEMS = 10

export interface RunResult {
  /** Flights that were counted in this run, and how long that took. */
  readonly flights: number
  readonly seconds: number
  readonly commits: number
  readonly airports: readonly AirportSnapshot[]
  /** Committed results read. */
  readonly results: number
  /** What a plain loop over the flights disagrees with; empty: nothing. */
  readonly wrong: readonly string[]
  /** What happened, the oldest first. */
  readonly events: readonly EventSnapshot[]
  /** Results that did not rise. */
  readonly notRisen: readonly string[]
}

/** The busiest first. */
export function ranked(
  latest: ReadonlyMap<string, Delays>,
  names: ReadonlyMap<string, string>,
): readonly AirportSnapshot[] {
  return [...latest]
    .sort(([a, { flights: more }], [b, { flights: less }]) => less - more || (a < b ? -1 : 1))
    .map(([iata, { flights, totalMin }]) => ({
      iata,
      name: names.get(iata) ?? '',
      flights,
      meanDelayMin: totalMin / flights,
    }))
}

/** Compares the result with the sums of a plain loop over the data; returns each airport that differs. */
export function differences(
  result: ReadonlyMap<string, Delays>,
  total: number,
  flightAt: (index: number) => Flight,
): readonly string[] {
  const truth = new Map<string, Delays>()
  for (let index = 0; index < total; index++) {
    const flight = flightAt(index)
    truth.set(flight.origin, addFlight(truth.get(flight.origin) ?? NO_DELAYS, flight))
  }
  const text = (sum: Delays | undefined) =>
    sum === undefined ? 'nothing' : `${sum.flights} flights, ${sum.totalMin} min`
  return [...new Set([...truth.keys(), ...result.keys()])]
    .filter((iata) => text(result.get(iata)) !== text(truth.get(iata)))
    .map((iata) => `${iata}: ${text(result.get(iata))} instead of ${text(truth.get(iata))}`)
}

/** Exactly once, as far as anybody outside can see. */
export function isRight({ wrong, notRisen }: RunResult): boolean {
  return wrong.length === 0 && notRisen.length === 0
}

export function resultLines(
  result: RunResult,
  options: { readonly columns: number; readonly colour: boolean },
): readonly string[] {
  const { flights, seconds, commits, airports, results, wrong, notRisen } = result
  const { columns, colour } = options
  const table = airportTable({ airports, airportCount: airports.length }, { columns, count: SHOWN_AIRPORTS })
  const rate = seconds > 0 ? count(flights / seconds) : '-'
  const speed = `${count(flights)} flights in ${seconds.toFixed(2)} s: ${rate} flights/s, each through two topics`
  const verdicts = [
    ...verdict('every sum equals that of a plain loop over the flights', wrong),
    ...verdict(
      `no total ever fell or repeated: ${count(results)} results of ${count(commits)} transactions read`,
      notRisen,
    ),
  ]
  const below: readonly Line[] = [
    [],
    [[flights === 0 ? 'all flights were counted by earlier runs' : speed]],
    ...verdicts.map((text): Line => [[text, isRight(result) ? 'green' : 'red']]),
  ]
  return [
    ...table.map((line) => paint(line, columns - 1, colour)),
    ...below.map((line) => paint(line, Number.POSITIVE_INFINITY, colour)),
  ]
}

function verdict(right: string, problems: readonly string[]): readonly string[] {
  if (problems.length === 0) return [right]
  const more = problems.length > SHOWN_PROBLEMS ? [`and ${problems.length - SHOWN_PROBLEMS} more`] : []
  return ['WRONG:', ...problems.slice(0, SHOWN_PROBLEMS), ...more]
}
