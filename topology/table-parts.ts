import type { TableNode } from './graph/table-node.ts'
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

/** A table whose node keeps it in a store of its own. */
export function keptTable<K, V>(
  streamParts: StreamParts<K, V> & { readonly node: TableNode },
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
