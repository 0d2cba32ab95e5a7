import { serdes } from '../../lib/serde/index.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import type { TestApp } from './test-app.ts'

const strings = { key: serdes.string(), value: serdes.string() }

/** Counts the words of `lines` into `counts`, through the repartition topic `app-counts-repartition`; counts are text. */
export function wordCount(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', strings)
    .flatMapValues((line) => line.split(' '))
    .groupBy((word) => word, strings)
    .count({ store: 'counts' })
    .toStream()
    .mapValues(String, strings)
    .to('counts')
  return builder.build()
}

/** Counts the records of each key of `in` into `out`, in one sub-topology without a repartition topic. */
export function countByKey(
  options: { input?: string; output?: string; onRecord?: (value: string, offset: number) => void } = {},
): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(options.input ?? 'in', strings)
    .peek((value, _, { offset }) => options.onRecord?.(value, offset))
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .mapValues(String, strings)
    .to(options.output ?? 'out')
  return builder.build()
}

/** How often each item occurs, as text: what a right count gives. */
export function countsOf(items: Iterable<string>): ReadonlyMap<string, string> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return new Map([...counts].map(([item, count]) => [item, String(count)]))
}

/** Keys whose values in `topic`, as numbers, do not rise with every record: counted twice, or taken back. */
export function keysNotRising(app: TestApp, topic: string): readonly string[] {
  const last = new Map<string, number>()
  const wrong: string[] = []
  for (const { key, value } of app.read(topic)) {
    if (Number(value) <= (last.get(key!) ?? 0)) wrong.push(`${key}: ${last.get(key!)}, then ${value}`)
    last.set(key!, Number(value))
  }
  return wrong
}
