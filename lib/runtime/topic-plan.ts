// Flow: topology + cluster → [topic-plan] → tasks, internal topics
import type { PhysicalTopology, RepartitionTopic, SinkNode, Subtopology } from '../../topology/physical.ts'
import { changelogTopic, loggedStores, topicName } from '../../topology/physical.ts'
import { NotCopartitionedError } from './errors.ts'
import { compareTasks, type TaskId } from './task-id.ts'

/** How many partitions every topic of a topology has or needs, and the tasks that follow from it. */
export interface TopicPlan {
  /** Every topic that a source reads, internal ones included, by its name on the cluster. */
  readonly sourcePartitions: ReadonlyMap<string, number>
  readonly repartitionTopics: ReadonlyMap<string, number>
  readonly changelogTopics: ReadonlyMap<string, number>
  /** Source topics that serve as changelogs. */
  readonly sourceChangelogs: readonly string[]
  /** The topics of global stores. */
  readonly globalPartitions: ReadonlyMap<string, number>
  /** By sub-topology, then partition. */
  readonly tasks: readonly TaskId[]
}

/** The topics that must be there before the application starts, by their names on the cluster. */
export function externalSourceTopics(topology: PhysicalTopology): readonly string[] {
  const topics = topology.subtopologies.flatMap(({ sourceTopics }) => sourceTopics.filter(({ internal }) => !internal))
  return [...new Set(topics.map(({ name }) => name))]
}

/** The topics that global stores are filled from. */
export function globalTopics({ globalStores }: PhysicalTopology): readonly string[] {
  return globalStores.flatMap(({ source }) => source.topics.map(({ name }) => name))
}

/**
 * Works out partition counts. A repartition topic without a count of its own gets that of the topics that it must be co-partitioned with, if theirs are given; else the
 * highest of the topics that feed it. Topics that must be co-partitioned then get equal counts.
 *
 * @param external - Partition counts of `externalSourceTopics` and `globalTopics`.
 * @throws NotCopartitionedError `STREAMS_NOT_COPARTITIONED`: given counts differ where they must not.
 */
export function planTopics(
  topology: PhysicalTopology,
  applicationId: string,
  external: ReadonlyMap<string, number>,
): TopicPlan {
  const counts = new Map(externalSourceTopics(topology).map((topic) => [topic, external.get(topic)!]))
  const clusterName = (name: string) => topicName({ name, internal: true }, applicationId)
  const open = new Map<string, RepartitionTopic>()
  for (const topic of topology.repartitionTopics) {
    if (topic.partitionCount === undefined) open.set(clusterName(topic.name), topic)
    else counts.set(clusterName(topic.name), topic.partitionCount)
  }
  // The topics of foreign-key joins feed each other: they are settled by those beside them, which are given first of all, or were fed.
  for (let looks = 0; looks < 2; looks++) {
    for (const [name, count] of copartitionedWith(topology, applicationId, counts)) {
      counts.set(name, count)
      open.delete(name)
    }
    settle(open, counts, (name) => highestFeeding(topology, applicationId, name, counts))
  }
  // What is left are loops of topics that feed only each other.
  for (const name of open.keys()) counts.set(name, 1)
  alignCopartitioned(topology, applicationId, counts)
  return {
    sourcePartitions: counts,
    repartitionTopics: new Map(
      topology.repartitionTopics.map(({ name }) => [clusterName(name), counts.get(clusterName(name))!]),
    ),
    changelogTopics: new Map(
      topology.subtopologies.flatMap((subtopology) =>
        loggedStores(subtopology).map(({ name }) => [
          changelogTopic(name, applicationId),
          taskCount(subtopology, applicationId, counts),
        ]),
      ),
    ),
    sourceChangelogs: topology.subtopologies.flatMap(({ sourceChangelogs }) =>
      [...sourceChangelogs.values()].map((topic) => topicName(topic, applicationId)),
    ),
    globalPartitions: new Map(globalTopics(topology).map((topic) => [topic, external.get(topic)!])),
    tasks: topology.subtopologies
      .flatMap((subtopology) =>
        Array.from({ length: taskCount(subtopology, applicationId, counts) }, (_, partition) => ({
          subtopology: subtopology.id,
          partition,
        })),
      )
      .sort(compareTasks),
  }
}

// Each pass settles at least the topics fed by settled ones.
function settle(
  open: Map<string, unknown>,
  counts: Map<string, number>,
  countOf: (name: string) => number | undefined,
): void {
  for (let settled = -1; settled !== 0; ) {
    settled = 0
    for (const name of open.keys()) {
      const count = countOf(name)
      if (count === undefined) continue
      counts.set(name, count)
      open.delete(name)
      settled++
    }
  }
}

/** The counts of open topics that stand beside given ones. */
function copartitionedWith(
  topology: PhysicalTopology,
  applicationId: string,
  given: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const group of topology.subtopologies.flatMap(({ copartitionGroups }) => copartitionGroups)) {
    const names = group.map((topic) => topicName(topic, applicationId))
    const counts = names.map((name) => given.get(name)).filter((count) => count !== undefined)
    if (counts.length > 0) for (const name of names) if (!given.has(name)) found.set(name, Math.max(...counts))
  }
  return found
}

function highestFeeding(
  topology: PhysicalTopology,
  applicationId: string,
  repartitionTopic: string,
  counts: ReadonlyMap<string, number>,
): number | undefined {
  const writes = (node: SinkNode) =>
    typeof node.topic !== 'function' && topicName(node.topic, applicationId) === repartitionTopic
  const feeding = topology.subtopologies.filter(({ nodes }) =>
    nodes.some((node) => node.kind === 'sink' && writes(node)),
  )
  const known = feeding.map(({ sourceTopics }) =>
    sourceTopics.map((topic) => counts.get(topicName(topic, applicationId))),
  )
  const settled = known.flat().filter((count) => count !== undefined)
  // All feeding topics have to be known, or a larger one may still come.
  return settled.length > 0 && settled.length === known.flat().length ? Math.max(...settled) : undefined
}

function alignCopartitioned(topology: PhysicalTopology, applicationId: string, counts: Map<string, number>): void {
  const flexible = new Set(
    topology.repartitionTopics
      .filter(({ partitionCount }) => partitionCount === undefined)
      .map(({ name }) => `${applicationId}-${name}`),
  )
  for (const group of topology.subtopologies.flatMap(({ copartitionGroups }) => copartitionGroups)) {
    const names = group.map((topic) => topicName(topic, applicationId))
    const fixed = names.filter((name) => !flexible.has(name))
    const target = Math.max(...(fixed.length > 0 ? fixed : names).map((name) => counts.get(name)!))
    for (const name of names) if (flexible.has(name)) counts.set(name, target)
    if (new Set(names.map((name) => counts.get(name))).size > 1) {
      throw new NotCopartitionedError(new Map(names.map((name) => [name, counts.get(name)!])))
    }
  }
}

function taskCount(subtopology: Subtopology, applicationId: string, counts: ReadonlyMap<string, number>): number {
  return Math.max(0, ...subtopology.sourceTopics.map((topic) => counts.get(topicName(topic, applicationId))!))
}
