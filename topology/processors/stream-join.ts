import type { StreamRecord } from '../../lib/core/record.ts'
import type { WindowStore } from '../../stores/store.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import { forwardEach } from './forward-each.ts'
import { forwardJoined, type JoinCallback } from './forward-joined.ts'
import { resumedStreamTimeMs } from './resumed-stream-time.ts'
import { UnmatchedRecords, type UnmatchedSettings } from './unmatched-records.ts'

export interface StreamJoinSettings<K, VR> extends UnmatchedSettings, JoinCallback<K, VR> {
  /** Whose records this processor gets. */
  readonly side: 'left' | 'right'
  /** The windows of the other side. */
  readonly otherStore: string
  /** Where records of a left or outer join wait for a match. Undefined: an inner join. */
  readonly unmatchedStore: string | undefined
  /** Whether those of this side have a result without a match. */
  readonly keepsUnmatched: boolean
}

type Match = readonly [timeMs: number, value: unknown]

/**
 * One side of a join of two streams: for each record it looks up the records of the other side that lie close enough in time. A result has the higher of
 * both times, and the headers of the record that came last.
 *
 * A record of a left or outer join that has no match waits, until one comes or none can come any more; then, with the next record that moves stream
 * time on, it is joined with null. Late ones, and those with null keys, are joined with null at once.
 */
export class StreamJoinProcessor<K, V, VR> implements Processor<K, V, K, VR> {
  readonly #settings: StreamJoinSettings<K, VR>
  readonly #beforeMs: number
  readonly #afterMs: number
  #context!: InternalProcessorContext<K, VR>
  #other!: WindowStore<K, unknown>
  #unmatched: UnmatchedRecords<K> | undefined

  constructor(settings: StreamJoinSettings<K, VR>) {
    const { beforeMs, afterMs } = settings.windows
    this.#settings = settings
    this.#beforeMs = settings.side === 'left' ? beforeMs : afterMs
    this.#afterMs = settings.side === 'left' ? afterMs : beforeMs
  }

  init(context: InternalProcessorContext<K, VR>): void {
    const { otherStore, unmatchedStore } = this.#settings
    this.#context = context
    this.#other = context.store(otherStore)
    if (unmatchedStore === undefined) return
    this.#unmatched = UnmatchedRecords.shared(context.store(unmatchedStore), this.#settings)
    this.#unmatched.observe(resumedStreamTimeMs(context, this.#other))
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const { keepsUnmatched, side } = this.#settings
    const { key, value, timestamp } = record
    const unmatched = this.#unmatched
    if (unmatched !== undefined) {
      unmatched.observe(timestamp)
      this.#context.observeStreamTime(timestamp)
    }
    if (key === null && !keepsUnmatched) return this.#context.drop('null-key')
    if (value === null) return this.#context.drop('null-value')
    if (key === null) return this.#forward(record, null, timestamp)
    const isLatest = unmatched !== undefined && timestamp === unmatched.streamTimeMs
    if (isLatest && unmatched.shouldLook(side, this.#context)) {
      return this.#letGo(record, unmatched).then(() => this.#match(record))
    }
    return this.#match(record)
  }

  #match(record: StreamRecord<K, V>): void | Promise<void> {
    const { key, timestamp } = record
    const fromMs = Math.max(0, timestamp - this.#beforeMs)
    const toMs = Math.max(0, timestamp + this.#afterMs)
    const matches = this.#other.fetch(key, { fromMs, toMs })
    if (matches.length === 0) return this.#withoutMatch(record, toMs)
    return forwardEach(matches, record, this.#settings.node, this.#join)
  }

  readonly #join = (record: StreamRecord<K, V>, [timeMs, other]: Match): void | Promise<void> => {
    this.#unmatched?.matched(this.#settings.side === 'left' ? 'right' : 'left', record.key, timeMs)
    return this.#forward(record, other, Math.max(record.timestamp, timeMs))
  }

  #withoutMatch(record: StreamRecord<K, V>, toMs: number): void | Promise<void> {
    const { keepsUnmatched, side } = this.#settings
    const unmatched = this.#unmatched
    if (!keepsUnmatched || unmatched === undefined) return
    const { key, value, timestamp } = record
    if (toMs < unmatched.streamTimeMs) return this.#forward(record, null, timestamp)
    unmatched.add(side, key, value, timestamp)
  }

  async #letGo(record: StreamRecord<K, V>, unmatched: UnmatchedRecords<K>): Promise<void> {
    for await (const { side, key, timestamp, values } of unmatched.due()) {
      for (const value of values) {
        const [left, right] = side === 'left' ? [value, null] : [null, value]
        await forwardJoined(this.#context, this.#settings, record, { key, left, right, timestamp })
      }
    }
  }

  #forward(record: StreamRecord<K, V>, other: unknown, timestamp: number): void | Promise<void> {
    const { key, value } = record
    const [left, right] = this.#settings.side === 'left' ? [value, other] : [other, value]
    return forwardJoined(this.#context, this.#settings, record, { key, left, right, timestamp })
  }
}
