import type { GraphNode } from './graph-node.ts'

/** Tells every node which of its parents hand it updates of a versioned table. */
export function tellVersionedInputs(root: GraphNode): void {
  const known = new Map<GraphNode, boolean>()
  const told = new Set<GraphNode>()
  const tell = (node: GraphNode) => {
    if (told.has(node)) return
    told.add(node)
    for (const parent of node.parents) if (isVersioned(parent, known)) node.takeVersioned(parent)
    for (const child of node.children) tell(child)
  }
  tell(root)
}

/**
 * Whether the table that a node forwards is versioned: kept with its history or, kept in no store of its own, made of such tables only.
 *
 * @param known - Answers so far.
 */
export function isVersioned(node: GraphNode, known = new Map<GraphNode, boolean>()): boolean {
  if (node.outputVersioned !== undefined) return node.outputVersioned
  const answered = known.get(node)
  if (answered !== undefined) return answered
  const versioned = node.parents.size > 0 && [...node.parents].every((parent) => isVersioned(parent, known))
  known.set(node, versioned)
  return versioned
}
