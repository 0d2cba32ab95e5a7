// Flow: record-queue → [partition-group] → stream-task
import type { StreamRecord } from '../core/record.ts'
import { QueueHeap } from './queue-heap.ts'
import type { RecordQueue } from './record-queue.ts'

/** The input partitions of one task; decides whose record is next. */
export class PartitionGroup {
  readonly queues: readonly RecordQueue[]
  readonly #maxTaskIdleMs: number
  readonly #ready = new QueueHeap()
  /** Those that had no record when they were looked at last. */
  readonly #empty: Set<RecordQueue>
  #failure: { readonly cause: unknown } | undefined
  #idleSinceMs: number | undefined
  #idleUntilMs: number | undefined

  /** @param maxTaskIdleMs - See StreamsConfig. */
  constructor(queues: readonly RecordQueue[], maxTaskIdleMs: number) {
    this.queues = queues
    this.#maxTaskIdleMs = maxTaskIdleMs
    this.#empty = new Set(queues)
  }

  /**
   * The queue whose next record has the lowest event time, or undefined if there is none, or if a partition without a record has to be
   * waited for: one with records on the broker that are not here yet, or any for as long as `maxTaskIdleMs` says.
   *
   * @throws what `RecordQueue.peek` throws, of any queue.
   */
  next(nowMs: number): RecordQueue | undefined {
    if (this.#failure !== undefined) throw this.#failure.cause
    if (this.#empty.size > 0) for (const queue of this.#empty) this.arrived(queue)
    this.#idleUntilMs = undefined
    const { first } = this.#ready
    if (first === undefined) return undefined
    if (this.#empty.size === 0 || this.#maxTaskIdleMs < 0) {
      this.#idleSinceMs = undefined
      return first
    }
    for (const queue of this.#empty) if (!queue.caughtUp) return undefined
    this.#idleSinceMs ??= nowMs
    const untilMs = this.#idleSinceMs + this.#maxTaskIdleMs
    if (nowMs >= untilMs) return first
    this.#idleUntilMs = untilMs
    return undefined
  }

  /** Takes the record that `next` has chosen. */
  take(): StreamRecord<unknown, unknown> {
    const queue = this.#ready.poll()!
    const record = queue.take()
    try {
      if (queue.peek() === undefined) this.#empty.add(queue)
      else this.#ready.offer(queue)
    } catch (cause) {
      // The record that was taken comes before the one that cannot be read.
      this.#failure = { cause }
    }
    return record
  }

  /**
   * Looks whether a queue without a record has one by now. `next` does so itself, in the order of the queues; called in the order in which records arrive, it
   * makes that the order of those with equal times.
   */
  arrived(queue: RecordQueue): void {
    if (!this.#empty.has(queue) || queue.peek() === undefined) return
    this.#empty.delete(queue)
    this.#ready.offer(queue)
  }

  /** When `next`, which returned nothing, may return a record though nothing new arrives; undefined if it will not. */
  get idleUntilMs(): number | undefined {
    return this.#idleUntilMs
  }
}
