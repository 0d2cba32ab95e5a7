// 'millrace/testing': what tests of applications need; not for production.
export { type MemoryCluster, type MemoryClusterOptions, memoryCluster } from '../client/memory/index.ts'
export { VirtualClock } from '../core/clock.ts'
