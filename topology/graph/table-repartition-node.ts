import { changeSerde } from '../change-serde.ts'
import type { TopologyDefinition } from '../definition.ts'
import { type KnownSerde, requireSerde } from '../known-serde.ts'
import type { TopicRef } from '../physical.ts'
import { GraphNode, type SourceGraphNode } from './graph-node.ts'

export interface TableRepartitionSettings {
  readonly key: KnownSerde<any>
  readonly value: KnownSerde<any>
  readonly topic: string
  readonly sinkName: string
}

/** Sends updates of a table, grouped anew, through an internal topic: old and new value of an entry go to the groups that they belong to. */
export class TableRepartitionNode extends GraphNode implements SourceGraphNode {
  readonly topics: readonly TopicRef[]
  readonly #settings: TableRepartitionSettings

  /** `name` is the source's. */
  constructor(name: string, settings: TableRepartitionSettings) {
    super(name)
    this.topics = [{ name: settings.topic, internal: true }]
    this.#settings = settings
  }

  override writeTo(definition: TopologyDefinition): void {
    const { key, value, topic, sinkName } = this.#settings
    const use = { node: sinkName, purpose: `writes the repartition topic '${topic}'`, method: 'groupBy' }
    const serdes = {
      keySerde: requireSerde(key, 'key', use),
      valueSerde: changeSerde(requireSerde(value, 'value', use)),
    }
    definition.addRepartitionTopic({ name: topic, partitionCount: undefined })
    definition.addSink({
      name: sinkName,
      parents: this.parentNames,
      topic: this.topics[0]!,
      ...serdes,
      partitioner: undefined,
    })
    definition.addSource({
      name: this.name,
      topics: this.topics,
      ...serdes,
      timestampExtractor: undefined,
      offsetReset: 'earliest',
    })
  }
}
