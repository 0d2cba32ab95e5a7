// Flow: record-queue → [task-progress] → commit-lane
import type { CommittedOffset, OffsetCommit } from '../client/client.ts'
import { partitionKey } from '../core/record.ts'
import { decodePartitionMetadata, encodePartitionMetadata } from './partition-metadata.ts'
import type { RecordQueue } from './record-queue.ts'
import type { TaskInput } from './stream-task.ts'

/** How far the inputs of a task are committed, and the times that are committed with them. Made anew when the task starts over. */
export class TaskProgress {
  /** Times that operators remember: their stream times, and until when they have emitted what closed. */
  readonly operatorTimesMs = new Map<string, number>()
  readonly #committed = new Map<string, number>()
  #streamTimeMs = -1
  #commitCount = 0

  /** Takes over what was committed for one input. Returns the partition's time as of then, -1 for none. */
  load({ fetched, committed }: TaskInput): number {
    const { partitionTimeMs, operatorTimesMs, commitCount } = decodePartitionMetadata(committed?.metadata ?? '')
    this.#commitCount = Math.max(this.#commitCount, commitCount)
    this.observe(partitionTimeMs)
    for (const [name, timeMs] of operatorTimesMs) {
      this.operatorTimesMs.set(name, Math.max(timeMs, this.operatorTimesMs.get(name) ?? -1))
    }
    this.#committed.set(partitionKey(fetched.topic, fetched.partition), committed?.offset ?? fetched.position)
    return partitionTimeMs
  }

  /** The highest event time that the task has seen, in epoch milliseconds; -1 before the first. */
  get streamTimeMs(): number {
    return this.#streamTimeMs
  }

  /** Raises stream time; never lowers it. */
  observe(timestampMs: number): void {
    if (timestampMs > this.#streamTimeMs) this.#streamTimeMs = timestampMs
  }

  /** Whether an input has moved on since its last commit, if only past control records. */
  hasMoved(queues: readonly RecordQueue[]): boolean {
    return queues.some(
      ({ fetched, position }) => position !== this.#committed.get(partitionKey(fetched.topic, fetched.partition)),
    )
  }

  /** What to commit once everything taken so far is done. */
  offsets(queues: readonly RecordQueue[]): readonly OffsetCommit[] {
    return queues.map(({ fetched, position, partitionTimeMs }) => ({
      topic: fetched.topic,
      partition: fetched.partition,
      offset: position,
      metadata: encodePartitionMetadata({
        partitionTimeMs,
        operatorTimesMs: this.operatorTimesMs,
        commitCount: this.#commitCount + 1,
      }),
    }))
  }

  committed(offsets: readonly OffsetCommit[]): void {
    this.#commitCount++
    for (const { topic, partition, offset } of offsets) this.#committed.set(partitionKey(topic, partition), offset)
  }

  /** Whether what is committed now for the inputs is what `offsets` gave last, though nobody has said so. */
  isCommitted(committed: Iterable<CommittedOffset>): boolean {
    for (const { metadata } of committed) {
      if (decodePartitionMetadata(metadata).commitCount === this.#commitCount + 1) return true
    }
    return false
  }
}
