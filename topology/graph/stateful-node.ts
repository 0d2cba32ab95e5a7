import type { StoreBuilder } from '../../stores/store.ts'
import type { TopologyDefinition } from '../definition.ts'
import type { ProcessorSupplier } from '../processor.ts'
import { GraphNode, type SourceGraphNode } from './graph-node.ts'

/** What a stateful verb leaves open until it is written. */
export interface StatefulSettings {
  /** Makes the store's builder; throws MissingSerdeError. */
  readonly store: () => StoreBuilder
  /** Makes the supplier. Called when the whole graph is known, hence with what other verbs asked of this one. */
  readonly supplier: (options: { readonly sendOldValues: boolean }) => ProcessorSupplier
  /** The sources whose keys must meet in this node. */
  readonly sources: Iterable<SourceGraphNode>
}

/** A verb that makes a table and keeps it in a store of its own: `count`, `reduce`, `aggregate`. */
export class StatefulNode extends GraphNode {
  /** Whether an operator downstream needs the value before each update. Set by that operator's verb. */
  sendOldValues = false
  readonly #settings: StatefulSettings

  constructor(name: string, settings: StatefulSettings) {
    super(name)
    this.#settings = settings
  }

  override writeTo(definition: TopologyDefinition): void {
    const { store, supplier, sources } = this.#settings
    const options = { sendOldValues: this.sendOldValues }
    definition.addProcessor({ name: this.name, parents: this.parentNames, supplier: supplier(options) })
    definition.addStore(store(), [this.name])
    // A key that is read from several topics must have the same partition number in all of them, or it would have two aggregates.
    definition.copartition([...sources].flatMap((source) => source.topics))
  }
}
