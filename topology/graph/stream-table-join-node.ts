import type { StoreBuilder } from '../../stores/store.ts'
import type { TopologyDefinition } from '../definition.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { ProcessorSupplier } from '../processor.ts'
import type { GraphNodeTraits, SourceGraphNode } from './graph-node.ts'
import { ProcessorGraphNode } from './processor-graph-node.ts'

/** Lets the stream's records wait for the table. */
export interface WaitForTable {
  readonly method: string
  readonly graceMs: number
  /** Makes the builder of their buffer; throws MissingSerdeError. */
  readonly buffer: () => StoreBuilder
}

/** `join()` of a stream with a table: it stands below the stream, reads the table's stores, and needs equal keys of both in one task. */
export class StreamTableJoinNode extends ProcessorGraphNode {
  readonly #storeNames: readonly string[]
  readonly #sources: Iterable<SourceGraphNode>
  readonly #wait: WaitForTable | undefined

  /** @param sources - Of the stream and of the table. */
  constructor(
    name: string,
    supplier: ProcessorSupplier,
    traits: GraphNodeTraits,
    storeNames: readonly string[],
    sources: Iterable<SourceGraphNode>,
    wait?: WaitForTable,
  ) {
    super(name, supplier, traits)
    this.#storeNames = storeNames
    this.#sources = sources
    this.#wait = wait
  }

  override writeTo(definition: TopologyDefinition): void {
    super.writeTo(definition)
    if (this.#wait !== undefined) {
      this.#checkHistory(definition, this.#wait)
      // Before the table's: a description may show it.
      definition.addStore(this.#wait.buffer(), [this.name])
    }
    for (const store of this.#storeNames) definition.connect(this.name, store)
    definition.copartition([...this.#sources].flatMap((source) => source.topics))
  }

  // A record that waited needs the table as it was then.
  #checkHistory(definition: TopologyDefinition, { method, graceMs }: WaitForTable): void {
    for (const name of this.#storeNames) {
      const { kind, retentionMs = 0 } = definition.stores.get(name)!.builder
      if (kind !== 'versioned') {
        throw new InvalidArgumentError(
          method,
          `graceMs needs a versioned table, but its store '${name}' keeps no history: declare the table with { versioned: { historyRetentionMs } }.`,
        )
      }
      if (retentionMs >= graceMs) continue
      throw new InvalidArgumentError(
        method,
        `graceMs (${graceMs}) must not exceed the historyRetentionMs (${retentionMs}) of the table's store '${name}'.`,
      )
    }
  }
}
