import { serdes } from '../../../lib/serde/index.ts'
import type { StoreBuilder } from '../../../stores/store.ts'
import { TopologyDefinition } from '../../../topology/definition.ts'

interface DescribedNode {
  readonly kind: string
  readonly name: string
  readonly detail: string
  readonly parents: readonly string[]
}

const serde = { keySerde: serdes.string(), valueSerde: serdes.string() }

/** Declares the nodes that a description names, in the order of their numbers as far as parents allow. */
export function definitionOf(text: string): TopologyDefinition {
  const definition = new TopologyDefinition()
  const builders = new Map<string, StoreBuilder>()
  for (const subtopology of text.split(/Sub-topology: \d+\n/).slice(1)) {
    const waiting = describedNodes(subtopology).sort((a, b) => numberOf(a) - numberOf(b))
    while (waiting.length > 0) {
      const next = waiting.findIndex((node) => node.parents.every((parent) => definition.nodes.has(parent)))
      declare(definition, builders, waiting.splice(next, 1)[0]!)
    }
  }
  return definition
}

function describedNodes(subtopology: string): DescribedNode[] {
  const node =
    /^ {4}(Source|Processor|Sink): (\S+) \((?:topics|stores|topic): (.*)\)\n(?: {6}--> .*\n)?(?: {6}<-- (.*)\n)?/gm
  return [...subtopology.matchAll(node)].map(([, kind, name, detail, parents]) => ({
    kind: kind!,
    name: name!,
    detail: detail!,
    parents: parents === undefined ? [] : parents.split(', '),
  }))
}

function numberOf(node: DescribedNode): number {
  return Number(/(\d+)\D*$/.exec(node.name)?.[1] ?? 0)
}

function declare(
  definition: TopologyDefinition,
  builders: Map<string, StoreBuilder>,
  { kind, name, detail, parents }: DescribedNode,
): void {
  const names = detail.replace(/^\[|\]$/g, '').split(', ')
  if (kind === 'Source') {
    const topics = names.map((topic) => ({ name: topic, internal: true }))
    definition.addSource({ name, topics, ...serde, timestampExtractor: undefined, offsetReset: undefined })
  } else if (kind === 'Sink') {
    definition.addSink({ name, parents, topic: { name: detail, internal: true }, ...serde, partitioner: undefined })
  } else {
    definition.addProcessor({ name, parents, supplier: () => ({ process() {} }) })
    for (const store of names.filter((each) => each !== '')) {
      if (!builders.has(store)) builders.set(store, { name: store } as StoreBuilder)
      definition.addStore(builders.get(store)!, [name])
    }
  }
}
