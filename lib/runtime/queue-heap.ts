// Flow: record-queue → [queue-heap] → partition-group
import type { RecordQueue } from './record-queue.ts'
import { TimeHeap } from './time-heap.ts'

/** The queues of a task that have a record, the one with the lowest event time first. A queue is to be polled before its record is taken. */
export class QueueHeap extends TimeHeap<RecordQueue> {
  protected override timeOf(queue: RecordQueue): number {
    return queue.peek()!.timestamp
  }
}
