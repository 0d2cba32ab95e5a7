/** One header: its name and its bytes. Names may repeat, order counts, the bytes may be null. */
export type Header = readonly [name: string, value: Buffer | null]

/** Record headers in the order in which the producer wrote them. */
export type Headers = readonly Header[]

/** The headers of a record that has none: shared, so that a record without headers costs nothing. */
export const NO_HEADERS: Headers = Object.freeze([])

/** A topic and one of its partitions. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** A map key for a topic partition. Topic names cannot hold a colon. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}:${partition}`
}

/** A record as it lies in a partition: bytes, an offset and a timestamp in epoch milliseconds (-1: none). */
export interface ConsumedRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
}

/**
 * A record on its way through a topology. Immutable: a processor that changes one makes a copy with `withKey` and its like.
 *
 * `topic`, `partition` and `offset` are those of the input record from which this one came; a record that a punctuator
 * made has topic `''`, partition -1 and offset -1.
 */
export class StreamRecord<K, V> {
  readonly key: K
  readonly value: V
  /** Event time in epoch milliseconds, never negative. */
  readonly timestamp: number
  readonly headers: Headers
  readonly topic: string
  readonly partition: number
  readonly offset: number

  constructor(
    key: K,
    value: V,
    timestamp: number,
    headers: Headers = NO_HEADERS,
    topic = '',
    partition = -1,
    offset = -1,
  ) {
    this.key = key
    this.value = value
    this.timestamp = timestamp
    this.headers = headers
    this.topic = topic
    this.partition = partition
    this.offset = offset
  }

  /** The same record with another key. */
  withKey<K2>(key: K2): StreamRecord<K2, V> {
    return new StreamRecord(key, this.value, this.timestamp, this.headers, this.topic, this.partition, this.offset)
  }

  /** The same record with another value. */
  withValue<V2>(value: V2): StreamRecord<K, V2> {
    return new StreamRecord(this.key, value, this.timestamp, this.headers, this.topic, this.partition, this.offset)
  }

  /** The same record with another key and value. */
  withKeyValue<K2, V2>(key: K2, value: V2): StreamRecord<K2, V2> {
    return new StreamRecord(key, value, this.timestamp, this.headers, this.topic, this.partition, this.offset)
  }

  /** The same record at another event time, in epoch milliseconds. */
  withTimestamp(timestamp: number): StreamRecord<K, V> {
    return new StreamRecord(this.key, this.value, timestamp, this.headers, this.topic, this.partition, this.offset)
  }

  /** The same record with other headers. */
  withHeaders(headers: Headers): StreamRecord<K, V> {
    return new StreamRecord(this.key, this.value, this.timestamp, headers, this.topic, this.partition, this.offset)
  }
}
