// Flow: definition → [physical topology] → tasks
import {
  type GlobalStoreDefinition,
  type NodeDefinition,
  parentsOf,
  type TopologyDefinition,
  topicKey,
} from './definition.ts'
import { nodeGroups } from './node-groups.ts'
import type {
  GlobalStore,
  PhysicalTopology,
  ProcessorNode,
  SourceNode,
  Subtopology,
  TopicRef,
  TopologyNode,
} from './physical.ts'

/** Turns a complete definition into the sub-topologies that tasks run. */
export function buildPhysical(definition: TopologyDefinition): PhysicalTopology {
  definition.check()
  const children = childrenOf(definition)
  const globalNodes = new Set([...definition.globalStores.values()].map(({ source }) => source))
  return {
    subtopologies: nodeGroups(definition).flatMap((names, id) =>
      globalNodes.has(names[0]!) ? [] : [subtopology(definition, children, names, id)],
    ),
    repartitionTopics: [...definition.repartitionTopics.values()],
    globalStores: [...definition.globalStores.values()].map((store) => globalStore(definition, children, store)),
  }
}

// A parent hands each record to its children in the order in which they were declared.
function childrenOf(definition: TopologyDefinition): Map<string, string[]> {
  const children = new Map<string, string[]>([...definition.nodes.keys()].map((name) => [name, []]))
  for (const node of definition.nodes.values()) {
    for (const parent of parentsOf(node)) children.get(parent)!.push(node.name)
  }
  return children
}

function subtopology(
  definition: TopologyDefinition,
  children: ReadonlyMap<string, readonly string[]>,
  names: readonly string[],
  id: number,
): Subtopology {
  const nodes = names.map((name) => definition.nodes.get(name)!)
  const sourceTopics = nodes.flatMap((node) => (node.kind === 'source' ? node.topics : []))
  const own = new Set(sourceTopics.map(topicKey))
  const stores = new Set(nodes.flatMap((node) => (node.kind === 'processor' ? [...node.stores] : [])))
  return {
    id,
    nodes: nodes.map((node) => physicalNode(node, children.get(node.name)!)),
    stores: [...stores].map((store) => definition.stores.get(store)!.builder),
    sourceChangelogs: new Map([...definition.sourceChangelogs].filter(([store]) => stores.has(store))),
    sourceTopics,
    copartitionGroups: mergeGroups(definition.copartitionGroups.filter((group) => own.has(topicKey(group[0]!)))),
  }
}

function globalStore(
  definition: TopologyDefinition,
  children: ReadonlyMap<string, readonly string[]>,
  { builder, source, processor }: GlobalStoreDefinition,
): GlobalStore {
  const node = (name: string) => physicalNode(definition.nodes.get(name)!, children.get(name)!)
  // What changes it is its topic, so there is no changelog.
  const store = { ...builder, logging: false, caching: false }
  return { source: node(source) as SourceNode, processor: node(processor) as ProcessorNode, store }
}

function physicalNode(node: NodeDefinition, children: readonly string[]): TopologyNode {
  const { name } = node
  switch (node.kind) {
    case 'source': {
      const { topics, pattern, keySerde, valueSerde, timestampExtractor, offsetReset } = node
      return {
        kind: 'source',
        name,
        topics: [...topics],
        pattern,
        keySerde,
        valueSerde,
        timestampExtractor,
        offsetReset,
        children,
      }
    }
    case 'processor':
      return { kind: 'processor', name, supplier: node.supplier, stores: [...node.stores], children }
    case 'sink': {
      const { topic, keySerde, valueSerde, partitioner } = node
      return { kind: 'sink', name, topic, keySerde, valueSerde, partitioner }
    }
  }
}

/** Groups that share a topic are one: equality is transitive. */
function mergeGroups(groups: readonly (readonly TopicRef[])[]): (readonly TopicRef[])[] {
  const merged: Map<string, TopicRef>[] = []
  for (const group of groups) {
    const union = new Map(group.map((topic) => [topicKey(topic), topic]))
    for (let i = merged.length - 1; i >= 0; i--) {
      const other = merged[i]!
      if (!group.some((topic) => other.has(topicKey(topic)))) continue
      for (const [key, topic] of other) union.set(key, topic)
      merged.splice(i, 1)
    }
    merged.push(union)
  }
  return merged.map((group) => [...group.values()])
}
