// Flow: topic-plan → [internal-topics] → cluster
import { hasPatterns, matchPatterns } from '../../topology/pattern-topics.ts'
import type { PhysicalTopology } from '../../topology/physical.ts'
import { changelogTopic, loggedStores } from '../../topology/physical.ts'
import type { Admin, NewTopic, TopicDescription } from '../client/client.ts'
import type { ResolvedConfig } from './config.ts'
import { InternalTopicPartitionsError, MissingSinkTopicError, MissingSourceTopicError } from './errors.ts'
import { changelogConfigs, type InternalTopicSettings, repartitionConfigs } from './internal-topic-configs.ts'
import { externalSourceTopics, globalTopics, planTopics, type TopicPlan } from './topic-plan.ts'

export interface InternalTopicOptions {
  readonly topology: PhysicalTopology
  /** Of the instance. */
  readonly config: Pick<ResolvedConfig, 'applicationId' | 'replicationFactor'> & InternalTopicSettings
  /** Gets the internal topics that there are before any is made, and may throw. */
  readonly examine?: (found: ReadonlyMap<string, TopicDescription>) => void
}

/**
 * Plans the topology's topics against the cluster as it is now, creates the internal ones that are missing, and checks those that exist.
 *
 * Safe to call from all instances at once. Deleting nothing and changing nothing that exists.
 *
 * @throws MissingSourceTopicError `STREAMS_MISSING_SOURCE_TOPIC`, MissingSinkTopicError `STREAMS_MISSING_SINK_TOPIC`
 * @throws InternalTopicPartitionsError `STREAMS_INTERNAL_TOPIC_PARTITIONS`: an existing one has another count than its inputs ask for.
 * @throws NotCopartitionedError `STREAMS_NOT_COPARTITIONED`
 */
export async function prepareTopics(
  admin: Admin,
  { topology, config, examine }: InternalTopicOptions,
): Promise<TopicPlan> {
  const { applicationId, replicationFactor } = config
  if (hasPatterns(topology)) {
    const existing = [...(await admin.listTopics()).values()].filter(({ isInternal }) => !isInternal)
    matchPatterns(
      topology,
      existing.map(({ topic }) => topic),
      applicationId,
    )
  }
  await requireSinks(admin, topology)
  const plan = planTopics(topology, applicationId, await sourcePartitions(admin, topology))
  const wanted = new Map([
    ...[...plan.repartitionTopics].map(([topic, partitionCount]) =>
      newTopic(topic, partitionCount, repartitionConfigs(config)),
    ),
    ...topology.subtopologies.flatMap(loggedStores).map((store) => {
      const topic = changelogTopic(store.name, applicationId)
      return newTopic(topic, plan.changelogTopics.get(topic)!, changelogConfigs(store, config))
    }),
  ])
  const before = await admin.describeTopics([...wanted.keys()])
  examine?.(before)
  const missing = [...wanted.values()].filter(({ topic }) => !before.has(topic))
  await admin.createTopics(missing.map((topic) => (replicationFactor === -1 ? topic : { ...topic, replicationFactor })))
  // Another instance may have created them first, out of an older view of the sources.
  const created = missing.length === 0 ? before : await admin.describeTopics([...wanted.keys()])
  for (const { topic, partitionCount } of wanted.values())
    requirePartitions(created.get(topic), topic, partitionCount, plan)
  return plan
}

function newTopic(
  topic: string,
  partitionCount: number,
  configs: Readonly<Record<string, string>>,
): readonly [string, NewTopic] {
  return [topic, { topic, partitionCount, configs }]
}

async function sourcePartitions(admin: Admin, topology: PhysicalTopology): Promise<ReadonlyMap<string, number>> {
  const names = [...externalSourceTopics(topology), ...globalTopics(topology)]
  const found = await admin.describeTopics(names)
  const missing = names.filter((name) => !found.has(name))
  if (missing.length > 0) throw new MissingSourceTopicError(missing)
  return new Map([...found.values()].map(({ topic, partitionCount }) => [topic, partitionCount]))
}

async function requireSinks(admin: Admin, topology: PhysicalTopology): Promise<void> {
  const sinks = topology.subtopologies.flatMap(({ nodes }) => nodes.filter((node) => node.kind === 'sink'))
  const fixed = sinks.flatMap(({ name, topic }) =>
    typeof topic === 'function' || topic.internal ? [] : [{ name, topic: topic.name }],
  )
  const found = await admin.describeTopics([...new Set(fixed.map(({ topic }) => topic))])
  for (const { name, topic } of fixed) if (!found.has(topic)) throw new MissingSinkTopicError(topic, name)
}

function requirePartitions(
  found: TopicDescription | undefined,
  topic: string,
  expected: number,
  plan: TopicPlan,
): void {
  if (found === undefined || found.partitionCount === expected) return
  const sources = [...plan.sourcePartitions]
    .filter(([name]) => !plan.repartitionTopics.has(name))
    .map(([name, count]) => `source topic '${name}' has ${count}`)
  throw new InternalTopicPartitionsError(topic, expected, found.partitionCount, sources.join(', '))
}
