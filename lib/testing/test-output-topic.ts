import type { ConsumedRecord, Headers } from '../core/record.ts'
import type { Serde } from '../serde/serde.ts'
import { NoOutputRecordError } from './errors.ts'

/** How a TestOutputTopic reads. */
export interface OutputTopicOptions<K, V> {
  /** Default: as the topology's sink writes it. */
  readonly key?: Serde<K>
  /** Default: as the topology's sink writes it. */
  readonly value?: Serde<V>
}

/** A record that the topology wrote. */
export interface OutputRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly headers: Headers
  readonly partition: number
}

export interface OutputTopicParts<K, V> {
  readonly topic: string
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** The records of each partition from an offset on; an absent offset is 0. */
  readonly read: (fromOffsets: readonly number[]) => readonly (readonly ConsumedRecord[])[]
}

/**
 * Reads what the topology wrote to a topic, each record once, in the order of the topic. Made by `createOutputTopic`. What several partitions have got since the
 * last read comes by partition, the lowest first.
 *
 * @example
 * const counts = driver.createOutputTopic('counts', { key: serdes.string(), value: serdes.long() })
 * await words.pipeInput({ value: 'to be' })
 * expect(counts.readKeyValuesToList()).toEqual([['to', 1], ['be', 1]])
 * expect(counts.isEmpty()).toBe(true)
 */
export class TestOutputTopic<K, V> {
  readonly #parts: OutputTopicParts<K, V>
  readonly #offsets: number[] = []
  readonly #unread: OutputRecord<K, V>[] = []

  constructor(parts: OutputTopicParts<K, V>) {
    this.#parts = parts
  }

  /**
   * The next record that was not read before.
   *
   * @throws NoOutputRecordError `STREAMS_NO_OUTPUT_RECORD`: there is none.
   * @throws what the serdes throw: then the record stays unread.
   */
  readRecord(): OutputRecord<K, V> {
    this.#fetch()
    const record = this.#unread.shift()
    if (record === undefined) throw new NoOutputRecordError(this.#parts.topic)
    return record
  }

  /** As `readRecord`, its key and value. */
  readKeyValue(): readonly [K | null, V | null] {
    const { key, value } = this.readRecord()
    return [key, value]
  }

  /** As `readRecord`, its value. */
  readValue(): V | null {
    return this.readRecord().value
  }

  /** All records that were not read before. */
  readRecordsToList(): OutputRecord<K, V>[] {
    this.#fetch()
    return this.#unread.splice(0)
  }

  /** The keys and values of all records that were not read before. */
  readKeyValuesToList(): (readonly [K | null, V | null])[] {
    return this.readRecordsToList().map(({ key, value }) => [key, value])
  }

  /** The values of all records that were not read before. */
  readValuesToList(): (V | null)[] {
    return this.readRecordsToList().map(({ value }) => value)
  }

  /** The last value of each key among those not read before: what a table of this topic would show, tombstones as null. */
  readKeyValuesToMap(): Map<K | null, V | null> {
    return new Map(this.readKeyValuesToList())
  }

  /** Whether every record has been read. */
  isEmpty(): boolean {
    return this.getQueueSize() === 0
  }

  /** How many records were not read yet. */
  getQueueSize(): number {
    this.#fetch()
    return this.#unread.length
  }

  #fetch(): void {
    const { topic, key: keySerde, value: valueSerde, read } = this.#parts
    for (const [partition, records] of read(this.#offsets).entries()) {
      for (const { key, value, timestamp, headers, offset } of records) {
        this.#unread.push({
          key: key === null ? null : keySerde.deserialize(topic, key),
          value: value === null ? null : valueSerde.deserialize(topic, value),
          timestamp,
          headers,
          partition,
        })
        this.#offsets[partition] = offset + 1
      }
    }
  }
}
