import { type KStream, StreamsBuilder, serdes, type Topology, windows } from '../lib/index.ts'
import { KEYS } from './topics.ts'

export const CASES = [
  'pipe',
  'filter',
  'count',
  'wordcount',
  'window',
  'hopping',
  'session',
  'join',
  'table-join',
  'fk-join',
] as const
export type Case = (typeof CASES)[number]

/** Progress that a topology reports about itself where the number of input records does not tell it. */
export interface Progress {
  /** Words sent to, and taken from, the repartition topic. */
  wordsOut: number
  wordsIn: number
}

const text = { key: serdes.string(), value: serdes.string() }
const counts = { key: serdes.string(), value: serdes.long() }
const WINDOW_MS = 10_000
const ADVANCE_MS = 2_000
/** Records are 1 ms apart, those of one key 10,007 ms: each one extends its key's session. */
const GAP_MS = 15_000
const JOIN_MS = 5
const windowCounts = { key: serdes.timeWindowed(serdes.string(), WINDOW_MS), value: serdes.long() }
const sessionCounts = { key: serdes.sessionWindowed(serdes.string()), value: serdes.long() }
/** How many windows of `hopping` each record is in. */
export const WINDOWS_PER_RECORD = WINDOW_MS / ADVANCE_MS

/** About half of all values. */
export function accepts(value: string): boolean {
  return value.length % 2 === 0
}

/** The key whose length a line is joined with: any of all keys, by Java's hash of a text. */
export function foreignKeyOf(line: string): string {
  let hash = 0
  for (let i = 0; i < line.length; i++) hash = (Math.imul(hash, 31) + line.charCodeAt(i)) | 0
  return `key-${((hash % KEYS) + KEYS) % KEYS}`
}

export function withLength(line: string, length: number): string {
  return `${line}:${length}`
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
  if (name === 'window') {
    const tumbling = windows.tumbling({ sizeMs: WINDOW_MS })
    source.groupByKey().windowedBy(tumbling).count({ store: 'counts' }).toStream().to(output, windowCounts)
  }
  if (name === 'hopping') {
    const hopping = windows.hopping({ sizeMs: WINDOW_MS, advanceMs: ADVANCE_MS })
    source.groupByKey().windowedBy(hopping).count({ store: 'counts' }).toStream().to(output, windowCounts)
  }
  if (name === 'session') {
    const sessions = windows.session({ inactivityGapMs: GAP_MS })
    source.groupByKey().windowedBy(sessions).count({ store: 'counts' }).toStream().to(output, sessionCounts)
  }
  if (name === 'join') {
    const within = windows.join({ withinMs: JOIN_MS })
    source.join(source, (left, right) => left + right, { within, store: 'joined' }).to(output, text)
  }
  if (name === 'table-join') {
    const [lines, lengths] = tables(source)
    lines.join(lengths, withLength).toStream().to(output, text)
  }
  if (name === 'fk-join') {
    const [lines, lengths] = tables(source)
    lines
      .joinOnForeignKey(lengths, foreignKeyOf, withLength, { name: 'asked', store: 'joined', value: serdes.string() })
      .toStream()
      .to(output, text)
  }
  return builder.build()
}

/** Each key's last line, and how long it is. */
function tables(source: KStream<string, string>) {
  return [
    source.toTable({ store: 'lines' }),
    source.mapValues((line) => line.length, { value: serdes.long() }).toTable({ store: 'lengths' }),
  ] as const
}
