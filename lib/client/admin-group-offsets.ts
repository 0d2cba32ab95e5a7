// Flow: admin → [admin-group-offsets] → admin-requests → Wire.
import { partitionKey, type TopicPartition } from '../core/record.ts'
import type { AdminParts } from './admin.ts'
import { requireId, requireOffset } from './admin-arguments.ts'
import { adminRefused } from './admin-errors.ts'
import { notEmpty } from './admin-groups.ts'
import { askCoordinator, incomplete } from './admin-requests.ts'
import { type AclOperation, onGroup, onTopic } from './authorization.ts'
import type { NewGroupOffset, OffsetCommit } from './client.ts'
import { byTopic, partitionNames } from './group-partitions.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { Retry } from './retry.ts'

/** In place of a member and its generation: nobody in particular. */
const NO_MEMBER = { generationId: -1, memberId: '', groupInstanceId: null } as const
const NO_LEADER_EPOCH = -1
const NO_OFFSET = -1

/**
 * See Admin.committedOffsets.
 *
 * @param requireStable - Waits, within the request time-out, for transactions that are about to change an offset.
 */
export async function committedOffsets(
  parts: AdminParts,
  groupId: string,
  requireStable: boolean,
): Promise<ReadonlyMap<string, OffsetCommit>> {
  requireId('committedOffsets', 'groupId', groupId)
  const what = `Reading the offsets committed by group '${groupId}'`
  return askCoordinator(parts, 'group', groupId, what, async ({ node, timeoutMs }) => {
    const request = { groupId, topics: null, requireStable }
    const { errorCode, topics } = await parts.wire.send(node, 'offsetFetch', request, { timeoutMs })
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    if (errorCode !== errorCodes.NONE) throw adminRefused(what, errorCode, null, [onGroup(groupId, 'DESCRIBE')])
    const found: OffsetCommit[] = []
    for (const { name: topic, partitions } of topics) {
      for (const { partitionIndex: partition, committedOffset: offset, metadata, errorCode } of partitions) {
        const where = `${topic}-${partition}`
        if (isRetriable(errorCode)) return new Retry(new Error(`${where}: ${errorName(errorCode)}`))
        if (errorCode !== errorCodes.NONE) {
          const needs = [onGroup(groupId, 'DESCRIBE'), onTopic(topic, 'DESCRIBE')]
          throw adminRefused(`${what} for ${where}`, errorCode, null, needs)
        }
        if (offset !== NO_OFFSET) found.push({ topic, partition, offset, metadata: metadata ?? '' })
      }
    }
    found.sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
    return new Map(found.map((each) => [partitionKey(each.topic, each.partition), each]))
  })
}

/** See Admin.alterOffsets. */
export async function alterOffsets(
  parts: AdminParts,
  groupId: string,
  offsets: readonly NewGroupOffset[],
): Promise<void> {
  requireId('alterOffsets', 'groupId', groupId)
  for (const { offset } of offsets) requireOffset('alterOffsets', offset)
  if (offsets.length === 0) return
  const what = `Changing the offsets of ${partitionNames(offsets)} for group '${groupId}'`
  const request = {
    groupId,
    ...NO_MEMBER,
    topics: byTopic(offsets, ({ partition, offset, metadata }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: NO_LEADER_EPOCH,
      committedMetadata: metadata ?? '',
    })),
  }
  return askCoordinator(parts, 'group', groupId, what, async ({ node, timeoutMs, remainingMs }) => {
    const response = await parts.wire.send(node, 'offsetCommit', request, { timeoutMs })
    return firstProblem({ parts, what, groupId, needs: 'READ', remainingMs }, offsets, response.topics)
  })
}

/** See Admin.deleteOffsets. */
export async function deleteOffsets(
  parts: AdminParts,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<void> {
  requireId('deleteOffsets', 'groupId', groupId)
  if (partitions.length === 0) return
  const what = `Deleting the offsets of ${partitionNames(partitions)} for group '${groupId}'`
  const request = { groupId, topics: byTopic(partitions, ({ partition }) => ({ partitionIndex: partition })) }
  return askCoordinator(parts, 'group', groupId, what, async ({ node, timeoutMs, remainingMs }) => {
    const { errorCode, topics } = await parts.wire.send(node, 'offsetDelete', request, { timeoutMs })
    if (errorCode === errorCodes.GROUP_ID_NOT_FOUND) return undefined
    if (errorCode === errorCodes.NON_EMPTY_GROUP) return notEmpty(parts, what, groupId, errorCode, remainingMs())
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    if (errorCode !== errorCodes.NONE) throw adminRefused(what, errorCode, null, [onGroup(groupId, 'DELETE')])
    return firstProblem({ parts, what, groupId, needs: 'DELETE', remainingMs }, partitions, topics)
  })
}

interface Answer {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[]
}

/** A change of a group's offsets that has been answered. */
interface Change {
  readonly parts: AdminParts
  readonly what: string
  readonly groupId: string
  /** What the request takes on the group; on topics it is READ. */
  readonly needs: AclOperation
  /** What is left of the call. */
  remainingMs(): number
}

async function firstProblem(
  change: Change,
  asked: readonly TopicPartition[],
  answers: readonly Answer[],
): Promise<Retry | undefined> {
  const codes = new Map<string, number>()
  for (const { name, partitions } of answers) {
    for (const { partitionIndex, errorCode } of partitions) codes.set(partitionKey(name, partitionIndex), errorCode)
  }
  for (const { topic, partition } of asked) {
    const errorCode = codes.get(partitionKey(topic, partition))
    if (errorCode === undefined) return incomplete()
    const problem = await problemWith(change, topic, partition, errorCode)
    if (problem !== undefined) return problem
  }
  return undefined
}

async function problemWith(
  { parts, what, groupId, needs, remainingMs }: Change,
  topic: string,
  partition: number,
  errorCode: number,
): Promise<Retry | undefined> {
  switch (errorCode) {
    case errorCodes.NONE:
      return undefined
    // To who names no member, this is how a group with members answers.
    case errorCodes.UNKNOWN_MEMBER_ID:
    case errorCodes.REBALANCE_IN_PROGRESS:
    case errorCodes.GROUP_SUBSCRIBED_TO_TOPIC:
      return notEmpty(parts, what, groupId, errorCode, remainingMs())
    case errorCodes.UNKNOWN_TOPIC_OR_PARTITION:
      // Says which of the two it is, unless the brokers are only just hearing of it.
      parts.metadata.invalidate(topic)
      await parts.metadata.leader(topic, partition, remainingMs())
      break
    default:
      if (!isRetriable(errorCode)) {
        const permissions = [onGroup(groupId, needs), onTopic(topic, 'READ')]
        throw adminRefused(`${what} for ${topic}-${partition}`, errorCode, null, permissions)
      }
  }
  return new Retry(new Error(`${topic}-${partition}: ${errorName(errorCode)}`))
}
