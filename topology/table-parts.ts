import type { GraphNode } from './graph/graph-node.ts'
import { storeView } from './processors/table-store.ts'
import type { StreamParts } from './stream-parts.ts'
import type { TableView } from './table-view.ts'

/** What other verbs need to know of a table besides what they need of a stream. */
export interface TableParts<K, V> extends StreamParts<K, V> {
  /** How the table's values are read. Asking decides: a source table that was not kept in a store is kept from then on. */
  view(): TableView<K, V>
  /**
   * Asks that updates carry the value before them. Returns whether they will: always, if `force`; otherwise only where the table, or one upstream,
   * is kept in a store anyway.
   */
  enableSendingOldValues(force: boolean): boolean
}

/** What is known of a table whose node can be told to send old values. */
type NodeParts<K, V> = StreamParts<K, V> & { readonly node: GraphNode & { sendOldValues: boolean } }

/** A table whose node keeps it in a store of its own. */
export function keptTable<K, V>(
  streamParts: NodeParts<K, V>,
  storeName: string,
  view: () => TableView<K, V> = () => storeView(storeName),
): TableParts<K, V> {
  return {
    ...streamParts,
    view,
    enableSendingOldValues: () => {
      streamParts.node.sendOldValues = true
      return true
    },
  }
}

/** A table that is kept in a store if one was named, or from the time on that another verb asks for its values. */
export function tableKeptOnDemand<K, V>(
  streamParts: NodeParts<K, V>,
  storeName: string,
  keeper: { kept: boolean },
): TableParts<K, V> {
  return {
    ...streamParts,
    view: () => {
      keeper.kept = true
      return storeView(storeName)
    },
    enableSendingOldValues: (force) => {
      if (!force && !keeper.kept) return false
      keeper.kept = true
      streamParts.node.sendOldValues = true
      return true
    },
  }
}

/** A table that is kept if a store was named; otherwise its values are worked out of those of its parent. */
export function computedTable<K, V>(
  streamParts: NodeParts<K, V>,
  storeName: string | undefined,
  parent: Pick<TableParts<K, any>, 'enableSendingOldValues'>,
  computed: () => TableView<K, V>,
): TableParts<K, V> {
  const { node } = streamParts
  return {
    ...streamParts,
    view: () => (storeName === undefined ? computed() : storeView(storeName)),
    enableSendingOldValues: (force) => {
      if (storeName !== undefined || parent.enableSendingOldValues(force)) node.sendOldValues = true
      return node.sendOldValues
    },
  }
}
