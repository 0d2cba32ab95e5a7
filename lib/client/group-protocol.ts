// The bytes that members of a group exchange through its coordinator: protocol type 'consumer', version 2 (KIP-429, KIP-792).
// A reader takes any later version too: later ones only add fields at the end.
import type { TopicPartition } from '../core/record.ts'
import type { MemberAssignment } from './client.ts'
import { byTopic } from './group-partitions.ts'
import { array, int32, nullableBytes, Reader, string, struct, Writer } from './protocol/schema.ts'

export const PROTOCOL_TYPE = 'consumer'

const VERSION = 2
const FIRST_VERSION_WITH_OWNED_PARTITIONS = 1
const FIRST_VERSION_WITH_GENERATION = 2
const NO_BYTES = Buffer.alloc(0)

const partitionsByTopic = array(struct({ name: string, partitions: array(int32) }))
const topicNames = array(string)

/** What a member tells the leader when it joins. */
export interface Subscription {
  readonly topics: readonly string[]
  readonly userData: Buffer
  readonly ownedPartitions: readonly TopicPartition[]
  /** The generation in which the member got `ownedPartitions`; -1 if none. */
  readonly generation: number
}

export function encodeSubscription({ topics, userData, ownedPartitions, generation }: Subscription): Buffer {
  const writer = new Writer(false)
  writer.int16(VERSION)
  topicNames.write(writer, topics)
  nullableBytes.write(writer, userData)
  partitionsByTopic.write(writer, byTopic(ownedPartitions, partitionIndex))
  writer.int32(generation)
  return writer.done()
}

/** @throws MalformedMessageError if the bytes are not a subscription. */
export function decodeSubscription(bytes: Buffer): Subscription {
  const reader = new Reader(bytes, false)
  const version = reader.int16()
  return {
    topics: topicNames.read(reader),
    userData: nullableBytes.read(reader) ?? NO_BYTES,
    ownedPartitions: version >= FIRST_VERSION_WITH_OWNED_PARTITIONS ? readPartitions(reader) : [],
    generation: version >= FIRST_VERSION_WITH_GENERATION ? reader.int32() : -1,
  }
}

/** What the leader gives a member. */
export interface Assignment extends MemberAssignment {
  /**
   * Partitions were held back from the group in this generation, until their owners let go: another rebalance has to follow. Ours alone, behind
   * the fields of the protocol, where other readers of these bytes do not look.
   */
  readonly incomplete: boolean
}

export function encodeAssignment({ partitions, userData, incomplete }: Assignment): Buffer {
  const writer = new Writer(false)
  writer.int16(VERSION)
  partitionsByTopic.write(writer, byTopic(partitions, partitionIndex))
  nullableBytes.write(writer, userData)
  writer.int8(incomplete ? 1 : 0)
  return writer.done()
}

/**
 * Reads an assignment. No bytes at all are the coordinator's way to say that the leader gave this member nothing, which ours never does.
 *
 * @throws MalformedMessageError if the bytes are not an assignment.
 */
export function decodeAssignment(bytes: Buffer): Assignment {
  if (bytes.length === 0) return { partitions: [], userData: NO_BYTES, incomplete: true }
  const reader = new Reader(bytes, false)
  reader.int16()
  const partitions = readPartitions(reader)
  const userData = nullableBytes.read(reader) ?? NO_BYTES
  return { partitions, userData, incomplete: reader.remaining > 0 && reader.int8() !== 0 }
}

function partitionIndex({ partition }: TopicPartition): number {
  return partition
}

function readPartitions(reader: Reader): TopicPartition[] {
  const topics = partitionsByTopic.read(reader)
  return topics.flatMap(({ name, partitions }) => partitions.map((partition) => ({ topic: name, partition })))
}
