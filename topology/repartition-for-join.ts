import { RepartitionNode, repartitionNames } from './graph/repartition-node.ts'
import { givenOr } from './known-serde.ts'
import { checkNodeName } from './names.ts'
import type { SerdeFor } from './options.ts'
import type { StreamParts } from './stream-parts.ts'

/** One side of a join, as far as its repartition topic goes. */
export interface JoinSide<K, V> {
  /** Given by the user, with the suffix of the side: names the topic. Undefined: the stream's node does. */
  readonly name: string | undefined
  readonly key: SerdeFor<K> | undefined
  readonly value: SerdeFor<V> | undefined
  /** The verb that joins, and its option for the serde of this side's values, by default `left`: for errors. */
  readonly method: string
  readonly valueOption?: 'left' | 'right'
}

// As in Java a stream has one repartition topic for all its unnamed joins.
const repartitions = new WeakMap<StreamParts<any, any>, RepartitionNode>()

/** The stream with all records of a key in one task, and with the serdes given: behind a repartition topic if keys may have changed. */
export function repartitionForJoin<K, V>(stream: StreamParts<K, V>, side: JoinSide<K, V>): StreamParts<K, V> {
  const key = givenOr<K>(side.key, stream.key)
  const value = givenOr<V>(side.value, stream.value)
  if (!stream.rekeyed) return { ...stream, key, value }
  const { graph } = stream
  const prefix = side.name ?? stream.node.name
  checkNodeName(prefix)
  // Uses up numbers also where the node exists already.
  const names = repartitionNames(graph.names, prefix)
  let node = repartitions.get(stream)
  if (node === undefined || prefix !== stream.node.name) {
    const { method, valueOption = 'left' } = side
    const settings = {
      key,
      value,
      method,
      valueOption,
      partitionCount: undefined,
      partitioner: undefined,
      mergeable: true,
    }
    node = new RepartitionNode(names, settings)
    repartitions.set(stream, node)
    graph.add(node, stream.node)
  }
  return { graph, node, key, value, sources: new Set([node]), rekeyed: false }
}
