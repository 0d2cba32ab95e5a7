import type { ValueJoiner } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { InvalidArgumentError } from './errors.ts'
import { TableJoinNode } from './graph/table-join-node.ts'
import { givenOr, madeBy } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { isVersionedStore, queryName, tableStore } from './materialize.ts'
import { MATERIALIZE } from './option-names.ts'
import type { MaterializeOptions } from './options.ts'
import { joinedValue, joinedView, TableJoinProcessor } from './processors/table-join.ts'
import { storeView } from './processors/table-store.ts'
import { parts } from './stream-parts.ts'
import type { TableParts } from './table-parts.ts'

export type TableJoinType = 'inner' | 'left' | 'outer'

const METHODS: Readonly<Record<TableJoinType, string>> = { inner: 'join', left: 'leftJoin', outer: 'outerJoin' }
const MERGE = 'KTABLE-MERGE-'

/** Adds a join of two tables by their keys to the graph. */
export function tableJoin<K, V, VO, VR>(
  left: KTable<K, V>,
  right: KTable<K, VO>,
  type: TableJoinType,
  joiner: ValueJoiner<K, any, any, VR | null>,
  options: MaterializeOptions<K, VR>,
): KTable<K, VR> {
  const method = METHODS[type]
  checkCallback(method, joiner)
  checkOptions(method, options, MATERIALIZE)
  const leftParts = left[parts]
  const rightParts = tablePartsOf(method, leftParts, right)
  const { graph } = leftParts
  const storeName = options.store === true ? graph.names.store(MERGE) : queryName(options)
  const name = graph.names.nodeOr(options.name, MERGE)
  if (type !== 'inner') leftParts.enableSendingOldValues(true)
  if (type === 'outer') rightParts.enableSendingOldValues(true)
  const [leftView, rightView] = [leftParts.view(), rightParts.view()]
  const leftRequired = type !== 'outer'
  const rightRequired = type === 'inner'
  const join = joinedValue<K, V, VO, VR>(name, joiner, { leftRequired, rightRequired })
  const key = givenOr<K>(options.key, leftParts.key)
  const value = madeBy<VR>(name, method, options.value)
  const sources = new Set([...leftParts.sources, ...rightParts.sources])
  const node = new TableJoinNode(
    name,
    {
      left: {
        table: leftParts.node,
        name: graph.names.suffixedOr(options.name, '-join-this', 'KTABLE-JOINTHIS-'),
        otherStoreNames: rightView.storeNames,
        supplier: (demands) => () =>
          new TableJoinProcessor<K, V, VO, VR>({ other: rightView, otherRequired: rightRequired, join }, demands),
      },
      right: {
        table: rightParts.node,
        name: graph.names.suffixedOr(options.name, '-join-other', 'KTABLE-JOINOTHER-'),
        otherStoreNames: leftView.storeNames,
        supplier: (demands) => () =>
          new TableJoinProcessor<K, VO, V, VR>(
            { other: leftView, otherRequired: leftRequired, join: (own, other, k) => join(other, own, k) },
            demands,
          ),
      },
      storeName,
      store: () =>
        storeName === undefined ? undefined : tableStore(storeName, { key, value }, options, { node: name, method }),
      sources,
    },
    isVersionedStore(method, options),
  )
  graph.add(node, leftParts.node, rightParts.node)
  return new KTable(
    {
      graph,
      node,
      key,
      value,
      sources,
      rekeyed: false,
      view: () =>
        storeName === undefined ? joinedView(leftView, rightView, leftRequired, join) : storeView(storeName),
      enableSendingOldValues: () => {
        leftParts.enableSendingOldValues(true)
        rightParts.enableSendingOldValues(true)
        node.sendOldValues = true
        return true
      },
    },
    queryName(options),
  )
}

/** What is known of the other table of a join. */
export function tablePartsOf<K, V>(
  method: string,
  own: { readonly graph: TableParts<K, V>['graph'] },
  other: KTable<K, V>,
): TableParts<K, V> {
  if (!(other instanceof KTable)) throw new InvalidArgumentError(method, 'needs another KTable.')
  if (other[parts].graph === own.graph) return other[parts]
  throw new InvalidArgumentError(method, 'the other table belongs to another StreamsBuilder.')
}
