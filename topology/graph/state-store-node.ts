import type { StoreBuilder } from '../../stores/store.ts'
import type { TopologyDefinition } from '../definition.ts'
import { GraphNode } from './graph-node.ts'

/** `addStateStore()`: a store that processors are connected to by name. */
export class StateStoreNode extends GraphNode {
  readonly #builder: StoreBuilder

  constructor(builder: StoreBuilder) {
    super(builder.name)
    this.#builder = builder
  }

  override writeTo(definition: TopologyDefinition): void {
    definition.addStore(this.#builder, [])
  }
}
