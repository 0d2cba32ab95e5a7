// Flow: record-queue → [queue-heap] → partition-group
import type { RecordQueue } from './record-queue.ts'

/**
 * The queues of a task that have a record, the one with the lowest event time first. A binary heap that moves its members as Java's priority queue does: which
 * of several with the same time comes first is then the same, too. Of two that is the one that was offered first; of more it need not be.
 */
export class QueueHeap {
  readonly #queues: RecordQueue[] = []

  get first(): RecordQueue | undefined {
    return this.#queues[0]
  }

  /** Adds a queue that has a record, and keeps it until it is polled. */
  offer(queue: RecordQueue): void {
    const queues = this.#queues
    const time = timeOf(queue)
    let at = queues.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (time >= timeOf(queues[parent]!)) break
      queues[at] = queues[parent]!
      at = parent
    }
    queues[at] = queue
  }

  /** Removes the first; to be called before its record is taken. */
  poll(): RecordQueue | undefined {
    const queues = this.#queues
    const first = queues[0]
    const last = queues.pop()
    if (last === undefined || queues.length === 0) return first
    const time = timeOf(last)
    const firstLeaf = queues.length >> 1
    let at = 0
    while (at < firstLeaf) {
      let child = 2 * at + 1
      if (child + 1 < queues.length && timeOf(queues[child]!) > timeOf(queues[child + 1]!)) child++
      if (time <= timeOf(queues[child]!)) break
      queues[at] = queues[child]!
      at = child
    }
    queues[at] = last
    return first
  }
}

function timeOf(queue: RecordQueue): number {
  return queue.peek()!.timestamp
}
