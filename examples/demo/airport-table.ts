import type { Snapshot } from './snapshot.ts'
import { bar, count, type Line, left, right } from './text.ts'

const MAX_NAME_COLUMNS = 34
const NUMBER_COLUMNS = 10
const MAX_BAR_COLUMNS = 30
/** Below this a bar tells nothing. */
const MIN_BAR_COLUMNS = 8

/** The busiest airports: flights, mean delay, and a bar for the flights where there is room. */
export function airportTable(
  { airports, airportCount }: Pick<Snapshot, 'airports' | 'airportCount'>,
  options: { readonly columns: number; readonly count: number },
): readonly Line[] {
  // A blank on either side, the code and the two numbers.
  const free = options.columns - 2 - 5 - 2 * NUMBER_COLUMNS - 4
  const name = Math.max(8, Math.min(MAX_NAME_COLUMNS, free - MIN_BAR_COLUMNS - 2))
  const bars = Math.min(MAX_BAR_COLUMNS, free - name - 2)
  const shown = airports.slice(0, options.count)
  const headline =
    airportCount === 0 ? 'the busiest airports' : `the ${shown.length} busiest of ${airportCount} airports`
  return [
    [
      [
        ` ${left(headline, name + 5)}${right('flights', NUMBER_COLUMNS)}${right('mean delay', NUMBER_COLUMNS + 4)}`,
        'dim',
      ],
    ],
    ...shown.map(
      (airport): Line => [
        [` ${left(airport.iata, 5)}`, 'bold'],
        [left(airport.name, name)],
        [right(count(airport.flights), NUMBER_COLUMNS)],
        [`${right(airport.meanDelayMin.toFixed(1), NUMBER_COLUMNS)} min`],
        ...(bars < MIN_BAR_COLUMNS ? [] : [[`  ${bar(airport.flights / shown[0]!.flights, bars)}`, 'blue'] as const]),
      ],
    ),
  ]
}
