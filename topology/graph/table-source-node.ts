import type { StoreBuilder } from '../../stores/store.ts'
import type { SourceDefinition, TopologyDefinition } from '../definition.ts'
import type { TopicRef } from '../physical.ts'
import { TableSourceProcessor } from '../processors/table-source.ts'
import { GraphNode, type SourceGraphNode } from './graph-node.ts'

export interface TableSourceSettings {
  /** The source below which the table stands; throws MissingSerdeError. */
  readonly source: () => SourceDefinition
  /** Whether the table was given a store, or a name for one. */
  readonly kept: boolean
  readonly storeName: string
  readonly store: () => StoreBuilder
  readonly versioned: boolean
}

/** `table()`: a source and the processor that makes updates of its records. */
export class TableSourceNode extends GraphNode implements SourceGraphNode {
  readonly topics: readonly TopicRef[]
  sendOldValues = false
  /** Whether the table is kept in its store: given one, or asked for its values by another verb. */
  kept: boolean
  /** Set by the optimization: the topic itself serves as the store's changelog. */
  reusesTopic = false
  override readonly outputVersioned: boolean
  readonly #settings: TableSourceSettings

  constructor(name: string, topic: string, settings: TableSourceSettings) {
    super(name)
    this.topics = [{ name: topic, internal: false }]
    this.kept = settings.kept
    this.outputVersioned = settings.versioned
    this.#settings = settings
  }

  override writeTo(definition: TopologyDefinition): void {
    const { source, storeName, store } = this.#settings
    const { kept, sendOldValues } = this
    const sourceDefinition = source()
    definition.addSource(sourceDefinition)
    definition.addProcessor({
      name: this.name,
      parents: [sourceDefinition.name],
      supplier: () => new TableSourceProcessor(kept ? storeName : undefined, { sendOldValues }),
    })
    if (!kept) return
    definition.addStore(store(), [this.name])
    if (this.reusesTopic) definition.reuseAsChangelog(storeName, this.topics[0]!)
  }
}
