// Flow: stream-loop → group-member → [group-offsets] → Wire → the group's coordinator.
import { partitionKey, type TopicPartition } from '../core/record.ts'
import { type AclOperation, onGroup, onTopic, type Permission, unauthorized } from './authorization.ts'
import type { ClientContext, CommittedOffset, GroupMetadata, OffsetCommit } from './client.ts'
import type { Coordinators } from './coordinators.ts'
import { BrokerResponseError, FencedInstanceError, StaleMemberError } from './errors.ts'
import { byTopic, partitionNames, unanswered } from './group-partitions.ts'
import type { ResponseOf } from './protocol/apis.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { type Attempt, Retry, retrying } from './retry.ts'
import type { Wire } from './wire.ts'

/**
 * How long committed offsets are waited for that a transaction still holds back, in milliseconds: no transaction lives longer than the broker's
 * transaction.max.timeout.ms, which is 15 min by default.
 */
const MAX_TRANSACTION_MS = 15 * 60_000
/** The longest wait between two questions about such an offset. */
const UNSTABLE_DELAY_MS = 200
const NO_LEADER_EPOCH = -1
const NO_OFFSET = -1

export interface OffsetsParts {
  /** Never the wire on which a JoinGroup may be parked. */
  readonly offsetsWire: Wire
  readonly coordinators: Coordinators
  readonly context: ClientContext
}

/** Reads and writes a group's committed offsets. */
export class GroupOffsets {
  readonly #parts: OffsetsParts
  readonly #groupId: string
  readonly #stopped: () => Error | undefined

  /** `stopped` is asked before a further attempt: an error ends the operation. */
  constructor(parts: OffsetsParts, groupId: string, stopped: () => Error | undefined) {
    this.#parts = parts
    this.#groupId = groupId
    this.#stopped = stopped
  }

  /** Commits as this member in this generation; see GroupMember.commit. */
  async commit(offsets: readonly OffsetCommit[], group: GroupMetadata): Promise<void> {
    if (offsets.length === 0) return
    const request = {
      groupId: group.groupId,
      generationId: group.generation,
      memberId: group.memberId,
      groupInstanceId: group.instanceId,
      topics: byTopic(offsets, ({ partition, offset, metadata }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: NO_LEADER_EPOCH,
        committedMetadata: metadata,
      })),
    }
    const what = `Committing offsets of ${partitionNames(offsets)} for group '${this.#groupId}'`
    await this.#ask(what, async (node, timeoutMs) => {
      const answer = await this.#parts.offsetsWire.send(node, 'offsetCommit', request, { timeoutMs })
      let retry: Retry | undefined
      for (const { name, partitions } of answer.topics) {
        for (const { partitionIndex, errorCode } of partitions) {
          if (errorCode === errorCodes.NONE) continue
          const error = commitError(errorCode, what, { topic: name, partition: partitionIndex }, group)
          if (!(error instanceof Retry)) throw error
          retry = error
        }
      }
      const missing = unanswered(offsets, answer.topics)
      return retry ?? (missing && new Retry(missing))
    })
  }

  /** The committed offsets by `partitionKey`; waits for those that a transaction is about to change. */
  async committed(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, CommittedOffset>> {
    if (partitions.length === 0) return new Map()
    const request = {
      groupId: this.#groupId,
      topics: byTopic(partitions, ({ partition }) => partition).map((topic) => {
        return { name: topic.name, partitionIndexes: topic.partitions }
      }),
      requireStable: true,
    }
    const what = `Reading the offsets of ${partitionNames(partitions)} committed by group '${this.#groupId}'`
    const read = async (): Promise<ReadonlyMap<string, CommittedOffset> | Retry> => {
      const answer = await this.#ask(what, async (node, timeoutMs) => {
        return committedIn(
          await this.#parts.offsetsWire.send(node, 'offsetFetch', request, { timeoutMs }),
          what,
          this.#groupId,
          partitions,
        )
      })
      return answer === 'unstable' ? new Retry(new Error('a transaction that holds some is still open')) : answer
    }
    const options = { timeoutMs: MAX_TRANSACTION_MS, maxDelayMs: UNSTABLE_DELAY_MS, stopped: this.#stopped }
    return retrying(this.#parts.context, what, read, options)
  }

  // Asks the coordinator, wherever it is, until it answers.
  #ask<T>(what: string, attempt: (node: number, timeoutMs: number) => Promise<T | Retry>): Promise<T> {
    const { coordinators, context } = this.#parts
    const once = ({ remainingMs, timeoutMs }: Attempt): Promise<T | Retry> =>
      coordinators.ask('group', this.#groupId, remainingMs, (node) => attempt(node, timeoutMs))
    return retrying(context, what, once, { stopped: this.#stopped })
  }
}

function commitError(code: number, what: string, where: TopicPartition, group: GroupMetadata): Error | Retry {
  const name = errorName(code)
  switch (code) {
    case errorCodes.ILLEGAL_GENERATION:
    case errorCodes.UNKNOWN_MEMBER_ID:
    case errorCodes.REBALANCE_IN_PROGRESS:
      return new StaleMemberError(
        `${what} was refused: generation ${group.generation} of the group has ended (${name})`,
      )
    case errorCodes.FENCED_INSTANCE_ID:
      return new FencedInstanceError(group.instanceId ?? '', group.groupId)
    case errorCodes.OFFSET_METADATA_TOO_LARGE:
      return new BrokerResponseError(
        name,
        code,
        `${what}: the metadata for ${where.topic}-${where.partition} is larger than the broker's offset.metadata.max.bytes (${name})`,
      )
    default:
      return answerError(code, what, neededFor('READ', group.groupId, where), where)
  }
}

function neededFor(operation: AclOperation, groupId: string, where?: TopicPartition): readonly Permission[] {
  const group = onGroup(groupId, operation)
  return where === undefined ? [group] : [group, onTopic(where.topic, operation)]
}

function answerError(code: number, what: string, needs: readonly Permission[], where?: TopicPartition): Error | Retry {
  const forbidden = unauthorized(what, code, needs)
  if (forbidden !== undefined) return forbidden
  const name = errorName(code)
  const error = new BrokerResponseError(
    name,
    code,
    `${what} was refused${where === undefined ? '' : ` for ${where.topic}-${where.partition}`}: ${name}`,
  )
  // A topic that was deleted does not come back, though the code counts as one that passes.
  return isRetriable(code) && code !== errorCodes.UNKNOWN_TOPIC_OR_PARTITION ? new Retry(error) : error
}

function committedIn(
  answer: ResponseOf<'offsetFetch'>,
  what: string,
  groupId: string,
  asked: readonly TopicPartition[],
): ReadonlyMap<string, CommittedOffset> | 'unstable' | Retry {
  const committed = new Map<string, CommittedOffset>()
  const failed = (code: number, where?: TopicPartition) =>
    answerError(code, what, neededFor('DESCRIBE', groupId, where), where)
  let problem = answer.errorCode === errorCodes.NONE ? undefined : failed(answer.errorCode)
  for (const { name, partitions } of answer.topics) {
    for (const { partitionIndex, errorCode, committedOffset, metadata } of partitions) {
      if (errorCode === errorCodes.UNSTABLE_OFFSET_COMMIT) return 'unstable'
      if (errorCode !== errorCodes.NONE) problem ??= failed(errorCode, { topic: name, partition: partitionIndex })
      else if (committedOffset !== NO_OFFSET) {
        committed.set(partitionKey(name, partitionIndex), { offset: committedOffset, metadata: metadata ?? '' })
      }
    }
  }
  if (problem !== undefined && !(problem instanceof Retry)) throw problem
  const missing = unanswered(asked, answer.topics)
  return problem ?? (missing === undefined ? committed : new Retry(missing))
}
