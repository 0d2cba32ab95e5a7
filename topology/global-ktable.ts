import type { LogicalGraph } from './graph/logical-graph.ts'
import { parts } from './stream-parts.ts'
import type { TableView } from './table-view.ts'

/** What the joins with a global table need of it. */
export interface GlobalTableParts<K, V> {
  readonly graph: LogicalGraph
  readonly view: TableView<K, V>
}

/**
 * A table of which every instance holds the whole: all partitions of its topic. Made by `StreamsBuilder.globalTable`, for joins by any key.
 *
 * @example
 * const airports = builder.globalTable('airports', { key: serdes.string(), value: serdes.json<Airport>() })
 * flights.join(airports, (flight) => flight.destination, (flight, airport) => ({ ...flight, city: airport.city }))
 */
export class GlobalKTable<K, V> {
  /** The store to query by, if one was named. */
  readonly storeName: string | undefined
  /** Not for users. */
  readonly [parts]: GlobalTableParts<K, V>

  /** Made by `StreamsBuilder.globalTable`. */
  constructor(tableParts: GlobalTableParts<K, V>, storeName: string | undefined) {
    this[parts] = tableParts
    this.storeName = storeName
  }
}
