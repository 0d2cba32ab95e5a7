import type { StoreBuilder } from '../../stores/store.ts'
import type { TopologyDefinition } from '../definition.ts'
import type { ProcessorSupplier } from '../processor.ts'
import { GraphNode, type GraphNodeTraits } from './graph-node.ts'

/** A verb that is one processor: `filter`, `map`, `peek`, `process`... */
export class ProcessorGraphNode extends GraphNode {
  readonly #supplier: ProcessorSupplier
  readonly #stores: readonly (StoreBuilder | string)[]

  /** Stores are builders, or names of stores that the StreamsBuilder was given. */
  constructor(
    name: string,
    supplier: ProcessorSupplier,
    traits: GraphNodeTraits = {},
    stores: readonly (StoreBuilder | string)[] = [],
  ) {
    super(name, traits)
    this.#supplier = supplier
    this.#stores = stores
  }

  override writeTo(definition: TopologyDefinition): void {
    definition.addProcessor({ name: this.name, parents: this.parentNames, supplier: this.#supplier })
    for (const store of this.#stores) {
      if (typeof store === 'string') definition.connect(this.name, store)
      else definition.addStore(store, [this.name])
    }
  }
}
