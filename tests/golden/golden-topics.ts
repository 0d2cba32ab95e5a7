import type { TopicPartition } from '../../lib/core/record.ts'
import { externalSourceTopics, globalTopics, planTopics } from '../../lib/runtime/topic-plan.ts'
import type { PhysicalTopology } from '../../topology/physical.ts'
import type { GoldenCase } from './golden-case.ts'

/** The topics of a case by their names on the cluster. */
export interface GoldenTopics {
  /** To be created before the start, with one partition each. */
  readonly external: readonly string[]
  /** Those that the topology reads, internal ones included. */
  readonly sources: ReadonlySet<string>
  /** Those of global stores. */
  readonly globals: ReadonlySet<string>
  /** Every partition that the topology reads or writes. */
  readonly partitions: readonly TopicPartition[]
}

export function topicsOf({ applicationId, outputs }: GoldenCase, topology: PhysicalTopology): GoldenTopics {
  const inputs = [...externalSourceTopics(topology), ...globalTopics(topology)]
  const plan = planTopics(topology, applicationId, new Map(inputs.map((topic) => [topic, 1])))
  const internal = new Map([...plan.repartitionTopics, ...plan.changelogTopics])
  const sinks = topology.subtopologies.flatMap(({ nodes }) =>
    nodes.flatMap((node) =>
      node.kind === 'sink' && typeof node.topic !== 'function' && !node.topic.internal ? [node.topic.name] : [],
    ),
  )
  // Topics that sinks choose by record are known only from what was recorded.
  const chosen = Object.keys(outputs).filter((topic) => !topic.startsWith(`${applicationId}-`))
  const external = [...new Set([...inputs, ...sinks, ...chosen])]
  const counts = [...external.map((topic) => [topic, 1] as const), ...internal]
  return {
    external,
    sources: new Set(plan.sourcePartitions.keys()),
    globals: new Set(plan.globalPartitions.keys()),
    partitions: counts.flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition })),
    ),
  }
}
