import type { StateStore, StoreBuilder } from '../../stores/store.ts'
import type { SourceNode, TimestampExtractor } from '../../topology/physical.ts'
import type { Topology } from '../../topology/topology.ts'

/**
 * The topology, with each store that is made put into `seen` by its name, to be read when the case has ended, and in `globalReads`, by topic, up to where global stores have
 * read.
 */
export function withStoresSeen(
  topology: Topology,
  seen: Map<string, StateStore>,
  globalReads: Map<string, number>,
): Topology {
  const physical = topology.physical()
  const observed = (builder: StoreBuilder): StoreBuilder => ({
    ...builder,
    build: (context) => {
      const store = builder.build(context)
      seen.set(builder.name, store)
      return store
    },
  })
  topology.physical = () => ({
    ...physical,
    subtopologies: physical.subtopologies.map((subtopology) => ({
      ...subtopology,
      stores: subtopology.stores.map(observed),
    })),
    globalStores: physical.globalStores.map((global) => ({
      ...global,
      store: observed(global.store),
      source: counted(global.source, globalReads),
    })),
  })
  return topology
}

/** A source whose records are counted as they are read, which is right before they are processed. */
function counted(source: SourceNode, reads: Map<string, number>): SourceNode {
  const timestampExtractor: TimestampExtractor = (record, ...times) => {
    reads.set(record.topic, record.offset + 1)
    return source.timestampExtractor?.(record, ...times) ?? record.timestamp
  }
  return { ...source, timestampExtractor }
}
