// Flow: definition → [description]
import { type NodeDefinition, parentsOf, type TopologyDefinition } from './definition.ts'
import { copiedHashOrder, hashOrder, TreeSet } from './java-order.ts'
import { nodeGroups } from './node-groups.ts'

/** A node with its neighbours, as Java's description keeps them. */
interface DescribedNode {
  readonly definition: NodeDefinition
  readonly predecessors: TreeSet<DescribedNode>
  readonly successors: TreeSet<DescribedNode>
  /** Nodes below this one, itself included; one that can be reached in several ways counts for each. */
  size: number
}

/**
 * The topology as text, equal to Java's `Topology.describe().toString()` to the last character. That makes it stable: the same
 * topology gives the same text in every run and version, so two texts can be compared.
 */
export function describeTopology(definition: TopologyDefinition): string {
  const globalNodes = new Set([...definition.globalStores.values()].map(({ source }) => source))
  const parts = nodeGroups(definition).map((names, id) => {
    const text = subtopologyNodes(definition, names)
      .map((node) => `    ${nodeText(node)}\n`)
      .join('')
    if (!names.some((name) => globalNodes.has(name))) return `  Sub-topology: ${id}\n${text}\n`
    return `  Sub-topology: ${id} for global store (will not generate tasks)\n${text}`
  })
  return `Topologies:\n ${parts.join('')}`
}

function subtopologyNodes(definition: TopologyDefinition, names: readonly string[]): DescribedNode[] {
  const nodes = new Map<string, DescribedNode>()
  for (const name of hashOrder(names)) {
    nodes.set(name, {
      definition: definition.nodes.get(name)!,
      predecessors: new TreeSet(largestFirst),
      successors: new TreeSet(largestFirst),
      size: 1,
    })
  }
  // Sizes grow while neighbours are added, so the order of adding shows in the text.
  for (const node of nodes.values()) {
    for (const parent of parentsOf(node.definition)) {
      const predecessor = nodes.get(parent)!
      node.predecessors.add(predecessor)
      predecessor.successors.add(node)
      grow(predecessor, node.size)
    }
  }
  return [...nodes.values()].sort(largestFirst)
}

function grow(node: DescribedNode, by: number): void {
  node.size += by
  for (const predecessor of node.predecessors) grow(predecessor, by)
}

function largestFirst(a: DescribedNode, b: DescribedNode): number {
  if (a.size !== b.size) return b.size - a.size
  if (a.definition.name === b.definition.name) return 0
  return a.definition.name < b.definition.name ? -1 : 1
}

function nodeText({ definition: node, predecessors, successors }: DescribedNode): string {
  const to = `\n      --> ${nameList(successors)}`
  const from = `\n      <-- ${nameList(predecessors)}`
  switch (node.kind) {
    case 'source': {
      const names = copiedHashOrder(node.topics.map((topic) => topic.name))
      const topics = node.pattern === undefined ? `[${names.join(', ')}]` : node.pattern.source
      return `Source: ${node.name} (topics: ${topics})${to}`
    }
    case 'processor':
      return `Processor: ${node.name} (stores: [${copiedHashOrder(hashOrder(node.stores)).join(', ')}])${to}${from}`
    case 'sink': {
      const topic =
        typeof node.topic === 'function' ? `extractor class: ${node.topicLabel}` : `topic: ${node.topic.name}`
      return `Sink: ${node.name} (${topic})${from}`
    }
  }
}

function nameList(nodes: Iterable<DescribedNode>): string {
  return [...nodes].map((node) => node.definition.name).join(', ') || 'none'
}
