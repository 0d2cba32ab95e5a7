// Flow: topology → [start-serdes] → serdes
import { changelogTopic, type PhysicalTopology, topicName } from '../../topology/physical.ts'
import type { Serde } from '../serde/serde.ts'

/** Tells every serde, before the first record, which topics it will write: those of sinks, and the changelogs of stores. Each once, with all of them. */
export async function startSerdes(topology: PhysicalTopology, applicationId: string): Promise<void> {
  const topicsOf = new Map<Serde<any>, Set<string>>()
  const add = (serde: Serde<any>, topic: string) => {
    const topics = topicsOf.get(serde) ?? new Set()
    topicsOf.set(serde, topics.add(topic))
  }
  for (const { nodes, stores, sourceChangelogs } of topology.subtopologies) {
    for (const node of nodes) {
      if (node.kind !== 'sink' || typeof node.topic === 'function') continue
      for (const serde of [node.keySerde, node.valueSerde]) add(serde, topicName(node.topic, applicationId))
    }
    for (const { name, serdes = [] } of stores) {
      const source = sourceChangelogs.get(name)
      const topic = source === undefined ? changelogTopic(name, applicationId) : topicName(source, applicationId)
      for (const serde of serdes) add(serde, topic)
    }
  }
  for (const { store, source } of topology.globalStores) {
    for (const serde of store.serdes ?? [])
      for (const topic of source.topics) add(serde, topicName(topic, applicationId))
  }
  for (const [serde, topics] of topicsOf) await serde.start?.([...topics])
}
