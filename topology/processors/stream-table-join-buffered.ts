import { StreamRecord } from '../../lib/core/record.ts'
import type { RecordBuffer } from '../../stores/buffer/record-buffer.ts'
import { type Awaitable, isPromise } from '../callbacks.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { resumedStreamTimeMs } from './resumed-stream-time.ts'
import { type StreamTableJoin, StreamTableJoinProcessor } from './stream-table-join.ts'

export interface JoinGrace {
  /** The buffer. */
  readonly storeName: string
  /** How far stream time has to be past a record before it is joined. */
  readonly graceMs: number
}

/**
 * Joins each record of a stream with what a versioned table held at the record's time, when the updates of that time have had time to come: records wait in the order of
 * their times until stream time is `graceMs` past them. One that comes later than that is joined at once.
 */
export class BufferedStreamTableJoinProcessor<K, V, VT, VR> implements Processor<K, V, K, VR> {
  readonly #join: StreamTableJoinProcessor<K, V, K, VT, VR>
  readonly #grace: JoinGrace
  #context!: InternalProcessorContext<K, VR>
  #buffer!: RecordBuffer<K, V>

  constructor(join: StreamTableJoin<K, V, K, VT, VR>, grace: JoinGrace) {
    this.#join = new StreamTableJoinProcessor(join)
    this.#grace = grace
  }

  init(context: InternalProcessorContext<K, VR>): void {
    this.#context = context
    this.#buffer = context.store(this.#grace.storeName)
    resumedStreamTimeMs(context, this.#buffer)
    this.#join.init(context)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const { key, value, timestamp } = record
    // What the join drops need not wait, nor what it has no key to look up with (at which Java fails).
    if (key === null || value === null) return this.#join.process(record)
    const { graceMs } = this.#grace
    if (timestamp < this.#context.observedStreamTimeMs() - graceMs) return this.#join.process(record)
    this.#context.observeStreamTime(timestamp)
    this.#buffer.put({ key, value, context: record })
    return this.#joinUntil(this.#context.observedStreamTimeMs() - graceMs)
  }

  #joinUntil(timeMs: number): Awaitable<void> {
    while (this.#buffer.firstTimeMs <= timeMs) {
      const pending = this.#joinFirst()
      if (isPromise(pending)) return this.#joinRest(pending, timeMs)
      this.#buffer.removeFirst()
    }
  }

  async #joinRest(pending: Promise<void>, timeMs: number): Promise<void> {
    await pending
    this.#buffer.removeFirst()
    while (this.#buffer.firstTimeMs <= timeMs) {
      await this.#joinFirst()
      this.#buffer.removeFirst()
    }
  }

  #joinFirst(): Awaitable<void> {
    const { key, value, context } = this.#buffer.first()!
    const { timestamp, headers, topic, partition, offset } = context
    return this.#join.process(new StreamRecord(key, value, timestamp, headers, topic, partition, offset))
  }
}
