import type { StoreBuilder } from '../../stores/store.ts'
import type { TopologyDefinition } from '../definition.ts'
import type { ProcessorSupplier } from '../processor.ts'
import { TableJoinMergeProcessor } from '../processors/table-join-merge.ts'
import { GraphNode, type SourceGraphNode } from './graph-node.ts'

/** The join as one of its tables takes part in it. */
export interface TableJoinNodeSide {
  readonly table: GraphNode
  /** The name of the processor that joins the table's updates. */
  readonly name: string
  /** The stores in which the other table's values are found. */
  readonly otherStoreNames: readonly string[]
  readonly supplier: (options: { readonly sendOldValues: boolean; readonly latestOnly: boolean }) => ProcessorSupplier
}

export interface TableJoinNodeSettings {
  readonly left: TableJoinNodeSide
  readonly right: TableJoinNodeSide
  readonly storeName: string | undefined
  /** Makes the store's builder, undefined if it has no name; throws MissingSerdeError. */
  readonly store: () => StoreBuilder | undefined
  /** Of both tables: they need equal partition counts. */
  readonly sources: Iterable<SourceGraphNode>
}

/** `join()` of two tables: a processor below each, and one below both. */
export class TableJoinNode extends GraphNode {
  sendOldValues = false
  override readonly outputVersioned: boolean
  readonly #settings: TableJoinNodeSettings
  readonly #versioned = new Set<GraphNode>()

  constructor(name: string, settings: TableJoinNodeSettings, outputVersioned: boolean) {
    super(name)
    this.#settings = settings
    this.outputVersioned = outputVersioned
  }

  override takeVersioned(parent: GraphNode): void {
    this.#versioned.add(parent)
  }

  override writeTo(definition: TopologyDefinition): void {
    const { left, right, storeName, store, sources } = this.#settings
    const { sendOldValues } = this
    for (const { name, table, supplier } of [left, right]) {
      const latestOnly = this.#versioned.has(table)
      definition.addProcessor({ name, parents: [table.name], supplier: supplier({ sendOldValues, latestOnly }) })
    }
    definition.addProcessor({
      name: this.name,
      parents: [left.name, right.name],
      supplier: () => new TableJoinMergeProcessor(storeName, { sendOldValues }),
    })
    for (const { name, otherStoreNames } of [left, right]) {
      for (const other of otherStoreNames) definition.connect(name, other)
    }
    const own = store()
    if (own !== undefined) definition.addStore(own, [this.name])
    definition.copartition([...sources].flatMap((source) => source.topics))
  }
}
