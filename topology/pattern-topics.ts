import { DuplicateSourceTopicError } from './errors.ts'
import type { PhysicalTopology, SourceNode, TopicRef } from './physical.ts'

/** Whether a source of the topology reads the topics whose names match a pattern. */
export function hasPatterns({ subtopologies }: PhysicalTopology): boolean {
  return subtopologies.some(({ nodes }) => nodes.some((node) => node.kind === 'source' && node.pattern !== undefined))
}

/**
 * Gives each source with a pattern those of the topics whose whole name matches it. Topics that it has stay; the lists of the topology are added to in
 * place, so that everybody who holds them sees the new ones.
 *
 * @param topics - Names of topics that exist; Kafka's own should not be among them. Those of the application itself match no pattern.
 * @throws DuplicateSourceTopicError `STREAMS_DUPLICATE_SOURCE_TOPIC`: two sources would read one topic.
 */
export function matchPatterns(
  { subtopologies }: PhysicalTopology,
  topics: Iterable<string>,
  applicationId: string,
): void {
  const sources = subtopologies.flatMap(({ nodes, sourceTopics }) =>
    nodes.flatMap((node) => (node.kind === 'source' ? [{ node, sourceTopics }] : [])),
  )
  const readers = new Map<string, SourceNode>()
  for (const { node } of sources) {
    for (const { name, internal } of node.topics) if (!internal) readers.set(name, node)
  }
  for (const { node, sourceTopics } of sources) {
    if (node.pattern === undefined) continue
    const whole = new RegExp(`^(?:${node.pattern.source})$`, node.pattern.flags.replaceAll(/[gy]/g, ''))
    for (const name of [...topics].sort()) {
      if (!whole.test(name) || name.startsWith(`${applicationId}-`)) continue
      const reader = readers.get(name)
      if (reader === node) continue
      if (reader !== undefined) throw new DuplicateSourceTopicError(name, reader.name, node.name)
      readers.set(name, node)
      for (const list of [node.topics, sourceTopics]) (list as TopicRef[]).push({ name, internal: false })
    }
  }
}
