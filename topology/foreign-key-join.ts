import type { ForeignKeySelector, ValueJoiner } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { foreignKeyNames, RESULT_STORE } from './foreign-key-names.ts'
import { ForeignKeyJoinNode } from './graph/foreign-key-join-node.ts'
import { givenOr, madeBy } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { isVersionedStore, queryName, tableStore } from './materialize.ts'
import { FOREIGN_KEY_JOIN } from './option-names.ts'
import type { ForeignKeyJoinOptions } from './options.ts'
import { parts } from './stream-parts.ts'
import { tablePartsOf } from './table-join.ts'
import { tableKeptOnDemand } from './table-parts.ts'

/** Adds a join of two tables by foreign key to the graph. */
export function foreignKeyJoin<K, V, KF, VF, VR>(
  left: KTable<K, V>,
  right: KTable<KF, VF>,
  type: 'inner' | 'left',
  foreignKeyOf: ForeignKeySelector<K, V, KF>,
  joiner: ValueJoiner<K, V, any, VR | null>,
  options: ForeignKeyJoinOptions<K, KF, VR>,
): KTable<K, VR> {
  const method = type === 'left' ? 'leftJoinOnForeignKey' : 'joinOnForeignKey'
  checkCallback(method, foreignKeyOf)
  checkCallback(method, joiner)
  checkOptions(method, options, FOREIGN_KEY_JOIN)
  const { partitioner, otherPartitioner } = options
  const leftParts = left[parts]
  const rightParts = tablePartsOf(method, leftParts, right)
  const { graph } = leftParts
  rightParts.enableSendingOldValues(true)
  leftParts.enableSendingOldValues(true)
  const names = foreignKeyNames(graph.names, options.name)
  const given = queryName(options)
  const storeName = graph.names.storeOr(given, RESULT_STORE)
  const key = givenOr<K>(options.key, leftParts.key)
  const value = madeBy<VR>(names.result, method, options.value)
  const node = new ForeignKeyJoinNode(
    {
      names,
      type,
      left: { ...leftParts, view: leftParts.view() },
      right: { ...rightParts, view: rightParts.view() },
      foreignKeyOf,
      joiner,
      partitioner,
      otherPartitioner,
      storeName,
      store: () => tableStore(storeName, { key, value }, options, { node: names.result, method }),
    },
    { kept: given !== undefined, versioned: isVersionedStore(method, options) },
  )
  graph.add(node, leftParts.node, rightParts.node)
  const sources = new Set([...leftParts.sources, node.responses])
  return new KTable(tableKeptOnDemand({ graph, node, key, value, sources, rekeyed: false }, storeName, node), given)
}
