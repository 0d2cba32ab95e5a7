import type { GraphNode } from './graph-node.ts'
import { RepartitionNode } from './repartition-node.ts'
import { StreamJoinNode } from './stream-join-node.ts'

/** Remembers how nodes are connected, and undoes what rewrites change. */
export class GraphEdges {
  readonly #children: ReadonlyMap<GraphNode, readonly GraphNode[]>
  readonly #parents: ReadonlyMap<GraphNode, readonly GraphNode[]>

  constructor(nodes: readonly GraphNode[]) {
    this.#children = new Map(nodes.map((node) => [node, [...node.children]]))
    this.#parents = new Map(nodes.map((node) => [node, [...node.parents]]))
  }

  restore(): void {
    for (const [node, children] of this.#children) replace(node.children, children)
    for (const [node, parents] of this.#parents) replace(node.parents, parents)
    for (const node of this.#children.keys()) {
      if (node instanceof RepartitionNode) node.replacedBy = undefined
      if (node instanceof StreamJoinNode) node.isSelfJoin = false
    }
  }
}

// The order counts: records go to children in it.
function replace(nodes: Set<GraphNode>, by: readonly GraphNode[]): void {
  nodes.clear()
  for (const node of by) nodes.add(node)
}
