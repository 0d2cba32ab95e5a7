import type { Timer } from '../../core/clock.ts'
import { StateMachine, type Transitions } from '../../core/state-machine.ts'
import { decodeSubscription } from '../group-protocol.ts'
import { errorCodes } from '../protocol/error-codes.ts'
import { MalformedMessageError } from '../protocol/schema.ts'
import {
  GroupMember,
  type JoinRequest,
  type JoinResponse,
  joinError,
  type Protocols,
  syncResponse,
} from './group-member.ts'
import { GroupOffsets } from './group-offsets.ts'

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

// Empty ⇄ PreparingRebalance → CompletingRebalance → Stable
//               ↑                     │                │
//               └─────────────────────┴────────────────┘
const transitions: Transitions<GroupState> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Empty', 'CompletingRebalance'],
  CompletingRebalance: ['PreparingRebalance', 'Stable'],
  Stable: ['PreparingRebalance'],
}

/** A consumer group: members, generation, chosen protocol, and committed offsets. Knows the rules of membership; GroupRebalance moves it. */
export class Group {
  readonly groupId: string
  readonly members = new Map<string, GroupMember>()
  readonly offsets = new GroupOffsets()
  /** Dynamic members that were given an id and have not joined with it; the timer drops them. */
  readonly pendingJoins = new Map<string, Timer>()
  /** Members of this generation that have not sent SyncGroup. */
  readonly pendingSyncs = new Set<string>()
  generation = 0
  protocolName = ''
  leaderId = ''
  joinTimer: Timer | undefined
  syncTimer: Timer | undefined
  /** Whether members joined during the current wait of a first rebalance. */
  newMemberAdded = false
  previousState: GroupState = 'Empty'
  #protocolType = ''
  readonly #staticMembers = new Map<string, string>()
  readonly #state: StateMachine<GroupState>

  constructor(groupId: string) {
    this.groupId = groupId
    this.#state = new StateMachine<GroupState>(`Group ${groupId}`, 'Empty', transitions, (from) => {
      this.previousState = from
    })
  }

  get state(): GroupState {
    return this.#state.state
  }

  is(...states: readonly GroupState[]): boolean {
    return this.#state.is(...states)
  }

  transitionTo(next: GroupState): void {
    this.#state.transitionTo(next)
  }

  /** What the first member said; `''`: the group never had one. */
  get protocolType(): string {
    return this.#protocolType
  }

  /** The longest of the members'. */
  get rebalanceTimeoutMs(): number {
    return Math.max(0, ...[...this.members.values()].map((member) => member.rebalanceTimeoutMs))
  }

  get allHaveJoined(): boolean {
    return this.pendingJoins.size === 0 && [...this.members.values()].every((member) => member.awaitsJoin)
  }

  /** The member id that an instance id stands for now. */
  staticMemberId(instanceId: string): string | undefined {
    return this.#staticMembers.get(instanceId)
  }

  add(member: GroupMember, protocolType: string): void {
    if (member.instanceId !== null) this.#staticMembers.set(member.instanceId, member.memberId)
    if (this.members.size === 0) this.#protocolType = protocolType
    if (this.leaderId === '') this.leaderId = member.memberId
    this.members.set(member.memberId, member)
    this.dropPending(member.memberId)
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId)
    member?.sessionTimer?.cancel()
    this.members.delete(memberId)
    if (member?.instanceId != null) this.#staticMembers.delete(member.instanceId)
    if (this.leaderId === memberId) this.leaderId = this.members.keys().next().value ?? ''
    this.dropPending(memberId)
    this.pendingSyncs.delete(memberId)
  }

  dropPending(memberId: string): void {
    this.pendingJoins.get(memberId)?.cancel()
    this.pendingJoins.delete(memberId)
  }

  /** Whether a member reads the topic; also if its bytes do not tell. */
  isSubscribedTo(topic: string): boolean {
    return [...this.members.values()].some((member) => {
      try {
        return decodeSubscription(member.metadata(this.protocolName)).topics.includes(topic)
      } catch (error) {
        if (error instanceof MalformedMessageError) return true
        throw error
      }
    })
  }

  /** Gives a static member a new id; who holds the old one is fenced at once. */
  replaceStatic(instanceId: string, newMemberId: string, clientId: string, request: JoinRequest): GroupMember {
    const oldMemberId = this.#staticMembers.get(instanceId)!
    const old = this.members.get(oldMemberId)!
    old.sessionTimer?.cancel()
    old.answerJoin(joinError(errorCodes.FENCED_INSTANCE_ID, oldMemberId))
    old.answerSync(syncResponse(errorCodes.FENCED_INSTANCE_ID))
    this.members.delete(oldMemberId)
    const member = new GroupMember(newMemberId, clientId, request)
    member.assignment = old.assignment
    this.members.set(newMemberId, member)
    this.#staticMembers.set(instanceId, newMemberId)
    if (this.leaderId === oldMemberId) this.leaderId = newMemberId
    return member
  }

  /** NONE if this is who it says: the member exists, and an instance id is not used by another. */
  memberError(memberId: string, instanceId: string | null): number {
    if (instanceId !== null) {
      const current = this.#staticMembers.get(instanceId)
      if (current === undefined) return errorCodes.UNKNOWN_MEMBER_ID
      if (current !== memberId) return errorCodes.FENCED_INSTANCE_ID
    }
    return this.members.has(memberId) ? errorCodes.NONE : errorCodes.UNKNOWN_MEMBER_ID
  }

  /** Whether all members could agree on one of these protocols. */
  accepts(protocolType: string, protocols: Protocols): boolean {
    if (this.is('Empty')) return protocolType !== '' && protocols.length > 0
    const all = [...this.members.values()]
    return (
      protocolType === this.#protocolType && protocols.some(({ name }) => all.every((member) => member.supports(name)))
    )
  }

  /** What most members prefer among what all support. */
  selectProtocol(): string {
    const all = [...this.members.values()]
    const votes = new Map<string, number>()
    for (const member of all) {
      const vote = member.protocols.find(({ name }) => all.every((other) => other.supports(name)))
      if (vote !== undefined) votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1)
    }
    const ranked = [...votes].sort(([, a], [, b]) => b - a)
    return ranked[0]?.[0] ?? ''
  }

  /** The answer to a member that has joined the current generation; the leader is told of all members. */
  joinResponse(memberId: string): JoinResponse {
    return { ...this.followerResponse(memberId), members: memberId === this.leaderId ? this.#memberList() : [] }
  }

  followerResponse(memberId: string): JoinResponse {
    const { generation: generationId, protocolName, leaderId: leader } = this
    return { throttleTimeMs: 0, errorCode: errorCodes.NONE, generationId, protocolName, leader, memberId, members: [] }
  }

  #memberList(): JoinResponse['members'] {
    return [...this.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      metadata: member.metadata(this.protocolName),
    }))
  }
}
