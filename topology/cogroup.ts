// Cogroups in the graph: for each stream a processor that adds to the common store, and below them one node that is the table.

import type { StoreBuilder } from '../stores/store.ts'
import type { Aggregator } from './callbacks.ts'
import { InvalidArgumentError } from './errors.ts'
import type { AggregationInput } from './graph/grouped-aggregation.ts'
import { aggregation } from './graph/grouped-aggregation.ts'
import { type TableDemands, TableNode } from './graph/table-node.ts'
import type { KGroupedStream } from './kgrouped-stream.ts'
import { givenOr, type KnownSerde, madeBy } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { queryName } from './materialize.ts'
import type { MaterializeOptions } from './options.ts'
import type { ProcessorSupplier } from './processor.ts'
import { MergeProcessor } from './processors/merge.ts'
import { parts } from './stream-parts.ts'
import type { TableView } from './table-view.ts'

const AGGREGATE = 'COGROUPKSTREAM-AGGREGATE-'
const MERGE = 'COGROUPKSTREAM-MERGE-'

/** One stream of a cogroup. */
export interface CogroupMember<K, VR> {
  readonly aggregator: Aggregator<K, any, VR>
  /** What an aggregation of the cogroup has read before: a second one reads the same. */
  input: AggregationInput | undefined
}

/** The streams of a cogroup in the order in which they were added. */
export type CogroupMembers<K, VR> = ReadonlyMap<KGroupedStream<K, any>, CogroupMember<K, VR>>

/** An aggregation of a cogroup: what differs between those without windows and with them. `KR` is the type of the table's keys. */
export interface CogroupVerb<K, VR, KR> {
  readonly options: MaterializeOptions<K, VR>
  readonly store: (
    storeName: string,
    serdes: { readonly key: KnownSerde<K>; readonly value: KnownSerde<VR> },
    node: string,
  ) => StoreBuilder
  readonly processor: (
    node: string,
    storeName: string,
    aggregator: Aggregator<K, any, VR>,
    demands: { readonly sendOldValues: boolean },
  ) => ReturnType<ProcessorSupplier>
  readonly key: (key: KnownSerde<K>) => KnownSerde<KR>
  readonly view: (storeName: string) => TableView<KR, VR>
  /** Whether the store keeps its history. */
  readonly versioned: boolean
  /** See TableSettings. */
  readonly graceMs?: number
}

/** Adds `aggregate()` of a cogroup to the graph. */
export function cogroupTable<K, VR, KR>(
  members: CogroupMembers<K, VR>,
  { options, store, processor, key: tableKey, view, versioned, graceMs }: CogroupVerb<K, VR, KR>,
): KTable<KR, VR> {
  const [first] = members.keys()
  const { graph, key: groupedKey } = first![parts]
  if ([...members.keys()].filter((grouped) => grouped[aggregation].needsTopicName).length > 1) {
    throw new InvalidArgumentError(
      'aggregate',
      'several of the streams have other keys than their topics, and no name for their repartition topics: give all but one of them ' +
        'a name where they are grouped, .groupBy(…, { name }).',
    )
  }
  const storeName = graph.names.storeOr(queryName(options), AGGREGATE)
  const key = givenOr<K>(options.key, groupedKey)
  const inputs = [...members].map(([grouped, member]) => {
    member.input = grouped[aggregation].input(storeName, givenOr(grouped[parts].key.serde, key), member.input)
    return member.input
  })
  const sources = new Set(inputs.flatMap((input) => [...input.sources]))

  let builder: StoreBuilder | undefined
  const nodes = [...members.values()].map(({ aggregator }, i) => {
    const name = graph.names.suffixedOr(options.name, `-cogroup-agg-${i}`, AGGREGATE)
    const value = madeBy<VR>(name, 'aggregate', options.value)
    const settings = {
      // One builder for all: the store is one.
      store: () => {
        builder ??= store(storeName, { key, value }, name)
        return builder
      },
      supplier: (demands: TableDemands) => () => processor(name, storeName, aggregator, demands),
      sources,
      ...(graceMs !== undefined && { graceMs }),
    }
    const node = new TableNode(name, settings, versioned)
    graph.add(node, inputs[i]!.node)
    return node
  })

  const name = graph.names.suffixedOr(options.name, '-cogroup-merge', MERGE)
  const merge = new TableNode(name, { store: () => undefined, supplier: () => () => new MergeProcessor() })
  graph.add(merge, ...nodes)
  return new KTable<KR, VR>(
    {
      graph,
      node: merge,
      key: tableKey(key),
      value: madeBy<VR>(name, 'aggregate', options.value),
      sources,
      rekeyed: false,
      view: () => view(storeName),
      enableSendingOldValues: () => {
        for (const node of nodes) node.sendOldValues = true
        return true
      },
    },
    queryName(options),
  )
}
