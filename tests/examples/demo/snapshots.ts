import type { Snapshot } from '../../../examples/demo/snapshot.ts'

/** Three instances in the middle of the story. */
export const THREE: Snapshot = {
  cluster: 'a cluster inside this process',
  guarantee: 'exactly_once',
  seconds: 12.345,
  partitions: 4,
  total: 30_000,
  produced: 16_000,
  counted: 15_000,
  rate: 2_512.4,
  commits: 398,
  results: 3_580,
  notRisen: 0,
  instances: [
    {
      name: 'a',
      state: 'RUNNING',
      tasks: [
        { stage: 'flights', partition: 0 },
        { stage: 'flights', partition: 2 },
        { stage: 'totals', partition: 3 },
      ],
      rate: 1_234.5,
      commits: 118,
      restored: 635,
    },
    { name: 'b', state: 'KILLED', tasks: [], rate: 0, commits: 89, restored: 0 },
    { name: 'c', state: 'REBALANCING', tasks: [{ stage: 'totals', partition: 1 }], rate: 9, commits: 191, restored: 0 },
  ],
  airportCount: 217,
  airports: [
    { iata: 'DFW', name: 'Dallas-Fort Worth International', flights: 1_200, meanDelayMin: 8.94 },
    {
      iata: 'XXX',
      name: 'An airport whose name is far longer than anybody would print',
      flights: 600,
      meanDelayMin: -2.25,
    },
    { iata: 'ORD', name: '', flights: 1, meanDelayMin: 123.456 },
  ],
  events: [
    { seconds: 4.1, text: '3 processes share 8 tasks', tone: 'good' },
    { seconds: 7.1, text: 'b killed with SIGKILL (pid 4711) while it ran totals 0 2', tone: 'bad' },
    { seconds: 10.25, text: 'a warn: two\nlines\u001b[31m and a colour', tone: 'log' },
  ],
}

/** One instance that has only just begun. */
export const BEGINNING: Snapshot = {
  ...THREE,
  seconds: 0.04,
  total: 200_000,
  produced: 0,
  counted: 0,
  rate: 0,
  commits: 0,
  results: 0,
  instances: [{ name: 'a', state: 'STARTING', tasks: [], rate: 0, commits: 0, restored: 0 }],
  airportCount: 0,
  airports: [],
  events: [],
}
