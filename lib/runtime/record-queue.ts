// Flow: fetcher → [record-queue] → partition-group
import type { SourceNode } from '../../topology/physical.ts'
import type { FetchedPartition } from '../client/client.ts'
import { type ConsumedRecord, StreamRecord } from '../core/record.ts'
import { InvalidTimestampError, RecordDeserializationError } from './errors.ts'

export interface RecordQueueOptions {
  readonly source: SourceNode
  readonly fetched: FetchedPartition
  /** As committed; -1: none yet. */
  readonly partitionTimeMs: number
  /** A timestamp extractor gave a negative time. */
  readonly onDrop: (nodeName: string) => void
  /** A head that had to wait for its serde is there now, or has failed. */
  readonly onReady: () => void
}

/** The records of one input partition, in order, the first of them deserialized and given its event time. */
export class RecordQueue {
  readonly source: SourceNode
  readonly fetched: FetchedPartition
  readonly #onDrop: (nodeName: string) => void
  readonly #onReady: () => void
  readonly #prepares: boolean
  #partitionTimeMs: number
  #head: StreamRecord<unknown, unknown> | undefined
  #pending: ConsumedRecord | undefined
  #failure: unknown

  constructor({ source, fetched, partitionTimeMs, onDrop, onReady }: RecordQueueOptions) {
    this.source = source
    this.fetched = fetched
    this.#partitionTimeMs = partitionTimeMs
    this.#onDrop = onDrop
    this.#onReady = onReady
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

  /**
   * The next record, or undefined if none is ready.
   *
   * @throws RecordDeserializationError, InvalidTimestampError, and what `FetchedPartition.next` throws.
   */
  peek(): StreamRecord<unknown, unknown> | undefined {
    if (this.#head !== undefined) return this.#head
    if (this.#failure !== undefined) throw this.#failure
    while (this.#pending === undefined) {
      const raw = this.fetched.next()
      if (raw === undefined) return undefined
      // Held until it is read: the offset of a record that cannot be is never passed.
      this.#pending = raw
      if (this.#prepares && this.#prepare(raw)) return undefined
      this.#accept(raw)
      if (this.#failure !== undefined) throw this.#failure
      if (this.#head !== undefined) return this.#head
    }
    return undefined
  }

  /** Takes the record that `peek` returned. */
  take(): StreamRecord<unknown, unknown> {
    const record = this.#head!
    this.#head = undefined
    if (record.timestamp > this.#partitionTimeMs) this.#partitionTimeMs = record.timestamp
    return record
  }

  #accept(raw: ConsumedRecord): void {
    try {
      this.#head = this.#read(raw)
      this.#pending = undefined
    } catch (error) {
      this.#failure = error
    }
  }

  // Undefined: the record is dropped.
  #read(raw: ConsumedRecord): StreamRecord<unknown, unknown> | undefined {
    const { topic, partition } = this.fetched
    const { keySerde, valueSerde, timestampExtractor, name } = this.source
    const place = { topic, partition, offset: raw.offset }
    let key: unknown = null
    let value: unknown = null
    try {
      if (raw.key !== null) key = keySerde.deserialize(topic, raw.key)
    } catch (cause) {
      throw new RecordDeserializationError('key', name, place, cause)
    }
    try {
      if (raw.value !== null) value = valueSerde.deserialize(topic, raw.value)
    } catch (cause) {
      throw new RecordDeserializationError('value', name, place, cause)
    }
    const record = new StreamRecord(key, value, raw.timestamp, raw.headers, topic, partition, raw.offset)
    if (timestampExtractor === undefined) {
      if (raw.timestamp < 0) throw new InvalidTimestampError(place, raw.timestamp)
      return record
    }
    const timestamp = timestampExtractor(record, this.#partitionTimeMs)
    if (!Number.isSafeInteger(timestamp)) throw new InvalidTimestampError(place, timestamp)
    if (timestamp < 0) this.#onDrop(name)
    else return timestamp === raw.timestamp ? record : record.withTimestamp(timestamp)
  }

  // Whether a serde has something to wait for before it can read the record.
  #prepare(raw: ConsumedRecord): boolean {
    const { topic } = this.fetched
    const waits = [
      raw.key === null ? undefined : this.source.keySerde.prepare?.(topic, raw.key),
      raw.value === null ? undefined : this.source.valueSerde.prepare?.(topic, raw.value),
    ].filter((wait) => wait !== undefined)
    if (waits.length === 0) return false
    Promise.all(waits)
      .then(
        () => this.#accept(raw),
        (cause: unknown) => {
          const { partition } = this.fetched
          this.#failure = new RecordDeserializationError(
            'value',
            this.source.name,
            { topic, partition, offset: raw.offset },
            cause,
          )
        },
      )
      .finally(this.#onReady)
    return true
  }
}
