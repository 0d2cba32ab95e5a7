// What compiles and what does not. The compiler is the judge: an error that is expected and missing is an error of `tsc`. Nothing here runs.
import type { StreamRecord } from '../../lib/core/record.ts'
import type { Windowed } from '../../lib/core/windowed.ts'
import type { StreamsConfig } from '../../lib/runtime/config.ts'
import {
  type DeserializationHandler,
  handlers,
  type ProcessingHandler,
  type ProductionHandler,
} from '../../lib/runtime/error-handlers.ts'
import { serdes } from '../../lib/serde/index.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import type {
  KeyValueStore,
  SessionStore,
  StoreBuilder,
  TimestampedWindowStore,
  VersionedKeyValueStore,
  WindowStore,
} from '../../stores/store.ts'
import { stores } from '../../stores/stores.ts'
import type { CogroupedKStream } from '../../topology/cogrouped-kstream.ts'
import type { CustomWindows } from '../../topology/custom-windows.ts'
import type { GlobalKTable } from '../../topology/global-ktable.ts'
import type { KGroupedStream } from '../../topology/kgrouped-stream.ts'
import type { KGroupedTable } from '../../topology/kgrouped-table.ts'
import type { KStream } from '../../topology/kstream.ts'
import type { KTable } from '../../topology/ktable.ts'
import type { SessionWindowedKStream } from '../../topology/session-windowed-kstream.ts'
import type { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { TimeWindowedKStream } from '../../topology/time-windowed-kstream.ts'
import { timestamps } from '../../topology/timestamps.ts'
import { Topology } from '../../topology/topology.ts'
import { windows } from '../../topology/windows.ts'
import { expectType, typed } from './support/expect-type.ts'

interface Flight {
  readonly origin: string
  readonly delayMin: number
}

interface Stats {
  readonly n: number
  readonly sum: number
}

declare const builder: StreamsBuilder
declare const flights: KStream<string, Flight>
declare const numbers: KStream<string, number>
declare const words: KStream<string, string>

typed(function sources() {
  expectType<KStream<string, Flight>>()(
    builder.stream('flights', { key: serdes.string(), value: serdes.json<Flight>() }),
  )
  expectType<KStream<string, number>>()(
    builder.stream(['a', 'b'], { key: serdes.string(), value: serdes.long(), offsetReset: 'latest' }),
  )
  builder.stream('flights', {
    key: serdes.string(),
    value: serdes.json<Flight>(),
    timestamp: (record) => {
      expectType<StreamRecord<string, Flight>>()(record)
      return record.value.delayMin
    },
  })
  const flightsWith = { key: serdes.string(), value: serdes.json<Flight>() }
  builder.stream('flights', { ...flightsWith, timestamp: timestamps.onInvalid(({ value }) => value.delayMin) })
  // @ts-expect-error no such property
  builder.stream('flights', { ...flightsWith, timestamp: timestamps.onInvalid(({ value }) => value.delay) })
  // @ts-expect-error the value serde is missing
  builder.stream('flights', { key: serdes.string() })
  // @ts-expect-error a misspelt option
  builder.stream('flights', { key: serdes.string(), value: serdes.long(), offsetRest: 'latest' })
  // @ts-expect-error a timestamp is a number
  builder.stream('flights', { key: serdes.string(), value: serdes.long(), timestamp: (record) => `${record.value}` })
})

typed(function statelessVerbs() {
  expectType<KStream<string, Flight>>()(flights.filter((flight, key) => flight.delayMin > 0 && key.length > 0))
  expectType<KStream<string, Flight>>()(flights.filterNot(async (flight) => flight.delayMin > 0))
  expectType<KStream<string, number>>()(flights.mapValues((flight) => flight.delayMin))
  expectType<KStream<string, number>>()(flights.mapValues(async (flight) => flight.delayMin))
  expectType<KStream<string, number | null>>()(flights.mapValues((flight) => flight.delayMin || null))
  expectType<KStream<string, number>>()(
    flights.mapValues((flight) => flight.delayMin, { value: serdes.long(), name: 'delay' }),
  )
  expectType<KStream<number, string>>()(flights.map((flight, key) => [flight.delayMin, key]))
  expectType<KStream<string, Flight>>()(flights.map(async (flight) => [flight.origin, flight]))
  expectType<KStream<string, string>>()(words.flatMapValues((line) => line.split(' ')))
  expectType<KStream<string, string>>()(words.flatMapValues((line) => new Set(line)))
  expectType<KStream<string, number>>()(words.flatMap((word) => [[word, word.length]]))
  expectType<KStream<number, Flight>>()(flights.selectKey((flight) => flight.delayMin))
  expectType<KStream<string, Flight>>()(flights.peek((flight, key, record) => [flight.origin, key, record.offset]))
  expectType<void>()(flights.foreach((flight) => flight.origin))
  expectType<KStream<string, number>>()(numbers.merge(numbers))
  expectType<KStream<string, string | number>>()(words.merge(numbers))

  // @ts-expect-error a predicate gives a boolean
  flights.filter((flight) => flight.delayMin)
  // @ts-expect-error no such property
  flights.filter((flight) => flight.departure)
  // @ts-expect-error the serde is not of the mapper's result
  flights.mapValues((flight) => flight.delayMin, { value: serdes.string() })
  // @ts-expect-error a pair is wanted
  flights.map((flight) => flight.origin)
  // @ts-expect-error the key serde is not of the pair's key
  flights.map((flight) => [flight.origin, 1], { key: serdes.long() })
  // @ts-expect-error the values of a flat map are iterable
  flights.flatMapValues((flight) => flight.delayMin)
  // @ts-expect-error the serde is not of the selector's result
  flights.selectKey((flight) => flight.origin, { key: serdes.long() })
  // @ts-expect-error the keys differ
  numbers.merge(numbers.selectKey((n) => n))
})

typed(function jsonWithoutAType() {
  const json = { value: serdes.json() }
  expectType<KStream<string, { n: number }>>()(
    words.mapValues((word) => ({ n: word.length }), { value: serdes.json() }),
  )
  expectType<KStream<string, { n: number }>>()(words.mapValues((word) => ({ n: word.length }), json))
  expectType<KStream<string, { n: number; sum: number }>>()(
    words.map((word, key) => [key, { n: 1, sum: word.length }], { key: serdes.string(), value: serdes.json() }),
  )
  expectType<KStream<string, { n: number | null }>>()(
    words.mapValues((word) => ({ n: word.length }), { value: serdes.json<{ n: number | null }>() }),
  )
  expectType<KTable<string, { n: number }>>()(
    builder
      .table('words', { key: serdes.string(), value: serdes.string() })
      .mapValues((word) => ({ n: word.length }), { value: serdes.json(), store: 'lengths' }),
  )
  expectType<KStream<string, { word: string; n: number }>>()(
    words.join(numbers, (word, n) => ({ word, n }), { within: windows.join({ withinMs: 1 }), value: serdes.json() }),
  )
  expectType<KTable<string, string[]>>()(
    words.groupByKey().aggregate(
      () => [],
      (all, word) => [...all, word],
      { value: serdes.json<string[]>() },
    ),
  )
  expectType<KStream<string, unknown>>()(builder.stream('in', { key: serdes.string(), value: serdes.json() }))
  // @ts-expect-error a type that is not the mapper's
  words.mapValues((word) => ({ n: word.length }), { value: serdes.json<{ n: string }>() })
  // @ts-expect-error what the mapper makes is no text
  words.mapValues((word) => ({ n: word.length }), { value: serdes.json() }).mapValues((text: string) => text)
})

typed(function storesOfProcessors() {
  const text = { key: serdes.string(), value: serdes.long() }
  const lasting = { ...text, retentionMs: 10 }
  expectType<StoreBuilder<WindowStore<string, number>>>()(stores.window('w', { ...lasting, windowSizeMs: 1 }))
  expectType<StoreBuilder<TimestampedWindowStore<string, number>>>()(
    stores.timestampedWindow('t', { ...lasting, windowSizeMs: 1, timeOrdered: true }),
  )
  expectType<StoreBuilder<SessionStore<string, number>>>()(stores.session('s', lasting))
  expectType<StoreBuilder<VersionedKeyValueStore<string, number>>>()(
    stores.versioned('v', { ...text, historyRetentionMs: 10 }),
  )
  // @ts-expect-error without its time
  stores.session('s', text)
  // @ts-expect-error without the size of its windows
  stores.window('w', lasting)
  // @ts-expect-error versions are not cached
  stores.versioned('v', { ...text, historyRetentionMs: 10, caching: true })

  words.process({
    stores: [stores.window('w', { ...lasting, windowSizeMs: 1 })],
    create: (context) => {
      const store = context.store<WindowStore<string, number>>('w')
      return {
        process() {
          expectType<number | undefined>()(store.fetch('a', 1))
          expectType<readonly (readonly [number, number])[]>()(store.fetch('a', { fromMs: 0, toMs: 1 }))
          // @ts-expect-error a text for a number
          store.put('a', 'b', 1)
        },
      }
    },
  })
})

typed(function joinsOfStreams() {
  const within = windows.join({ withinMs: 10 })
  expectType<KStream<string, string>>()(words.join(numbers, (word, n) => word.repeat(n), { within }))
  expectType<KStream<string, number>>()(
    words.join(numbers, async (word, n, key) => word.length + n + key.length, {
      within,
      key: serdes.string(),
      left: serdes.string(),
      right: serdes.long(),
      value: serdes.long(),
      store: { left: 'words', right: 'numbers' },
      emitUnmatched: 'when-due',
    }),
  )
  words.leftJoin(
    numbers,
    (word, n) => {
      expectType<string>()(word)
      expectType<number | null>()(n)
      return word
    },
    { within },
  )
  words.outerJoin(
    numbers,
    (word, n) => {
      expectType<string | null>()(word)
      expectType<number | null>()(n)
      return 1
    },
    { within },
  )

  // @ts-expect-error without a time
  words.join(numbers, (word, n) => word + n)
  // @ts-expect-error without a time
  words.join(numbers, (word, n) => word + n, {})
  // @ts-expect-error windows of an aggregation
  words.join(numbers, (word, n) => word + n, { within: windows.tumbling({ sizeMs: 1 }) })
  // @ts-expect-error the number may be missing
  words.leftJoin(numbers, (word, n: number) => word + n, { within })
  // @ts-expect-error either may be missing
  words.outerJoin(numbers, (word, n) => word.length + n, { within })
  // @ts-expect-error the serde is not of the joiner's result
  words.join(numbers, (word, n) => word + n, { within, value: serdes.long() })
  // @ts-expect-error the serde is not of the other stream's values
  words.join(numbers, (word, n) => word + n, { within, right: serdes.string() })
  // @ts-expect-error the serde is not of the keys
  words.join(numbers, (word, n) => word + n, { within, key: serdes.long() })
  const byNumber = numbers.selectKey((n) => n)
  // @ts-expect-error the keys differ
  words.join(byNumber, (word: string, n: number) => word + n, { within })
})

typed(function sinks() {
  words.to('topic')
  words.to('topic', { key: serdes.string(), value: serdes.json() })
  words.mapValues((word) => (word === '' ? 'no' : 'yes')).to('topic', { value: serdes.string() })
  words.mapValues((word) => word || null).to('topic', { value: serdes.string() })
  words.to((value, key, record) => `${value}${key}${record.timestamp}`)
  words.to('topic', { partitioner: (_topic, key, value, count) => (key.length + value.length) % count })

  // @ts-expect-error values are strings
  words.to('topic', { value: serdes.long() })
  // @ts-expect-error keys are strings
  words.to('topic', { key: serdes.long() })
  // @ts-expect-error a topic is a string
  words.to((value) => value.length)
})

typed(function aggregations() {
  expectType<KGroupedStream<string, Flight>>()(flights.groupByKey())
  expectType<KGroupedStream<string, Flight>>()(flights.groupBy((flight) => flight.origin, { key: serdes.string() }))
  const byPunctuality = flights.groupBy((flight) => (flight.delayMin > 0 ? 'late' : 'punctual'), {
    key: serdes.string(),
  })
  byPunctuality.count().toStream().to('topic')
  expectType<KTable<string, number>>()(flights.groupByKey().count({ store: 'n', caching: false }))
  expectType<KTable<string, number>>()(numbers.groupByKey().reduce((left, right) => Math.max(left, right)))
  expectType<KTable<string, Stats>>()(
    flights.groupByKey().aggregate(
      () => ({ n: 0, sum: 0 }),
      (stats, flight) => ({ n: stats.n + 1, sum: stats.sum + flight.delayMin }),
      { store: 'stats', value: serdes.json<Stats>() },
    ),
  )
  expectType<KTable<string, string>>()(
    words.groupByKey().aggregate(
      () => '',
      async (all, word, key) => (word === '' ? null : all + word + key),
      { value: serdes.string() },
    ),
  )
  expectType<KStream<string, number>>()(flights.groupByKey().count().toStream())

  // @ts-expect-error the key is a string
  flights.groupBy((flight) => flight.origin, { key: serdes.long() })
  // @ts-expect-error a count is a number
  flights.groupByKey().count({ value: serdes.string() })
  // @ts-expect-error a reducer keeps the type
  flights.groupByKey().reduce((left) => left.delayMin)
  // @ts-expect-error the aggregate's serde is missing
  flights.groupByKey().aggregate(
    () => 0,
    (sum, flight) => sum + flight.delayMin,
  )
  flights.groupByKey().aggregate(
    () => 0,
    // @ts-expect-error the aggregator's result is not an aggregate
    (sum, flight) => `${sum}${flight.delayMin}`,
    { value: serdes.long() },
  )
})

typed(function windowedAggregations() {
  const grouped = flights.groupByKey()
  const tumbling = windows.tumbling({ sizeMs: 10 })
  const sessions = windows.session({ inactivityGapMs: 10 })
  expectType<TimeWindowedKStream<string, Flight>>()(grouped.windowedBy(tumbling, { emit: 'on-window-close' }))
  expectType<TimeWindowedKStream<string, Flight>>()(grouped.windowedBy(windows.sliding({ timeDifferenceMs: 10 })))
  expectType<TimeWindowedKStream<string, Flight>>()(grouped.windowedBy(windows.unlimited()))
  expectType<SessionWindowedKStream<string, Flight>>()(grouped.windowedBy(sessions))
  expectType<KTable<Windowed<string>, number>>()(grouped.windowedBy(tumbling).count({ retentionMs: 100 }))
  expectType<KTable<Windowed<string>, Flight>>()(
    grouped.windowedBy(sessions).reduce((left, right) => (left.delayMin > right.delayMin ? left : right)),
  )
  expectType<KTable<Windowed<string>, string[]>>()(
    grouped.windowedBy(sessions).aggregate(
      () => [] as string[],
      (origins, { origin }) => [...origins, origin],
      async (left, right, key) => [...left, ...right, key],
      { key: serdes.string(), value: serdes.json<string[]>() },
    ),
  )
  expectType<KStream<string, number>>()(
    grouped
      .windowedBy(tumbling)
      .count()
      .toStream()
      .selectKey((_, { key, window }) => `${key}@${window.startMs}`),
  )

  const windowOf = (timestampMs: number) => ({ startMs: timestampMs, endMs: timestampMs + 1 })
  const days = windows.custom({ windowOf, maxSizeMs: 10, graceMs: 5 })
  const shifts = windows.custom({ windowsFor: (timestampMs) => new Set([windowOf(timestampMs)]), maxSizeMs: 10 })
  expectType<CustomWindows>()(days)
  expectType<TimeWindowedKStream<string, Flight>>()(grouped.windowedBy(shifts, { emit: 'on-window-close' }))
  expectType<KTable<Windowed<string>, number>>()(grouped.windowedBy(days).count())
  expectType<Serde<Windowed<string>>>()(serdes.timeWindowed(serdes.string(), days))
  // @ts-expect-error a window has an end
  windows.custom({ windowOf: (startMs) => ({ startMs }), maxSizeMs: 10 })
  // @ts-expect-error one window for windowOf, several for windowsFor
  windows.custom({ windowsFor: windowOf, maxSizeMs: 10 })
  // @ts-expect-error promises are not waited for
  windows.custom({ windowOf: async (t) => windowOf(t), maxSizeMs: 10 })
  // @ts-expect-error the longest size is missing
  windows.custom({ windowOf })
  // @ts-expect-error one or the other
  windows.custom({ windowOf, windowsFor: (t) => [windowOf(t)], maxSizeMs: 10 })
  // @ts-expect-error not for joins
  words.join(words, (left, right) => left + right, { within: days })
  // @ts-expect-error windows of a join
  grouped.windowedBy(windows.join({ withinMs: 10 }))
  // @ts-expect-error a misspelt strategy
  grouped.windowedBy(tumbling, { emit: 'on-close' })
  // @ts-expect-error the serde is of the keys without windows
  grouped.windowedBy(tumbling).count({ key: serdes.timeWindowed(serdes.string(), 10) })
  // @ts-expect-error a count is a number
  grouped.windowedBy(sessions).count({ value: serdes.string() })
  // @ts-expect-error a reducer keeps the type
  grouped.windowedBy(tumbling).reduce((left) => left.delayMin)
  // @ts-expect-error sessions need a merger
  grouped.windowedBy(sessions).aggregate(
    () => 0,
    (n) => n + 1,
    { value: serdes.long() },
  )
  // @ts-expect-error the aggregate's serde is missing
  grouped.windowedBy(tumbling).aggregate(
    () => 0,
    (n) => n + 1,
  )
  // @ts-expect-error the sink's serde is of keys without windows
  grouped.windowedBy(tumbling).count().toStream().to('out', { key: serdes.string() })
})

typed(function cogroups() {
  const cogrouped = flights
    .groupByKey()
    .cogroup((sum: number, { delayMin }) => sum + delayMin)
    .cogroup(words.groupByKey(), (sum, word) => sum + word.length)
  const long = { value: serdes.long() }
  expectType<CogroupedKStream<string, number>>()(cogrouped)
  expectType<CogroupedKStream<string, Stats>>()(
    flights.groupByKey().cogroup<Stats>(({ n, sum }) => ({ n: n + 1, sum })),
  )
  expectType<KTable<string, number>>()(cogrouped.aggregate(() => 0, long))
  expectType<KTable<Windowed<string>, number>>()(
    cogrouped.windowedBy(windows.tumbling({ sizeMs: 10 })).aggregate(() => 0, long),
  )
  expectType<KTable<Windowed<string>, number>>()(
    cogrouped.windowedBy(windows.session({ inactivityGapMs: 10 })).aggregate(
      () => 0,
      (left, right) => left + right,
      long,
    ),
  )

  // @ts-expect-error the keys differ
  cogrouped.cogroup(words.selectKey((word) => word.length).groupByKey(), (sum) => sum)
  // @ts-expect-error the aggregate is a number
  cogrouped.cogroup(words.groupByKey(), (sum, word) => sum + word)
  // @ts-expect-error the initial aggregate is not of the aggregators' type
  cogrouped.aggregate(() => '', long)
  // @ts-expect-error the serde is not of the aggregate
  cogrouped.aggregate(() => 0, { value: serdes.string() })
  // @ts-expect-error the stream is not grouped
  cogrouped.cogroup(words, (sum) => sum)
})

typed(function processors() {
  expectType<KStream<string, Flight>>()(
    flights.process({
      stores: [stores.keyValue('seen', { key: serdes.string(), value: serdes.long() })],
      create: (context) => {
        const seen = context.store<KeyValueStore<string, number>>('seen')
        return {
          process(record) {
            expectType<StreamRecord<string, Flight>>()(record)
            seen.put(record.key, record.timestamp)
            return context.forward(record)
          },
        }
      },
    }),
  )
  expectType<KStream<string, number>>()(
    words.process({
      create: (context) => ({ process: (record) => context.forward(record.withValue(1)) }),
      value: serdes.long(),
    }),
  )
  words.process<string, number>({
    // @ts-expect-error a number is to be forwarded
    create: (context) => ({ process: (record) => context.forward(record) }),
  })
  words.process({
    create: (context) => ({
      // @ts-expect-error without a serde the values stay strings
      process: (record) => context.forward(record.withValue(1)),
    }),
  })
  new Topology()
    .addSource('in', { topics: 'in', key: serdes.string(), value: serdes.long() })
    .addProcessor<string, number, string, string>('text', {
      parents: ['in'],
      create: (context) => ({ process: (record) => context.forward(record.withValue(`${record.value}`)) }),
    })
  // @ts-expect-error a sink needs serdes
  new Topology().addSink('out', { parents: 'text', topic: 'out' })
})

typed(function streamsDoNotMix() {
  const takesWords = (_stream: KStream<string, string>): void => {}
  const takesSerde = (_serde: Serde<number>): void => {}
  takesWords(words)
  // @ts-expect-error values are numbers
  takesWords(numbers)
  // @ts-expect-error a serde of strings
  takesSerde(serdes.string())
})

declare const counts: KTable<string, number>
declare const names: KTable<string, string>
declare const byNumber: KTable<number, Flight>
declare const flightTable: KTable<string, Flight>

typed(function joinsOfTables() {
  expectType<KTable<string, Stats>>()(
    counts.join(names, (n, name, key): Stats => {
      expectType<number>()(n)
      expectType<string>()(name)
      expectType<string>()(key)
      return { n, sum: name.length }
    }),
  )
  expectType<KTable<string, string>>()(counts.leftJoin(names, (n, name) => `${n.toFixed()}${name?.length ?? 0}`))
  expectType<KTable<string, number>>()(counts.outerJoin(names, (n, name) => (n ?? 0) + (name?.length ?? 0)))
  // A delete, now and then.
  expectType<KTable<string, number>>()(counts.join(names, (n, name) => (name === '' ? null : n)))
  expectType<KTable<string, number>>()(
    counts.join(names, async (n) => n, { store: 'joined', key: serdes.string(), value: serdes.double() }),
  )
  counts.join(names, (n) => n, { store: 'joined', versioned: { historyRetentionMs: 1_000 } })
  // @ts-expect-error the value serde writes no numbers
  counts.join(names, (n) => n, { value: serdes.json<Stats>() })
  // @ts-expect-error the keys differ
  counts.join(byNumber, (n) => n)
  // @ts-expect-error the right side may be missing
  counts.leftJoin(names, (n, name) => n + name.length)
  // @ts-expect-error either side may be missing
  counts.outerJoin(names, (n) => n.toFixed())
})

typed(function joinsByForeignKey() {
  expectType<KTable<string, string>>()(
    flightTable.joinOnForeignKey(
      byNumber,
      (flight, key) => {
        expectType<string>()(key)
        return flight.delayMin
      },
      (left, right) => `${left.origin}${right.origin}`,
      { name: 'fk', store: 'joined', value: serdes.string() },
    ),
  )
  expectType<KTable<string, number>>()(
    flightTable.leftJoinOnForeignKey(
      byNumber,
      async (flight) => (flight.delayMin < 0 ? null : flight.delayMin),
      (left, right) => left.delayMin - (right?.delayMin ?? 0),
    ),
  )
  const originOf = (flight: Flight) => flight.origin
  const delayOf = (flight: Flight) => flight.delayMin
  const both = (left: Flight, right: Flight) => left.delayMin - right.delayMin
  flightTable.joinOnForeignKey(byNumber, delayOf, both)
  // @ts-expect-error the foreign key is a number
  flightTable.joinOnForeignKey(byNumber, originOf, both)
  // @ts-expect-error the right side may be missing
  flightTable.leftJoinOnForeignKey(byNumber, delayOf, both)
})

typed(function joinsOfStreamsWithTables() {
  expectType<KStream<string, Stats>>()(
    flights.join(counts, (flight, n, key): Stats => {
      expectType<string>()(key)
      return { n, sum: flight.delayMin }
    }),
  )
  expectType<KStream<string, number>>()(
    flights.leftJoin(counts, (flight, n) => flight.delayMin + (n ?? 0), {
      name: 'late',
      key: serdes.string(),
      left: serdes.json<Flight>(),
      right: serdes.long(),
      value: serdes.long(),
    }),
  )
  // @ts-expect-error the table's value may be missing
  flights.leftJoin(counts, (flight, n) => flight.delayMin + n)
  // @ts-expect-error the keys differ
  flights.join(byNumber, (flight) => flight)
  // @ts-expect-error the left serde writes no flights
  flights.join(counts, (flight) => flight, { left: serdes.long() })
})

typed(function globalTables() {
  const airports = builder.globalTable('airports', { key: serdes.string(), value: serdes.json<Stats>() })
  expectType<GlobalKTable<string, Stats>>()(airports)
  expectType<KStream<string, number>>()(
    flights.join(
      airports,
      (flight, key, record) => {
        expectType<StreamRecord<string, Flight>>()(record)
        return `${flight.origin}${key}`
      },
      (flight, stats, key) => flight.delayMin + stats.n + key.length,
    ),
  )
  expectType<KStream<string, number>>()(
    flights.leftJoin(
      airports,
      async (flight) => (flight.delayMin > 0 ? flight.origin : null),
      (flight, stats) => flight.delayMin + (stats?.n ?? 0),
      { value: serdes.long() },
    ),
  )
  const delayOf = (flight: Flight) => flight.delayMin
  // @ts-expect-error the key of the table is text
  flights.join(airports, delayOf, delayOf)
  // @ts-expect-error there is no changelog to be switched off
  builder.globalTable('airports', { key: serdes.string(), value: serdes.string(), logging: false })
  builder.addGlobalStore(stores.keyValue('limits', { key: serdes.string(), value: serdes.long() }), 'limits', {
    key: serdes.string(),
    value: serdes.long(),
    create: (context) => {
      const limits = context.store<KeyValueStore<string, number>>('limits')
      return { process: ({ key, value }) => limits.put(key, value) }
    },
  })
})

typed(function suppressed() {
  const counts = words.groupByKey().count()
  const perMinute = words
    .groupByKey()
    .windowedBy(windows.tumbling({ sizeMs: 60_000 }))
    .count()
  expectType<KTable<Windowed<string>, number>>()(perMinute.suppress({ until: 'window-closes', maxRecords: 10 }))
  expectType<KTable<string, number>>()(counts.suppress({ until: 'time-limit', timeLimitMs: 5, whenFull: 'shut-down' }))
  perMinute.suppress({ until: 'time-limit', timeLimitMs: 5 })
  // @ts-expect-error there are no windows
  counts.suppress({ until: 'window-closes' })
  // @ts-expect-error no limit
  counts.suppress({ until: 'time-limit' })
  // @ts-expect-error a result would come before it is final
  perMinute.suppress({ until: 'window-closes', whenFull: 'emit-early' })
  // @ts-expect-error a window needs no limit
  perMinute.suppress({ until: 'window-closes', timeLimitMs: 5 })
})

typed(function branchesAndCopies() {
  const branches = flights.split({ late: (flight, key) => flight.delayMin > 0 && key !== '', punctual: 'default' })
  expectType<KStream<string, Flight>>()(branches.late)
  expectType<KStream<string, Flight>>()(branches.punctual)
  // @ts-expect-error no such branch
  branches.cancelled
  // @ts-expect-error no such property
  flights.split({ late: (flight) => flight.departure > 0 })
  const { counted } = flights.split({ counted: { when: 'default', chain: (branch) => branch.groupByKey().count() } })
  expectType<KTable<string, number>>()(counted)

  expectType<KStream<string, Flight>>()(flights.repartition({ partitionCount: 3, key: serdes.string() }))
  // @ts-expect-error keys are strings
  flights.repartition({ key: serdes.long() })
  expectType<KTable<string, number>>()(numbers.toTable({ store: 'numbers' }))
  // @ts-expect-error values are numbers
  numbers.toTable({ value: serdes.string() })
  expectType<KStream<string, Flight>>()(
    flights.distinct({ withinMs: 10, id: (flight) => flight.delayMin, idSerde: serdes.long() }),
  )
  // @ts-expect-error ids are numbers
  flights.distinct({ withinMs: 10, id: (flight) => flight.delayMin, idSerde: serdes.string() })
  // @ts-expect-error without a time
  flights.distinct({})
  expectType<void>()(flights.print({ format: (flight, key) => `${key} ${flight.origin}` }))
  // @ts-expect-error a line is text
  flights.print({ format: (flight) => flight.delayMin })
  expectType<KStream<string, Flight>>()(
    builder.stream(/flights-.*/, { key: serdes.string(), value: serdes.json<Flight>() }),
  )
})

typed(function processValuesKeepKeys() {
  expectType<KStream<string, number>>()(
    flights.processValues({
      value: serdes.long(),
      create: (context) => ({ process: (record) => context.forward(record.withValue(record.value.delayMin)) }),
    }),
  )
  flights.processValues({
    create: (context) => ({
      // @ts-expect-error keys stay strings
      process: (record) => context.forward(record.withKey(1)),
    }),
  })
})

typed(function verbsOfTables() {
  const table = builder.table('flights', { key: serdes.string(), value: serdes.json<Flight>() })
  expectType<KTable<string, Flight>>()(table.filter((flight, key) => flight.delayMin > key.length))
  expectType<KTable<string, number>>()(table.mapValues((flight) => flight.delayMin, { value: serdes.long() }))
  expectType<KStream<string, Flight>>()(table.toStream())
  expectType<KTable<string, number>>()(
    table.transformValues({
      value: serdes.long(),
      create: () => ({ transform: (flight, key) => (flight === null ? null : flight.delayMin + key.length) }),
    }),
  )
  const byOrigin = table.groupBy((flight, key) => [flight.origin, key.length], {
    key: serdes.string(),
    value: serdes.long(),
  })
  expectType<KGroupedTable<string, number>>()(byOrigin)
  expectType<KTable<string, number>>()(byOrigin.count())
  const sum = (left: number, right: number): number => left + right
  expectType<KTable<string, number>>()(byOrigin.reduce(sum, sum))
  expectType<KTable<string, string>>()(
    byOrigin.aggregate(
      () => '',
      (text, n) => `${text}+${n.toFixed()}`,
      (text, n) => `${text}-${n.toFixed()}`,
      { value: serdes.string() },
    ),
  )

  // @ts-expect-error the serde is not of the mapper's result
  table.mapValues((flight) => flight.delayMin, { value: serdes.string() })
  // @ts-expect-error the transformer may be asked about a delete
  table.transformValues({ create: () => ({ transform: (flight) => flight.delayMin }) })
  // @ts-expect-error a group is a pair
  table.groupBy((flight) => flight.origin)
  // @ts-expect-error the group's values are numbers
  table.groupBy((flight) => [flight.origin, flight.delayMin], { value: serdes.string() })
  // @ts-expect-error a table is reduced by two
  byOrigin.reduce(sum)
  // @ts-expect-error the aggregate's serde is missing
  byOrigin.aggregate(
    () => 0,
    (n) => n,
    (n) => n,
  )
})

typed(function joinsWithGrace() {
  const prices = builder.table('prices', {
    key: serdes.string(),
    value: serdes.long(),
    store: 'prices',
    versioned: { historyRetentionMs: 60_000 },
  })
  expectType<KStream<string, number>>()(
    flights.join(prices, (flight, price) => flight.delayMin * price, { graceMs: 5_000 }),
  )
  // @ts-expect-error milliseconds are a number
  flights.join(prices, (flight) => flight, { graceMs: '5s' })
})

typed(function errorHandlers() {
  const processing: ProcessingHandler = (error, { record, rawValue, logger }) => {
    expectType<unknown>()(error)
    expectType<StreamRecord<any, any> | undefined>()(record)
    logger.warn({ bytes: rawValue?.length }, 'one less')
    return 'continue'
  }
  const production: ProductionHandler = (error) =>
    error.code === 'STREAMS_MISSING_SINK_TOPIC' ? 'retry' : { decision: 'continue', deadLetters: [] }
  const config: Partial<StreamsConfig> = {
    processingHandler: processing,
    productionHandler: production,
    deserializationHandler: handlers.logAndContinue,
  }
  expectType<Partial<StreamsConfig>>()(config)
  // @ts-expect-error only what is written can be tried again
  const retrying: ProcessingHandler = () => 'retry'
  // @ts-expect-error handlers are synchronous
  const slow: DeserializationHandler = async () => 'continue'
  // @ts-expect-error what fails leaves no letters
  const failing: ProcessingHandler = () => ({ decision: 'fail', deadLetters: [] })
  return [retrying, slow, failing]
})

typed(function contextsOfProcessors() {
  words.process({
    create: ({ appConfigs, metrics }) => {
      expectType<Readonly<Record<string, unknown>>>()(appConfigs)
      // @ts-expect-error what an entry is has to be said
      const limit: number = appConfigs.limit
      // @ts-expect-error entries are only read
      appConfigs.limit = 5
      metrics.counter('hits', { tags: { cache: 'prices' } }).add(2)
      metrics.histogram('ms', { boundaries: [1, 10] }).record(0.5)
      // @ts-expect-error a gauge is a number
      metrics.gauge('size').set('5')
      // @ts-expect-error a counter is added to
      metrics.counter('hits').set(5)
      // @ts-expect-error tags are text
      metrics.counter('hits', { tags: { partition: 5 } })
      // @ts-expect-error only histograms have boundaries
      metrics.gauge('size', { boundaries: [1] })
      return { process: () => void limit }
    },
  })
})

describe('types', () => {
  it('are checked by the compiler', () => {
    expect(typed).toBeInstanceOf(Function)
  })
})
