// Flow: record-queue → [partition-group] → stream-task
import type { RecordQueue } from './record-queue.ts'

/** The input partitions of one task; decides whose record is next. */
export class PartitionGroup {
  readonly queues: readonly RecordQueue[]
  readonly #maxTaskIdleMs: number
  #idleSinceMs: number | undefined
  #idleUntilMs: number | undefined

  /** @param maxTaskIdleMs - See StreamsConfig. */
  constructor(queues: readonly RecordQueue[], maxTaskIdleMs: number) {
    this.queues = queues
    this.#maxTaskIdleMs = maxTaskIdleMs
  }

  /**
   * The queue whose next record has the lowest event time, or undefined if there is none, or if a partition without a record has to be
   * waited for: one with records on the broker that are not here yet, or any for as long as `maxTaskIdleMs` says.
   */
  next(nowMs: number): RecordQueue | undefined {
    this.#idleUntilMs = undefined
    let lowest: RecordQueue | undefined
    let lowestMs = Number.POSITIVE_INFINITY
    let lacking = false
    let lagging = false
    for (const queue of this.queues) {
      const head = queue.peek()
      if (head === undefined) {
        lacking = true
        lagging ||= !queue.caughtUp
      } else if (head.timestamp < lowestMs) {
        lowest = queue
        lowestMs = head.timestamp
      }
    }
    if (lowest === undefined) return undefined
    if (!lacking || this.#maxTaskIdleMs < 0) {
      this.#idleSinceMs = undefined
      return lowest
    }
    if (lagging) return undefined
    this.#idleSinceMs ??= nowMs
    const untilMs = this.#idleSinceMs + this.#maxTaskIdleMs
    if (nowMs >= untilMs) return lowest
    this.#idleUntilMs = untilMs
    return undefined
  }

  /** When `next`, which returned nothing, may return a record though nothing new arrives; undefined if it will not. */
  get idleUntilMs(): number | undefined {
    return this.#idleUntilMs
  }
}
