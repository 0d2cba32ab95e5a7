// Members of a group as the group contract uses them: they remember what they were told.
import type {
  Assigned,
  Client,
  GroupAssignor,
  GroupListener,
  GroupMember,
  GroupMemberInfo,
  GroupMemberOptions,
  GroupMetadata,
  MemberAssignment,
} from '../../../lib/client/client.ts'
import type { TopicPartition } from '../../../lib/core/record.ts'

/**
 * Gives each member its share of a topic's partitions, leaving with each what it owns as far as the share allows. Each member gets the user data of
 * all members, by name, and knows in which order the leader saw them.
 */
export class SharingAssignor implements GroupAssignor {
  readonly name: string
  readonly #topic: string
  readonly #partitionCount: number
  userData: string
  /** How often this member was the leader. */
  ledCount = 0
  /** Awaited before an assignment is given. */
  beforeAssign: () => Promise<void> = async () => {}

  constructor(topic: string, partitionCount: number, userData = '', name = 'sharing') {
    this.name = name
    this.#topic = topic
    this.#partitionCount = partitionCount
    this.userData = userData
  }

  subscription(): { topics: readonly string[]; userData: Buffer } {
    return { topics: [this.#topic], userData: Buffer.from(this.userData) }
  }

  async assign(members: readonly GroupMemberInfo[]): Promise<ReadonlyMap<string, MemberAssignment>> {
    this.ledCount++
    await this.beforeAssign()
    const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
    const rest = this.#partitionCount % members.length
    const rich = [...sorted].sort((a, b) => b.ownedPartitions.length - a.ownedPartitions.length).slice(0, rest)
    const shareOf = (member: GroupMemberInfo): number =>
      Math.floor(this.#partitionCount / members.length) + (rich.includes(member) ? 1 : 0)
    const given = new Map(sorted.map(({ memberId }) => [memberId, [] as TopicPartition[]]))
    const free = new Set(Array.from({ length: this.#partitionCount }, (_, partition) => partition))
    for (const member of sorted) {
      const kept = member.ownedPartitions.filter(({ partition }) => free.has(partition)).slice(0, shareOf(member))
      for (const { partition } of kept) free.delete(partition)
      given.get(member.memberId)!.push(...kept)
    }
    for (const member of sorted) {
      for (const partition of [...free].slice(0, shareOf(member) - given.get(member.memberId)!.length)) {
        free.delete(partition)
        given.get(member.memberId)!.push({ topic: this.#topic, partition })
      }
    }
    const userData = Buffer.from(sorted.map((member) => member.userData.toString()).join())
    return new Map([...given].map(([memberId, partitions]) => [memberId, { partitions, userData }]))
  }
}

export type TestMemberOptions = Partial<
  Pick<
    GroupMemberOptions,
    'instanceId' | 'sessionTimeoutMs' | 'rebalanceTimeoutMs' | 'heartbeatIntervalMs' | 'strangersPatienceMs'
  >
>

/** A member and what its listener was told, as lines: `assigned +0,1 =2`, `revoked 1`, `lost 0,2`, `fatal STREAMS_…`. */
export class TestMember implements GroupListener {
  readonly member: GroupMember
  readonly events: string[] = []
  readonly owned = new Set<number>()
  readonly groups: GroupMetadata[] = []
  userData = ''
  fatal: Error | undefined
  /** Awaited in the listener call of that name. */
  onCall: (call: 'revoked' | 'assigned' | 'lost') => Promise<void> = async () => {}
  #busy = false

  constructor(client: Client, groupId: string, assignor: GroupAssignor, options: TestMemberOptions = {}) {
    this.member = client.groupMember({
      groupId,
      assignor,
      listener: this,
      sessionTimeoutMs: 3_000,
      rebalanceTimeoutMs: 10_000,
      heartbeatIntervalMs: 100,
      ...options,
    })
  }

  /** The partitions as a sorted list. */
  get partitions(): number[] {
    return [...this.owned].sort((a, b) => a - b)
  }

  async onRevoked(partitions: readonly TopicPartition[], group: GroupMetadata): Promise<void> {
    await this.#one('revoked', `revoked ${numbers(partitions)}`, group)
    for (const { partition } of partitions) this.owned.delete(partition)
  }

  async onAssigned({ added, kept, userData, group }: Assigned): Promise<void> {
    for (const { partition } of added) this.owned.add(partition)
    this.userData = userData.toString()
    await this.#one('assigned', `assigned +${numbers(added)} =${numbers(kept)}`, group)
  }

  async onLost(partitions: readonly TopicPartition[]): Promise<void> {
    for (const { partition } of partitions) this.owned.delete(partition)
    await this.#one('lost', `lost ${numbers(partitions)}`)
  }

  onFatal(error: Error): void {
    this.fatal = error
    this.events.push(`fatal ${(error as Error & { code?: string }).code ?? error.message}`)
  }

  async #one(call: 'revoked' | 'assigned' | 'lost', line: string, group?: GroupMetadata): Promise<void> {
    this.events.push(line)
    if (this.#busy) this.events.push('overlapping calls')
    this.#busy = true
    if (group !== undefined) this.groups.push(group)
    try {
      await this.onCall(call)
    } finally {
      this.#busy = false
    }
  }
}

function numbers(partitions: readonly TopicPartition[]): string {
  const sorted = partitions.map(({ partition }) => partition).sort((a, b) => a - b)
  return sorted.join()
}
