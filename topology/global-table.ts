import type { StoreBuilder } from '../stores/store.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { GlobalKTable } from './global-ktable.ts'
import { GlobalStoreNode } from './graph/global-store-node.ts'
import type { LogicalGraph } from './graph/logical-graph.ts'
import { madeBy, requireSerde } from './known-serde.ts'
import { queryName, tableStore } from './materialize.ts'
import { GLOBAL_STORE, GLOBAL_TABLE } from './option-names.ts'
import type { GlobalStoreOptions, GlobalTableOptions } from './options.ts'
import type { ProcessorSupplier } from './processor.ts'
import { TableSourceProcessor } from './processors/table-source.ts'
import { storeView } from './processors/table-store.ts'
import { UserProcessor } from './processors/user-processor.ts'

/** Adds `globalTable()` to the graph. */
export function globalTable<K, V>(
  graph: LogicalGraph,
  topic: string,
  options: Partial<GlobalTableOptions<K, V>>,
): GlobalKTable<K, V> {
  checkOptions('globalTable', options, GLOBAL_TABLE)
  const given = queryName(options)
  const storeName = graph.names.storeOr(given, `${topic}-`)
  addGlobal(graph, topic, options, 'globalTable', {
    supplier: () => new TableSourceProcessor(storeName, { sendOldValues: false }),
    store: (name) => {
      const [key, value] = [madeBy(name, 'globalTable', options.key), madeBy(name, 'globalTable', options.value)]
      const { persistent } = options
      const settings = { caching: false, ...(persistent !== undefined && { persistent }) }
      return tableStore(storeName, { key, value }, settings, { node: name, method: 'globalTable' })
    },
  })
  return new GlobalKTable({ graph, view: storeView(storeName) }, given)
}

/** Adds `addGlobalStore()` to the graph. */
export function globalStore<K, V>(
  graph: LogicalGraph,
  store: StoreBuilder,
  topic: string,
  options: Partial<GlobalStoreOptions<K, V>>,
): void {
  checkOptions('addGlobalStore', options, GLOBAL_STORE)
  const { create } = options
  checkCallback('addGlobalStore', create)
  addGlobal(graph, topic, options, 'addGlobalStore', {
    supplier: () => new UserProcessor(create!),
    store: () => store,
  })
}

function addGlobal<K, V>(
  graph: LogicalGraph,
  topic: string,
  options: Partial<Omit<GlobalStoreOptions<K, V>, 'create'>>,
  method: string,
  { supplier, store }: { readonly supplier: ProcessorSupplier; readonly store: (name: string) => StoreBuilder },
): void {
  const sourceName = graph.names.suffixedOr(options.name, '-source', 'KSTREAM-SOURCE-')
  const name = graph.names.nodeOr(options.name, 'KTABLE-SOURCE-')
  const use = { node: sourceName, purpose: `reads '${topic}'`, method }
  const node = new GlobalStoreNode(name, {
    supplier,
    store: () => store(name),
    source: () => ({
      name: sourceName,
      topics: [{ name: topic, internal: false }],
      keySerde: requireSerde(madeBy(name, method, options.key), 'key', use),
      valueSerde: requireSerde(madeBy(name, method, options.value), 'value', use),
      timestampExtractor: options.timestamp,
      offsetReset: 'earliest',
    }),
  })
  graph.add(node, graph.root)
}
