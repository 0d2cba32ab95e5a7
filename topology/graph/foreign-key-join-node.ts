import { subscriptionStore } from '../../stores/grouped/subscription-store.ts'
import type { StoreBuilder } from '../../stores/store.ts'
import type { ForeignKeySelector, ValueJoiner } from '../callbacks.ts'
import type { TopologyDefinition } from '../definition.ts'
import { responseSerde, type SubscriptionResponse, subscriptionSerde } from '../foreign-key-formats.ts'
import type { ForeignKeyNames } from '../foreign-key-names.ts'
import { type KnownSerde, requireSerde } from '../known-serde.ts'
import type { StreamPartitioner, TopicRef } from '../physical.ts'
import { ForeignKeyAnswerProcessor } from '../processors/foreign-key-answer.ts'
import { ForeignKeyReceiveProcessor } from '../processors/foreign-key-receive.ts'
import { ForeignKeyResolveProcessor } from '../processors/foreign-key-resolve.ts'
import { ForeignKeySendProcessor } from '../processors/foreign-key-send.ts'
import { ForeignKeyUpdateProcessor } from '../processors/foreign-key-update.ts'
import { TableSourceProcessor } from '../processors/table-source.ts'
import type { TableView } from '../table-view.ts'
import { GraphNode, type SourceGraphNode } from './graph-node.ts'

/** One table of a foreign-key join. */
export interface ForeignKeyJoinSide {
  readonly node: GraphNode
  readonly view: TableView<any, any>
  readonly key: KnownSerde<any>
  readonly value: KnownSerde<any>
  readonly sources: Iterable<SourceGraphNode>
}

export interface ForeignKeyJoinSettings {
  readonly names: ForeignKeyNames
  readonly type: 'inner' | 'left'
  readonly left: ForeignKeyJoinSide
  readonly right: ForeignKeyJoinSide
  readonly foreignKeyOf: ForeignKeySelector<any, any, any>
  readonly joiner: ValueJoiner<any, any, any, any>
  readonly partitioner: StreamPartitioner<any, null> | undefined
  readonly otherPartitioner: StreamPartitioner<any, null> | undefined
  readonly storeName: string
  readonly store: () => StoreBuilder
}

/** Serdes and topics that several parts of the join share. */
interface Shared {
  readonly key: any
  readonly value: any
  readonly foreignKey: any
  readonly topic: string
}

/**
 * `joinOnForeignKey()`:
 *
 *   left table → send → subscription topic → receive → answer ─┐
 *                                right table ────────→ update ─┴→ response topic → resolve → result
 *
 * The left table and what follows the response topic are in one sub-topology, the right table and what follows the subscription topic in another.
 */
export class ForeignKeyJoinNode extends GraphNode {
  /** Whether the result is kept in its store: it has a name, or another verb asks for its values. */
  kept: boolean
  sendOldValues = false
  /** Where answers enter the sub-topology of the left table. */
  readonly responses: SourceGraphNode
  override readonly outputVersioned: boolean
  readonly #settings: ForeignKeyJoinSettings
  readonly #versioned = new Set<GraphNode>()

  constructor(settings: ForeignKeyJoinSettings, { kept, versioned }: { kept: boolean; versioned: boolean }) {
    super(settings.names.result)
    this.#settings = settings
    this.responses = { topics: [{ name: settings.names.responseTopic, internal: true }] }
    this.kept = kept
    this.outputVersioned = versioned
  }

  /** The table whose keys the result has. */
  get left(): GraphNode {
    return this.#settings.left.node
  }

  override takeVersioned(parent: GraphNode): void {
    this.#versioned.add(parent)
  }

  override writeTo(definition: TopologyDefinition): void {
    const { names, left, right } = this.#settings
    // The serdes in the options are those of the result.
    const use = (node: string, purpose: string) => ({ node, purpose, method: undefined })
    const shared: Shared = {
      key: requireSerde(left.key, 'key', use(names.send, 'sends the keys of its table to the other one')),
      value: requireSerde(left.value, 'value', use(names.send, 'hashes the values of its table')),
      foreignKey: requireSerde(right.key, 'key', use(names.subscriptionSink, 'writes the keys of the other table')),
      topic: names.subscriptionTopic,
    }
    const foreignValue = requireSerde(
      right.value,
      'value',
      use(names.responseSink, 'writes the values of the other table'),
    )
    this.#writeSubscriptions(definition, shared)
    this.#writeAnswers(definition, shared)
    this.#writeResponses(definition, shared, responseSerde(foreignValue))
  }

  #writeSubscriptions(definition: TopologyDefinition, shared: Shared): void {
    const { names, left, right, type, foreignKeyOf, otherPartitioner } = this.#settings
    const latestOnly = this.#versioned.has(left.node)
    const send = { ...shared, node: names.send, foreignKeyOf, left: type === 'left', latestOnly }
    const subscription = subscriptionSerde(shared)
    definition.addProcessor({
      name: names.send,
      parents: [left.node.name],
      supplier: () => new ForeignKeySendProcessor(send),
    })
    throughTopic(definition, {
      topic: { name: names.subscriptionTopic, internal: true },
      sink: names.subscriptionSink,
      parents: [names.send],
      source: names.subscriptionSource,
      keySerde: shared.foreignKey,
      valueSerde: subscription,
      partitioner: otherPartitioner && ((topic, key, _, count) => otherPartitioner(topic, key, null, count)),
      sources: right.sources,
    })
    const receive = { ...shared, storeName: names.store, subscription }
    definition.addProcessor({
      name: names.receive,
      parents: [names.subscriptionSource],
      supplier: () => new ForeignKeyReceiveProcessor(receive),
    })
    definition.addStore(subscriptionStore(names.store), [names.receive])
  }

  #writeAnswers(definition: TopologyDefinition, shared: Shared): void {
    const { names, right } = this.#settings
    definition.addProcessor({
      name: names.answer,
      parents: [names.receive],
      supplier: () => new ForeignKeyAnswerProcessor(right.view),
    })
    for (const storeName of right.view.storeNames) definition.connect(names.answer, storeName)
    const update = { ...shared, storeName: names.store, latestOnly: this.#versioned.has(right.node) }
    definition.addProcessor({
      name: names.update,
      parents: [right.node.name],
      supplier: () => new ForeignKeyUpdateProcessor(update),
    })
    definition.connect(names.update, names.store)
  }

  #writeResponses(definition: TopologyDefinition, shared: Shared, valueSerde: any): void {
    const { names, left, type, joiner, partitioner, storeName, store } = this.#settings
    const { kept, sendOldValues } = this
    throughTopic(definition, {
      topic: this.responses.topics[0]!,
      sink: names.responseSink,
      parents: [names.answer, names.update],
      source: names.responseSource,
      keySerde: shared.key,
      valueSerde,
      partitioner:
        partitioner === undefined ? toTheAsker : (topic, key, _, count) => partitioner(topic, key, null, count),
      sources: left.sources,
    })
    const resolve = { ...shared, node: this.name, view: left.view, joiner, left: type === 'left' }
    definition.addProcessor({
      name: names.resolve,
      parents: [names.responseSource],
      supplier: () => new ForeignKeyResolveProcessor(resolve),
    })
    for (const name of left.view.storeNames) definition.connect(names.resolve, name)
    definition.addProcessor({
      name: this.name,
      parents: [names.resolve],
      supplier: () => new TableSourceProcessor(kept ? storeName : undefined, { sendOldValues }),
    })
    if (kept) definition.addStore(store(), [this.name])
  }
}

/** Undefined for what Java before 3.4 asked: then the key decides. */
function toTheAsker(_topic: string, _key: unknown, response: SubscriptionResponse<unknown>): number | undefined {
  return response.primaryPartition ?? undefined
}

interface ThroughTopic {
  readonly topic: TopicRef
  readonly sink: string
  readonly parents: readonly string[]
  readonly source: string
  readonly keySerde: any
  readonly valueSerde: any
  readonly partitioner: StreamPartitioner | undefined
  /** What the topic has to be co-partitioned with. */
  readonly sources: Iterable<SourceGraphNode>
}

function throughTopic(definition: TopologyDefinition, through: ThroughTopic): void {
  const { topic, sink, parents, source, keySerde, valueSerde, partitioner, sources } = through
  definition.addRepartitionTopic({ name: topic.name, partitionCount: undefined })
  definition.addSink({ name: sink, parents, topic, keySerde, valueSerde, partitioner })
  definition.addSource({
    name: source,
    topics: [topic],
    keySerde,
    valueSerde,
    timestampExtractor: undefined,
    offsetReset: 'earliest',
  })
  definition.copartition([...[...sources].flatMap((each) => each.topics), topic])
}
