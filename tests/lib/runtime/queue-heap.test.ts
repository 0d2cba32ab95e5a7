import { StreamRecord } from '../../../lib/core/record.ts'
import { PartitionGroup } from '../../../lib/runtime/partition-group.ts'
import { QueueHeap } from '../../../lib/runtime/queue-heap.ts'
import type { RecordQueue } from '../../../lib/runtime/record-queue.ts'

/** A queue as far as the order of queues needs one. */
class Times {
  readonly caughtUp = true
  readonly #times: number[]

  constructor(...times: number[]) {
    this.#times = times
  }

  peek(): StreamRecord<null, null> | undefined {
    const time = this.#times[0]
    return time === undefined ? undefined : new StreamRecord(null, null, time)
  }

  take(): StreamRecord<null, null> {
    const record = this.peek()!
    this.#times.shift()
    return record
  }

  arrive(time: number): void {
    this.#times.push(time)
  }
}

const asQueue = (times: Times) => times as unknown as RecordQueue

/** Takes all records; says of which queue each was. */
function takeAll(group: PartitionGroup, queues: readonly Times[]): number[] {
  const order: number[] = []
  for (let queue = group.next(0); queue !== undefined; queue = group.next(0)) {
    order.push(queues.findIndex((each) => asQueue(each) === queue))
    group.take()
  }
  return order
}

describe('queues by the time of their first record', () => {
  it('come lowest first, from any number of queues', () => {
    const heap = new QueueHeap()
    // 31 is prime to 101: every time from 0 to 100 once, in no order.
    for (let i = 0; i < 101; i++) heap.offer(asQueue(new Times((i * 31) % 101)))
    const times = Array.from({ length: 101 }, () => heap.poll()!.peek()!.timestamp)

    expect(times).toEqual(Array.from({ length: 101 }, (_, i) => i))
    expect(heap.poll()).toBeUndefined()
    expect(heap.first).toBeUndefined()
  })

  // Recorded from java.util.PriorityQueue: each queue is offered in turn, and again after each poll as long as it has records.
  it.each([
    {
      queues: [
        [2, 0, 0],
        [2, 0, 1],
        [2, 2, 1],
      ],
      order: [0, 0, 0, 2, 1, 1, 1, 2, 2],
    },
    {
      queues: [
        [0, 2, 1],
        [2, 2, 0],
        [2, 2, 1],
        [0, 1, 0],
        [2, 0, 2],
      ],
      order: [0, 3, 3, 3, 0, 0, 4, 4, 2, 4, 2, 2, 1, 1, 1],
    },
    {
      queues: [
        [0, 1, 2],
        [2, 0, 1],
        [2, 0, 2],
        [2, 1, 1],
        [1, 2, 0],
        [0, 2, 1],
        [0, 0, 2],
      ],
      order: [0, 6, 5, 6, 4, 0, 4, 4, 6, 2, 2, 5, 5, 1, 1, 1, 3, 3, 3, 0, 2],
    },
    {
      queues: [
        [0, 0, 0],
        [2, 0, 0],
        [2, 0, 2],
        [0, 0, 0],
        [1, 0, 2],
        [1, 0, 0],
        [1, 1, 0],
        [0, 0, 2],
        [2, 1, 1],
      ],
      order: [0, 3, 7, 0, 3, 7, 0, 3, 4, 4, 5, 5, 5, 6, 6, 6, 2, 2, 1, 1, 1, 2, 8, 8, 8, 4, 7],
    },
  ])('come in the order of Java where times are equal: $order', ({ queues, order }) => {
    const times = queues.map((each) => new Times(...each))

    expect(takeAll(new PartitionGroup(times.map(asQueue), 0), times)).toEqual(order)
  })
})

describe('queues that had nothing', () => {
  it('take their turn in the order in which records are said to arrive', () => {
    const times = [new Times(), new Times(), new Times()]
    const group = new PartitionGroup(times.map(asQueue), 0)
    expect(group.next(0)).toBeUndefined()
    for (const i of [1, 2, 0]) {
      times[i]!.arrive(7)
      group.arrived(asQueue(times[i]!))
    }

    expect(takeAll(group, times)).toEqual([1, 0, 2])
  })

  it('count once, however often they are said to have got records', () => {
    const times = [new Times()]
    const group = new PartitionGroup(times.map(asQueue), 0)
    times[0]!.arrive(1)
    for (let i = 0; i < 3; i++) group.arrived(asQueue(times[0]!))

    expect(takeAll(group, times)).toEqual([0])
  })
})

it('a record that cannot be read does not keep the one before it', () => {
  class Broken extends Times {
    override peek(): StreamRecord<null, null> | undefined {
      const head = super.peek()
      if (head?.timestamp === 2) throw new Error('unreadable')
      return head
    }
  }
  const group = new PartitionGroup([asQueue(new Broken(1, 2))], 0)
  group.next(0)

  expect(group.take().timestamp).toBe(1)
  expect(() => group.next(0)).toThrow('unreadable')
  expect(() => group.next(0)).toThrow('unreadable')
})
