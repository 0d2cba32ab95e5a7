import { checkOptions } from './check-options.ts'
import { checkOffsetReset } from './checks.ts'
import type { LogicalGraph } from './graph/logical-graph.ts'
import { TableSourceNode } from './graph/table-source-node.ts'
import { madeBy, requireSerde } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { isVersionedStore, queryName, tableStore } from './materialize.ts'
import { TABLE } from './option-names.ts'
import type { TableOptions } from './options.ts'
import { tableKeptOnDemand } from './table-parts.ts'

/** Adds `table()` to the graph. */
export function sourceTable<K, V>(
  graph: LogicalGraph,
  topic: string,
  options: Partial<TableOptions<K, V>>,
): KTable<K, V> {
  checkOptions('table', options, TABLE)
  const { timestamp, offsetReset, name: given } = options
  checkOffsetReset('table', offsetReset)
  const storeName = graph.names.storeOr(queryName(options), `${topic}-`)
  const sourceName = graph.names.suffixedOr(given, '-source', 'KSTREAM-SOURCE-')
  const name = graph.names.nodeOr(given, 'KTABLE-SOURCE-')
  const key = madeBy<K>(name, 'table', options.key)
  const value = madeBy<V>(name, 'table', options.value)
  const use = { node: sourceName, purpose: `reads '${topic}'`, method: 'table' }
  const node = new TableSourceNode(name, topic, {
    source: () => ({
      name: sourceName,
      topics: node.topics,
      keySerde: requireSerde(key, 'key', use),
      valueSerde: requireSerde(value, 'value', use),
      timestampExtractor: timestamp,
      offsetReset,
    }),
    kept: queryName(options) !== undefined,
    storeName,
    store: () => tableStore(storeName, { key, value }, options, { node: name, method: 'table' }),
    versioned: isVersionedStore('table', options),
  })
  graph.add(node, graph.root)
  const sources = new Set([node])
  const table = tableKeptOnDemand({ graph, node, key, value, sources, rekeyed: false }, storeName, node)
  return new KTable(table, queryName(options))
}
