import { RepartitionNode, repartitionNames } from './graph/repartition-node.ts'
import { TableNode } from './graph/table-node.ts'
import { givenOr } from './known-serde.ts'
import type { KStream } from './kstream.ts'
import { KTable } from './ktable.ts'
import { isVersionedStore, queryName, tableStore } from './materialize.ts'
import type { MaterializeOptions } from './options.ts'
import { TableSourceProcessor } from './processors/table-source.ts'
import { storeView } from './processors/table-store.ts'
import { parts } from './stream-parts.ts'

const PREFIX = 'KSTREAM-TOTABLE-'

/** Adds `toTable()` to the graph: behind a repartition topic if keys may have changed. */
export function toTable<K, V>(stream: KStream<K, V>, options: MaterializeOptions<K, V>): KTable<K, V> {
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
  let kept = given !== undefined
  const node = new TableNode(
    name,
    {
      store: () =>
        kept ? tableStore(storeName, { key, value }, options, { node: name, method: 'toTable' }) : undefined,
      supplier: (demands) => () => new TableSourceProcessor<K, V>(kept ? storeName : undefined, demands),
    },
    isVersionedStore('toTable', options),
  )
  graph.add(node, repartition ?? parent)
  return new KTable(
    {
      graph,
      node,
      key,
      value,
      sources: repartition === undefined ? stream[parts].sources : new Set([repartition]),
      rekeyed: false,
      view: () => {
        kept = true
        return storeView(storeName)
      },
      enableSendingOldValues: (force) => {
        if (!force && !kept) return false
        kept = true
        node.sendOldValues = true
        return true
      },
    },
    given,
  )
}
