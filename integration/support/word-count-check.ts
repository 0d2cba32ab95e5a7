import type { TestCluster } from './cluster.ts'

/** What a word count wrote, per word, in the order of its partition. */
export async function writtenCounts(
  cluster: TestCluster,
  output: string,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const counts = new Map<string, number[]>()
  for (const { key, value } of await cluster.readCommitted(output)) {
    const word = key!.toString()
    const written = counts.get(word) ?? []
    written.push(Number(value!.readBigInt64BE(0)))
    counts.set(word, written)
  }
  return counts
}

/** The last count of each word. */
export function finalCounts(written: ReadonlyMap<string, readonly number[]>): ReadonlyMap<string, number> {
  return new Map([...written].map(([word, counts]) => [word, counts.at(-1)!]))
}

/** Words whose counts do not rise from each record to the next: a count that was seen and then taken back, or written twice. */
export function wordsNotRising(written: ReadonlyMap<string, readonly number[]>): readonly string[] {
  return [...written]
    .filter(([, counts]) => counts.some((count, i) => i > 0 && count <= counts[i - 1]!))
    .map(([word]) => word)
}
