// What the application must have written, computed from its inputs.
import type { ReadRecord } from '../support/cluster.ts'
import { counted, groupOf, WITHIN_MS } from './topology.ts'

/** A record of an input or an output. */
export interface TextRecord {
  readonly key: string
  readonly value: string | null
  readonly timestamp: number
  readonly partition: number
  readonly offset: number
}

export type Inputs = Readonly<Record<'orders' | 'payments' | 'names' | 'rates', readonly TextRecord[]>>

/** A pair within the window, and which of its key's orders and payments it is made of. */
export interface Pair {
  readonly value: string
  readonly order: number
  readonly payment: number
}

/** What a key of the tables was, one after the other; the rate also before there was one. */
export interface TableStates {
  readonly names: readonly string[]
  readonly rates: readonly (string | null)[]
}

/** All by key; a key is always in one partition. */
export interface Expected {
  readonly paid: ReadonlyMap<string, readonly Pair[]>
  /** For each group the orders of each partition, in order; partitions may be mixed in any way. */
  readonly groups: ReadonlyMap<string, readonly (readonly string[])[]>
  /** The last count and sum of each group. */
  readonly counts: ReadonlyMap<string, string>
  readonly tables: ReadonlyMap<string, TableStates>
}

export function textOf({ key, value, timestamp, partition, offset }: ReadRecord): TextRecord {
  return { key: String(key), value: value === null ? null : String(value), timestamp, partition, offset }
}

export function expectedOf(inputs: Inputs): Expected {
  const groups = Map.groupBy(inputs.orders, ({ value }) => groupOf(value!))
  return {
    paid: pairsOf(inputs),
    groups: new Map([...groups].map(([group, orders]) => [group, byPartition(orders)])),
    counts: new Map(
      [...groups].map(([group, orders]) => [group, orders.reduce((at, o) => counted(at, o.value!), '0:0')]),
    ),
    tables: tablesOf(inputs),
  }
}

function pairsOf({ orders, payments }: Inputs): Expected['paid'] {
  const paymentsOf = Map.groupBy(payments, ({ key }) => key)
  const pairs = new Map<string, Pair[]>()
  for (const [key, ordersOfKey] of Map.groupBy(orders, (order) => order.key)) {
    const found = ordersOfKey.flatMap((order, i) =>
      (paymentsOf.get(key) ?? []).flatMap((payment, j) =>
        Math.abs(order.timestamp - payment.timestamp) <= WITHIN_MS
          ? [{ value: `${order.value}+${payment.value}`, order: i, payment: j }]
          : [],
      ),
    )
    if (found.length > 0) pairs.set(key, found)
  }
  return pairs
}

function tablesOf({ names, rates }: Inputs): Expected['tables'] {
  const ratesOf = Map.groupBy(rates, ({ key }) => key)
  return new Map(
    [...Map.groupBy(names, ({ key }) => key)].map(([key, ofKey]) => [
      key,
      {
        names: ofKey.map(({ value }) => value!),
        rates: [null, ...(ratesOf.get(key) ?? []).map(({ value }) => value)],
      },
    ]),
  )
}

function byPartition(records: readonly TextRecord[]): readonly (readonly string[])[] {
  return [...Map.groupBy(records, ({ partition }) => partition).values()].map((some) => some.map(({ value }) => value!))
}
