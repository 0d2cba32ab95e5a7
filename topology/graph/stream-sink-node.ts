import type { TopologyDefinition } from '../definition.ts'
import { type KnownSerde, requireSerde } from '../known-serde.ts'
import type { StreamPartitioner } from '../physical.ts'
import type { SinkTopic } from '../sink-topic.ts'
import { GraphNode } from './graph-node.ts'

export interface SinkSettings {
  readonly key: KnownSerde<any>
  readonly value: KnownSerde<any>
  readonly partitioner: StreamPartitioner | undefined
}

/** `to()`: one sink node. */
export class StreamSinkNode extends GraphNode {
  readonly #topic: SinkTopic
  readonly #settings: SinkSettings

  constructor(name: string, topic: SinkTopic, settings: SinkSettings) {
    super(name)
    this.#topic = topic
    this.#settings = settings
  }

  override writeTo(definition: TopologyDefinition): void {
    const { topic, label } = this.#topic
    const purpose = typeof topic === 'function' ? 'writes to topics chosen by record' : `writes topic '${topic.name}'`
    const use = { node: this.name, purpose, method: 'to' }
    definition.addSink({
      name: this.name,
      parents: this.parentNames,
      topic,
      topicLabel: label,
      keySerde: requireSerde(this.#settings.key, 'key', use),
      valueSerde: requireSerde(this.#settings.value, 'value', use),
      partitioner: this.#settings.partitioner,
    })
  }
}
