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
  readonly #settings: SourceSettings

  constructor(name: string, topics: readonly string[], settings: SourceSettings) {
    super(name)
    this.topics = copiedHashOrder(new Set(topics)).map((topic) => ({ name: topic, internal: false }))
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
      throw new ConflictingSourceError(
        this.topics.map((topic) => topic.name),
        option,
        this.name,
        other.name,
      )
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
      keySerde: this.#serde('key'),
      valueSerde: this.#serde('value'),
      timestampExtractor: this.#settings.timestamp,
      offsetReset: this.#settings.offsetReset,
    })
  }

  #serde(option: 'key' | 'value'): Serde<any> {
    const serde = this.#settings[option]
    if (serde !== undefined) return serde
    const purpose = `reads ${this.topics.map((topic) => `'${topic.name}'`).join(', ')}`
    throw new MissingSerdeError({ node: this.name, option, purpose, method: 'stream', origin: undefined })
  }
}
