// Flow: logical graph, or class Topology → [definition] → physical topology | description
import type { StoreBuilder } from '../stores/store.ts'
import {
  CycleError,
  DuplicateNodeError,
  DuplicateSourceTopicError,
  DuplicateStoreError,
  EmptyTopologyError,
  InvalidArgumentError,
  InvalidParentError,
  UnknownParentError,
  UnknownProcessorError,
  UnknownStoreError,
  UnusedStoreError,
} from './errors.ts'
import { checkNodeName, checkStoreName, checkTopicName } from './names.ts'
import type { ProcessorNode, RepartitionTopic, SinkNode, SourceNode, TopicRef } from './physical.ts'

/** A source as declared: as in the physical topology, but for the children, which are not known yet. */
export type SourceDefinition = Omit<SourceNode, 'kind' | 'children'>
export type ProcessorDefinition = Omit<ProcessorNode, 'kind' | 'children' | 'stores'> & {
  readonly parents: readonly string[]
}
export type SinkDefinition = Omit<SinkNode, 'kind'> & {
  readonly parents: readonly string[]
  /** How a description shows the topic; undefined: by its name. */
  readonly topicLabel?: string | undefined
}

export type NodeDefinition =
  | (SourceDefinition & { readonly kind: 'source' })
  | (ProcessorDefinition & { readonly kind: 'processor'; readonly stores: Set<string> })
  | (SinkDefinition & { readonly kind: 'sink' })

/** A store of which every instance has the whole, and the two nodes that fill it. */
export interface GlobalStoreDefinition {
  readonly builder: StoreBuilder
  readonly source: string
  readonly processor: string
}

/** A store, and the processors connected to it in the order in which they were. */
export interface StoreDefinition {
  readonly builder: StoreBuilder
  readonly processors: Set<string>
}

/**
 * The nodes, stores and internal topics of a topology as they are declared, one after the other, each checked against those before it.
 *
 * The order of declaration is kept, since parents come before their children: everything that walks over a topology walks in it,
 * and the numbers of the sub-topologies follow from it.
 */
export class TopologyDefinition {
  readonly nodes = new Map<string, NodeDefinition>()
  readonly stores = new Map<string, StoreDefinition>()
  readonly globalStores = new Map<string, GlobalStoreDefinition>()
  readonly repartitionTopics = new Map<string, RepartitionTopic>()
  readonly copartitionGroups: (readonly TopicRef[])[] = []
  /** By store name: the source topic that stands in for a changelog. */
  readonly sourceChangelogs = new Map<string, TopicRef>()
  readonly #sourceOfTopic = new Map<string, string>()

  addSource(source: SourceDefinition): void {
    this.#checkNewName(source.name)
    if (source.topics.length === 0 && source.pattern === undefined)
      throw new InvalidArgumentError('addSource', `source '${source.name}' has no topics.`)
    for (const topic of source.topics) {
      checkTopicName(topic.name)
      const reader = this.#sourceOfTopic.get(topicKey(topic))
      if (reader !== undefined) throw new DuplicateSourceTopicError(topic.name, reader, source.name)
      this.#sourceOfTopic.set(topicKey(topic), source.name)
    }
    this.nodes.set(source.name, { ...source, kind: 'source' })
  }

  addProcessor(processor: ProcessorDefinition): void {
    this.#checkNewName(processor.name)
    this.#checkParents(processor.name, processor.parents)
    const parents = [...new Set(processor.parents)]
    this.nodes.set(processor.name, { ...processor, kind: 'processor', parents, stores: new Set() })
  }

  addSink(sink: SinkDefinition): void {
    this.#checkNewName(sink.name)
    this.#checkParents(sink.name, sink.parents)
    if (typeof sink.topic !== 'function') checkTopicName(sink.topic.name)
    this.nodes.set(sink.name, { ...sink, kind: 'sink', parents: [...new Set(sink.parents)] })
  }

  /** Adds a store and connects it. Adding the same builder again only connects it. */
  addStore(builder: StoreBuilder, processors: readonly string[]): void {
    checkStoreName(builder?.name)
    const existing = this.stores.get(builder.name)
    if (this.globalStores.has(builder.name)) throw new DuplicateStoreError(builder.name)
    if (existing === undefined) this.stores.set(builder.name, { builder, processors: new Set() })
    else if (existing.builder !== builder) throw new DuplicateStoreError(builder.name)
    for (const processor of processors) this.connect(processor, builder.name)
  }

  /** Adds a store that a source and a processor of its own fill, in every instance. All processors may read it. */
  addGlobalStore(
    builder: StoreBuilder,
    source: SourceDefinition,
    processor: Pick<ProcessorDefinition, 'name' | 'supplier'>,
  ): void {
    checkStoreName(builder?.name)
    if (this.stores.has(builder.name) || this.globalStores.has(builder.name))
      throw new DuplicateStoreError(builder.name)
    this.addSource(source)
    this.addProcessor({ ...processor, parents: [source.name] })
    const node = this.nodes.get(processor.name)!
    if (node.kind === 'processor') node.stores.add(builder.name)
    this.globalStores.set(builder.name, { builder, source: source.name, processor: processor.name })
  }

  connect(processor: string, store: string): void {
    const node = this.nodes.get(processor)
    if (node?.kind !== 'processor') throw new UnknownProcessorError(processor, store, node?.kind)
    // It can be read without.
    if (this.globalStores.has(store)) return
    const definition = this.stores.get(store)
    if (definition === undefined) throw new UnknownStoreError(store, processor)
    definition.processors.add(processor)
    node.stores.add(store)
  }

  /** Lets a source topic serve as the changelog of a store, which then writes none. */
  reuseAsChangelog(store: string, topic: TopicRef): void {
    this.sourceChangelogs.set(store, topic)
  }

  addRepartitionTopic(topic: RepartitionTopic): void {
    checkTopicName(topic.name)
    this.repartitionTopics.set(topic.name, topic)
  }

  /** Demands equal partition counts of these topics. One topic alone demands nothing. */
  copartition(topics: readonly TopicRef[]): void {
    const distinct = new Map(topics.map((topic) => [topicKey(topic), topic]))
    if (distinct.size > 1) this.copartitionGroups.push([...distinct.values()])
  }

  /** What can be told only when everything has been declared. */
  check(): void {
    if (![...this.nodes.values()].some(({ kind }) => kind === 'source')) throw new EmptyTopologyError()
    for (const [name, { processors }] of this.stores) {
      if (processors.size === 0) throw new UnusedStoreError(name)
    }
  }

  #checkNewName(name: string): void {
    checkNodeName(name)
    if (this.nodes.has(name)) throw new DuplicateNodeError(name)
  }

  #checkParents(name: string, parents: readonly string[]): void {
    if (parents.length === 0) throw new InvalidParentError(name)
    for (const parent of parents) {
      if (parent === name) throw new CycleError(name)
      const node = this.nodes.get(parent)
      if (node === undefined) throw new UnknownParentError(name, parent)
      if (node.kind === 'sink') throw new InvalidParentError(name, parent)
    }
  }
}

/** A map key for a topic: an internal topic and a user's may have the same name here, since the former gets a prefix. */
export function topicKey(topic: TopicRef): string {
  return topic.internal ? `internal:${topic.name}` : topic.name
}

/** The parents of a node; none for a source. */
export function parentsOf(node: NodeDefinition): readonly string[] {
  return node.kind === 'source' ? [] : node.parents
}
