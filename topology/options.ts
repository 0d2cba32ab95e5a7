import type { JsonSerde } from '../lib/serde/json.ts'
import type { Serde } from '../lib/serde/serde.ts'
import type { StoreBuilder } from '../stores/store.ts'
import type { KeySelector } from './callbacks.ts'
import type { OffsetReset, StreamPartitioner, TimestampExtractor } from './physical.ts'
import type { CreateTransformer } from './processors/transform-values.ts'
import type { CreateProcessor } from './processors/user-processor.ts'
import type { EmitStrategy } from './windows.ts'

/** A serde that can write values of type `T`; what it reads may be wider: `Serde<string>` will do for `'yes' | 'no'`. */
export type SerdeFor<T> = Serde<any> & { serialize(topic: string, value: T): Buffer }

/** A serde of what a callback makes. `serdes.json()` without a type takes the callback's. */
// The second member is there for inference alone: it lets a JsonSerde that has a type decide what T is.
export type ResultSerde<T> = Serde<T> | JsonSerde<T> | JsonSerde<unknown>

/** Options of every verb that makes a node. */
export interface NamedOptions {
  /** Names the node; generated if absent. ASCII letters, digits, '.', '_' and '-', at most 249. */
  readonly name?: string
}

/** Options of a verb that makes other values. */
export interface ValueOptions<V> extends NamedOptions {
  /** Serde of the result. Needed only if the values are written or stored further down. */
  readonly value?: ResultSerde<V>
}

/** Options of a verb that makes other keys. */
export interface KeyOptions<K> extends NamedOptions {
  /** Serde of the new keys. Needed only if they are written or stored further down. */
  readonly key?: ResultSerde<K>
}

/** Options of a verb that makes other keys and values. */
export interface KeyValueOptions<K, V> extends KeyOptions<K>, ValueOptions<V> {}

/** How topics are read as a stream. */
export interface StreamOptions<K, V> extends NamedOptions {
  /** Reads the keys; also what writes them further down, unless a verb is given another. */
  readonly key: Serde<K>
  /** Reads the values; also what writes them further down, unless a verb is given another. */
  readonly value: Serde<V>
  /** Event time of a record in epoch milliseconds. Default: the record's own timestamp. */
  readonly timestamp?: TimestampExtractor<K, V>
  /** Where a partition without a committed offset starts. Default: the application's. */
  readonly offsetReset?: OffsetReset
}

/** How records are written to a topic. */
export interface SinkOptions<K, V> extends NamedOptions {
  /** Default: the serde known from the verbs before. */
  readonly key?: SerdeFor<K>
  /** Default: the serde known from the verbs before. */
  readonly value?: SerdeFor<V>
  /** Default: murmur2 of the key's bytes, as in Java. */
  readonly partitioner?: StreamPartitioner<K, V>
}

/** The internal topic of `repartition()`. */
export interface RepartitionOptions<K, V> {
  /** Names the topic `<applicationId>-<name>-repartition` and the nodes around it; generated if absent. */
  readonly name?: string
  /** Default: the serde known from the verbs before. */
  readonly key?: SerdeFor<K>
  /** Default: the serde known from the verbs before. */
  readonly value?: SerdeFor<V>
  /** At least 1. Default: as many as the topics that feed it. */
  readonly partitionCount?: number
  /** Default: murmur2 of the key's bytes, as in Java. */
  readonly partitioner?: StreamPartitioner<K, V>
}

/** How a stream is grouped. */
export interface GroupOptions<K, V> {
  /** Names the repartition topic `<applicationId>-<name>-repartition`, if there is one; of `groupBy` also the node that makes the key. */
  readonly name?: string
  /** Of the keys to group by. Default: the serde known from the verbs before; `groupBy` makes other keys, of which none is known. */
  readonly key?: SerdeFor<K>
  /** Default: the serde known from the verbs before. */
  readonly value?: SerdeFor<V>
}

/** A table that keeps the history of its values. */
export interface VersionedOptions {
  /**
   * How far back, in milliseconds of event time, values are known and updates still taken: before the latest update of any key in the task. At least 0; the latest value of a
   * key is kept for ever.
   */
  readonly historyRetentionMs: number
}

/** How a table is kept. */
export interface MaterializeOptions<K, V> extends NamedOptions {
  /**
   * Names the store, its changelog topic and what queries ask for. Absent: kept under a generated name, which cannot be queried, if the verb or a later one needs its
   * values. `true` stands for Java's `Materialized` without a name: as absent, but generated names are counted as there, and a join of tables keeps its result.
   */
  readonly store?: string | true
  /** Of the table's keys. Default: the serde known from the verbs before. */
  readonly key?: SerdeFor<K>
  /** Of the results. Needed if the verb makes other values, and they are written or stored, here or further down; `count` has `serdes.long()` by default. */
  readonly value?: ResultSerde<V>
  /** Whether updates of a key are merged until the next commit. Default true. */
  readonly caching?: boolean
  /** Whether the store has a changelog topic to be restored from. Default true. */
  readonly logging?: boolean
  /** Default true. False keeps the store in memory and restores it at each start. */
  readonly persistent?: boolean
  /** Settings of the changelog topic, over the defaults. */
  readonly changelogConfigs?: Readonly<Record<string, string>>
  /**
   * Keeps the history of each key, so that streams are joined with the value that held at their records' time, and late updates change only the past. Needs a `store` name;
   * never cached.
   */
  readonly versioned?: VersionedOptions
}

/** How a table is read from its topic, and kept. */
export interface TableOptions<K, V> extends StreamOptions<K, V> {
  /** Names the store and keeps the table in it. Absent, and `true`: kept, under a generated name, only if another verb needs its values. */
  readonly store?: string | true
  /** See MaterializeOptions. */
  readonly caching?: boolean
  /** See MaterializeOptions. */
  readonly logging?: boolean
  /** See MaterializeOptions. */
  readonly persistent?: boolean
  /** See MaterializeOptions. */
  readonly changelogConfigs?: Readonly<Record<string, string>>
  /** See MaterializeOptions. */
  readonly versioned?: VersionedOptions
}

/** How a global table is read from its topic, and kept. */
export interface GlobalTableOptions<K, V> extends Omit<StreamOptions<K, V>, 'offsetReset'> {
  /** Names the store, for queries and processors. Default, and `true`: a generated name. */
  readonly store?: string | true
  /** Default true. False keeps the store in memory and reads the whole topic at each start. */
  readonly persistent?: boolean
}

/** How a global store is filled from its topic. */
export interface GlobalStoreOptions<K, V> extends Omit<StreamOptions<K, V>, 'offsetReset'> {
  /**
   * Makes the processor that puts the topic's records into the store; called once for each instance. It gets the records of all partitions, those of each in order. It can neither forward
   * nor schedule.
   */
  readonly create: CreateProcessor<K, V, never, never>
}

/** As MaterializeOptions, for a result whose type the verbs before do not determine. */
export interface AggregateOptions<K, V> extends MaterializeOptions<K, V> {
  /** Serde of the results: they are kept in a store. */
  readonly value: Serde<V>
}

/** How a stream is joined with a table. */
export interface StreamTableJoinOptions<K, V, VT, VR> extends ValueOptions<VR> {
  /** Default: the serde known from the verbs before. */
  readonly key?: SerdeFor<K>
  /** Of the stream's values. Default: the serde known from the verbs before. */
  readonly left?: SerdeFor<V>
  /** Of the table's values. Default: the serde known from the verbs before. */
  readonly right?: SerdeFor<VT>
  /**
   * Lets the stream's records wait for the table's: each is joined, with what the table held at its time, when stream time is so many milliseconds past it. Later ones are
   * joined at once. Needs a versioned table with at least as long a history. At least 0. Default: nothing waits.
   */
  readonly graceMs?: number
}

/** How two tables are joined by foreign key, and the result is kept. `name` names the internal topics and the nodes. */
export interface ForeignKeyJoinOptions<K, KF, VR> extends MaterializeOptions<K, VR> {
  /** How this table's topic is partitioned, if not by murmur2 of the key's bytes. Default: answers go where the question came from, which is right in any case. */
  readonly partitioner?: StreamPartitioner<K, null>
  /** How the other table's topic is partitioned. Must be given if it is not by murmur2 of the key's bytes. */
  readonly otherPartitioner?: StreamPartitioner<KF, null>
}

/** How a windowed table is kept. `key` is the serde of the keys without their windows. */
export interface WindowedMaterializeOptions<K, V> extends Omit<MaterializeOptions<K, V>, 'versioned'> {
  /**
   * How long windows are kept after later ones have come, in milliseconds of event time. At least, and by default, as long as they take records: size and grace of
   * time windows (of custom ones the longest size), twice the time difference and grace of sliding windows, gap and grace of sessions.
   */
  readonly retentionMs?: number
}

/** As WindowedMaterializeOptions, for a result whose type the verbs before do not determine. */
export interface WindowedAggregateOptions<K, V> extends WindowedMaterializeOptions<K, V> {
  /** Serde of the results: they are kept in a store. */
  readonly value: Serde<V>
}

/** How the results of windows are forwarded. */
export interface WindowedByOptions {
  /**
   * `on-window-update`, the default: each update, but for those that a cache merges. `on-window-close`: one result for each window, when stream time has passed its end
   * and grace. Closed windows are looked for when a record comes, at most once a second (`emitIntervalMs` of the application). Stream time that jumps on by more than
   * `retentionMs` leaves windows behind that are never forwarded, as in Java: choose it longer than gaps in the input. Of custom windows none is left behind.
   */
  readonly emit?: EmitStrategy
}

/** The buffer of `suppress()`. */
export interface SuppressBufferOptions extends NamedOptions {
  /** How many keys may wait. Default: any number. */
  readonly maxRecords?: number
  /** How many bytes their keys, values, topics and headers may take up, reckoned as in Java. Default: any number. */
  readonly maxBytes?: number
  /** Whether the buffer has a changelog topic to be restored from. Default true; without one, what waits is lost when the task moves. */
  readonly logging?: boolean
  /** Settings of the changelog topic, over the defaults. */
  readonly changelogConfigs?: Readonly<Record<string, string>>
}

/**
 * Holds back what a window gives until it is final.
 *
 * @example
 * perMinute.suppress({ until: 'window-closes', maxRecords: 100_000 })
 */
export interface SuppressUntilWindowCloses extends SuppressBufferOptions {
  /** Until stream time has passed the window's end and grace. */
  readonly until: 'window-closes'
  /** What happens beyond `maxRecords` or `maxBytes`: the instance stops, since nothing may come early. */
  readonly whenFull?: 'shut-down'
}

/**
 * Holds back updates for a time, so that several of a key become one.
 *
 * @example
 * orders.suppress({ until: 'time-limit', timeLimitMs: 5_000, maxBytes: 10_000_000, whenFull: 'emit-early' })
 */
export interface SuppressUntilTimeLimit extends SuppressBufferOptions {
  /** For `timeLimitMs`. */
  readonly until: 'time-limit'
  /** How long an update waits at most, in milliseconds of stream time since the first of its key. 0: not at all. */
  readonly timeLimitMs: number
  /** What happens beyond `maxRecords` or `maxBytes`: those that wait the longest go on early, or the instance stops. Default: `emit-early`. */
  readonly whenFull?: 'emit-early' | 'shut-down'
}

/** How `suppress()` holds updates back. */
export type SuppressOptions = SuppressUntilWindowCloses | SuppressUntilTimeLimit

/** A processor of one's own, for `process()`. */
export interface ProcessOptions<KIn, VIn, KOut, VOut> extends KeyValueOptions<KOut, VOut> {
  /** Stores that the processor uses: builders, or names of stores added with `addStateStore`. */
  readonly stores?: readonly (StoreBuilder | string)[]
  /** Called once for each task, and again after an abort. Must make a new processor each time. */
  readonly create: CreateProcessor<KIn, VIn, KOut, VOut>
}

/** A processor of one's own that leaves keys as they are, for `processValues()`. */
export interface ProcessValuesOptions<K, V, VOut> extends ValueOptions<VOut> {
  /** Stores that the processor uses: builders, or names of stores added with `addStateStore`. */
  readonly stores?: readonly (StoreBuilder | string)[]
  /** Called once for each task, and again after an abort. Must make a new processor each time. */
  readonly create: CreateProcessor<K, V, K, VOut>
}

/** A transformer of a table's values, for `transformValues()`, and how the result is kept. */
export interface TransformValuesOptions<K, V, VR> extends MaterializeOptions<K, VR> {
  /** Stores that the transformer uses: builders, or names of stores added with `addStateStore`. */
  readonly stores?: readonly (StoreBuilder | string)[]
  /** Called once for each task and reader, and again after an abort. Must make a new transformer each time. */
  readonly create: CreateTransformer<K, V, VR>
}

/** What `distinct` compares, and for how long. */
export interface DistinctOptions<K, V, Id> extends NamedOptions {
  /** Records of one id at most this far apart in event time are duplicates; also how late a record may come. Milliseconds, at least 1. */
  readonly withinMs: number
  /** What records are known by; null: the record is not compared. Default: the key. Duplicates need the same key, or they are in different partitions. */
  readonly id?: KeySelector<K, V, Id>
  /** Needed with `id`. */
  readonly idSerde?: Serde<Id>
  /** Default: the serde known from the verbs before. */
  readonly key?: SerdeFor<K>
  /** Names the store and its changelog topic; generated if absent. */
  readonly store?: string
  /** See MaterializeOptions. */
  readonly logging?: boolean
  /** See MaterializeOptions. */
  readonly persistent?: boolean
  /** See MaterializeOptions. */
  readonly changelogConfigs?: Readonly<Record<string, string>>
}

/** What `print()` writes, and where to. */
export interface PrintOptions<K, V> extends NamedOptions {
  /** Goes before each record. Default: the name of the node before. */
  readonly label?: string
  /** What is shown. Default: `key, value`. */
  readonly format?: (value: V, key: K) => string
  /** Takes the lines. Default: `console.log`. */
  readonly write?: (line: string) => unknown
}

/** A rewrite of the topology as a whole, by Java's name. It changes internal topics: decide before the first start. */
export type Optimization = 'reuse.ktable.source.topics' | 'merge.repartition.topics' | 'single.store.self.join'

/** How a topology is written down by `StreamsBuilder.build`. */
export interface BuildOptions {
  /**
   * Java's `topology.optimization`. Default: `none`. `reuse.ktable.source.topics`: a table's topic serves as the changelog of its store.
   * `merge.repartition.topics`: several verbs below one change of keys share a repartition topic. `single.store.self.join`: a stream joined with itself is kept
   * once.
   */
  readonly optimization?: 'none' | 'all' | readonly Optimization[]
}
