import type { StateStore, StoreBuilder } from '../../stores/store.ts'
import type { Topology } from '../../topology/topology.ts'

/** The topology, with each store that a task makes put into `seen` by its name: to be read when the case has ended. */
export function withStoresSeen(topology: Topology, seen: Map<string, StateStore>): Topology {
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
    globalStores: physical.globalStores.map((global) => ({ ...global, store: observed(global.store) })),
  })
  return topology
}
