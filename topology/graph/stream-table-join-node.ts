import type { TopologyDefinition } from '../definition.ts'
import type { ProcessorSupplier } from '../processor.ts'
import type { GraphNodeTraits, SourceGraphNode } from './graph-node.ts'
import { ProcessorGraphNode } from './processor-graph-node.ts'

/** `join()` of a stream with a table: it stands below the stream, reads the table's stores, and needs equal keys of both in one task. */
export class StreamTableJoinNode extends ProcessorGraphNode {
  readonly #sources: Iterable<SourceGraphNode>

  /** @param sources - Of the stream and of the table. */
  constructor(
    name: string,
    supplier: ProcessorSupplier,
    traits: GraphNodeTraits,
    storeNames: readonly string[],
    sources: Iterable<SourceGraphNode>,
  ) {
    super(name, supplier, traits, storeNames)
    this.#sources = sources
  }

  override writeTo(definition: TopologyDefinition): void {
    super.writeTo(definition)
    definition.copartition([...this.#sources].flatMap((source) => source.topics))
  }
}
