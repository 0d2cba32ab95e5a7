import { partitionKey, type TopicPartition } from '../core/record.ts'

/** The partitions of `from` that are not in `taken`. */
export function without(from: readonly TopicPartition[], taken: readonly TopicPartition[]): TopicPartition[] {
  const keys = new Set(taken.map(({ topic, partition }) => partitionKey(topic, partition)))
  return from.filter(({ topic, partition }) => !keys.has(partitionKey(topic, partition)))
}

/** The partitions of `from` that are in `other` too. */
export function within(from: readonly TopicPartition[], other: readonly TopicPartition[]): TopicPartition[] {
  const keys = new Set(other.map(({ topic, partition }) => partitionKey(topic, partition)))
  return from.filter(({ topic, partition }) => keys.has(partitionKey(topic, partition)))
}

/** Partitions for a message: `clicks-0, clicks-1 and 7 more`. */
export function partitionNames(partitions: readonly TopicPartition[]): string {
  const named = partitions.slice(0, 10).map(({ topic, partition }) => `${topic}-${partition}`)
  const rest = partitions.length - named.length
  return rest > 0 ? `${named.join(', ')} and ${rest} more` : named.join(', ')
}

/** A topic's partitions in a response. */
export interface AnsweredPartitions {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number }[]
}

/** What is wrong with a response that lacks partitions that were asked about: it says nothing of them, so it is as good as lost. */
export function unanswered(asked: readonly TopicPartition[], topics: readonly AnsweredPartitions[]): Error | undefined {
  const answered = new Set<string>()
  for (const { name, partitions } of topics) {
    for (const { partitionIndex } of partitions) answered.add(partitionKey(name, partitionIndex))
  }
  const missing = asked.filter(({ topic, partition }) => !answered.has(partitionKey(topic, partition)))
  return missing.length === 0 ? undefined : new Error(`the answer lacks ${partitionNames(missing)}`)
}

/** Items of partitions by topic, topics and items in the order given: the form of most requests. */
export function byTopic<P extends TopicPartition, T>(
  partitions: readonly P[],
  item: (partition: P) => T,
): { name: string; partitions: T[] }[] {
  const topics = new Map<string, T[]>()
  for (const each of partitions) {
    const items = topics.get(each.topic)
    if (items === undefined) topics.set(each.topic, [item(each)])
    else items.push(item(each))
  }
  return [...topics].map(([name, items]) => ({ name, partitions: items }))
}
