// The command line of millrace.ts, kafkajs.ts and of ClientBench.java: one client's share of a round.
import { parseArgs } from 'node:util'
import type { CompressionCodec } from '../../lib/client/protocol/compression.ts'

export const TRANSACTION_SIZES = [1, 100, 1_000] as const

export interface Options {
  readonly brokers: string
  readonly codec: CompressionCodec
  /** Topics of as many partitions: to produce to; that holds `records`; for transactions. */
  readonly produceTo: string
  readonly fetchFrom: string
  readonly transactTo: string
  readonly partitions: number
  readonly records: number
  /** So many are timed for each size, after a quarter as many that are not. */
  readonly transactions: number
  /** Where batches are cut, before compression. */
  readonly batchBytes: number
  /** Begins the transactional id and the names of groups; new for each run. */
  readonly id: string
}

/** What is printed, as one JSON line. */
export interface Result {
  /** Records a second. */
  readonly produce: number
  readonly fetch: number
  /** The sum of a glance at each fetched record. */
  readonly glances: number
  /** Milliseconds from the first send to the end of the commit: p50 and p99 by size. */
  readonly transactions: Readonly<Record<string, readonly [p50: number, p99: number]>>
}

/** Records that are sent before the time is taken. */
export function warmUpRecords({ records }: Pick<Options, 'records'>): number {
  return Math.floor(records / 4)
}

export function warmUpTransactions({ transactions }: Pick<Options, 'transactions'>): number {
  return Math.floor(transactions / 4)
}

export function readOptions(): Options {
  const names = ['brokers', 'codec', 'produce-to', 'fetch-from', 'transact-to', 'partitions', 'records', 'transactions']
  const all = [...names, 'batch-bytes', 'id']
  const { values } = parseArgs({ options: Object.fromEntries(all.map((name) => [name, { type: 'string' as const }])) })
  const given = values as Record<string, string>
  for (const name of all) if (given[name] === undefined) throw new TypeError(`--${name} is missing`)
  return {
    brokers: given.brokers!,
    codec: given.codec as CompressionCodec,
    produceTo: given['produce-to']!,
    fetchFrom: given['fetch-from']!,
    transactTo: given['transact-to']!,
    partitions: Number(given.partitions),
    records: Number(given.records),
    transactions: Number(given.transactions),
    batchBytes: Number(given['batch-bytes']),
    id: given.id!,
  }
}
