// Flow: task-manager → stream-task → [committed-inputs] → task database
import type { TaskDatabase } from '../../stores/task-database.ts'
import { partitionKey, type TopicPartition } from '../core/record.ts'

/** Among the stores of a task's database; none of them can have this name. */
const NAME = '$committed-inputs'

/**
 * Beside the stores of a task: the inputs of which the group has held a committed offset, each with the id of its topic. If the group has none any more, it was
 * lost, and the stores stand for records that would be read again. Nothing else tells that: a changelog position moves over records that were aborted, too.
 */
export class CommittedInputs {
  readonly #database: TaskDatabase
  /** Inputs that are not noted yet: their topics' ids, by partition. */
  #pending: ReadonlyMap<string, string> = new Map()

  constructor(database: TaskDatabase) {
    this.#database = database
  }

  /** The topic's id when the group was known to hold an offset of this input; undefined: it never was, as far as the disk tells. */
  topicId({ topic, partition }: TopicPartition): string | undefined {
    return this.#database
      .committed(NAME)
      .get(Buffer.from(partitionKey(topic, partition)))
      ?.toString()
  }

  /**
   * Notes on disk the inputs that have an offset now; the others are left to `note`.
   *
   * @param topicIds - Of inputs that are not noted, by partition.
   */
  async begin(topicIds: ReadonlyMap<string, string>, hasOffset: (partition: string) => boolean): Promise<void> {
    const now = [...topicIds].filter(([partition]) => hasOffset(partition))
    this.#pending = new Map([...topicIds].filter(([partition]) => !hasOffset(partition)))
    // A note of a topic that was deleted says nothing of the new one.
    for (const partition of this.#pending.keys()) this.#put([[partition, null]])
    if (now.length === 0) return
    this.#put(now)
    this.#database.seal()
    await this.#database.write(new Map())
  }

  /** Notes all inputs, with what is written next: to be called when their offsets are committed, or will be before that is written. */
  note(): void {
    if (this.#pending.size === 0) return
    this.#put(this.#pending)
    this.#pending = new Map()
  }

  #put(topicIds: Iterable<readonly [string, string | null]>): void {
    const rows = this.#database.rows(NAME)
    for (const [partition, topicId] of topicIds)
      rows.put(Buffer.from(partition), topicId === null ? null : Buffer.from(topicId))
  }
}
