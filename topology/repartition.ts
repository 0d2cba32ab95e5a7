import { checkOptions } from './check-options.ts'
import { checkPartitionCount } from './checks.ts'
import { RepartitionNode, repartitionNames } from './graph/repartition-node.ts'
import { givenOr } from './known-serde.ts'
import { KStream } from './kstream.ts'
import { checkNodeName } from './names.ts'
import { REPARTITION } from './option-names.ts'
import type { RepartitionOptions } from './options.ts'
import { parts } from './stream-parts.ts'

/** Adds `repartition()` to the graph. */
export function repartition<K, V>(stream: KStream<K, V>, options: RepartitionOptions<K, V>): KStream<K, V> {
  checkOptions('repartition', options, REPARTITION)
  checkPartitionCount('repartition', options.partitionCount)
  const { graph, node } = stream[parts]
  if (options.name !== undefined) checkNodeName(options.name)
  const prefix = options.name ?? graph.names.node('KSTREAM-REPARTITION-')
  const key = givenOr<K>(options.key, stream[parts].key)
  const value = givenOr<V>(options.value, stream[parts].value)
  const topic = new RepartitionNode(repartitionNames(graph.names, prefix), {
    key,
    value,
    method: 'repartition',
    partitionCount: options.partitionCount,
    partitioner: options.partitioner,
    mergeable: false,
  })
  graph.add(topic, node)
  return new KStream({ graph, node: topic, key, value, sources: new Set([topic]), rekeyed: false })
}
