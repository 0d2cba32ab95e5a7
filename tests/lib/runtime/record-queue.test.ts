import type { FetchedPartition } from '../../../lib/client/client.ts'
import { type ConsumedRecord, NO_HEADERS, type StreamRecord } from '../../../lib/core/record.ts'
import { PartitionGroup } from '../../../lib/runtime/partition-group.ts'
import { RecordQueue, type RecordQueueOptions } from '../../../lib/runtime/record-queue.ts'
import type { Serde } from '../../../lib/serde/serde.ts'
import type { SourceNode } from '../../../topology/physical.ts'

const text: Serde<string> = {
  serialize: (_topic, value) => Buffer.from(value),
  deserialize: (_topic, bytes) => bytes.toString(),
}

/** A partition whose records are here from the start; `endOffset` is what the last fetch saw. */
class Fetched implements FetchedPartition {
  readonly topic: string
  readonly partition = 3
  readonly #records: ConsumedRecord[]
  highWatermark: number
  logStartOffset = 0
  position = 0
  /** Where the position goes once the last record is taken: past a control record, say. */
  readonly #endPosition: number

  constructor(topic: string, timestamps: readonly number[], endPosition = timestamps.length, seenEnd = endPosition) {
    this.topic = topic
    this.#records = timestamps.map((timestamp, offset) => ({
      offset,
      timestamp,
      key: Buffer.from('k'),
      value: Buffer.from(`${topic}${offset}`),
      headers: NO_HEADERS,
    }))
    this.#endPosition = endPosition
    this.highWatermark = seenEnd
  }

  get lastStableOffset(): number {
    return this.highWatermark
  }

  next(): ConsumedRecord | undefined {
    const record = this.#records.shift()
    if (record !== undefined) this.position = this.#records.length === 0 ? this.#endPosition : record.offset + 1
    return record
  }
}

/** As without a handler. */
const fail: RecordQueueOptions['onUnreadable'] = (error) => {
  throw error
}

function queueOf(fetched: Fetched, source: Partial<SourceNode> = {}, onUnreadable = fail) {
  const drops: string[] = []
  let wakes = 0
  const queue = new RecordQueue({
    nowMs: () => 1_000_000,
    source: {
      kind: 'source',
      name: 'SRC',
      topics: [{ name: fetched.topic, internal: false }],
      keySerde: text,
      valueSerde: text,
      timestampExtractor: undefined,
      offsetReset: undefined,
      children: [],
      ...source,
    },
    fetched,
    partitionTimeMs: -1,
    onDrop: (nodeName) => drops.push(nodeName),
    onUnreadable,
    onReady: () => wakes++,
  })
  return { queue, drops, wakes: () => wakes }
}

describe('a record queue', () => {
  it('commits the offset of the record that is next, and past control records when there is none', () => {
    const { queue } = queueOf(new Fetched('a', [1, 2], 5))
    expect(queue.position).toBe(0)
    queue.peek()
    expect(queue.position).toBe(0)
    queue.take()
    queue.peek()
    expect(queue.position).toBe(1)
    queue.take()
    expect(queue.peek()).toBeUndefined()
    expect(queue.position).toBe(5)
  })

  it('takes event time from an extractor, and tells it the highest time so far', () => {
    const seen: number[] = []
    const timestampExtractor = (record: StreamRecord<string, string>, partitionTimeMs: number) => {
      seen.push(partitionTimeMs)
      return record.timestamp * 10
    }
    const { queue } = queueOf(new Fetched('a', [3, 1, 2]), { timestampExtractor })
    const times = [0, 1, 2].map(() => {
      queue.peek()
      return queue.take().timestamp
    })
    expect(times).toEqual([30, 10, 20])
    expect(seen).toEqual([-1, 30, 30])
  })

  it('drops, and counts, records to which the extractor gives a negative time', () => {
    const { queue, drops } = queueOf(new Fetched('a', [1, 2]), {
      timestampExtractor: ({ timestamp }) => (timestamp === 1 ? -1 : 7),
    })
    expect(queue.peek()?.offset).toBe(1)
    expect(drops).toEqual(['SRC'])
  })

  it('refuses a record without a time, naming where it lies and the way out', () => {
    const { queue } = queueOf(new Fetched('a', [-1]))
    expect(() => queue.peek()).toThrow(/a-3 offset 0 has the timestamp -1.*`timestamp` extractor/)
  })

  it.each(['key', 'value'] as const)(
    'names part, source, topic, partition and offset of a %s that cannot be read',
    (part) => {
      const broken: Serde<string> = {
        ...text,
        deserialize: () => {
          throw new Error('not JSON')
        },
      }
      const { queue } = queueOf(new Fetched('a', [1]), { [`${part}Serde`]: broken })
      const attempt = () => queue.peek()
      expect(attempt).toThrow(new RegExp(`The ${part} of the record at a-3 offset 0 .*'SRC': not JSON`))
      expect(attempt).toThrow(expect.objectContaining({ code: 'STREAMS_RECORD_DESERIALIZATION' }))
      expect(queue.position).toBe(0)
    },
  )

  it('waits for a serde that has to fetch something first, and then wakes its task', async () => {
    let fetchSchema = () => {}
    const prepare = () =>
      new Promise<void>((resolve) => {
        fetchSchema = resolve
      })
    const { queue, wakes } = queueOf(new Fetched('a', [1]), { valueSerde: { ...text, prepare } })
    expect(queue.peek()).toBeUndefined()
    expect(queue.position).toBe(0)
    fetchSchema()
    await new Promise((resolve) => setImmediate(resolve))
    expect(wakes()).toBe(1)
    expect(queue.peek()?.value).toBe('a0')
  })

  describe('and records that are left behind', () => {
    const unreadable: Partial<SourceNode> = {
      valueSerde: {
        ...text,
        deserialize: (topic, bytes) => {
          if (bytes.toString() === 'a1') throw new Error('unreadable')
          return text.deserialize(topic, bytes)
        },
      },
    }

    it('passes them in the turn in which they are left behind', () => {
      const left: number[] = []
      const { queue } = queueOf(new Fetched('a', [1, 2, 3]), unreadable, (_, raw) => () => left.push(raw.offset))
      expect([queue.peek()?.value, queue.take().value]).toEqual(['a0', 'a0'])
      expect([queue.position, left]).toEqual([1, []])
      expect(queue.peek()?.value).toBe('a2')
      expect([queue.position, left]).toEqual([2, [1]])
    })

    it('waits where leaving takes time, and leaves only when it is looked at again', async () => {
      const left: number[] = []
      const { queue, wakes } = queueOf(
        new Fetched('a', [1, 2]),
        unreadable,
        async (_, raw) => () => left.push(raw.offset),
      )
      queue.peek()
      queue.take()
      expect(queue.peek()).toBeUndefined()
      await queue.waiting

      expect([wakes(), queue.position, left]).toEqual([1, 1, []])
      expect(queue.peek()).toBeUndefined()
      expect([queue.position, left]).toEqual([2, [1]])
    })

    it('stays at one that nobody takes care of', async () => {
      const { queue } = queueOf(new Fetched('a', [1, 2]), unreadable, () => Promise.reject(new Error('no topic')))
      queue.peek()
      queue.take()
      queue.peek()
      await queue.waiting

      expect(() => queue.peek()).toThrow('no topic')
      expect(queue.position).toBe(1)
    })

    it('hands out the bytes of a record that was taken once', () => {
      const { queue } = queueOf(new Fetched('a', [1]))
      queue.peek()
      queue.take()
      expect(queue.releaseRaw()?.value?.toString()).toBe('a0')
      expect(queue.releaseRaw()).toBeUndefined()
    })
  })
})

describe('a partition group', () => {
  const order = (group: PartitionGroup, nowMs = 0) => {
    const values: unknown[] = []
    for (let queue = group.next(nowMs); queue !== undefined; queue = group.next(nowMs)) values.push(group.take().value)
    return values
  }

  it('takes the lowest time first, and on equal times the partition that has waited longest', () => {
    const group = new PartitionGroup(
      [queueOf(new Fetched('a', [5, 6, 9])).queue, queueOf(new Fetched('b', [1, 6, 7])).queue],
      0,
    )
    expect(order(group)).toEqual(['b0', 'a0', 'b1', 'a1', 'b2', 'a2'])
  })

  it('waits for a partition whose records are known to be on the broker', () => {
    const group = new PartitionGroup(
      [queueOf(new Fetched('a', [5])).queue, queueOf(new Fetched('b', [], 0, 10)).queue],
      0,
    )
    expect(order(group)).toEqual([])
  })

  it('waits for a partition that was never fetched, unless told never to wait', () => {
    const queues = () => [queueOf(new Fetched('a', [5])).queue, queueOf(new Fetched('b', [], 0, -1)).queue]
    expect(order(new PartitionGroup(queues(), 0))).toEqual([])
    expect(order(new PartitionGroup(queues(), -1))).toEqual(['a0'])
  })

  it('waits maxTaskIdleMs for a partition that has nothing more', () => {
    const group = new PartitionGroup([queueOf(new Fetched('a', [5])).queue, queueOf(new Fetched('b', [])).queue], 100)
    expect(order(group, 1_000)).toEqual([])
    expect(group.idleUntilMs).toBe(1_100)
    expect(order(group, 1_099)).toEqual([])
    expect(order(group, 1_100)).toEqual(['a0'])
  })
})
