import { StreamRecord } from '../../../lib/core/record.ts'
import { PartitionGroup } from '../../../lib/runtime/partition-group.ts'
import type { RecordQueue } from '../../../lib/runtime/record-queue.ts'

class FakeQueue {
  caughtUp = true
  readonly #timestamps: number[]

  constructor(...timestamps: number[]) {
    this.#timestamps = timestamps
  }

  peek(): StreamRecord<null, null> | undefined {
    const timestamp = this.#timestamps[0]
    return timestamp === undefined ? undefined : new StreamRecord(null, null, timestamp)
  }

  take(): void {
    this.#timestamps.shift()
  }

  arrive(timestamp: number): void {
    this.#timestamps.push(timestamp)
  }
}

function groupOf(maxTaskIdleMs: number, ...queues: FakeQueue[]): PartitionGroup {
  return new PartitionGroup(queues as unknown as RecordQueue[], maxTaskIdleMs)
}

describe('which partition is next', () => {
  it('the one whose record has the lowest event time; of equal ones the first', () => {
    const [a, b, c] = [new FakeQueue(5), new FakeQueue(3), new FakeQueue(3)]

    expect(groupOf(0, a, b, c).next(0)).toBe(b)
  })

  it('none while another is behind the broker, however long that takes', () => {
    const [a, b] = [new FakeQueue(5), new FakeQueue()]
    b.caughtUp = false
    const group = groupOf(0, a, b)

    expect(group.next(0)).toBeUndefined()
    expect(group.next(1_000_000)).toBeUndefined()
    expect(group.idleUntilMs).toBeUndefined()
  })

  it('one that is there, without waiting, if maxTaskIdleMs is -1', () => {
    const [a, b] = [new FakeQueue(5), new FakeQueue()]
    b.caughtUp = false

    expect(groupOf(-1, a, b).next(0)).toBe(a)
  })

  it('one that is there, after maxTaskIdleMs, if another has nothing', () => {
    const [a, b] = [new FakeQueue(5), new FakeQueue()]
    const group = groupOf(100, a, b)

    expect(group.next(1_000)).toBeUndefined()
    expect(group.idleUntilMs).toBe(1_100)
    expect(group.next(1_099)).toBeUndefined()
    expect(group.next(1_100)).toBe(a)
  })

  it('the wait begins anew once every partition has had a record', () => {
    const [a, b] = [new FakeQueue(5, 7), new FakeQueue()]
    const group = groupOf(100, a, b)
    group.next(1_000)
    b.arrive(6)

    expect(group.next(1_050)).toBe(a)
    group.take()
    expect(group.next(1_060)).toBe(b)
    group.take()
    expect(group.next(1_070)).toBeUndefined()
    expect(group.idleUntilMs).toBe(1_170)
  })

  // A time that lies behind would keep the stream loop from ever sleeping.
  it('names no time to look again when there is nothing to wait with', () => {
    const [a, b] = [new FakeQueue(5), new FakeQueue()]
    const group = groupOf(0, a, b)
    expect(group.next(1_000)).toBe(a)
    group.take()

    expect(group.next(1_000)).toBeUndefined()
    expect(group.idleUntilMs).toBeUndefined()
  })
})
