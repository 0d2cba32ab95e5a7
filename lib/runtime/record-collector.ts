// Flow: process-graph → [record-collector] → producer

import { CallbackResultError } from '../../topology/errors.ts'
import { problemWith } from '../../topology/names.ts'
import type { SinkNode, TopicRef } from '../../topology/physical.ts'
import { topicName } from '../../topology/physical.ts'
import type { Admin, Producer } from '../client/client.ts'
import { InvariantError, StreamsError } from '../core/errors.ts'
import { partitionFor } from '../core/murmur2.ts'
import type { Headers, StreamRecord } from '../core/record.ts'
import { typeName } from '../serde/errors.ts'
import type { Serde } from '../serde/serde.ts'
import { MissingSinkTopicError, RecordSerializationError } from './errors.ts'

/** Records without a key go to one partition for this many records, then to the next: fuller batches than one by one. */
const KEYLESS_RUN_LENGTH = 1_000

/** Partition counts of the topics that an instance writes to; asked once. */
export class SinkTopics {
  readonly #admin: Pick<Admin, 'describeTopics'>
  readonly #counts: Map<string, number>

  /** @param known - Counts that need not be asked for. */
  constructor(admin: Pick<Admin, 'describeTopics'>, known: ReadonlyMap<string, number>) {
    this.#admin = admin
    this.#counts = new Map(known)
  }

  /** @throws MissingSinkTopicError `STREAMS_MISSING_SINK_TOPIC` (as a rejection). */
  partitionCount(topic: string, nodeName: string): number | Promise<number> {
    return this.#counts.get(topic) ?? this.#ask(topic, nodeName)
  }

  async #ask(topic: string, nodeName: string): Promise<number> {
    const problem = problemWith(topic)
    if (problem !== undefined) throw new CallbackResultError(nodeName, `'${topic}'`, `the name of a topic: ${problem}`)
    const found = (await this.#admin.describeTopics([topic])).get(topic)
    if (found === undefined) throw new MissingSinkTopicError(topic, nodeName)
    this.#counts.set(topic, found.partitionCount)
    return found.partitionCount
  }
}

/** Serializes what a task's sinks write and chooses its partitions. */
export class RecordCollector {
  readonly #applicationId: string
  readonly #topics: SinkTopics
  readonly #producer: Producer
  // Made once for each sink: a text made anew for each record would have to be hashed and compared each time that it is looked up.
  readonly #names = new Map<TopicRef, string>()
  #keylessRecords = 0

  constructor(applicationId: string, topics: SinkTopics, producer: Producer) {
    this.#applicationId = applicationId
    this.#topics = topics
    this.#producer = producer
  }

  /** Returns a promise only for the first record to a topic whose partition count is not known yet. */
  send(node: SinkNode, record: StreamRecord<any, any>): void | Promise<void> {
    const topic =
      typeof node.topic === 'function' ? node.topic(record.key, record.value, record) : this.#nameOf(node.topic)
    if (typeof topic !== 'string') throw new CallbackResultError(node.name, typeName(topic), 'the name of a topic')
    const partitionCount = this.#topics.partitionCount(topic, node.name)
    if (typeof partitionCount === 'number') this.#send(node, record, topic, partitionCount)
    else return partitionCount.then((count) => this.#send(node, record, topic, count))
  }

  /** Makes sure that `sendBytes` to this topic is possible at once. */
  prepare(topic: string, nodeName: string): void | Promise<void> {
    const partitionCount = this.#topics.partitionCount(topic, nodeName)
    if (typeof partitionCount !== 'number') return partitionCount.then(() => {})
  }

  /** Sends bytes, to the partition that their key has in Java's default partitioner. The topic must be prepared. */
  sendBytes(
    topic: string,
    nodeName: string,
    key: Buffer | null,
    value: Buffer | null,
    timestamp: number,
    headers: Headers,
  ): void {
    const partitionCount = this.#topics.partitionCount(topic, nodeName)
    if (typeof partitionCount !== 'number') throw new InvariantError(`topic '${topic}' was not prepared`)
    this.#producer.send(topic, this.#defaultPartition(key, partitionCount), key, value, timestamp, headers)
  }

  #nameOf(topic: TopicRef): string {
    let name = this.#names.get(topic)
    if (name === undefined) {
      name = topicName(topic, this.#applicationId)
      this.#names.set(topic, name)
    }
    return name
  }

  #send(node: SinkNode, record: StreamRecord<any, any>, topic: string, partitionCount: number): void {
    const key = serialize(node.keySerde, 'key', record.key, node, topic)
    const value = serialize(node.valueSerde, 'value', record.value, node, topic)
    const partition = this.#partition(node, record, topic, key, partitionCount)
    this.#producer.send(topic, partition, key, value, record.timestamp, record.headers)
  }

  #partition(
    node: SinkNode,
    record: StreamRecord<any, any>,
    topic: string,
    key: Buffer | null,
    partitionCount: number,
  ): number {
    const chosen = node.partitioner?.(topic, record.key, record.value, partitionCount)
    if (chosen !== undefined) {
      if (Number.isInteger(chosen) && chosen >= 0 && chosen < partitionCount) return chosen
      const wanted = `a partition of '${topic}', from 0 to ${partitionCount - 1}, or undefined for the default one`
      throw new CallbackResultError(node.name, `${chosen}`, wanted)
    }
    return this.#defaultPartition(key, partitionCount)
  }

  #defaultPartition(key: Buffer | null, partitionCount: number): number {
    if (key !== null) return partitionFor(key, partitionCount)
    return Math.floor(this.#keylessRecords++ / KEYLESS_RUN_LENGTH) % partitionCount
  }
}

function serialize(
  serde: Serde<any>,
  part: 'key' | 'value',
  data: unknown,
  node: SinkNode,
  topic: string,
): Buffer | null {
  if (data === null) return null
  try {
    return serde.serialize(topic, data)
  } catch (cause) {
    if (cause instanceof StreamsError && cause.recovery !== 'fail') throw cause
    throw new RecordSerializationError(part, node.name, topic, cause)
  }
}
