// Flow: record-queue → [queue-heap] → partition-group
import { Heap } from '../core/heap.ts'
import type { RecordQueue } from './record-queue.ts'

/** The queues of a task that have a record, the one with the lowest event time first. A queue is to be polled before its record is taken. */
export class QueueHeap extends Heap<RecordQueue> {
  protected override isBefore(queue: RecordQueue, other: RecordQueue): boolean {
    return queue.peek()!.timestamp < other.peek()!.timestamp
  }
}
