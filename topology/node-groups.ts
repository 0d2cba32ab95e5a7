import { parentsOf, type TopologyDefinition } from './definition.ts'

/**
 * Splits the nodes of a topology into its sub-topologies: two nodes are in the same one if an edge or a store connects them. Sub-topologies
 * are numbered, and their nodes listed, in the order of declaration.
 */
export function nodeGroups(definition: TopologyDefinition): string[][] {
  const union = new NameUnion()
  for (const node of definition.nodes.values()) {
    for (const parent of parentsOf(node)) union.unite(node.name, parent)
  }
  for (const { processors } of definition.stores.values()) {
    const [first, ...others] = processors
    for (const other of others) union.unite(first!, other)
  }
  const groups = new Map<string, string[]>()
  for (const name of definition.nodes.keys()) {
    const root = union.root(name)
    const group = groups.get(root)
    if (group === undefined) groups.set(root, [name])
    else group.push(name)
  }
  return [...groups.values()]
}

/** Sets of names that can be united: a forest in which each set is a tree. */
class NameUnion {
  readonly #parent = new Map<string, string>()

  root(name: string): string {
    let root = name
    for (let next = this.#parent.get(root); next !== undefined; next = this.#parent.get(root)) root = next
    // Later look-ups of the names on the way take one step.
    for (let step = name; step !== root; ) {
      const next = this.#parent.get(step)!
      this.#parent.set(step, root)
      step = next
    }
    return root
  }

  unite(a: string, b: string): void {
    const rootOfA = this.root(a)
    const rootOfB = this.root(b)
    if (rootOfA !== rootOfB) this.#parent.set(rootOfA, rootOfB)
  }
}
