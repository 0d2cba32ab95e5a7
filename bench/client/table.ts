import { median } from '../statistics.ts'
import { type Result, TRANSACTION_SIZES } from './options.ts'

/** What one client did in one round. */
export interface Run extends Result {
  readonly client: string
  readonly codec: string
}

/** A row for each codec and client, with the medians of its rounds: thousands a second with the lowest and highest, and milliseconds. */
export function tableOf(runs: readonly Run[]): readonly Readonly<Record<string, string | number>>[] {
  const groups = Map.groupBy(runs, ({ codec, client }) => `${codec} ${client}`)
  return [...groups.values()].map((rounds) => {
    const produce = rounds.map((run) => thousands(run.produce))
    const fetch = rounds.map((run) => thousands(run.fetch))
    const row: Record<string, string | number> = {
      codec: rounds[0]!.codec,
      client: rounds[0]!.client,
      'produce k/s': median(produce),
      'produce, spread': spread(produce),
      'fetch k/s': median(fetch),
      'fetch, spread': spread(fetch),
    }
    for (const size of TRANSACTION_SIZES) {
      row[`${size}: p50`] = median(rounds.map((run) => run.transactions[size]![0]))
      row[`${size}: p99`] = median(rounds.map((run) => run.transactions[size]![1]))
    }
    return row
  })
}

function thousands(rate: number): number {
  return Math.round(rate / 1_000)
}

function spread(numbers: readonly number[]): string {
  return `${Math.min(...numbers)}–${Math.max(...numbers)}`
}
