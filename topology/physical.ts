// What the DSL and the Processor API build, and what the runtime runs: nodes in sub-topologies. Plain data.
import type { StreamRecord } from '../lib/core/record.ts'
import type { Serde } from '../lib/serde/serde.ts'
import type { StoreBuilder } from '../stores/store.ts'
import type { ProcessorSupplier } from './processor.ts'

/** An internal topic's name gets the application id in front: `<applicationId>-<name>`. */
export interface TopicRef {
  readonly name: string
  readonly internal: boolean
}

/** Which offset a partition without a committed one starts at; `none`: that is an error. */
export type OffsetReset = 'earliest' | 'latest' | 'none'

/**
 * Gives a record its event time in epoch milliseconds. `partitionTimeMs` is the highest timestamp seen in the partition, -1 before the
 * first, `nowMs` the wall clock. A negative result drops the record. `timestamps` has the usual ones.
 */
export type TimestampExtractor<K = any, V = any> = (
  record: StreamRecord<K, V>,
  partitionTimeMs: number,
  nowMs: number,
) => number

/** Chooses the partition of an outgoing record; undefined: as without a partitioner (murmur2 of the key's bytes). */
export type StreamPartitioner<K = any, V = any> = (
  topic: string,
  key: K,
  value: V,
  partitionCount: number,
) => number | undefined

/** Chooses the topic of an outgoing record. */
export type TopicNameExtractor<K = any, V = any> = (key: K, value: V, record: StreamRecord<K, V>) => string

export interface SourceNode {
  readonly kind: 'source'
  readonly name: string
  readonly topics: readonly TopicRef[]
  /** Reads the topics whose whole names match, too: `topics` grows as they are found (see matchPatterns). */
  readonly pattern?: RegExp | undefined
  readonly keySerde: Serde<any>
  readonly valueSerde: Serde<any>
  readonly timestampExtractor: TimestampExtractor | undefined
  readonly offsetReset: OffsetReset | undefined
  /** Names of child nodes, in the order in which they get each record. */
  readonly children: readonly string[]
}

export interface ProcessorNode {
  readonly kind: 'processor'
  readonly name: string
  readonly supplier: ProcessorSupplier
  readonly stores: readonly string[]
  readonly children: readonly string[]
}

export interface SinkNode {
  readonly kind: 'sink'
  readonly name: string
  readonly topic: TopicRef | TopicNameExtractor
  readonly keySerde: Serde<any>
  readonly valueSerde: Serde<any>
  readonly partitioner: StreamPartitioner | undefined
}

export type TopologyNode = SourceNode | ProcessorNode | SinkNode

/** Nodes connected by edges or shared stores: the unit of which each partition makes a task. */
export interface Subtopology {
  readonly id: number
  /** Parents before children. */
  readonly nodes: readonly TopologyNode[]
  readonly stores: readonly StoreBuilder[]
  /** By store name: the source topic of this sub-topology that serves as the store's changelog. It is not written by the task. */
  readonly sourceChangelogs: ReadonlyMap<string, TopicRef>
  /** Every topic that a source of this sub-topology reads. */
  readonly sourceTopics: readonly TopicRef[]
  /** Sets of source topics that must have equal partition counts. */
  readonly copartitionGroups: readonly (readonly TopicRef[])[]
}

/** A store of which every instance has the whole. What fills it runs beside the tasks, over all partitions of its topic. */
export interface GlobalStore {
  /** Reads one topic. */
  readonly source: SourceNode
  readonly processor: ProcessorNode
  readonly store: StoreBuilder
}

/** A topic that Millrace makes between two sub-topologies, without the application id. */
export interface RepartitionTopic {
  readonly name: string
  /** Undefined: as many as the topics it is fed from, at most. */
  readonly partitionCount: number | undefined
}

export interface PhysicalTopology {
  readonly subtopologies: readonly Subtopology[]
  readonly repartitionTopics: readonly RepartitionTopic[]
  readonly globalStores: readonly GlobalStore[]
}

/** The sub-topology of this id. Ids need not be without gaps: global stores take some, as in Java. */
export function subtopologyOf({ subtopologies }: PhysicalTopology, id: number): Subtopology {
  return subtopologies.find((subtopology) => subtopology.id === id)!
}

/** A topic's name on the cluster. */
export function topicName(topic: TopicRef, applicationId: string): string {
  return topic.internal ? `${applicationId}-${topic.name}` : topic.name
}

/** The stores that write a changelog topic of their own. */
export function loggedStores({ stores, sourceChangelogs }: Subtopology): readonly StoreBuilder[] {
  return stores.filter(({ name, logging }) => logging && !sourceChangelogs.has(name))
}

/** A store's changelog topic on the cluster. */
export function changelogTopic(storeName: string, applicationId: string): string {
  return `${applicationId}-${storeName}-changelog`
}
