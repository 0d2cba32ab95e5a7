// The cooperative rebalance protocol (KIP-429), as pure functions. A partition moves in two rebalances: in the first its owner learns that it has
// to let go, in the second, when it has, the new owner gets it. Whatever moves not is never interrupted.
import { partitionKey, type TopicPartition } from '../core/record.ts'
import type { GroupMemberInfo, MemberAssignment } from './client.ts'

/** A member's claim to partitions, and the generation in which it got them. */
export interface Claim {
  readonly memberId: string
  readonly generation: number
  readonly ownedPartitions: readonly TopicPartition[]
}

/**
 * What each member still owns. A member that missed a generation, but never left the group, still owns what it had; only where a later
 * generation gave a partition to somebody else does the older claim end.
 *
 * @returns Partitions by member id. One that two members claim from the same generation belongs to both, so `cooperativeAdjust` gives it to neither.
 */
export function standingClaims(claims: readonly Claim[]): Map<string, readonly TopicPartition[]> {
  const latest = new Map<string, number>()
  for (const { generation, ownedPartitions } of claims) {
    for (const { topic, partition } of ownedPartitions) {
      const key = partitionKey(topic, partition)
      latest.set(key, Math.max(generation, latest.get(key) ?? generation))
    }
  }
  const standing = new Map<string, readonly TopicPartition[]>()
  for (const { memberId, generation, ownedPartitions } of claims) {
    const own = ownedPartitions.filter(
      ({ topic, partition }) => latest.get(partitionKey(topic, partition)) === generation,
    )
    standing.set(memberId, own)
  }
  return standing
}

/** An assignment that can be given out now. */
export interface Adjusted {
  readonly assignment: ReadonlyMap<string, MemberAssignment>
  /** Partitions that nobody gets in this generation, since another member than the one they go to still owns them. */
  readonly withheld: readonly TopicPartition[]
}

/**
 * Takes out of an assignment the partitions that another member still owns.
 *
 * @example
 * cooperativeAdjust(new Map([['new', { partitions: [p0, p1], userData }]]), [{ memberId: 'old', ownedPartitions: [p1], … }, …])
 * // new gets p0 now; p1 is withheld, and follows in the next generation, when old has revoked it
 */
export function cooperativeAdjust(
  assignment: ReadonlyMap<string, MemberAssignment>,
  members: readonly GroupMemberInfo[],
): Adjusted {
  const owners = new Map<string, string[]>()
  for (const { memberId, ownedPartitions } of members) {
    for (const { topic, partition } of ownedPartitions) {
      const key = partitionKey(topic, partition)
      owners.set(key, [...(owners.get(key) ?? []), memberId])
    }
  }
  const adjusted = new Map<string, MemberAssignment>()
  const withheld: TopicPartition[] = []
  for (const [memberId, { partitions, userData }] of assignment) {
    const free: TopicPartition[] = []
    for (const each of partitions) {
      const isFree = owners.get(partitionKey(each.topic, each.partition))?.every((owner) => owner === memberId) ?? true
      if (isFree) free.push(each)
      else withheld.push(each)
    }
    adjusted.set(memberId, { partitions: free, userData })
  }
  return { assignment: adjusted, withheld }
}
