import type { StoreBuilder } from '../../stores/store.ts'
import type { TopologyDefinition } from '../definition.ts'
import type { ProcessorSupplier } from '../processor.ts'
import { JoinWindowProcessor } from '../processors/join-window.ts'
import { MergeProcessor } from '../processors/merge.ts'
import { GraphNode, type SourceGraphNode } from './graph-node.ts'

/** One side of a join. */
export interface StreamJoinSide {
  /** Keeps the side's records. */
  readonly window: JoinWindowNode
  /** The builder of its store; throws MissingSerdeError. */
  readonly store: () => StoreBuilder
  /** Joins the side's records with those of the other. */
  readonly joinName: string
  readonly supplier: ProcessorSupplier
}

export interface StreamJoinNodeSettings {
  readonly left: StreamJoinSide
  readonly right: StreamJoinSide
  /** The store of records without a match, of left and outer joins. */
  readonly unmatched: (() => StoreBuilder) | undefined
  /** Takes the place of both sides where a stream is joined with itself and kept once. */
  readonly selfJoin: ProcessorSupplier
  readonly sources: Iterable<SourceGraphNode>
}

/** Keeps the records of one side of a join; the store comes from the join. */
export class JoinWindowNode extends GraphNode {
  readonly #storeName: string

  constructor(name: string, storeName: string) {
    super(name)
    this.#storeName = storeName
  }

  override writeTo(definition: TopologyDefinition): void {
    const storeName = this.#storeName
    definition.addProcessor({
      name: this.name,
      parents: this.parentNames,
      supplier: () => new JoinWindowProcessor(storeName),
    })
  }
}

/** `join()` of two streams: what comes after the windows of both sides. It stands beside them, below the streams, and is written after them. */
export class StreamJoinNode extends GraphNode {
  readonly settings: StreamJoinNodeSettings
  /** Both sides are one stream, of which one window is enough: said by the optimization. */
  isSelfJoin = false

  constructor(name: string, settings: StreamJoinNodeSettings) {
    super(name, { takesNullKeys: settings.unmatched !== undefined })
    this.settings = settings
  }

  override writeTo(definition: TopologyDefinition): void {
    const { sources } = this.settings
    if (this.isSelfJoin) this.#writeSelfJoin(definition)
    else this.#writeBothSides(definition)
    definition.copartition([...sources].flatMap((source) => source.topics))
  }

  #writeSelfJoin(definition: TopologyDefinition): void {
    const { left, selfJoin } = this.settings
    definition.addProcessor({ name: this.name, parents: [left.window.name], supplier: selfJoin })
    definition.addStore(left.store(), [left.window.name, this.name])
  }

  #writeBothSides(definition: TopologyDefinition): void {
    const { left, right, unmatched } = this.settings
    for (const { window, joinName, supplier } of [left, right]) {
      definition.addProcessor({ name: joinName, parents: [window.name], supplier })
    }
    const joins = [left.joinName, right.joinName]
    definition.addProcessor({ name: this.name, parents: joins, supplier: () => new MergeProcessor() })
    definition.addStore(left.store(), [left.window.name, right.joinName])
    definition.addStore(right.store(), [right.window.name, left.joinName])
    if (unmatched !== undefined) definition.addStore(unmatched(), joins)
  }
}
