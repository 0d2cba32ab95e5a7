/** Requests name each topic once, with its partitions below it. Topics keep the order in which they first appear. */
export function byTopic<P extends { readonly topic: string }, T>(
  partitions: readonly P[],
  entry: (partition: P) => T,
): { readonly name: string; readonly partitions: readonly T[] }[] {
  const topics = new Map<string, T[]>()
  for (const partition of partitions) {
    const entries = topics.get(partition.topic)
    if (entries === undefined) topics.set(partition.topic, [entry(partition)])
    else entries.push(entry(partition))
  }
  return [...topics].map(([name, entries]) => ({ name, partitions: entries }))
}
