import type { StoreBuilder } from '../../stores/store.ts'
import type { SourceDefinition, TopologyDefinition } from '../definition.ts'
import type { ProcessorSupplier } from '../processor.ts'
import { GraphNode } from './graph-node.ts'

export interface GlobalStoreSettings {
  readonly store: () => StoreBuilder
  /** What reads the topic; throws MissingSerdeError. */
  readonly source: () => SourceDefinition
  readonly supplier: ProcessorSupplier
}

/** `globalTable()`, `addGlobalStore()`: a store that every instance fills from a topic by itself. */
export class GlobalStoreNode extends GraphNode {
  readonly #settings: GlobalStoreSettings

  constructor(name: string, settings: GlobalStoreSettings) {
    super(name)
    this.#settings = settings
  }

  override writeTo(definition: TopologyDefinition): void {
    const { store, source, supplier } = this.#settings
    definition.addGlobalStore(store(), source(), { name: this.name, supplier })
  }
}
