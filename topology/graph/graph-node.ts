import type { TopologyDefinition } from '../definition.ts'
import type { TopicRef } from '../physical.ts'

/** What a verb does to keys and values, as far as repartitioning and its optimization care. */
export interface GraphNodeTraits {
  /** The records that leave the node may have other keys than those that entered. */
  readonly changesKeys?: boolean
  readonly changesValues?: boolean
  readonly merges?: boolean
  /** A left or outer join: it has a result for records with null keys, so repartition topics before it carry them. */
  readonly takesNullKeys?: boolean
}

/**
 * One verb of the DSL in the logical graph. It becomes zero, one or several nodes of the topology when it is written to the definition;
 * until then the graph can be rewritten.
 */
export abstract class GraphNode {
  /** The name of the topology node that children attach to. */
  readonly name: string
  readonly traits: GraphNodeTraits
  readonly children = new Set<GraphNode>()
  readonly parents = new Set<GraphNode>()
  /** Nodes are written in ascending order of this, parents first. */
  buildPriority = 0
  /** Whether the table that the node makes is kept with its history; undefined: it is kept in no store of its own, and is what its parents are. */
  readonly outputVersioned: boolean | undefined = undefined

  constructor(name: string, traits: GraphNodeTraits = {}) {
    this.name = name
    this.traits = traits
  }

  abstract writeTo(definition: TopologyDefinition): void

  /** Called before the node is written, for each parent whose updates are those of a versioned table. */
  takeVersioned(_parent: GraphNode): void {}

  addChild(child: GraphNode): void {
    this.children.add(child)
    child.parents.add(this)
  }

  removeChild(child: GraphNode): void {
    this.children.delete(child)
    child.parents.delete(this)
  }

  get parentNames(): string[] {
    return [...this.parents].map((parent) => parent.name)
  }
}

/** A graph node at which records enter a sub-topology. */
export interface SourceGraphNode {
  readonly topics: readonly TopicRef[]
}
