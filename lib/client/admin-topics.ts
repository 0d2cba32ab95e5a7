// Flow: admin → [admin-topics] → Wire.
import type { AdminParts } from './admin.ts'
import { requirePartitionCount, requireReplicationFactor } from './admin-arguments.ts'
import { adminRefused } from './admin-errors.ts'
import { incomplete } from './admin-requests.ts'
import { onCluster, onTopic } from './authorization.ts'
import type { NewTopic } from './client.ts'
import { UnknownTopicError } from './errors.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { Retry, retrying } from './retry.ts'

const BROKERS_DEFAULT = -1

/** See Admin.createTopics. */
export async function createTopics(parts: AdminParts, topics: readonly NewTopic[]): Promise<void> {
  for (const { partitionCount, replicationFactor } of topics) {
    requirePartitionCount('createTopics', partitionCount)
    if (replicationFactor !== undefined) requireReplicationFactor('createTopics', replicationFactor)
  }
  if (topics.length === 0) return
  const { wire, metadata, context } = parts
  const names = topics.map(({ topic }) => topic)
  const missing = new Map(topics.map((each) => [each.topic, each]))
  await retrying(context, `Creating ${quoted(names)}`, async ({ remainingMs, timeoutMs }) => {
    const request = {
      topics: [...missing.values()].map(({ topic, partitionCount, replicationFactor, configs }) => ({
        name: topic,
        numPartitions: partitionCount,
        replicationFactor: replicationFactor ?? BROKERS_DEFAULT,
        assignments: [],
        configs: Object.entries(configs ?? {}).map(([name, value]) => ({ name, value })),
      })),
      timeoutMs,
      validateOnly: false,
    }
    const response = await wire.send(await metadata.controller(remainingMs), 'createTopics', request, { timeoutMs })
    let retry: Retry | undefined
    for (const { name, errorCode, errorMessage } of response.topics) {
      if (errorCode === errorCodes.NONE || errorCode === errorCodes.TOPIC_ALREADY_EXISTS) missing.delete(name)
      else if (isRetriable(errorCode)) retry = new Retry(new Error(`topic '${name}': ${errorName(errorCode)}`))
      else
        throw adminRefused(`Creating topic '${name}'`, errorCode, errorMessage, [
          onTopic(name, 'CREATE'),
          onCluster('CREATE'),
        ])
    }
    return retry ?? (missing.size === 0 ? undefined : incomplete())
  })
  await Promise.all(names.map((topic) => awaitLeaders(parts, topic)))
}

/** See Admin.deleteTopics. Returns when the cluster's metadata no longer shows them. A topic that does not exist is no error. */
export async function deleteTopics({ wire, metadata, context }: AdminParts, topics: readonly string[]): Promise<void> {
  if (topics.length === 0) return
  const before = await metadata.describe(topics)
  const remaining = new Set(before.keys())
  if (remaining.size === 0) return
  await retrying(context, `Deleting ${quoted(topics)}`, async ({ remainingMs, timeoutMs }) => {
    const request = { topicNames: [...remaining], timeoutMs }
    const response = await wire.send(await metadata.controller(remainingMs), 'deleteTopics', request, { timeoutMs })
    let retry: Retry | undefined
    for (const { name, errorCode } of response.responses) {
      if (errorCode === errorCodes.NONE || errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) remaining.delete(name)
      else if (isRetriable(errorCode)) retry = new Retry(new Error(`topic '${name}': ${errorName(errorCode)}`))
      else throw adminRefused(`Deleting topic '${name}'`, errorCode, null, [onTopic(name, 'DELETE')])
    }
    return retry ?? (remaining.size === 0 ? undefined : incomplete())
  })
  await retrying(context, `Waiting until ${quoted(topics)} are gone`, async () => {
    const now = await metadata.describe([...before.keys()])
    // Another id is another topic, made since.
    const still = [...now.values()].find(({ topic, topicId }) => before.get(topic)?.topicId === topicId)
    return still === undefined ? undefined : new Retry(new Error(`topic '${still.topic}' still exists`))
  })
}

/** See Admin.createPartitions. Having that many partitions already is no error. */
export async function createPartitions(parts: AdminParts, topic: string, partitionCount: number): Promise<void> {
  requirePartitionCount('createPartitions', partitionCount)
  const { wire, metadata, context } = parts
  const what = `Raising the partitions of topic '${topic}' to ${partitionCount}`
  await retrying(context, what, async ({ remainingMs, timeoutMs }) => {
    const change = { name: topic, count: partitionCount, assignments: null }
    const request = { topics: [change], timeoutMs, validateOnly: false }
    const response = await wire.send(await metadata.controller(remainingMs), 'createPartitions', request, { timeoutMs })
    const result = response.results.find(({ name }) => name === topic)
    if (result === undefined) return incomplete()
    const { errorCode, errorMessage } = result
    if (errorCode === errorCodes.NONE) return undefined
    if (errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) throw new UnknownTopicError(topic, metadata.brokers)
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    // Also what a request meets whose first answer was lost.
    if (errorCode === errorCodes.INVALID_PARTITIONS) {
      const now = (await metadata.describe([topic])).get(topic)
      if (now?.partitionCount === partitionCount) return undefined
    }
    throw adminRefused(what, errorCode, errorMessage, [onTopic(topic, 'ALTER')])
  })
  await retrying(context, `${what}: waiting until the brokers know`, async () => {
    const now = (await metadata.describe([topic])).get(topic)?.partitionCount ?? 0
    return now >= partitionCount ? undefined : new Retry(new Error(`${now} are known`))
  })
  await awaitLeaders(parts, topic)
}

async function awaitLeaders({ metadata }: AdminParts, topic: string): Promise<void> {
  metadata.invalidate(topic)
  const count = await metadata.partitionCount(topic)
  await Promise.all(Array.from({ length: count }, (_, partition) => metadata.leader(topic, partition)))
}

function quoted(topics: readonly string[]): string {
  const named = topics.slice(0, 3).map((topic) => `'${topic}'`)
  const more = topics.length > named.length ? ` and ${topics.length - named.length} more` : ''
  return `${topics.length === 1 ? 'topic' : 'topics'} ${named.join(', ')}${more}`
}
