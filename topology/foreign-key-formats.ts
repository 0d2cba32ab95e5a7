// What the two sides of a foreign-key join send each other, in Java's bytes.
//
//   subscription   version ‖ instruction ‖ [hash, 16 bytes] ‖ primary key ‖ [partition, 4 bytes, since version 1]
//   response       version ‖ [hash, 16 bytes] ‖ [foreign value]
//
// The version's highest bit says that the hash, that of the left value, is left out: there is no value.
import { DeserializationError } from '../lib/serde/errors.ts'
import type { Serde } from '../lib/serde/serde.ts'

/** What is done about a subscription, and whether it is answered. */
export const INSTRUCTION = {
  /** It ends, without an answer. */
  delete: 0,
  /** It ends, and is answered with null. */
  deleteAndAnswer: 1,
  /** It begins or goes on, and is answered in any case. */
  answer: 2,
  /** It begins or goes on, and is answered if the foreign key has a value. */
  answerIfThere: 3,
} as const

export type Instruction = (typeof INSTRUCTION)[keyof typeof INSTRUCTION]

/** A row of the left table asks for the row of the right one that its foreign key names. */
export interface Subscription<K> {
  readonly version: number
  readonly instruction: Instruction
  readonly hash: Buffer | null
  readonly primaryKey: K
  /** Where the answer has to go; null in what Java before 3.4 wrote. */
  readonly primaryPartition: number | null
}

/** The answer to a subscription: the right table's value for its key, null if there is none. */
export interface SubscriptionResponse<V> {
  /** The left value's when it asked. */
  readonly hash: Buffer | null
  readonly foreignValue: V | null
  /** Not in the bytes: only the sink needs it. */
  readonly primaryPartition: number | null
}

export const SUBSCRIPTION_VERSION = 1
const RESPONSE_VERSION = 0
const NO_HASH = 0x80
const HASH_BYTES = 16
const PARTITION_BYTES = 4

/** The names under which serdes see parts of a subscription, given the subscription topic's: Java's, so that schemas are found. */
export const subTopics = {
  primaryKey: (topic: string): string => `${topic}-pk`,
  foreignKey: (topic: string): string => `${topic}-fk`,
  valueHash: (topic: string): string => `${topic}-vh`,
}

/** What is serialized on the way through a foreign-key join. */
export interface ForeignKeySerdes<K, V, KF> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  readonly foreignKey: Serde<KF>
}

/** The serde of subscriptions. Registers, for all the names above, what its serdes have to register. */
export function subscriptionSerde<K>(serdes: ForeignKeySerdes<K, any, any>): Serde<Subscription<K>> {
  const { key } = serdes
  const { primaryKey: keyTopic } = subTopics
  return {
    serialize(topic, { version, instruction, hash, primaryKey, primaryPartition }) {
      const keyBytes = key.serialize(keyTopic(topic), primaryKey)
      const hashBytes = hash === null ? 0 : HASH_BYTES
      const bytes = Buffer.allocUnsafe(2 + hashBytes + keyBytes.length + (version === 0 ? 0 : PARTITION_BYTES))
      bytes[0] = hash === null ? version | NO_HASH : version
      bytes[1] = instruction
      if (hash !== null) bytes.set(hash, 2)
      bytes.set(keyBytes, 2 + hashBytes)
      if (version !== 0) bytes.writeInt32BE(primaryPartition!, bytes.length - PARTITION_BYTES)
      return bytes
    },
    deserialize(topic, bytes) {
      const { keyBytes, ...parts } = subscriptionParts(topic, bytes)
      return { ...parts, primaryKey: key.deserialize(keyTopic(topic), keyBytes) }
    },
    ...(key.prepare === undefined
      ? {}
      : { prepare: (topic, bytes) => key.prepare!(keyTopic(topic), subscriptionParts(topic, bytes).keyBytes) }),
    ...startsOf(serdes),
  }
}

/** A subscription whose key is still bytes. */
export interface SubscriptionParts extends Omit<Subscription<never>, 'primaryKey'> {
  readonly keyBytes: Buffer
}

/** @throws DeserializationError `STREAMS_DESERIALIZATION`: the bytes are of a later version, or cut off. */
export function subscriptionParts(topic: string, bytes: Buffer): SubscriptionParts {
  const version = (bytes[0] ?? 0) & ~NO_HASH
  if (version > SUBSCRIPTION_VERSION) throw unknownVersion('subscription', topic, version)
  const start = 2 + (bytes[0]! & NO_HASH ? 0 : HASH_BYTES)
  const end = bytes.length - (version === 0 ? 0 : PARTITION_BYTES)
  if (end < start) throw cutOff('subscription', topic, bytes)
  return {
    version,
    instruction: bytes[1] as Instruction,
    hash: start === 2 ? null : bytes.subarray(2, start),
    keyBytes: bytes.subarray(start, end),
    primaryPartition: version === 0 ? null : bytes.readInt32BE(end),
  }
}

/** The serde of responses, given that of the right table's values. */
export function responseSerde<V>(value: Serde<V>): Serde<SubscriptionResponse<V>> {
  return {
    serialize(topic, { hash, foreignValue }) {
      const head = hash === null ? [Buffer.of(RESPONSE_VERSION | NO_HASH)] : [Buffer.of(RESPONSE_VERSION), hash]
      return Buffer.concat(foreignValue === null ? head : [...head, value.serialize(topic, foreignValue)])
    },
    deserialize(topic, bytes) {
      const { hash, valueBytes } = responseParts(topic, bytes)
      const foreignValue = valueBytes === undefined ? null : value.deserialize(topic, valueBytes)
      return { hash, foreignValue, primaryPartition: null }
    },
    ...(value.prepare === undefined
      ? {}
      : {
          prepare: (topic, bytes) => {
            const { valueBytes } = responseParts(topic, bytes)
            return valueBytes === undefined ? undefined : value.prepare!(topic, valueBytes)
          },
        }),
    ...(value.start === undefined ? {} : { start: (topics) => value.start!(topics) }),
  }
}

function responseParts(topic: string, bytes: Buffer): { hash: Buffer | null; valueBytes: Buffer | undefined } {
  const version = (bytes[0] ?? 0) & ~NO_HASH
  if (version !== RESPONSE_VERSION) throw unknownVersion('response', topic, version)
  const start = 1 + (bytes[0]! & NO_HASH ? 0 : HASH_BYTES)
  if (bytes.length < start) throw cutOff('response', topic, bytes)
  // As in Java a value without bytes cannot be told from none.
  const valueBytes = bytes.length === start ? undefined : bytes.subarray(start)
  return { hash: start === 1 ? null : bytes.subarray(1, start), valueBytes }
}

function startsOf({ key, value, foreignKey }: ForeignKeySerdes<any, any, any>): Pick<Serde<unknown>, 'start'> {
  const starts = [
    { start: key.start?.bind(key), name: subTopics.primaryKey },
    { start: foreignKey.start?.bind(foreignKey), name: subTopics.foreignKey },
    { start: value.start?.bind(value), name: subTopics.valueHash },
  ]
  if (starts.every(({ start }) => start === undefined)) return {}
  return {
    start: async (topics) => {
      for (const { start, name } of starts) await start?.(topics.map(name))
    },
  }
}

function unknownVersion(what: string, topic: string, version: number): DeserializationError {
  return new DeserializationError(what, topic, `a foreign-key ${what} of version ${version} is of a later release`)
}

function cutOff(what: string, topic: string, bytes: Buffer): DeserializationError {
  return new DeserializationError(what, topic, `a foreign-key ${what} cannot have ${bytes.length} bytes`)
}
