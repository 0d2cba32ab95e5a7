// Flow: streams-builder → [logical graph] → definition
import { TopologyDefinition } from '../definition.ts'
import type { Optimization } from '../options.ts'
import { GraphEdges } from './graph-edges.ts'
import { GraphNode } from './graph-node.ts'
import { keepNullKeys } from './keep-null-keys.ts'
import { mergeRepartitions } from './merge-repartitions.ts'
import { mergeEqualSources } from './merge-sources.ts'
import { NameCounter } from './name-counter.ts'
import { reuseSourceTopics } from './reuse-source-topics.ts'
import { rewriteSelfJoins } from './rewrite-self-joins.ts'
import { tellVersionedInputs } from './versioned-inputs.ts'

class Root extends GraphNode {
  override writeTo(): void {}
}

/**
 * The verbs that were called on one StreamsBuilder and on its streams, as a graph.
 *
 * The verbs only add to it. `write` is where the graph as a whole is looked at: rewrites come first (optimizations belong there), then
 * each node is written to a definition.
 */
export class LogicalGraph {
  readonly names = new NameCounter()
  readonly root: GraphNode = new Root('root')
  /** In the order in which they were added. */
  readonly #nodes = new Set<GraphNode>()
  #nextPriority = 0

  /** Adds a node below its parents. Adding it once more, below others or not, moves it back in the order of writing. */
  add(child: GraphNode, ...parents: readonly GraphNode[]): void {
    this.#nodes.add(child)
    for (const parent of parents) {
      parent.addChild(child)
      child.buildPriority = this.#nextPriority++
    }
  }

  /** Writes the whole graph to a new definition. May be called again after more verbs, and with other optimizations. */
  write(optimizations: ReadonlySet<Optimization> = new Set()): TopologyDefinition {
    mergeEqualSources(this.root)
    if (optimizations.has('reuse.ktable.source.topics')) reuseSourceTopics(this.root)
    // The rewrites are for this time only: verbs go on with the graph as they made it.
    const edges = new GraphEdges([this.root, ...this.#nodes])
    try {
      if (optimizations.has('merge.repartition.topics')) mergeRepartitions(this.#nodes)
      if (optimizations.has('single.store.self.join')) rewriteSelfJoins(this.#nodes)
      keepNullKeys(this.root)
      tellVersionedInputs(this.root)
      return written(this.root)
    } finally {
      edges.restore()
    }
  }
}

function written(root: GraphNode): TopologyDefinition {
  const definition = new TopologyDefinition()
  const done = new Set<GraphNode>()
  const waiting: GraphNode[] = [root]
  while (waiting.length > 0) {
    const node = takeFirst(waiting)
    // A node with several parents comes up once for each; only the last time are all of them there.
    if (done.has(node) || ![...node.parents].every((parent) => done.has(parent))) continue
    node.writeTo(definition)
    done.add(node)
    waiting.push(...node.children)
  }
  return definition
}

// Of equal priorities the one that waits longest.
function takeFirst(waiting: GraphNode[]): GraphNode {
  let first = 0
  for (let i = 1; i < waiting.length; i++) {
    if (waiting[i]!.buildPriority < waiting[first]!.buildPriority) first = i
  }
  return waiting.splice(first, 1)[0]!
}
