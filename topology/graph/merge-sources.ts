import { DuplicateSourceTopicError } from '../errors.ts'
import type { GraphNode } from './graph-node.ts'
import { StreamSourceNode } from './stream-source-node.ts'

/**
 * Makes one source of several that read the same topics: `stream('a')` called twice is one source with the children of both.
 *
 * @throws DuplicateSourceTopicError `STREAMS_DUPLICATE_SOURCE_TOPIC`: two sources share a topic, but not all their topics.
 * @throws ConflictingSourceError `STREAMS_CONFLICTING_SOURCE`: they read the same topics with different settings.
 */
export function mergeEqualSources(root: GraphNode): void {
  const sourceOf = new Map<string, StreamSourceNode>()
  for (const node of [...root.children]) {
    if (!(node instanceof StreamSourceNode)) continue
    // A slash is in no topic's name.
    const names = node.pattern === undefined ? node.topics.map(({ name }) => name) : [String(node.pattern)]
    const first = names.map((name) => sourceOf.get(name)).find((source) => source !== undefined)
    if (first === undefined) {
      for (const name of names) sourceOf.set(name, node)
      continue
    }
    rejectPartialOverlap(first, node)
    first.absorb(node)
    root.removeChild(node)
  }
}

function rejectPartialOverlap(first: StreamSourceNode, second: StreamSourceNode): void {
  const [a, b] = [first, second].map((source) => new Set(source.topics.map((topic) => topic.name)))
  const shared = [...a!].filter((topic) => b!.has(topic))
  if (shared.length === a!.size && shared.length === b!.size) return
  throw new DuplicateSourceTopicError(shared[0]!, first.name, second.name)
}
