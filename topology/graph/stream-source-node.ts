import type { Serde } from '../../lib/serde/serde.ts'
import type { TopologyDefinition } from '../definition.ts'
import { ConflictingSourceError, MissingSerdeError } from '../errors.ts'
import { copiedHashOrder } from '../java-order.ts'
import type { OffsetReset, TimestampExtractor, TopicRef } from '../physical.ts'
import { GraphNode, type SourceGraphNode } from './graph-node.ts'

export interface SourceSettings {
  readonly key: Serde<any> | undefined
  readonly value: Serde<any> | undefined
  readonly timestamp: TimestampExtractor | undefined
  readonly offsetReset: OffsetReset | undefined
}

const SETTINGS = ['key', 'value', 'timestamp', 'offsetReset'] as const

/** `stream()`: one source node. */
export class StreamSourceNode extends GraphNode implements SourceGraphNode {
  readonly topics: readonly TopicRef[]
  /** Instead of topics: those whose names match. */
  readonly pattern: RegExp | undefined
  readonly #settings: SourceSettings

  constructor(name: string, topics: readonly string[] | RegExp, settings: SourceSettings) {
    super(name)
    const names = topics instanceof RegExp ? [] : topics
    this.pattern = topics instanceof RegExp ? topics : undefined
    this.topics = copiedHashOrder(new Set(names)).map((topic) => ({ name: topic, internal: false }))
    this.#settings = settings
  }

  /**
   * Takes over the children of another source of the same topics.
   *
   * @throws ConflictingSourceError `STREAMS_CONFLICTING_SOURCE`: it has other settings.
   */
  absorb(other: StreamSourceNode): void {
    for (const option of SETTINGS) {
      if (this.#settings[option] === other.#settings[option]) continue
      throw new ConflictingSourceError(this.#names, option, this.name, other.name)
    }
    for (const child of [...other.children]) {
      other.removeChild(child)
      this.addChild(child)
    }
  }

  override writeTo(definition: TopologyDefinition): void {
    definition.addSource({
      name: this.name,
      topics: this.topics,
      pattern: this.pattern,
      keySerde: this.#serde('key'),
      valueSerde: this.#serde('value'),
      timestampExtractor: this.#settings.timestamp,
      offsetReset: this.#settings.offsetReset,
    })
  }

  get #names(): readonly string[] {
    return this.pattern === undefined ? this.topics.map(({ name }) => name) : [String(this.pattern)]
  }

  #serde(option: 'key' | 'value'): Serde<any> {
    const serde = this.#settings[option]
    if (serde !== undefined) return serde
    const purpose = `reads ${this.#names.map((name) => `'${name}'`).join(', ')}`
    throw new MissingSerdeError({ node: this.name, option, purpose, method: 'stream', origin: undefined })
  }
}
