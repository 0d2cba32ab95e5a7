import type { KnownSerde } from '../known-serde.ts'
import type { StreamParts } from '../stream-parts.ts'
import type { GraphNode, SourceGraphNode } from './graph-node.ts'
import { type RepartitionNames, RepartitionNode, repartitionNames } from './repartition-node.ts'
import { TableNode, type TableSettings } from './table-node.ts'

/** Under this key grouped streams keep it. */
export const aggregation = Symbol('aggregation')

/** A verb on a grouped stream, with everything but its place in the graph. */
export interface AggregationRequest<K> {
  readonly name: string
  readonly storeName: string
  readonly key: KnownSerde<K>
  readonly store: TableSettings['store']
  readonly supplier: TableSettings['supplier']
  /** Whether the store keeps its history. Default false. */
  readonly versioned?: boolean
  /** See TableSettings. */
  readonly graceMs?: number
}

/** What an aggregation reads. */
export interface AggregationInput {
  readonly node: GraphNode
  readonly sources: ReadonlySet<SourceGraphNode>
}

/**
 * Puts aggregations of one grouping into the graph, behind a repartition topic where keys may have changed.
 *
 * Each aggregation gets a repartition topic of its own, named after its store; a grouping that has a name has one for all.
 */
export class GroupedAggregation<K, V> {
  readonly #parts: StreamParts<K, V>
  readonly #groupName: string | undefined
  readonly #method: string
  #shared: RepartitionNode | undefined

  /** `method` is the verb that grouped. */
  constructor(streamParts: StreamParts<K, V>, groupName: string | undefined, method: string) {
    this.#parts = streamParts
    this.#groupName = groupName
    this.#method = method
  }

  /** Whether the repartition topic has to be named after a store. */
  get needsTopicName(): boolean {
    return this.#parts.rekeyed && this.#groupName === undefined
  }

  add({ name, storeName, key, store, supplier, versioned = false, graceMs }: AggregationRequest<K>): {
    readonly node: TableNode
    readonly sources: ReadonlySet<SourceGraphNode>
  } {
    const { node: input, sources } = this.input(storeName, key)
    const settings = { store, supplier, sources, ...(graceMs !== undefined && { graceMs }) }
    const node = new TableNode(name, settings, versioned)
    this.#parts.graph.add(node, input)
    return { node, sources }
  }

  /** Makes what an aggregation into this store reads. `made` is what was made for it before: it is used again. */
  input(storeName: string, key: KnownSerde<K>, made?: AggregationInput): AggregationInput {
    const { graph, node: grouped, rekeyed, sources } = this.#parts
    if (!rekeyed) return { node: grouped, sources }
    // Uses up numbers also where the node exists already.
    const names = repartitionNames(graph.names, this.#groupName ?? storeName)
    if (made !== undefined) return made
    const node = this.#shared ?? this.#repartition(names, key)
    graph.add(node, grouped)
    return { node, sources: new Set([node]) }
  }

  #repartition(names: RepartitionNames, key: KnownSerde<K>): RepartitionNode {
    const repartition = new RepartitionNode(names, {
      key,
      value: this.#parts.value,
      method: this.#method,
      partitionCount: undefined,
      partitioner: undefined,
      mergeable: true,
    })
    if (this.#groupName !== undefined) this.#shared = repartition
    return repartition
  }
}
