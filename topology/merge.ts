import { checkOptions } from './check-options.ts'
import { InvalidArgumentError } from './errors.ts'
import { ProcessorGraphNode } from './graph/processor-graph-node.ts'
import { type KnownSerde, madeBy } from './known-serde.ts'
import { KStream } from './kstream.ts'
import { NAMED } from './option-names.ts'
import type { NamedOptions } from './options.ts'
import { MergeProcessor } from './processors/merge.ts'
import { parts, type StreamParts } from './stream-parts.ts'

/** Adds `merge()` to the graph. */
export function merge<K, V, V2>(
  stream: KStream<K, V>,
  other: KStream<K, V2>,
  options: NamedOptions,
): KStream<K, V | V2> {
  const [mine, theirs] = [stream[parts], streamPartsOf<K, V2>('merge', other)]
  checkOptions('merge', options, NAMED)
  if (theirs.graph !== mine.graph) {
    throw new InvalidArgumentError('merge', 'the other stream belongs to another StreamsBuilder.')
  }
  const { graph } = mine
  const name = graph.names.nodeOr(options.name, 'KSTREAM-MERGE-')
  const node = new ProcessorGraphNode(name, () => new MergeProcessor(), { merges: true })
  graph.add(node, mine.node, theirs.node)
  return new KStream<K, V | V2>({
    graph,
    node,
    key: common(name, mine.key, theirs.key),
    value: common<V | V2>(name, mine.value, theirs.value),
    sources: new Set([...mine.sources, ...theirs.sources]),
    rekeyed: mine.rekeyed || theirs.rekeyed,
  })
}

/** What is known of the other stream of a merge or a join. */
export function streamPartsOf<K, V>(method: string, stream: unknown): StreamParts<K, V> {
  if (stream instanceof KStream) return stream[parts]
  throw new InvalidArgumentError(method, 'needs another KStream.')
}

// Two serdes of one type may write other bytes: only one and the same can stand for both.
function common<T>(name: string, a: KnownSerde<any>, b: KnownSerde<any>): KnownSerde<T> {
  return a.serde === b.serde ? a : madeBy(name, 'merge', undefined)
}
