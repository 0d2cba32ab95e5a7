// Flow: JoinGroup's members → [group-leader] → assignor → SyncGroup's assignments.
import { InvariantError } from '../core/errors.ts'
import { partitionKey, type TopicPartition } from '../core/record.ts'
import type { GroupAssignor, GroupMemberInfo, MemberAssignment } from './client.ts'
import { cooperativeAdjust, standingClaims } from './cooperative.ts'
import { BrokerResponseError } from './errors.ts'
import { decodeSubscription, encodeAssignment, type Subscription } from './group-protocol.ts'
import type { ResponseOf } from './protocol/apis.ts'
import { errorCodes, errorName } from './protocol/error-codes.ts'

type JoinedMember = ResponseOf<'joinGroup'>['members'][number]

/** A member's assignment, encoded. */
export interface EncodedAssignment {
  readonly memberId: string
  readonly assignment: Buffer
}

const NOTHING: MemberAssignment = { partitions: [], userData: Buffer.alloc(0) }

/**
 * Does the leader's work in a rebalance: lets the assignor decide, holds back what another member still owns, and encodes the result,
 * with an entry for each member.
 *
 * @throws InvariantError `STREAMS_INVARIANT`: the assignor gave a partition to two members.
 * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE`: another member's subscription cannot be read.
 */
export async function leadAssignment(
  assignor: GroupAssignor,
  joined: readonly JoinedMember[],
): Promise<{ readonly assignments: readonly EncodedAssignment[]; readonly withheld: readonly TopicPartition[] }> {
  const members = describeMembers(joined)
  const wanted = await assignor.assign(members)
  refuseDoubles(assignor.name, wanted)
  const { assignment, withheld } = cooperativeAdjust(wanted, members)
  const incomplete = withheld.length > 0
  const assignments = members.map(({ memberId }) => ({
    memberId,
    assignment: encodeAssignment({ ...(assignment.get(memberId) ?? NOTHING), incomplete }),
  }))
  return { assignments, withheld }
}

function describeMembers(joined: readonly JoinedMember[]): GroupMemberInfo[] {
  const subscriptions = joined.map((member) => ({ member, subscription: subscriptionOf(member) }))
  const standing = standingClaims(
    subscriptions.map(({ member, subscription: { generation, ownedPartitions } }) => {
      return { memberId: member.memberId, generation, ownedPartitions }
    }),
  )
  return subscriptions.map(({ member, subscription: { topics, userData } }) => ({
    memberId: member.memberId,
    instanceId: member.groupInstanceId,
    topics,
    ownedPartitions: standing.get(member.memberId) ?? [],
    userData,
  }))
}

function subscriptionOf({ memberId, metadata }: JoinedMember): Subscription {
  try {
    return decodeSubscription(metadata)
  } catch (error) {
    const code = errorCodes.INCONSISTENT_GROUP_PROTOCOL
    const message = `The subscription of group member '${memberId}' cannot be read: it does not speak this group's protocol. Stop it, or give it a group of its own.`
    throw new BrokerResponseError(errorName(code), code, `${message} (${(error as Error).message})`)
  }
}

function refuseDoubles(assignor: string, assignment: ReadonlyMap<string, MemberAssignment>): void {
  const takers = new Map<string, string>()
  for (const [memberId, { partitions }] of assignment) {
    for (const { topic, partition } of partitions) {
      const key = partitionKey(topic, partition)
      const other = takers.get(key)
      if (other !== undefined) {
        throw new InvariantError(`Assignor '${assignor}' gave ${topic}-${partition} to '${other}' and to '${memberId}'`)
      }
      takers.set(key, memberId)
    }
  }
}
