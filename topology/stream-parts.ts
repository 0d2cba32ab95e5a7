import type { GraphNode, SourceGraphNode } from './graph/graph-node.ts'
import type { LogicalGraph } from './graph/logical-graph.ts'
import type { KnownSerde } from './known-serde.ts'

/** Under this key streams and tables keep what other verbs need of them and users do not. */
export const parts = Symbol('parts')

/** What a stream, a grouped stream and a table have in common: a place in the logical graph, and what is known of their records. */
export interface StreamParts<K, V> {
  readonly graph: LogicalGraph
  /** The node whose output this is. */
  readonly node: GraphNode
  readonly key: KnownSerde<K>
  readonly value: KnownSerde<V>
  /** Where the records enter this sub-topology. */
  readonly sources: ReadonlySet<SourceGraphNode>
  /** A verb upstream may have changed keys: records of one key may be in several tasks until they went through a topic. */
  readonly rekeyed: boolean
}
