import { StreamsBuilder, serdes, type Topology } from '../lib/index.ts'

export const CASES = ['pipe', 'filter', 'count', 'wordcount'] as const
export type Case = (typeof CASES)[number]

/** Progress that a topology reports about itself where the number of input records does not tell it. */
export interface Progress {
  /** Words sent to, and taken from, the repartition topic. */
  wordsOut: number
  wordsIn: number
}

const text = { key: serdes.string(), value: serdes.string() }
const counts = { key: serdes.string(), value: serdes.long() }

/** About half of all values. */
export function accepts(value: string): boolean {
  return value.length % 2 === 0
}

/** The topologies that bench/java has too, verb for verb. */
export function benchTopology(name: Case, input: string, output: string, progress: Progress): Topology {
  const builder = new StreamsBuilder()
  const source = builder.stream(input, text)
  if (name === 'pipe') source.to(output, text)
  if (name === 'filter') {
    source
      .filter(accepts)
      .mapValues((value) => value.toUpperCase(), { value: serdes.string() })
      .to(output, text)
  }
  if (name === 'count') source.groupByKey().count({ store: 'counts' }).toStream().to(output, counts)
  if (name === 'wordcount') {
    source
      .flatMapValues((line) => {
        const words = line.toLowerCase().split(' ')
        progress.wordsOut += words.length
        return words
      })
      .groupBy((word) => word, text)
      .aggregate(
        () => 0,
        (count) => {
          progress.wordsIn++
          return count + 1
        },
        { store: 'counts', value: serdes.long() },
      )
      .toStream()
      .to(output, counts)
  }
  return builder.build()
}
