// The demo's own use of the cluster, beside the topology: its topics, and what earlier runs have left in them.
import type { Client } from '../../lib/index.ts'
import type { DemoTopics } from './topology.ts'

export const PARTITIONS = 4

export async function createTopics(client: Client, topics: DemoTopics): Promise<void> {
  // Flights of 2001 are older than any ordinary retention: keep them.
  const configs = { 'retention.ms': '-1' }
  await client.admin.createTopics(
    [topics.flights, topics.delays].map((topic) => ({ topic, partitionCount: PARTITIONS, configs })),
  )
}

/** Flight `index` lies in this partition at this offset: each partition holds every fourth, in order. */
export function placeOf(index: number): { readonly partition: number; readonly offset: number } {
  return { partition: index % PARTITIONS, offset: Math.floor(index / PARTITIONS) }
}

/** The flight at this offset of this partition. */
export function indexOf(partition: number, offset: number): number {
  return offset * PARTITIONS + partition
}

/** What earlier runs have produced: by partition, how many flights. */
export async function producedBefore(client: Client, topics: DemoTopics): Promise<readonly number[]> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: topics.flights, partition }))
  const ends = await client.admin.offsets(partitions, 'latest', 'read_committed')
  return partitions.map(({ topic, partition }) => ends.get(`${topic}:${partition}`)!)
}

/** The fewest flights that make up partitions of these lengths; a run that was stopped may have left them uneven. */
export function flightsIn(lengths: readonly number[]): number {
  return Math.max(0, ...lengths.map((length, partition) => (length === 0 ? 0 : indexOf(partition, length - 1) + 1)))
}

/** Removes everything that a run has made on the cluster. */
export async function deleteTopics(client: Client, applicationId: string, topics: DemoTopics): Promise<void> {
  const internal = ['repartition', 'changelog'].map((kind) => `${applicationId}-delays-${kind}`)
  await client.admin.deleteTopics([topics.flights, topics.delays, ...internal])
}
