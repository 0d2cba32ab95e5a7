import { partitionFor } from '../../lib/core/murmur2.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import { WindowedSerde } from '../../lib/serde/windowed.ts'
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
    const keySerde = requireSerde(this.#settings.key, 'key', use)
    definition.addSink({
      name: this.name,
      parents: this.parentNames,
      topic,
      topicLabel: label,
      keySerde,
      valueSerde: requireSerde(this.#settings.value, 'value', use),
      partitioner: this.#settings.partitioner ?? defaultPartitioner(keySerde),
    })
  }
}

/** All windows of a key go to the partition of the key itself; undefined, for keys without windows: chosen by all of the key's bytes. */
function defaultPartitioner(keySerde: Serde<any>): StreamPartitioner | undefined {
  if (!(keySerde instanceof WindowedSerde)) return undefined
  return (topic, windowed, _, partitionCount) =>
    windowed === null ? undefined : partitionFor(keySerde.keyBytes(topic, windowed.key), partitionCount)
}
