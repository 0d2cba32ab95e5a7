import type { TopologyDefinition } from '../definition.ts'
import type { SerdeOption } from '../errors.ts'
import { type KnownSerde, requireSerde } from '../known-serde.ts'
import type { StreamPartitioner, TopicRef } from '../physical.ts'
import { RepartitionFilterProcessor } from '../processors/repartition-filter.ts'
import { GraphNode, type SourceGraphNode } from './graph-node.ts'
import type { NameCounter } from './name-counter.ts'

const TOPIC_SUFFIX = '-repartition'
const GENERATED = /^KSTREAM.*-[0-9]{10}$/

/** The names that a trip through a repartition topic takes. */
export interface RepartitionNames {
  readonly topic: string
  readonly filter: string
  readonly sink: string
  readonly source: string
}

/**
 * The names of a repartition for a prefix, which is a name given by the user, the name of a store, or a generated one. Uses up three numbers
 * in any case.
 */
export function repartitionNames(names: NameCounter, prefix: string): RepartitionNames {
  const topic = prefix.endsWith(TOPIC_SUFFIX) ? prefix : prefix + TOPIC_SUFFIX
  const generated = {
    topic,
    sink: names.node('KSTREAM-SINK-'),
    filter: names.node('KSTREAM-FILTER-'),
    source: names.node('KSTREAM-SOURCE-'),
  }
  if (GENERATED.test(prefix)) return generated
  return { topic, sink: `${topic}-sink`, filter: `${topic}-filter`, source: `${topic}-source` }
}

export interface RepartitionSettings {
  readonly key: KnownSerde<any>
  readonly value: KnownSerde<any>
  /** The verb that caused it, and its option for the serde of the values (default `value`): for error messages. */
  readonly method: string
  readonly valueOption?: SerdeOption
  /** Undefined: as many partitions as the topics that feed it. */
  readonly partitionCount: number | undefined
  readonly partitioner: StreamPartitioner | undefined
  /** Made on behalf of another verb, so that several below one key change may become one. */
  readonly mergeable: boolean
}

/**
 * Sends records through an internal topic, so that those of one key meet in one task: a filter and a sink that end a sub-topology, and a
 * source that starts the next.
 */
export class RepartitionNode extends GraphNode implements SourceGraphNode {
  readonly settings: RepartitionSettings
  /** Whether records with null keys go through: said by the graph when it is written. */
  keepsNullKeys = false
  /** What has taken this one's place, by an optimization: one that several share, and the sources whose records need none. */
  replacedBy: readonly SourceGraphNode[] | undefined
  readonly #names: RepartitionNames
  readonly #topics: readonly TopicRef[]

  constructor(names: RepartitionNames, settings: RepartitionSettings) {
    super(names.source)
    this.settings = settings
    this.#names = names
    this.#topics = [{ name: names.topic, internal: true }]
  }

  get topics(): readonly TopicRef[] {
    return this.replacedBy?.flatMap((source) => source.topics) ?? this.#topics
  }

  override writeTo(definition: TopologyDefinition): void {
    const { topic, filter, sink, source } = this.#names
    const { key, value, method, valueOption = 'value', partitionCount, partitioner } = this.settings
    const use = { node: sink, purpose: `writes the repartition topic '${topic}'`, method }
    const serdes = {
      keySerde: requireSerde(key, 'key', use),
      valueSerde: requireSerde(value, valueOption, use),
    }
    const ref = this.#topics[0]!
    const keepNullKeys = this.keepsNullKeys

    definition.addRepartitionTopic({ name: topic, partitionCount })
    definition.addProcessor({
      name: filter,
      parents: this.parentNames,
      supplier: () => new RepartitionFilterProcessor({ keepNullKeys }),
    })
    definition.addSink({ name: sink, parents: [filter], topic: ref, ...serdes, partitioner })
    // Whatever was repartitioned is to be read, however the topology's own sources start.
    definition.addSource({
      name: source,
      topics: [ref],
      ...serdes,
      timestampExtractor: undefined,
      offsetReset: 'earliest',
    })
  }
}
