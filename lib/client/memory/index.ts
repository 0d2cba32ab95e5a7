import { MemoryCluster } from './memory-cluster.ts'
import type { MemoryClusterOptions } from './settings.ts'

export { errorResponse } from './error-response.ts'
export type { AnyResponse, Exchange, Fault, FaultHook, LossSign } from './faults.ts'
export { MemoryCluster, type MemoryTopicOptions, type PartitionView } from './memory-cluster.ts'
export type { MarkerWrite, MemoryClusterOptions } from './settings.ts'
export { shareCluster } from './shared-cluster.ts'
export { parentCluster } from './shared-wire.ts'

/**
 * A Kafka cluster in this process, empty at first: for demos, tests and simulations. Hand it to `KafkaStreams` as `client`, and to all instances
 * that shall see the same topics.
 *
 * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: an option is out of its bounds.
 * @example
 * const cluster = memoryCluster()
 * cluster.createTopic('flights', { partitions: 4 })
 * const streams = new KafkaStreams(topology, { applicationId: 'delays', client: cluster, stateDir: './state' })
 */
export function memoryCluster(options: MemoryClusterOptions = {}): MemoryCluster {
  return new MemoryCluster(options)
}
