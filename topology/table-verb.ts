import { checkOptions } from './check-options.ts'
import { TableNode } from './graph/table-node.ts'
import { givenOr, type KnownSerde } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { isVersionedStore, queryName, tableStore } from './materialize.ts'
import { MATERIALIZE } from './option-names.ts'
import type { MaterializeOptions } from './options.ts'
import { computedView, type TableFunction, TableVerbProcessor } from './processors/table-verb.ts'
import { parts } from './stream-parts.ts'
import { computedTable } from './table-parts.ts'

/** A verb that makes of each value of a table one value, or none. */
export interface TableVerb<K, V, VR> {
  readonly method: string
  /** Of generated names. */
  readonly prefix: string
  readonly options: MaterializeOptions<K, VR>
  readonly compute: (name: string) => TableFunction<K, V, VR>
  readonly value: (name: string) => KnownSerde<VR>
  /** See TableVerbOptions. */
  readonly dropEmpty: boolean
  /** Whether old values come in already. */
  readonly sendOldValues?: boolean
}

/** Adds the verb to the graph. Its table is kept only if a store was named; otherwise its values are worked out when they are read. */
export function tableVerb<K, V, VR>(table: KTable<K, V>, verb: TableVerb<K, V, VR>): KTable<K, VR> {
  const { method, prefix, options, dropEmpty } = verb
  checkOptions(method, options, MATERIALIZE)
  const { graph, node: parent, key: parentKey, sources, view } = table[parts]
  const storeName = queryName(options)
  // As in Java: settings for a store without a name make no store, and take a number.
  if (storeName === undefined && options.store === true) graph.names.store(prefix)
  const name = graph.names.nodeOr(options.name, prefix)
  const key = givenOr<K>(options.key, parentKey)
  const value = verb.value(name)
  const compute = verb.compute(name)
  const node = new TableNode(
    name,
    {
      store: () =>
        storeName === undefined ? undefined : tableStore(storeName, { key, value }, options, { node: name, method }),
      supplier: ({ sendOldValues, versionedInput }) => {
        const settings = { storeName, sendOldValues, dropEmpty: dropEmpty && !versionedInput }
        return () => new TableVerbProcessor(compute, settings)
      },
    },
    isVersionedStore(method, options) || (storeName === undefined ? undefined : false),
  )
  node.sendOldValues = verb.sendOldValues ?? false
  graph.add(node, parent)
  const streamParts = { graph, node, key, value, sources, rekeyed: false }
  const made = computedTable(streamParts, storeName, table[parts], () => computedView(view(), compute))
  return new KTable(made, storeName)
}
