// One pass through the group protocol: JoinGroup, in the leader the assignment, SyncGroup.
import type { TopicPartition } from '../core/record.ts'
import type { ClientContext, GroupAssignor } from './client.ts'
import { BrokerResponseError, ConnectionError } from './errors.ts'
import { failureOfError, GroupFailure } from './group-failure.ts'
import type { Heartbeats } from './group-heartbeats.ts'
import { type EncodedAssignment, leadAssignment } from './group-leader.ts'
import { partitionNames } from './group-partitions.ts'
import { type Assignment, decodeAssignment, encodeSubscription } from './group-protocol.ts'
import type { AssignedMemberId, GroupRequests, Joined, Membership } from './group-requests.ts'
import type { GroupSession } from './group-session.ts'
import { errorCodes, errorName } from './protocol/error-codes.ts'

export interface RoundParts {
  readonly requests: GroupRequests
  readonly heartbeats: Heartbeats
  readonly session: GroupSession
  readonly assignor: GroupAssignor
  readonly context: ClientContext
}

/** What a member joins with. */
export interface Standing {
  /** Empty until the coordinator has given one. */
  readonly memberId: string
  readonly ownedPartitions: readonly TopicPartition[]
  /** In which it got them; -1 if it has none from any. */
  readonly generation: number
}

/** A generation that the group has agreed on, and this member's part in it. */
export interface Round {
  readonly membership: Membership
  readonly assignment: Assignment
}

/** Sends the subscription; resolves when the group has agreed on a generation. */
export async function join(
  { requests, session, assignor, context }: RoundParts,
  { memberId, ownedPartitions, generation }: Standing,
): Promise<Joined | AssignedMemberId | GroupFailure> {
  const { clock } = context
  const { topics, userData } = assignor.subscription()
  const metadata = encodeSubscription({ topics, userData, ownedPartitions, generation })
  const sentMs = clock.monotonicMs()
  session.hold()
  const joined = await requests.join(memberId, metadata)
  const nowMs = clock.monotonicMs()
  // A connection that breaks after so long a wait lived until then, and the coordinator with it.
  const brokeLate =
    joined instanceof GroupFailure &&
    joined.error instanceof ConnectionError &&
    nowMs - sentMs > requests.identity.sessionTimeoutMs
  if (!(joined instanceof GroupFailure) || brokeLate) session.contact(nowMs, sentMs)
  session.release()
  return joined
}

/** In the leader: decides what each member gets. Heartbeats go on, for it may ask the cluster and take its time. */
export async function lead(
  { requests, heartbeats, assignor, context }: RoundParts,
  { members, generationId }: Joined,
): Promise<readonly EncodedAssignment[] | GroupFailure> {
  heartbeats.resume()
  try {
    const { assignments, withheld } = await leadAssignment(assignor, members)
    const fields = { group: requests.identity.groupId, generation: generationId, members: members.length }
    const held = withheld.length === 0 ? '' : `; ${partitionNames(withheld)} follow when their owners have let go`
    context.logger.info(fields, `Assigned the partitions of ${members.length} members${held}`)
    return assignments
  } catch (error) {
    return failureOfError(error)
  } finally {
    heartbeats.pause()
  }
}

/** Gets this member's assignment; resolves when the leader has sent all of them. */
export async function sync(
  { requests, session, context }: RoundParts,
  membership: Membership,
  assignments: readonly EncodedAssignment[],
): Promise<Round | GroupFailure> {
  const sentMs = context.clock.monotonicMs()
  session.hold()
  const bytes = await requests.sync(membership, assignments)
  if (!(bytes instanceof GroupFailure)) session.contact(context.clock.monotonicMs(), sentMs)
  session.release()
  if (bytes instanceof GroupFailure) return bytes
  try {
    return { membership, assignment: decodeAssignment(bytes) }
  } catch (error) {
    return unreadable(error as Error, requests.identity.groupId)
  }
}

function unreadable({ message }: Error, groupId: string): GroupFailure {
  const code = errorCodes.INCONSISTENT_GROUP_PROTOCOL
  const problem = `The assignment that the leader of group '${groupId}' has made cannot be read (${message})`
  const wayOut = "it does not speak this group's protocol. Stop the other members, or choose another group."
  return new GroupFailure('fatal', new BrokerResponseError(errorName(code), code, `${problem}: ${wayOut}`))
}
