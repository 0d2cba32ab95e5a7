import { InvalidArgumentError } from '../../topology/errors.ts'
import { partitionFor } from '../core/murmur2.ts'
import { type Headers, NO_HEADERS } from '../core/record.ts'
import type { Serde } from '../serde/serde.ts'

/** How a TestInputTopic writes. */
export interface InputTopicOptions<K, V> {
  /** Default: as the topology's source reads it. */
  readonly key?: Serde<K>
  /** Default: as the topology's source reads it. */
  readonly value?: Serde<V>
  /** Timestamp of the first record that is piped without one, in epoch milliseconds. Default: the driver's wall clock at that moment. */
  readonly startTimestampMs?: number
  /** By how much that timestamp grows with each record piped without one, at least 0. Default 0. */
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

/** Times of a list of records. */
export interface ListTimes {
  /** Of the first record, in epoch milliseconds. Default: the topic's own time. */
  readonly startTimestampMs?: number
  /** By how much it grows with each record, at least 0. Default: 0 with a start, otherwise the topic's `autoAdvanceMs`. */
  readonly advanceMs?: number
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

/**
 * Pipes records into a topic of a TopologyTestDriver. Made by `createInputTopic`.
 *
 * Every method resolves when all that comes of its records has been processed and committed: `await` it before reading the output. Calls that are not awaited
 * are carried out one after the other all the same.
 *
 * @example
 * const clicks = driver.createInputTopic('clicks', { key: serdes.string(), value: serdes.string(), startTimestampMs: 0, autoAdvanceMs: 1_000 })
 * await clicks.pipeInput({ key: 'ada', value: '/home' }) // at 0
 * await clicks.pipeInput({ key: 'ada', value: '/cart' }) // at 1000
 * await clicks.pipeInput({ key: 'bob', value: '/home', timestamp: 500, headers: [['agent', Buffer.from('curl')]] })
 */
export class TestInputTopic<K, V> {
  readonly #parts: InputTopicParts<K, V>
  #timeMs: number | undefined

  constructor(parts: InputTopicParts<K, V>) {
    this.#parts = parts
    this.#timeMs = parts.startTimestampMs
    if (parts.startTimestampMs !== undefined)
      requireTime('createInputTopic', 'startTimestampMs', parts.startTimestampMs)
    requireTime('createInputTopic', 'autoAdvanceMs', parts.autoAdvanceMs)
  }

  /**
   * Writes a record, and processes everything that comes of it.
   *
   * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: there is no such partition, or the timestamp is negative or not whole.
   * @throws StreamsError what stops an instance. It stops the driver, too: every later call throws it again.
   */
  async pipeInput(record: TestRecord<K, V>): Promise<void> {
    const { topic, partitionCount, pipe } = this.#parts
    if (record.timestamp !== undefined) requireTime('pipeInput', 'timestamp', record.timestamp)
    const key = bytesOf(this.#parts.key, topic, record.key)
    const value = bytesOf(this.#parts.value, topic, record.value)
    const partition = record.partition ?? (key === null ? 0 : partitionFor(key, partitionCount))
    if (!(Number.isInteger(partition) && partition >= 0 && partition < partitionCount)) {
      throw new InvalidArgumentError(
        'pipeInput',
        `'${topic}' has ${partitionCount} ${partitionCount === 1 ? 'partition' : 'partitions'}, so there is no ${partition}.`,
      )
    }
    await pipe(partition, key, value, record.timestamp ?? this.#nextTime(), record.headers ?? NO_HEADERS)
  }

  /** Pipes one record after the other. */
  async pipeRecordList(records: Iterable<TestRecord<K, V>>): Promise<void> {
    for (const record of records) await this.pipeInput(record)
  }

  /** Pipes keys and values, one after the other. */
  async pipeKeyValueList(entries: Iterable<readonly [K | null, V | null]>, times: ListTimes = {}): Promise<void> {
    const time = this.#listTimes('pipeKeyValueList', times)
    for (const [key, value] of entries) await this.pipeInput({ key, value, ...time() })
  }

  /** Pipes values without keys, one after the other. */
  async pipeValueList(values: Iterable<V | null>, times: ListTimes = {}): Promise<void> {
    const time = this.#listTimes('pipeValueList', times)
    for (const value of values) await this.pipeInput({ value, ...time() })
  }

  /** Moves the topic's own time on by `ms`, at least 0. */
  advanceTime(ms: number): void {
    requireTime('advanceTime', 'ms', ms)
    this.#timeMs = (this.#timeMs ?? this.#parts.wallClockMs()) + ms
  }

  #nextTime(): number {
    const { autoAdvanceMs, wallClockMs } = this.#parts
    const time = this.#timeMs ?? wallClockMs()
    if (this.#timeMs !== undefined || autoAdvanceMs > 0) this.#timeMs = time + autoAdvanceMs
    return time
  }

  // Without times of its own a list takes those of the topic.
  #listTimes(method: string, { startTimestampMs, advanceMs }: ListTimes): () => { readonly timestamp?: number } {
    if (startTimestampMs !== undefined) requireTime(method, 'startTimestampMs', startTimestampMs)
    if (advanceMs !== undefined) requireTime(method, 'advanceMs', advanceMs)
    if (startTimestampMs === undefined && advanceMs === undefined) return () => ({})
    let next = startTimestampMs ?? this.#timeMs ?? this.#parts.wallClockMs()
    return () => {
      const timestamp = next
      next += advanceMs ?? 0
      return { timestamp }
    }
  }
}

function requireTime(method: string, name: string, ms: number): void {
  if (Number.isSafeInteger(ms) && ms >= 0) return
  throw new InvalidArgumentError(method, `'${name}' is ${ms}, and has to be whole milliseconds, at least 0.`)
}

function bytesOf<T>(serde: Serde<T>, topic: string, data: T | null | undefined): Buffer | null {
  return data === null || data === undefined ? null : serde.serialize(topic, data)
}
