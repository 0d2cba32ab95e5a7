// Flow: fetcher → [record-queue] → partition-group
import { type Awaitable, isPromise } from '../../topology/callbacks.ts'
import type { SourceNode } from '../../topology/physical.ts'
import type { FetchedPartition } from '../client/client.ts'
import { type ConsumedRecord, StreamRecord } from '../core/record.ts'
import {
  InvalidTimestampError,
  RecordDeserializationError,
  type RecordPlace,
  TimestampExtractorError,
} from './errors.ts'

export interface RecordQueueOptions {
  readonly source: SourceNode
  readonly fetched: FetchedPartition
  /** As committed; -1: none yet. */
  readonly partitionTimeMs: number
  /** The wall clock, for timestamp extractors. */
  readonly nowMs: () => number
  /** A timestamp extractor gave a negative time. */
  readonly onDrop: (nodeName: string, at: RecordPlace) => void
  /**
   * A record cannot be deserialized. Throws what shall stop the task, or returns how to leave the record behind, to be called in the turn in which its offset is passed.
   */
  readonly onUnreadable: (error: RecordDeserializationError, raw: ConsumedRecord) => Awaitable<() => void>
  /** A head that had to be waited for may be there now. */
  readonly onReady: () => void
}

/** The records of one input partition, in order, the first of them deserialized and given its event time. */
export class RecordQueue {
  readonly source: SourceNode
  readonly fetched: FetchedPartition
  readonly #options: RecordQueueOptions
  readonly #prepares: boolean
  #partitionTimeMs: number
  #head: StreamRecord<unknown, unknown> | undefined
  #headRaw: ConsumedRecord | undefined
  #takenRaw: ConsumedRecord | undefined
  /** Taken from the partition, but not read: its serde, or what becomes of it, has to be waited for. */
  #pending: ConsumedRecord | undefined
  #waiting: Promise<void> | undefined
  /** What the serdes could not fetch for the pending record. */
  #unprepared: { readonly cause: unknown } | undefined
  /** How to leave the pending record behind. */
  #leave: (() => void) | undefined
  #failure: { readonly cause: unknown } | undefined

  constructor(options: RecordQueueOptions) {
    const { source, fetched, partitionTimeMs } = options
    this.source = source
    this.fetched = fetched
    this.#options = options
    this.#partitionTimeMs = partitionTimeMs
    this.#prepares = source.keySerde.prepare !== undefined || source.valueSerde.prepare !== undefined
  }

  /** The highest event time taken from this partition, in epoch milliseconds; -1 before the first. */
  get partitionTimeMs(): number {
    return this.#partitionTimeMs
  }

  /** What to commit once every record taken so far is done: the offset of the next record, past control records if there is none. */
  get position(): number {
    return (this.#head ?? this.#pending ?? { offset: this.fetched.position }).offset
  }

  /** Whether the partition, as far as fetched, holds nothing more. False as long as it was never fetched. */
  get caughtUp(): boolean {
    const { lastStableOffset } = this.fetched
    return lastStableOffset >= 0 && this.position >= lastStableOffset
  }

  /** Resolves when what the next record waits for is there; undefined if it waits for nothing. */
  get waiting(): Promise<void> | undefined {
    return this.#waiting
  }

  /**
   * The next record, or undefined if none is ready.
   *
   * @throws InvalidTimestampError, TimestampExtractorError, and what `onUnreadable` and `FetchedPartition.next` throw.
   */
  peek(): StreamRecord<unknown, unknown> | undefined {
    if (this.#head !== undefined) return this.#head
    if (this.#failure !== undefined) throw this.#failure.cause
    while (this.#waiting === undefined) {
      if (this.#pending === undefined) {
        const raw = this.fetched.next()
        if (raw === undefined) return undefined
        // Held until it is read: the offset of a record that cannot be is never passed.
        this.#pending = raw
        if (this.#prepares) this.#prepare(raw)
        if (this.#waiting !== undefined) return undefined
      }
      this.#accept(this.#pending)
      if (this.#head !== undefined) return this.#head
    }
    return undefined
  }

  /** Takes the record that `peek` returned. */
  take(): StreamRecord<unknown, unknown> {
    const record = this.#head!
    this.#head = undefined
    this.#takenRaw = this.#headRaw
    this.#headRaw = undefined
    if (record.timestamp > this.#partitionTimeMs) this.#partitionTimeMs = record.timestamp
    return record
  }

  /** The record that was taken last, as it was fetched; to be asked for once, since it holds on to the batch that it came in. */
  releaseRaw(): ConsumedRecord | undefined {
    const raw = this.#takenRaw
    this.#takenRaw = undefined
    return raw
  }

  #accept(raw: ConsumedRecord): void {
    try {
      const leave = this.#leave
      this.#leave = undefined
      if (leave === undefined) this.#head = this.#read(raw)
      else leave()
      if (this.#waiting !== undefined) return
      this.#headRaw = raw
      this.#pending = undefined
    } catch (cause) {
      this.#failure = { cause }
      throw cause
    }
  }

  // Undefined: the record is left out, now or, if it has to be waited for, with the next look at it.
  #read(raw: ConsumedRecord): StreamRecord<unknown, unknown> | undefined {
    const { topic, partition } = this.fetched
    const { keySerde, valueSerde, name } = this.source
    const unprepared = this.#unprepared
    this.#unprepared = undefined
    if (unprepared !== undefined) return this.#unreadable('value', raw, unprepared.cause)
    let key: unknown = null
    let value: unknown = null
    try {
      if (raw.key !== null) key = keySerde.deserialize(topic, raw.key)
    } catch (cause) {
      return this.#unreadable('key', raw, cause)
    }
    try {
      if (raw.value !== null) value = valueSerde.deserialize(topic, raw.value)
    } catch (cause) {
      return this.#unreadable('value', raw, cause)
    }
    const record = new StreamRecord(key, value, raw.timestamp, raw.headers, topic, partition, raw.offset)
    const timestamp = this.#timeOf(record)
    if (timestamp < 0) this.#options.onDrop(name, record)
    else return timestamp === raw.timestamp ? record : record.withTimestamp(timestamp)
  }

  #timeOf(record: StreamRecord<unknown, unknown>): number {
    const { timestampExtractor, name } = this.source
    const { topic, partition, offset } = record
    if (timestampExtractor === undefined) {
      if (record.timestamp < 0) throw new InvalidTimestampError(name, { topic, partition, offset }, record.timestamp)
      return record.timestamp
    }
    let timestamp: number
    try {
      timestamp = timestampExtractor(record, this.#partitionTimeMs, this.#options.nowMs())
    } catch (cause) {
      throw new TimestampExtractorError(name, { topic, partition, offset }, cause)
    }
    if (!Number.isSafeInteger(timestamp)) throw new InvalidTimestampError(name, { topic, partition, offset }, timestamp)
    return timestamp
  }

  #unreadable(part: 'key' | 'value', raw: ConsumedRecord, cause: unknown): undefined {
    const { topic, partition } = this.fetched
    const place = { topic, partition, offset: raw.offset }
    const leave = this.#options.onUnreadable(new RecordDeserializationError(part, this.source.name, place, cause), raw)
    if (!isPromise(leave)) leave()
    else {
      this.#wait(
        leave.then((later) => {
          this.#leave = later
        }),
      )
    }
  }

  // What a serde has to fetch before it can read the record.
  #prepare(raw: ConsumedRecord): void {
    const { topic } = this.fetched
    const waits = [
      raw.key === null ? undefined : this.source.keySerde.prepare?.(topic, raw.key),
      raw.value === null ? undefined : this.source.valueSerde.prepare?.(topic, raw.value),
    ].filter((wait) => wait !== undefined)
    if (waits.length === 0) return
    this.#wait(
      Promise.all(waits).then(
        () => {},
        (cause: unknown) => {
          this.#unprepared = { cause }
        },
      ),
    )
  }

  // Nothing is read, written or dropped when the wait is over, but in the task's next turn: it may have started over meanwhile, with another queue.
  #wait(until: Promise<void>): void {
    this.#waiting = until
      .catch((cause: unknown) => {
        this.#failure = { cause }
      })
      .finally(() => {
        this.#waiting = undefined
        this.#options.onReady()
      })
  }
}
