import type { GraphNode } from './graph-node.ts'
import { TableSourceNode } from './table-source-node.ts'

/** `reuse.ktable.source.topics`: lets the topic of each table that is kept serve as the changelog of its store. */
export function reuseSourceTopics(root: GraphNode): void {
  for (const node of root.children) if (node instanceof TableSourceNode) node.reusesTopic = true
}
