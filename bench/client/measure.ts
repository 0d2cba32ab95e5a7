// What is measured, the same for each client that runs in Node.
import { percentile } from '../statistics.ts'
import { type Options, type Result, TRANSACTION_SIZES, warmUpRecords, warmUpTransactions } from './options.ts'
import { glance, type Payload, payloads } from './payload.ts'

/** A client under measurement. `from` and `to` are numbers of records: n is payload n of the pool, for partition n modulo their number. */
export interface MeasuredClient {
  /** Sends these records and waits until all are acknowledged. */
  produce(pool: readonly Payload[], from: number, to: number): Promise<void>
  /** Reads the topic whole, committed records only, and shows each value; `started` is called right before the first fetch. */
  fetch(started: () => void, each: (value: Buffer) => void): Promise<void>
  /** Sends these records and commits them in one transaction, together with an offset. */
  transact(pool: readonly Payload[], from: number, to: number): Promise<void>
  close(): Promise<void>
}

/** Does each thing once before it is timed. */
export async function measure(client: MeasuredClient, options: Options): Promise<Result> {
  const pool = payloads()
  const produce = await produceRate(client, pool, options)
  await fetchRate(client, options)
  const { rate: fetch, glances } = await fetchRate(client, options)
  const transactions: Record<string, readonly [number, number]> = {}
  let next = 0
  for (const size of TRANSACTION_SIZES) {
    const times: number[] = []
    const warmUp = warmUpTransactions(options)
    for (let i = -warmUp; i < options.transactions; i++) {
      const startMs = performance.now()
      await client.transact(pool, next, next + size)
      next += size
      if (i >= 0) times.push(performance.now() - startMs)
    }
    transactions[size] = [rounded(percentile(times, 50)), rounded(percentile(times, 99))]
  }
  await client.close()
  return { produce, fetch, glances, transactions }
}

async function produceRate(client: MeasuredClient, pool: readonly Payload[], options: Options): Promise<number> {
  const warmUp = warmUpRecords(options)
  await client.produce(pool, 0, warmUp)
  const startMs = performance.now()
  await client.produce(pool, warmUp, warmUp + options.records)
  return Math.round((options.records * 1_000) / (performance.now() - startMs))
}

/** Timed from the first fetch to the last record, so that joining a group and leaving it do not count. */
async function fetchRate(client: MeasuredClient, { records }: Options): Promise<{ rate: number; glances: number }> {
  let [startMs, endMs] = [0, 0]
  let count = 0
  let glances = 0
  await client.fetch(
    () => {
      startMs = performance.now()
    },
    (value) => {
      glances = (glances + glance(value)) | 0
      if (++count === records) endMs = performance.now()
    },
  )
  const rate = Math.round((records * 1_000) / (endMs - startMs))
  if (count !== records) throw new Error(`${count} records were fetched instead of ${records}`)
  return { rate, glances }
}

function rounded(ms: number): number {
  return Number(ms.toFixed(2))
}
