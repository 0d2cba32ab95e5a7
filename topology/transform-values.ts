import { checkOptions } from './check-options.ts'
import { TableNode } from './graph/table-node.ts'
import { givenOr, madeBy } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { isVersionedStore, queryName, tableStore } from './materialize.ts'
import { TRANSFORM_VALUES } from './option-names.ts'
import type { TransformValuesOptions } from './options.ts'
import { TransformValuesProcessor, transformedView } from './processors/transform-values.ts'
import { parts } from './stream-parts.ts'
import { computedTable } from './table-parts.ts'

const PREFIX = 'KTABLE-TRANSFORMVALUES-'

/** Adds `transformValues()` to the graph. */
export function transformValues<K, V, VR>(
  table: KTable<K, V>,
  options: TransformValuesOptions<K, V, VR>,
): KTable<K, VR> {
  const { graph, node: parent, key: parentKey, sources, view } = table[parts]
  checkOptions('transformValues', options, TRANSFORM_VALUES)
  const { create, stores = [] } = options
  const method = 'transformValues'
  const storeName = queryName(options)
  const name = graph.names.nodeOr(options.name, PREFIX)
  const key = givenOr<K>(options.key, parentKey)
  const value = madeBy<VR>(name, method, options.value)
  const node = new TableNode(
    name,
    {
      store: () =>
        storeName === undefined ? undefined : tableStore(storeName, { key, value }, options, { node: name, method }),
      supplier:
        ({ sendOldValues }) =>
        () =>
          new TransformValuesProcessor(name, create, { storeName, sendOldValues }),
      stores,
    },
    isVersionedStore(method, options) || (storeName === undefined ? undefined : false),
  )
  graph.add(node, parent)
  const names = stores.map((store) => (typeof store === 'string' ? store : store.name))
  const streamParts = { graph, node, key, value, sources, rekeyed: false }
  const made = computedTable(streamParts, storeName, table[parts], () => transformedView(name, view(), create, names))
  return new KTable(made, storeName)
}
