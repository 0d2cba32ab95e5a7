import { checkOptions } from './check-options.ts'
import { RepartitionNode, repartitionNames } from './graph/repartition-node.ts'
import { TableNode } from './graph/table-node.ts'
import { givenOr } from './known-serde.ts'
import type { KStream } from './kstream.ts'
import { KTable } from './ktable.ts'
import { isVersionedStore, queryName, tableStore } from './materialize.ts'
import { MATERIALIZE } from './option-names.ts'
import type { MaterializeOptions } from './options.ts'
import { TableSourceProcessor } from './processors/table-source.ts'
import { parts } from './stream-parts.ts'
import { tableKeptOnDemand } from './table-parts.ts'

const PREFIX = 'KSTREAM-TOTABLE-'

/** Adds `toTable()` to the graph: behind a repartition topic if keys may have changed. */
export function toTable<K, V>(stream: KStream<K, V>, options: MaterializeOptions<K, V>): KTable<K, V> {
  checkOptions('toTable', options, MATERIALIZE)
  const { graph, node: parent, key: streamKey, value: streamValue, rekeyed } = stream[parts]
  const name = graph.names.nodeOr(options.name, PREFIX)
  const given = queryName(options)
  const storeName = graph.names.storeOr(given, PREFIX)
  const key = givenOr<K>(options.key, streamKey)
  const value = givenOr<V>(options.value, streamValue)
  const repartition = rekeyed
    ? new RepartitionNode(repartitionNames(graph.names, name), {
        key,
        value,
        method: 'toTable',
        partitionCount: undefined,
        partitioner: undefined,
        mergeable: true,
      })
    : undefined
  if (repartition !== undefined) graph.add(repartition, parent)
  const keeper = { kept: given !== undefined }
  const node = new TableNode(
    name,
    {
      store: () =>
        keeper.kept ? tableStore(storeName, { key, value }, options, { node: name, method: 'toTable' }) : undefined,
      supplier: (demands) => () => new TableSourceProcessor<K, V>(keeper.kept ? storeName : undefined, demands),
    },
    isVersionedStore('toTable', options),
  )
  graph.add(node, repartition ?? parent)
  const sources = repartition === undefined ? stream[parts].sources : new Set([repartition])
  return new KTable(tableKeptOnDemand({ graph, node, key, value, sources, rekeyed: false }, storeName, keeper), given)
}
