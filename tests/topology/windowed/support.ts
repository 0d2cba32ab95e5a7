import type { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import type { TestDriverOptions } from '../../../lib/testing/topology-test-driver.ts'
import type { KGroupedStream } from '../../../topology/kgrouped-stream.ts'
import type { KTable } from '../../../topology/ktable.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import type { Topology } from '../../../topology/topology.ts'
import { strings } from '../support/strings.ts'
import { nameOf } from '../support/window-task.ts'

type Aggregate = (grouped: KGroupedStream<string, string>) => KTable<Windowed<string>, any>

/** A topology from `in` to `out`, with a windowed table between. */
export function windowedTopology(aggregate: Aggregate): Topology {
  const builder = new StreamsBuilder()
  aggregate(builder.stream('in', strings).groupByKey()).toStream().to('out')
  return builder.build()
}

/** A record to pipe: value and time, and a key if it is not `k`. */
export type Piped = readonly [value: string | null, timestamp: number, key?: string | null]

/** Runs records through a windowed table. Results are `[key@start-end, value, timestamp]`, in order. */
export async function runWindowed(aggregate: Aggregate, records: readonly Piped[], options: TestDriverOptions = {}) {
  await using driver = new TopologyTestDriver(windowedTopology(aggregate), options)
  const input = driver.createInputTopic<string | null, string | null>('in')
  const output = driver.createOutputTopic<Windowed<string>, any>('out')
  const results: (readonly [string, any, number])[] = []
  for (const [value, timestamp, key = 'k'] of records) {
    await input.pipeInput({ key, value, timestamp, headers: [['trace', Buffer.from(String(value))]] })
  }
  const outputs = output.readRecordsToList()
  for (const { key, value, timestamp } of outputs) results.push([nameOf(key!), value, timestamp])
  return { results, dropped: driver.metrics().recordsDropped, outputs }
}

export const long = { value: serdes.long() }
