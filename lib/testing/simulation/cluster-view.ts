import type { MemoryCluster } from '../../client/memory/index.ts'
import type { Wire } from '../../client/wire.ts'
import { type Clock, sleep } from '../../core/clock.ts'
import { partitionKey } from '../../core/record.ts'

const RETRY_MS = 10

/** The cluster as somebody sees it who is troubled by nothing. */
export class ClusterView {
  readonly #cluster: MemoryCluster
  readonly #clock: Clock
  readonly #wire: Wire
  readonly #groupId: string

  constructor(cluster: MemoryCluster, clock: Clock, groupId: string) {
    this.#cluster = cluster
    this.#clock = clock
    this.#groupId = groupId
    this.#wire = cluster.open('admin', 'checker')
  }

  /** Whether no transaction is open that has written to these topics. */
  isStable(topics: readonly string[]): boolean {
    return this.#partitions(topics).every(({ topic, partition }) => {
      const { lastStableOffset, logEndOffset } = this.#cluster.partition(topic, partition)
      return lastStableOffset === logEndOffset
    })
  }

  /** The partitions of these topics that the group has not read to the end, with both offsets. */
  async unread(topics: readonly string[]): Promise<readonly string[]> {
    const committed = await this.committed(topics)
    return this.#partitions(topics).flatMap(({ topic, partition }) => {
      const { logEndOffset } = this.#cluster.partition(topic, partition)
      const offset = committed.get(partitionKey(topic, partition)) ?? 0
      return offset === logEndOffset ? [] : [`${topic}-${partition} at ${offset} of ${logEndOffset}`]
    })
  }

  /** The group's offsets, by partition. */
  async committed(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    for (;;) {
      const { nodeId } = await this.#wire.send('any', 'findCoordinator', { key: this.#groupId, keyType: 0 })
      const response = await this.#wire.send(nodeId, 'offsetFetch', {
        groupId: this.#groupId,
        topics: topics.map((name) => ({
          name,
          partitionIndexes: this.#partitions([name]).map((one) => one.partition),
        })),
        requireStable: false,
      })
      if (response.errorCode === 0) {
        return new Map(
          response.topics.flatMap(({ name, partitions }) =>
            partitions
              .filter(({ committedOffset }) => committedOffset >= 0)
              .map((one) => [partitionKey(name, one.partitionIndex), one.committedOffset] as const),
          ),
        )
      }
      await sleep(this.#clock, RETRY_MS)
    }
  }

  async close(): Promise<void> {
    await this.#wire.close()
  }

  #partitions(topics: readonly string[]): readonly { readonly topic: string; readonly partition: number }[] {
    return topics.flatMap((topic) =>
      Array.from({ length: this.#cluster.partitionCount(topic) }, (_, partition) => ({ topic, partition })),
    )
  }
}
