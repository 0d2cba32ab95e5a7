import { type Recovery, StreamsError } from '../core/errors.ts'
import type { SentOffsets } from './client.ts'

/** A node cannot be reached, or the connection to it broke. What it did with the request is unknown. */
export class ConnectionError extends StreamsError {
  readonly code = 'STREAMS_CONNECTION'
  readonly recovery: Recovery = 'retry'
}

/** No response came in time. What the broker did with the request is unknown. */
export class RequestTimeoutError extends StreamsError {
  readonly code = 'STREAMS_REQUEST_TIMEOUT'
  readonly recovery: Recovery = 'retry'
}

/** The node id is not in the metadata that this wire has seen. */
export class UnknownNodeError extends StreamsError {
  readonly code = 'STREAMS_UNKNOWN_NODE'
  readonly recovery: Recovery = 'retry'
}

/** TLS or SASL refused us. The message never holds a secret. */
export class AuthenticationError extends StreamsError {
  readonly code = 'STREAMS_AUTHENTICATION'
  readonly recovery: Recovery = 'fail'
}

/** The broker does not speak the version of a request that Millrace needs. */
export class UnsupportedBrokerError extends StreamsError {
  readonly code = 'STREAMS_UNSUPPORTED_BROKER'
  readonly recovery: Recovery = 'fail'
}

/** Within the named time no broker could be reached, or none gave the answer that was needed. */
export class BrokerUnavailableError extends StreamsError {
  readonly code = 'STREAMS_BROKER_UNAVAILABLE'
  readonly recovery: Recovery = 'fail'
}

/** The topic does not exist on the cluster. */
export class UnknownTopicError extends StreamsError {
  readonly code = 'STREAMS_UNKNOWN_TOPIC'
  readonly recovery: Recovery = 'fail'
  readonly topic: string

  constructor(topic: string, cluster: string) {
    super(`Topic '${topic}' does not exist on the cluster at ${cluster}. Create it, or correct its name.`)
    this.topic = topic
  }
}

/** The broker answered with an error that no retry cures. `errorName` is Kafka's name for it: `TOPIC_AUTHORIZATION_FAILED`. */
export class BrokerResponseError extends StreamsError {
  readonly code = 'STREAMS_BROKER_RESPONSE'
  readonly recovery: Recovery = 'fail'
  readonly errorName: string
  readonly errorCode: number

  constructor(errorName: string, errorCode: number, message: string) {
    super(message)
    this.errorName = errorName
    this.errorCode = errorCode
  }
}

/** Who keeps a group from being empty. */
export interface PresentMember {
  readonly memberId: string
  readonly clientId: string
  readonly host: string
}

/** A group has members, so its offsets cannot be changed from outside. */
export class GroupNotEmptyError extends StreamsError {
  readonly code = 'STREAMS_GROUP_NOT_EMPTY'
  readonly recovery: Recovery = 'fail'
  readonly groupId: string
  /** Empty: those of a newer group protocol than this client can describe. */
  readonly members: readonly PresentMember[]

  /** @param what - What was refused, as the subject of a sentence: `Deleting group 'app'`. */
  constructor(what: string, groupId: string, members: readonly PresentMember[]) {
    super(
      `${what} was refused: the group has ${present(members)}. ` +
        'Stop all instances first; one that died leaves the group when its session time-out is over.',
    )
    this.groupId = groupId
    this.members = members
  }
}

const MAX_NAMED_MEMBERS = 5

function present(members: readonly PresentMember[]): string {
  if (members.length === 0) return 'members that cannot be described, as they use a newer group protocol'
  const named = members.slice(0, MAX_NAMED_MEMBERS).map(({ clientId, host }) => `client '${clientId}' at ${host}`)
  const more = members.length > named.length ? ` and ${members.length - named.length} more` : ''
  return `${members.length} ${members.length === 1 ? 'member' : 'members'} (${named.join(', ')}${more})`
}

/** Another producer with the same transactional id has taken over; this one can do nothing more. */
export class ProducerFencedError extends StreamsError {
  readonly code = 'STREAMS_PRODUCER_FENCED'
  readonly recovery: Recovery = 'restore'
  readonly transactionalId: string

  constructor(transactionalId: string, cause: string) {
    super(
      `The producer of transactional id '${transactionalId}' was fenced (${cause}): another instance has taken its place`,
    )
    this.transactionalId = transactionalId
  }
}

/** A transaction failed and has to be aborted: nothing of it will be seen. */
export class TransactionAbortedError extends StreamsError {
  readonly code = 'STREAMS_TRANSACTION_ABORTED'
  readonly recovery: Recovery = 'restore'
}

/** The commit of a transaction was sent and no clear answer came: it may or may not have taken place. */
export class CommitOutcomeUnknownError extends StreamsError {
  readonly code = 'STREAMS_COMMIT_OUTCOME_UNKNOWN'
  readonly recovery: Recovery = 'restore'
  /** The last offsets of what is committed, if it is. */
  sent: SentOffsets = new Map()
}

/** The group no longer knows this member, or knows it in another generation: its commits are refused. */
export class StaleMemberError extends StreamsError {
  readonly code = 'STREAMS_STALE_MEMBER'
  readonly recovery: Recovery = 'rejoin'
}

/** Another process joined the group with this static instance id. */
export class FencedInstanceError extends StreamsError {
  readonly code = 'STREAMS_FENCED_INSTANCE'
  readonly recovery: Recovery = 'fail'
  readonly instanceId: string

  constructor(instanceId: string, groupId: string) {
    super(
      `Another process joined group '${groupId}' with the instance id '${instanceId}', so this one was fenced. ` +
        'Give each instance its own groupInstanceId and its own state directory (a copied state directory holds the id of the original).',
    )
    this.instanceId = instanceId
  }
}

/** What refuses a large record: the producer's own `maxRequestBytes`, or a setting of the topic. */
export interface RecordLimit {
  readonly name: 'maxRequestBytes' | 'max.message.bytes' | 'segment.bytes'
  /** Undefined: the broker does not let this client read the topic's settings. */
  readonly bytes: number | undefined
}

/** A record is larger than the producer or the topic allows. */
export class RecordTooLargeError extends StreamsError {
  readonly code = 'STREAMS_RECORD_TOO_LARGE'
  readonly recovery: Recovery = 'fail'
  readonly topic: string
  /** With what surrounds it in a batch: for `maxRequestBytes` before compression, for the topic's limits as it was sent. */
  readonly sizeBytes: number
  readonly limit: RecordLimit

  constructor(topic: string, sizeBytes: number, limit: RecordLimit) {
    const { name, bytes } = limit
    const allowed = bytes === undefined ? 'allows fewer (how many, the broker does not tell)' : `allows ${bytes}`
    super(
      name === 'maxRequestBytes'
        ? `A record for topic '${topic}' has ${sizeBytes} bytes; maxRequestBytes ${allowed}. ` +
            "Raise it, together with the topic's max.message.bytes, or write smaller records."
        : `A record for topic '${topic}' makes a batch of ${sizeBytes} bytes; the topic's ${name} ${allowed}. ` +
            'Raise that setting of the topic, or write smaller records.',
    )
    this.topic = topic
    this.sizeBytes = sizeBytes
    this.limit = limit
  }
}

/** Fetched bytes are damaged: a checksum does not match or a batch cannot be read. */
export class CorruptRecordError extends StreamsError {
  readonly code = 'STREAMS_CORRUPT_RECORD'
  readonly recovery: Recovery = 'fail'
}

/** The position to read from is not in the partition: records before `logStartOffset` are gone, or the log ends before it. */
export class OffsetOutOfRangeError extends StreamsError {
  readonly code = 'STREAMS_OFFSET_OUT_OF_RANGE'
  readonly recovery: Recovery = 'restore'
  readonly topic: string
  readonly partition: number
  readonly offset: number

  constructor(topic: string, partition: number, offset: number) {
    super(`Offset ${offset} of ${topic}-${partition} is outside the partition's log`)
    this.topic = topic
    this.partition = partition
    this.offset = offset
  }
}

/** The client, or this part of it, was closed while the call was under way, or before. */
export class ClientClosedError extends StreamsError {
  readonly code = 'STREAMS_CLIENT_CLOSED'
  readonly recovery: Recovery = 'fail'
}
