import type { Flight } from '../../../examples/demo/flights.ts'
import { differences, isRight, type RunResult, ranked, resultLines } from '../../../examples/demo/result.ts'

const FLIGHTS: readonly Flight[] = [
  { origin: 'ORD', destination: 'LAX', delayMin: 10, at: 0 },
  { origin: 'LAX', destination: 'ORD', delayMin: -5, at: 1 },
  { origin: 'ORD', destination: 'LAX', delayMin: 0, at: 2 },
]
const RIGHT = new Map([
  ['LAX', { flights: 1, totalMin: -5 }],
  ['ORD', { flights: 2, totalMin: 10 }],
])
const flightAt = (index: number) => FLIGHTS[index]!

describe('the comparison with a plain loop', () => {
  it('finds nothing in a right result', () => {
    expect(differences(RIGHT, 3, flightAt)).toEqual([])
  })

  it.each([
    { wrong: 'a flight too many', airport: 'ORD', sum: { flights: 3, totalMin: 10 }, text: '3 flights, 10 min' },
    { wrong: 'a flight lost', airport: 'ORD', sum: { flights: 1, totalMin: 10 }, text: '1 flights, 10 min' },
    { wrong: 'a wrong delay', airport: 'ORD', sum: { flights: 2, totalMin: 11 }, text: '2 flights, 11 min' },
  ])('finds $wrong', ({ airport, sum, text }) => {
    expect(differences(new Map([...RIGHT, [airport, sum]]), 3, flightAt)).toEqual([
      `ORD: ${text} instead of 2 flights, 10 min`,
    ])
  })

  it('finds an airport that is missing, and one that should not be there', () => {
    const result = new Map([
      ['ORD', { flights: 2, totalMin: 10 }],
      ['XXX', { flights: 1, totalMin: 0 }],
    ])
    expect(differences(result, 3, flightAt)).toEqual([
      'LAX: nothing instead of 1 flights, -5 min',
      'XXX: 1 flights, 0 min instead of nothing',
    ])
  })
})

describe('the result', () => {
  const result: RunResult = {
    flights: 3,
    seconds: 1.5,
    commits: 4,
    airports: ranked(RIGHT, new Map([['ORD', "Chicago O'Hare International"]])),
    results: 5,
    wrong: [],
    notRisen: [],
    events: [],
  }
  const lines = (more: Partial<RunResult>) => resultLines({ ...result, ...more }, { columns: 60, colour: false })

  it('shows the busiest airports, the speed and the checks', () => {
    expect(isRight(result)).toBe(true)
    expect(lines({})).toEqual([
      ' the 2 busiest of 2 airp…   flights    mean delay',
      " ORD  Chicago O'Hare Int…         2       5.0 min  ████████",
      ' LAX                              1      -5.0 min  ████',
      '',
      '3 flights in 1.50 s: 2 flights/s, each through two topics',
      'every sum equals that of a plain loop over the flights',
      'no total ever fell or repeated: 5 results of 4 transactions read',
    ])
  })

  it('says what is wrong, and how much more of it there is', () => {
    const wrong = Array.from({ length: 12 }, (_, i) => `A${i}: 1 flights`)
    const more = { wrong, notRisen: ['ORD: 5, then 4'] }
    expect(isRight({ ...result, ...more })).toBe(false)
    expect(lines(more).slice(5)).toEqual(['WRONG:', ...wrong.slice(0, 10), 'and 2 more', 'WRONG:', 'ORD: 5, then 4'])
  })

  it('is not right when a total has not risen, even if the last ones are right', () => {
    expect(isRight({ ...result, notRisen: ['ORD: 2, then 2'] })).toBe(false)
  })

  it('says when there was nothing to do', () => {
    expect(lines({ flights: 0 })[4]).toBe('all flights were counted by earlier runs')
  })
})
