// Flow: definition → [flowchart]
import { type NodeDefinition, parentsOf, type TopologyDefinition, topicKey } from './definition.ts'
import { nodeGroups } from './node-groups.ts'

/**
 * The topology as a Mermaid flowchart: a box for each node, in a frame for each sub-topology, a slanted box for each topic, a cylinder for each store. Internal topics have
 * no application id, as in the text.
 *
 * Everything has a number for its id, so that no name can be taken for a word of Mermaid's.
 */
export function mermaidTopology(definition: TopologyDefinition): string {
  const chart = new Chart()
  const globalNodes = new Set([...definition.globalStores.values()].map(({ source }) => source))
  for (const [id, names] of nodeGroups(definition).entries()) {
    const nodes = names.map((name) => definition.nodes.get(name)!)
    const isGlobal = names.some((name) => globalNodes.has(name))
    chart.subtopology(id, isGlobal ? `Sub-topology ${id}: global store` : `Sub-topology ${id}`, nodes)
  }
  return chart.text()
}

type Kind = 'node' | 'store' | 'topic'

class Chart {
  readonly #ids: Readonly<Record<Kind, Map<string, string>>> = { node: new Map(), store: new Map(), topic: new Map() }
  readonly #frames: string[] = []
  readonly #topics: string[] = []
  readonly #edges: string[] = []

  subtopology(id: number, title: string, nodes: readonly NodeDefinition[]): void {
    const stores = new Set(nodes.flatMap((node) => (node.kind === 'processor' ? [...node.stores] : [])))
    this.#frames.push(
      `  subgraph subtopology${id}[${quoted(title)}]`,
      ...nodes.map(({ name }) => `    ${this.#id('node', name)}[${quoted(name)}]`),
      ...[...stores].map((name) => `    ${this.#id('store', name)}[(${quoted(name)})]`),
      '  end',
    )
    for (const node of nodes) this.#connect(node)
  }

  text(): string {
    return `${['flowchart TD', ...this.#frames, ...this.#topics, ...this.#edges].join('\n')}\n`
  }

  #connect(node: NodeDefinition): void {
    const id = this.#id('node', node.name)
    for (const parent of parentsOf(node)) this.#edges.push(`  ${this.#id('node', parent)} --> ${id}`)
    switch (node.kind) {
      case 'source':
        if (node.pattern !== undefined) {
          const pattern = String(node.pattern)
          this.#edges.push(`  ${this.#topic(pattern, pattern)} --> ${id}`)
        }
        for (const topic of node.topics) this.#edges.push(`  ${this.#topic(topicKey(topic), topic.name)} --> ${id}`)
        break
      case 'processor':
        for (const store of node.stores) this.#edges.push(`  ${id} -.- ${this.#id('store', store)}`)
        break
      case 'sink': {
        const { topic } = node
        // Whoever chooses by record chooses on his own: no two of them have a topic in common for sure.
        const target =
          typeof topic === 'function'
            ? this.#topic(`chosen by ${node.name}`, 'chosen by record')
            : this.#topic(topicKey(topic), topic.name)
        this.#edges.push(`  ${id} --> ${target}`)
      }
    }
  }

  #topic(key: string, label: string): string {
    const isNew = !this.#ids.topic.has(key)
    const id = this.#id('topic', key)
    if (isNew) this.#topics.push(`  ${id}[/${quoted(label)}/]`)
    return id
  }

  #id(kind: Kind, name: string): string {
    const ids = this.#ids[kind]
    const id = ids.get(name) ?? `${kind}${ids.size}`
    ids.set(name, id)
    return id
  }
}

// Names hold nothing that Mermaid would not show in quotes as it is, but patterns of topics may.
function quoted(label: string): string {
  return `"${label.replace(/[^A-Za-z0-9 :._-]/gu, (character) => `#${character.codePointAt(0)};`)}"`
}
