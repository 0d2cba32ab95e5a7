import type { PhysicalTopology } from '../../topology/physical.ts'

/** The topology with all its sub-topologies in one, and so in one task: as in Java's driver. */
export function asOneTask({ subtopologies, repartitionTopics }: PhysicalTopology): PhysicalTopology {
  const one = {
    id: 0,
    nodes: subtopologies.flatMap(({ nodes }) => nodes),
    stores: subtopologies.flatMap(({ stores }) => stores),
    sourceTopics: subtopologies.flatMap(({ sourceTopics }) => sourceTopics),
    copartitionGroups: subtopologies.flatMap(({ copartitionGroups }) => copartitionGroups),
  }
  return { subtopologies: [one], repartitionTopics }
}
