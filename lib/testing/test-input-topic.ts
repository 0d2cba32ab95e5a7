import { InvalidArgumentError } from '../../topology/errors.ts'
import { partitionFor } from '../core/murmur2.ts'
import { type Headers, NO_HEADERS } from '../core/record.ts'
import type { Serde } from '../serde/serde.ts'

export interface InputTopicOptions<K, V> {
  /** Default: as the topology's source reads it. */
  readonly key?: Serde<K>
  readonly value?: Serde<V>
  /** Timestamp of the first record that is piped without one, in epoch milliseconds. Default: the driver's wall clock. */
  readonly startTimestampMs?: number
  /** By how much that timestamp grows with each record piped without one. Default 0. */
  readonly autoAdvanceMs?: number
}

/** A record to pipe. A key or value that is left out is null. */
export interface TestRecord<K, V> {
  readonly key?: K | null
  readonly value?: V | null
  /** Epoch milliseconds; default: the topic's own time, see InputTopicOptions. */
  readonly timestamp?: number
  readonly headers?: Headers
  /** Default: as a producer chooses, by the key's bytes; 0 without a key. */
  readonly partition?: number
}

export interface InputTopicParts<K, V> {
  readonly topic: string
  readonly key: Serde<K>
  readonly value: Serde<V>
  readonly startTimestampMs: number | undefined
  readonly autoAdvanceMs: number
  readonly partitionCount: number
  readonly wallClockMs: () => number
  readonly pipe: (
    partition: number,
    key: Buffer | null,
    value: Buffer | null,
    timestamp: number,
    headers: Headers,
  ) => Promise<void>
}

/** Pipes records into a topic of a TopologyTestDriver. Made by `createInputTopic`. */
export class TestInputTopic<K, V> {
  readonly #parts: InputTopicParts<K, V>
  #timeMs: number | undefined

  constructor(parts: InputTopicParts<K, V>) {
    this.#parts = parts
    this.#timeMs = parts.startTimestampMs
  }

  /**
   * Writes a record, and resolves when everything that comes of it has been processed and committed.
   *
   * @throws StreamsError what stops an instance: it stops the driver, too. What the serde throws.
   */
  async pipeInput(record: TestRecord<K, V>): Promise<void> {
    const { topic, partitionCount, pipe } = this.#parts
    const key = bytesOf(this.#parts.key, topic, record.key)
    const value = bytesOf(this.#parts.value, topic, record.value)
    const partition = record.partition ?? (key === null ? 0 : partitionFor(key, partitionCount))
    if (!(Number.isInteger(partition) && partition >= 0 && partition < partitionCount)) {
      throw new InvalidArgumentError(
        'pipeInput',
        `'${topic}' has ${partitionCount} partitions, so there is no ${partition}.`,
      )
    }
    await pipe(partition, key, value, record.timestamp ?? this.#nextTime(), record.headers ?? NO_HEADERS)
  }

  /** Pipes one record after the other. */
  async pipeRecordList(records: Iterable<TestRecord<K, V>>): Promise<void> {
    for (const record of records) await this.pipeInput(record)
  }

  /** Pipes keys and values, one after the other, at the topic's own time. */
  async pipeKeyValueList(entries: Iterable<readonly [K | null, V | null]>): Promise<void> {
    for (const [key, value] of entries) await this.pipeInput({ key, value })
  }

  /** Pipes values without keys. */
  async pipeValueList(values: Iterable<V | null>): Promise<void> {
    for (const value of values) await this.pipeInput({ value })
  }

  /** Moves the topic's own time on by `ms`. */
  advanceTime(ms: number): void {
    this.#timeMs = (this.#timeMs ?? this.#parts.wallClockMs()) + ms
  }

  #nextTime(): number {
    const { autoAdvanceMs, wallClockMs } = this.#parts
    const time = this.#timeMs ?? wallClockMs()
    if (this.#timeMs !== undefined || autoAdvanceMs > 0) this.#timeMs = time + autoAdvanceMs
    return time
  }
}

function bytesOf<T>(serde: Serde<T>, topic: string, data: T | null | undefined): Buffer | null {
  return data === null || data === undefined ? null : serde.serialize(topic, data)
}
