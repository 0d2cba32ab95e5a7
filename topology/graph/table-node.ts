import type { StoreBuilder } from '../../stores/store.ts'
import type { TopologyDefinition } from '../definition.ts'
import type { ProcessorSupplier } from '../processor.ts'
import { GraphNode, type SourceGraphNode } from './graph-node.ts'

/** What other verbs have asked of a table by the time it is written. */
export interface TableDemands {
  /** Updates shall carry the value before them. */
  readonly sendOldValues: boolean
  /** The table's input is versioned: updates that are not the latest of their key count as such. */
  readonly versionedInput: boolean
}

/** What a verb that makes a table leaves open until it is written. */
export interface TableSettings {
  /** Makes the builder of the table's own store, or undefined if it has none; throws MissingSerdeError. */
  readonly store: () => StoreBuilder | undefined
  /** Makes the supplier. Called when the whole graph is known, hence with what other verbs asked of this one. */
  readonly supplier: (demands: TableDemands) => ProcessorSupplier
  /** The sources whose keys must meet in this node; more than one must have equal partition counts. */
  readonly sources?: Iterable<SourceGraphNode>
  /** Stores of other nodes that this one reads. */
  readonly storeNames?: readonly string[]
  /** Stores that a user's code in this node uses: builders, or names of stores that were added. */
  readonly stores?: readonly (StoreBuilder | string)[]
  /** Of a windowed aggregation: how long after a window's end, in stream time, it may still change. */
  readonly graceMs?: number
}

/** A verb that makes a table: `count`, `aggregate`, a table's `filter`… */
export class TableNode extends GraphNode {
  sendOldValues = false
  versionedInput = false
  override readonly outputVersioned: boolean | undefined
  /** See TableSettings. */
  readonly graceMs: number | undefined
  readonly #settings: TableSettings

  constructor(name: string, settings: TableSettings, outputVersioned?: boolean) {
    super(name)
    this.graceMs = settings.graceMs
    this.#settings = settings
    this.outputVersioned = outputVersioned
  }

  override takeVersioned(): void {
    this.versionedInput = true
  }

  override writeTo(definition: TopologyDefinition): void {
    const { store, supplier, sources = [], storeNames = [], stores = [] } = this.#settings
    const { sendOldValues, versionedInput } = this
    definition.addProcessor({
      name: this.name,
      parents: this.parentNames,
      supplier: supplier({ sendOldValues, versionedInput }),
    })
    for (const name of storeNames) definition.connect(this.name, name)
    for (const used of stores) {
      if (typeof used === 'string') definition.connect(this.name, used)
      else definition.addStore(used, [this.name])
    }
    const own = store()
    if (own !== undefined) definition.addStore(own, [this.name])
    // A key that is read from several topics must have the same partition number in all of them, or it would have two aggregates.
    definition.copartition([...sources].flatMap((source) => source.topics))
  }
}
