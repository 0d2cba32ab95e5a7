// Records of two kinds, l and r, for topologies that go by time: what comes out must be the same, whatever happens to the application meanwhile.
import { TopologyTestDriver } from '../../lib/testing/index.ts'
import type { Topology } from '../../topology/topology.ts'

export const T0 = 1_700_000_000_000

export const lateRecords = Array.from({ length: 240 }, (_, i) => ({
  key: `k${(i * i) % 7}`,
  value: `${(i * 5) % 3 === 0 ? 'l' : 'r'}${i}`,
  // Ahead by 5 ms a record, and some are late; the first one after each 60 by so much that only the time before it tells.
  timestamp: T0 + 5 * i - (i > 0 && i % 60 === 0 ? 150 : ((i * 7) % 11) * 6),
}))

interface Shown {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
}

export const shown = ({ key, value, timestamp }: Shown): string => `${key} ${value} @${timestamp - T0}`

/** What comes out of `out` with each of the records, piped into `in`. */
export async function inDriver(topology: Topology): Promise<string[][]> {
  await using driver = new TopologyTestDriver(topology)
  const topic = driver.createInputTopic('in')
  const out = driver.createOutputTopic<string, string>('out')
  const results: string[][] = []
  for (const record of lateRecords) {
    await topic.pipeInput(record)
    results.push(out.readRecordsToList().map(shown))
  }
  return results
}
