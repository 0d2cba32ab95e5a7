// The recorded cases' topologies, by name, in the order and with the names of their Java source.
import { serdes } from '../../../lib/serde/index.ts'
import type { KeyValueStore } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import type { KStream } from '../../../topology/kstream.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { Topology } from '../../../topology/topology.ts'

const S = serdes.string()
const L = serdes.long()
// For cases whose longs go beyond what a number holds.
const BIG = serdes.bigint()
const strings = { key: S, value: S }
const longs = { key: S, value: L }

type Text = string | null

function input(builder: StreamsBuilder, topic = 'input'): KStream<string, string> {
  return builder.stream(topic, strings)
}

const aggregations: Record<string, (builder: StreamsBuilder) => void> = {
  'agg-aggregate-returns-null': (b) =>
    input(b)
      .groupByKey()
      .aggregate(
        () => '',
        (all, v) => (v === 'del' ? null : all + v),
        { store: 'agg', ...strings },
      )
      .toStream()
      .to('output'),
  'agg-aggregate-sum': (b) =>
    b
      .stream('input', { key: S, value: BIG })
      .groupByKey()
      .aggregate(
        () => 0n,
        (sum, v) => BigInt.asIntN(64, sum + v),
        { store: 'sums', value: BIG },
      )
      .toStream()
      .to('output'),
  'agg-count-groupby-repartition': (b) =>
    input(b)
      .groupBy((v) => v, { name: 'grp', ...strings })
      .count(longs)
      .toStream()
      .to('output'),
  'agg-count-groupbykey': (b) => input(b).groupByKey().count({ store: 'counts' }).toStream().to('output'),
  'agg-count-many': (b) =>
    input(b)
      .groupByKey()
      .count({ store: 'counts', ...longs })
      .toStream()
      .to('output'),
  'agg-in-memory-no-changelog': (b) =>
    input(b).groupByKey().count({ store: 'counts', persistent: false, logging: false }).toStream().to('output'),
  'agg-reduce-returns-null': (b) =>
    input(b)
      .groupByKey()
      .reduce((old, v) => (v === 'clear' ? null : old + v), { store: 'reduced' })
      .toStream()
      .to('output'),
  'agg-reduce': (b) =>
    input(b)
      .groupByKey()
      .reduce((old, v) => `${old},${v}`, { store: 'reduced' })
      .toStream()
      .to('output'),
  'agg-two-aggregations-one-rekey': (b) => {
    const keyed = input(b).selectKey((v) => v.slice(0, 1), { key: S })
    keyed.groupByKey().count({ store: 'counts' }).toStream().to('output')
    keyed
      .groupByKey()
      .reduce((x, y) => (x >= y ? x : y), { store: 'latest' })
      .toStream()
      .to('output2')
  },
  'error-deserialization-continue': (b) =>
    b
      .stream('input', { key: S, value: BIG })
      .groupByKey()
      .reduce((x, y) => BigInt.asIntN(64, x + y), { store: 'sums' })
      .toStream()
      .to('output'),
  'error-processing-after-rekey-dlq': (b) =>
    input(b)
      .selectKey((v) => v.slice(0, 1), { key: S })
      .groupByKey({ name: 'grouped' })
      .reduce((x, y) => x + notBad(y), { store: 'reduced' })
      .toStream()
      .to('output'),
  'error-processing-continue-dlq': (b) => {
    const stream = input(b)
    stream.mapValues((v) => `${notBad(v)}!`).to('output', { value: S })
    stream.groupByKey().count({ store: 'counts' }).toStream().to('output2')
  },
  'headers-propagation': (b) => {
    const m = input(b)
      .peek(() => undefined)
      .mapValues((v) => `${v}.`, { value: S })
    m.to('output')
    m.groupByKey()
      .reduce((_, y) => y, { store: 'latest' })
      .toStream()
      .to('output2')
  },
  wordcount: (b) =>
    input(b, 'words')
      .flatMapValues(javaWords, { value: S })
      .groupBy((word) => word, { key: S })
      .count({ store: 'counts' })
      .toStream()
      .to('output'),
}

const stateless: Record<string, (builder: StreamsBuilder) => void> = {
  'error-deserialization-dlq': (b) =>
    b
      .stream<string, number | null>('input', longs)
      .mapValues((v) => (v === null ? null : v + 1))
      .to('output', { value: L }),
  'stateless-dynamic-topic': (b) => {
    const byFirst = (v: Text) => (v === null ? 'out-none' : `out-${v[0]}`)
    byFirst.toString = () => 'by-first-character'
    input(b).to(byFirst)
  },
  'stateless-filter-filternot': (b) =>
    input(b)
      .filter((v: Text) => v !== null && v.length > 2)
      .filterNot((_, k) => k === 'drop')
      .to('output'),
  'stateless-flatmap-flatmapvalues': (b) =>
    input(b)
      .flatMap(
        (v: Text, k) => (v ?? '').split(',').flatMap((part, i) => (v === null ? [] : [[`${k}-${i}`, part]])),
        strings,
      )
      .flatMapValues((v) => (v === '' ? [] : [v, v.toUpperCase()]), { value: S })
      .to('output'),
  'stateless-map-mapvalues': (b) =>
    input(b)
      .map((v: Text, k) => [v ? v.slice(0, 1).toUpperCase() : 'none', `${k}:${v}`], strings)
      .mapValues((v, k) => `${k}/${v}`, { value: S })
      .to('output'),
  'stateless-merge': (b) => {
    const [one, two, three] = ['input', 'input2', 'input3'].map((topic) => input(b, topic))
    one!
      .merge(two!)
      .merge(three!, { name: 'merge-three' })
      .mapValues((v: Text) => (v === null ? null : `${v}!`))
      .to('output', { value: S })
  },
  'stateless-repartition-auto': (b) => input(b).repartition().to('output'),
  'stateless-repartition-named': (b) =>
    input(b)
      .selectKey((v) => v)
      .repartition({ name: 'by-value', ...strings, partitionCount: 3 })
      .mapValues((v: Text) => (v === null ? '0' : v + v.length))
      .to('output', { value: S }),
  'stateless-selectkey-peek': (b) => {
    const keyed = input(b).selectKey((v: Text) => (v === null ? 'null' : String(v.length)), { key: S })
    keyed.peek(() => undefined).to('output')
    keyed.filter((_, k) => k === '3').to('output2')
  },
  'stateless-typed-serdes': (b) =>
    b
      .stream('input', { key: BIG, value: serdes.integer() })
      .filter((v) => v % 2 === 0)
      .map((v, k) => [`n${k}`, v / 4])
      .to('output', { key: S, value: serdes.double() }),
}

const processors: Record<string, (builder: StreamsBuilder) => void> = {
  'papi-kv-range-prefix': (b) => {
    b.addStateStore(stores.keyValue('kv', strings))
    input(b)
      .process({
        stores: ['kv'],
        create: (context) => {
          const kv = context.store<KeyValueStore<string, string>>('kv')
          return { process: (record) => kv.put(record.key, record.value) }
        },
      })
      .to('output', strings)
  },
  'papi-punctuate-cancel-and-both': (b) =>
    input(b)
      .process({ create: (context) => ({ process: (record) => context.forward(record) }) })
      .to('output', strings),
  'papi-punctuate-stream-time': (b) =>
    input(b)
      .process({
        stores: [stores.keyValue('pending', longs)],
        create: (context) => ({ process: (record) => context.forward(record) }),
      })
      .to('output', strings),
  'papi-punctuate-wall-clock': (b) =>
    input(b)
      .process({
        stores: [stores.keyValue('pending', { ...strings, persistent: false })],
        create: (context) => ({ process: (record) => context.forward(record) }),
      })
      .to('output', strings),
}

function rawTopology(): Topology {
  return new Topology()
    .addSource('src', { topics: 'input', ...strings })
    .addProcessor<string, Text, string, string>('dedup', {
      parents: 'src',
      create: (context) => {
        const last = context.store<KeyValueStore<string, string>>('last')
        return {
          process: (record) => {
            if (record.value === null) return context.forward(record.withValue('dead'), 'dead')
            if (record.value === last.get(record.key)) return
            last.put(record.key, record.value)
            return context.forward(record.withValue(record.value), 'up')
          },
        }
      },
    })
    .addStateStore(stores.keyValue('last', strings), 'dedup')
    .addProcessor<string, string, string, string>('up', {
      parents: 'dedup',
      create: (context) => ({
        process: (record) =>
          context.forward(record.withValue(record.value.toUpperCase()).withTimestamp(record.timestamp + 1)),
      }),
    })
    .addSink('snk', { parents: 'up', topic: 'output', ...strings })
    .addSink('dead', { parents: 'dedup', topic: 'other', ...strings })
}

// Java's split drops empty words at the end, unless it found nothing to split at.
function javaWords(line: string): string[] {
  const words = line.toLowerCase().split(/\W+/)
  if (words.length > 1) words.splice(words.findLastIndex((word) => word !== '') + 1)
  return words
}

function notBad(value: string): string {
  if (value === 'zbad' || value === 'boom') throw new Error('bad value')
  return value
}

function built(topology: (builder: StreamsBuilder) => void): () => Topology {
  return () => {
    const builder = new StreamsBuilder()
    topology(builder)
    return builder.build()
  }
}

const dsl = Object.entries({ ...aggregations, ...stateless, ...processors })

/** Builds the topology of each case that uses the verbs that there are. */
export const topologies: ReadonlyMap<string, () => Topology> = new Map([
  ...dsl.map(([name, topology]) => [name, built(topology)] as const),
  ['papi-raw-topology', rawTopology],
])
