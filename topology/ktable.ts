import { ProcessorGraphNode } from './graph/processor-graph-node.ts'
import { KStream } from './kstream.ts'
import type { NamedOptions } from './options.ts'
import { ToStreamProcessor } from './processors/to-stream.ts'
import { parts, type StreamParts } from './stream-parts.ts'

/**
 * A table that changes: for each key its latest value. Each record of its input is an update of one key, a null value a delete.
 *
 * @example
 * const clicksByPage: KTable<string, number> = clicks.groupByKey().count({ store: 'clicks-by-page' })
 */
export class KTable<K, V> {
  /** The store to query by, if one was named. */
  readonly storeName: string | undefined
  /** Not for users. */
  readonly [parts]: StreamParts<K, V>

  /** Made by the verbs that give a table. */
  constructor(tableParts: StreamParts<K, V>, storeName: string | undefined) {
    this[parts] = tableParts
    this.storeName = storeName
  }

  /**
   * The updates of the table as a stream: a record for each, with the new value, or null for a delete. Keys stay.
   *
   * With caching on, which is the default, updates of a key between two commits come out as one.
   *
   * @example
   * clicks.groupByKey().count().toStream().to('click-counts')
   */
  toStream(options: NamedOptions = {}): KStream<K, V> {
    const { graph, node, key, value, sources } = this[parts]
    const name = graph.names.nodeOr(options.name, 'KTABLE-TOSTREAM-')
    const toStream = new ProcessorGraphNode(name, () => new ToStreamProcessor())
    graph.add(toStream, node)
    return new KStream({ graph, node: toStream, key, value, sources, rekeyed: false })
  }
}
