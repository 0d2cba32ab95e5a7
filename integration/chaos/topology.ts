// The application under chaos: a join of two streams within windows, an aggregate behind a repartition topic, and a join of two tables whose stores are
// restored from their topics. What it has to write follows from its inputs, whatever the order in which partitions were read; see outputs.ts.
import { StreamsBuilder, serdes, type Topology, windows } from '../../lib/index.ts'

export const APPLICATION_ID = 'chaos'
/** Of every topic. */
export const PARTITIONS = 3
export const INPUTS = ['orders', 'payments', 'names', 'rates'] as const
export const OUTPUTS = ['paid', 'grouped', 'counts', 'named'] as const
export const REPARTITION_TOPIC = `${APPLICATION_ID}-groups-repartition`
/** Every topic that a task reads. */
export const SOURCES: readonly string[] = [...INPUTS, REPARTITION_TOPIC]

/** Orders and payments of one key whose times differ by at most this are paired. */
export const WITHIN_MS = 500
const GROUPS = 7
/** Longer than a run: no pair is lost because one side was read far ahead of the other. */
const GRACE_MS = 24 * 3_600_000

const strings = { key: serdes.string(), value: serdes.string() }

/** An order's value is a letter and a number. */
export function numberOf(order: string): number {
  return Number(order.slice(1))
}

export function groupOf(order: string): string {
  return `g${numberOf(order) % GROUPS}`
}

/** The aggregate: how many orders, and the sum of their numbers. */
export function counted(aggregate: string, order: string): string {
  const [count, sum] = aggregate.split(':').map(Number) as [number, number]
  return `${count + 1}:${sum + numberOf(order)}`
}

export function buildTopology(): Topology {
  const builder = new StreamsBuilder()
  const orders = builder.stream('orders', strings)

  orders
    .join(builder.stream('payments', strings), (order, payment) => `${order}+${payment}`, {
      within: windows.join({ withinMs: WITHIN_MS, graceMs: GRACE_MS }),
      store: 'paid',
    })
    .to('paid', strings)

  const groups = orders.selectKey((order) => groupOf(order)).repartition({ name: 'groups', ...strings })
  groups.to('grouped', strings)
  groups
    .groupByKey(strings)
    .aggregate(() => '0:0', counted, { store: 'counts', value: serdes.string() })
    .toStream()
    .to('counts', strings)

  builder
    .table('names', { ...strings, store: 'names' })
    .leftJoin(builder.table('rates', { ...strings, store: 'rates' }), (name, rate) => `${name}/${rate}`, {
      store: 'named',
      value: serdes.string(),
    })
    .toStream()
    .to('named', strings)

  return builder.build({ optimization: ['reuse.ktable.source.topics'] })
}
