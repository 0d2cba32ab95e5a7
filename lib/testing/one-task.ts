import type { PhysicalTopology } from '../../topology/physical.ts'

/** The topology with all its sub-topologies in one, and one partition a repartition topic: one task, as in Java's driver. */
export function asOneTask({ subtopologies, repartitionTopics, ...rest }: PhysicalTopology): PhysicalTopology {
  const one = {
    id: 0,
    nodes: subtopologies.flatMap(({ nodes }) => nodes),
    stores: subtopologies.flatMap(({ stores }) => stores),
    sourceChangelogs: new Map(subtopologies.flatMap(({ sourceChangelogs }) => [...sourceChangelogs])),
    sourceTopics: subtopologies.flatMap(({ sourceTopics }) => sourceTopics),
    copartitionGroups: subtopologies.flatMap(({ copartitionGroups }) => copartitionGroups),
  }
  return {
    ...rest,
    subtopologies: subtopologies.length === 0 ? [] : [one],
    repartitionTopics: repartitionTopics.map(({ name }) => ({ name, partitionCount: undefined })),
  }
}
