import type { KnownSerde } from '../known-serde.ts'
import type { StreamParts } from '../stream-parts.ts'
import type { SourceGraphNode } from './graph-node.ts'
import { RepartitionNode, repartitionNames } from './repartition-node.ts'
import { TableNode, type TableSettings } from './table-node.ts'

/** A verb on a grouped stream, with everything but its place in the graph. */
export interface AggregationRequest<K> {
  readonly name: string
  readonly storeName: string
  readonly key: KnownSerde<K>
  readonly store: TableSettings['store']
  readonly supplier: TableSettings['supplier']
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

  add({ name, storeName, key, store, supplier }: AggregationRequest<K>): {
    readonly node: TableNode
    readonly sources: ReadonlySet<SourceGraphNode>
  } {
    const { graph, node: grouped, rekeyed } = this.#parts
    const repartition = rekeyed ? this.#repartition(storeName, key) : undefined
    if (repartition !== undefined) graph.add(repartition, grouped)
    const sources = repartition === undefined ? this.#parts.sources : new Set([repartition])
    const node = new TableNode(name, { store, supplier, sources })
    graph.add(node, repartition ?? grouped)
    return { node, sources }
  }

  #repartition(storeName: string, key: KnownSerde<K>): RepartitionNode {
    // Uses up numbers also where the node exists already.
    const names = repartitionNames(this.#parts.graph.names, this.#groupName ?? storeName)
    if (this.#shared !== undefined) return this.#shared
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
