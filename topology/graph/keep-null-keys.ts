import type { GraphNode } from './graph-node.ts'
import { RepartitionNode } from './repartition-node.ts'

/** Lets records with null keys through the repartition topics above left and outer joins, however far above: these have a result for them. */
export function keepNullKeys(root: GraphNode): void {
  const wanted = new Map<GraphNode, boolean>()
  const visit = (node: GraphNode): boolean => {
    const known = wanted.get(node)
    if (known !== undefined) return known
    const below = [...node.children].map((child) => visit(child) || child.traits.takesNullKeys === true).includes(true)
    wanted.set(node, below)
    if (node instanceof RepartitionNode) node.keepsNullKeys = below
    return below
  }
  visit(root)
}
