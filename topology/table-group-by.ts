import type { TableGrouper } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { TableNode } from './graph/table-node.ts'
import { KGroupedTable } from './kgrouped-table.ts'
import { madeBy } from './known-serde.ts'
import type { KTable } from './ktable.ts'
import { KEY_VALUE } from './option-names.ts'
import type { KeyValueOptions } from './options.ts'
import { TableGroupByProcessor } from './processors/table-group-by.ts'
import { parts } from './stream-parts.ts'

/** Adds `groupBy()` of a table to the graph. */
export function tableGroupBy<K, V, KR, VR>(
  table: KTable<K, V>,
  group: TableGrouper<K, V, KR, VR>,
  options: KeyValueOptions<KR, VR>,
): KGroupedTable<KR, VR> {
  checkOptions('groupBy', options, KEY_VALUE)
  const { graph, node: parent, sources, enableSendingOldValues } = table[parts]
  const name = graph.names.nodeOr(options.name, 'KTABLE-SELECT-')
  const node = new TableNode(name, {
    store: () => undefined,
    supplier:
      ({ versionedInput }) =>
      () =>
        new TableGroupByProcessor(name, group, versionedInput),
  })
  graph.add(node, parent)
  enableSendingOldValues(true)
  const key = madeBy<KR>(name, 'groupBy', options.key)
  const value = madeBy<VR>(name, 'groupBy', options.value)
  return new KGroupedTable({ graph, node, key, value, sources, rekeyed: true }, options.name)
}
