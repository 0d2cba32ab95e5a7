// Flow: driver-engine → [driver-global-stores] → global-task
import type { StateStore } from '../../stores/store.ts'
import type { OpenTaskDatabase } from '../../stores/task-database.ts'
import type { PhysicalTopology } from '../../topology/physical.ts'
import type { MemoryCluster } from '../client/memory/index.ts'
import type { Logger } from '../core/log.ts'
import type { ResolvedConfig } from '../runtime/config.ts'
import { GlobalTask } from '../runtime/global-task.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { LogPartition } from './log-partition.ts'

export interface DriverGlobalStoresOptions {
  readonly topology: PhysicalTopology
  readonly cluster: MemoryCluster
  readonly config: ResolvedConfig
  readonly openDatabase: OpenTaskDatabase
  readonly stateDir: (name: string) => string
  readonly metrics: Metrics
  readonly logger: Logger
}

/** The global stores of a test driver: whatever has been written to their topics is put into them at once. */
export class DriverGlobalStores {
  readonly #options: DriverGlobalStoresOptions
  readonly #tasks = new Map<string, GlobalTask>()

  constructor(options: DriverGlobalStoresOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { topology, cluster, config, openDatabase, metrics, logger } = this.#options
    for (const global of topology.globalStores) {
      const { name } = global.store
      const stateDir = this.#options.stateDir(`global/${name}`)
      const database = await openDatabase({ directory: stateDir, memoryBytes: 0, readCacheBytes: 0 })
      const identity = { topicId: '', clusterId: cluster.clusterId }
      const onReady = () => {}
      const task = new GlobalTask({ global, config, database, stateDir, identity, metrics, logger, onReady })
      this.#tasks.set(name, task)
      const partitionCount = cluster.partitionCount(task.topic)
      await task.open(partitionCount)
      for (let partition = 0; partition < partitionCount; partition++)
        task.add(new LogPartition(cluster, task.topic, partition))
    }
  }

  /** For reading only; undefined: there is no global store of this name. */
  reader(name: string): StateStore | undefined {
    return this.#tasks.get(name)?.reader
  }

  /** Puts into the stores what their topics hold by now. */
  async settle(): Promise<void> {
    for (const task of this.#tasks.values()) await task.settle()
  }

  /** All of them, by name. */
  get stores(): ReadonlyMap<string, StateStore> {
    return new Map([...this.#tasks].map(([name, { store }]) => [name, store]))
  }

  async close(): Promise<void> {
    for (const task of this.#tasks.values()) await task.close()
  }
}
