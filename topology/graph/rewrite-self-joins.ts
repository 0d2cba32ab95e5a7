import type { GraphNode } from './graph-node.ts'
import { StreamJoinNode } from './stream-join-node.ts'

/** `single.store.self.join`: a stream that is joined with itself is kept in one window store, not in two. */
export function rewriteSelfJoins(nodes: Iterable<GraphNode>): void {
  for (const node of nodes) {
    if (!(node instanceof StreamJoinNode) || node.parents.size !== 1) continue
    const { window } = node.settings.right
    for (const parent of [...window.parents]) parent.removeChild(window)
    node.isSelfJoin = true
  }
}
