import type { KeySelector, ValueJoiner } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { InvalidArgumentError } from './errors.ts'
import type { GlobalKTable } from './global-ktable.ts'
import { ProcessorGraphNode } from './graph/processor-graph-node.ts'
import { madeBy } from './known-serde.ts'
import { KStream } from './kstream.ts'
import { VALUE } from './option-names.ts'
import type { ValueOptions } from './options.ts'
import { StreamTableJoinProcessor } from './processors/stream-table-join.ts'
import { parts } from './stream-parts.ts'

/** Adds a join of a stream with a global table to the graph. Records stay where they are: every instance has the whole table. */
export function streamGlobalJoin<K, V, KG, VG, VR>(
  stream: KStream<K, V>,
  table: GlobalKTable<KG, VG>,
  type: 'inner' | 'left',
  keyOf: KeySelector<K, V, KG | null>,
  joiner: ValueJoiner<K, V, any, VR>,
  options: ValueOptions<VR>,
): KStream<K, VR> {
  const method = type === 'left' ? 'leftJoin' : 'join'
  checkCallback(method, keyOf)
  checkCallback(method, joiner)
  checkOptions(method, options, VALUE)
  const { graph, node: parent } = stream[parts]
  if (table[parts].graph !== graph) {
    throw new InvalidArgumentError(method, 'the global table belongs to another StreamsBuilder.')
  }
  // As in Java both kinds are named after the left join.
  const name = graph.names.nodeOr(options.name, 'KSTREAM-LEFTJOIN-')
  const join = { node: name, view: table[parts].view, keyOf, joiner, left: type === 'left' }
  const node = new ProcessorGraphNode(name, () => new StreamTableJoinProcessor(join), {
    takesNullKeys: type === 'left',
  })
  graph.add(node, parent)
  return new KStream({ ...stream[parts], node, value: madeBy<VR>(name, method, options.value) })
}
