// Flow: group-member → [group-requests] → Wire → the group's coordinator.
import type { ClientContext, GroupMemberOptions } from './client.ts'
import type { Coordinators } from './coordinators.ts'
import { failureOfCode, failureOfError, GroupFailure, type GroupIdentity } from './group-failure.ts'
import type { EncodedAssignment } from './group-leader.ts'
import { PROTOCOL_TYPE } from './group-protocol.ts'
import type { ApiName, RequestOf, ResponseOf } from './protocol/apis.ts'
import { errorCodes } from './protocol/error-codes.ts'
import type { Wire } from './wire.ts'

/** A coordinator parks JoinGroup and SyncGroup for as long as a rebalance may take; the answer gets this much longer, in milliseconds. */
const REBALANCE_ANSWER_MS = 5_000

export interface GroupParts {
  /** JoinGroup, SyncGroup and Heartbeat. */
  readonly wire: Wire
  /** Whatever must not stand behind a parked JoinGroup: OffsetCommit, OffsetFetch, LeaveGroup. */
  readonly offsetsWire: Wire
  readonly coordinators: Coordinators
  readonly context: ClientContext
}

export type Joined = Pick<ResponseOf<'joinGroup'>, 'memberId' | 'generationId' | 'leader' | 'members'>

/** A member in a generation, as the coordinator knows it. */
export interface Membership {
  readonly memberId: string
  readonly generation: number
}

/** One attempt at each request of the group protocol: the coordinator is looked up, and its answer read. Never throws. */
export class GroupRequests {
  readonly identity: GroupIdentity
  readonly #wire: Wire
  readonly #offsetsWire: Wire
  readonly #coordinators: Coordinators
  readonly #rebalanceTimeoutMs: number

  constructor({ wire, offsetsWire, coordinators }: GroupParts, options: GroupMemberOptions) {
    this.#wire = wire
    this.#offsetsWire = offsetsWire
    this.#coordinators = coordinators
    this.#rebalanceTimeoutMs = options.rebalanceTimeoutMs
    this.identity = {
      groupId: options.groupId,
      instanceId: options.instanceId ?? null,
      protocol: options.assignor.name,
      sessionTimeoutMs: options.sessionTimeoutMs,
    }
  }

  /** Looks the coordinator up, so that the next request finds it known. */
  async findCoordinator(): Promise<GroupFailure | undefined> {
    try {
      await this.#coordinators.find('group', this.identity.groupId)
      return undefined
    } catch (error) {
      return failureOfError(error)
    }
  }

  /** Resolves when the group has agreed on a generation, or, for a new member, with the id that it has to use. */
  async join(memberId: string, metadata: Buffer): Promise<Joined | GroupFailure | AssignedMemberId> {
    const { groupId, instanceId, protocol, sessionTimeoutMs } = this.identity
    const request = {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs: this.#rebalanceTimeoutMs,
      memberId,
      groupInstanceId: instanceId,
      protocolType: PROTOCOL_TYPE,
      protocols: [{ name: protocol, metadata }],
    }
    const answer = await this.#send(this.#wire, 'joinGroup', request, this.#rebalanceTimeoutMs + REBALANCE_ANSWER_MS)
    if (answer instanceof GroupFailure) return answer
    if (answer.errorCode === errorCodes.MEMBER_ID_REQUIRED) return new AssignedMemberId(answer.memberId)
    return this.#failure(answer.errorCode, 'Joining') ?? answer
  }

  /** Resolves with this member's assignment when the leader has sent all of them. */
  async sync(
    { memberId, generation }: Membership,
    assignments: readonly EncodedAssignment[],
  ): Promise<Buffer | GroupFailure> {
    const { groupId, instanceId } = this.identity
    const request = { groupId, generationId: generation, memberId, groupInstanceId: instanceId, assignments }
    const answer = await this.#send(this.#wire, 'syncGroup', request, this.#rebalanceTimeoutMs + REBALANCE_ANSWER_MS)
    if (answer instanceof GroupFailure) return answer
    return this.#failure(answer.errorCode, 'Getting the assignment') ?? answer.assignment
  }

  async heartbeat({ memberId, generation }: Membership, timeoutMs: number): Promise<GroupFailure | undefined> {
    const { groupId, instanceId } = this.identity
    const request = { groupId, generationId: generation, memberId, groupInstanceId: instanceId }
    const answer = await this.#send(this.#wire, 'heartbeat', request, timeoutMs)
    return answer instanceof GroupFailure ? answer : this.#failure(answer.errorCode, 'A heartbeat')
  }

  /** An empty member id stands for whichever member has our instance id. */
  async leave(memberId: string, timeoutMs: number): Promise<GroupFailure | undefined> {
    const { groupId, instanceId } = this.identity
    const request = { groupId, members: [{ memberId, groupInstanceId: instanceId }] }
    const answer = await this.#send(this.#offsetsWire, 'leaveGroup', request, timeoutMs)
    if (answer instanceof GroupFailure) return answer
    return this.#failure(answer.errorCode || (answer.members[0]?.errorCode ?? 0), 'Leaving')
  }

  async #send<A extends ApiName>(
    wire: Wire,
    api: A,
    request: RequestOf<A>,
    timeoutMs: number,
  ): Promise<ResponseOf<A> | GroupFailure> {
    try {
      const node = await this.#coordinators.find('group', this.identity.groupId)
      return await wire.send(node, api, request, { timeoutMs })
    } catch (error) {
      this.#coordinators.forget('group', this.identity.groupId)
      return failureOfError(error)
    }
  }

  #failure(code: number, what: string): GroupFailure | undefined {
    if (code === errorCodes.NONE) return undefined
    if (code === errorCodes.NOT_COORDINATOR || code === errorCodes.COORDINATOR_NOT_AVAILABLE) {
      this.#coordinators.forget('group', this.identity.groupId)
    }
    return failureOfCode(code, `${what} in group '${this.identity.groupId}'`, this.identity)
  }
}

/** The coordinator's answer to the first JoinGroup of a new member: the id with which it has to join. */
export class AssignedMemberId {
  readonly memberId: string

  constructor(memberId: string) {
    this.memberId = memberId
  }
}
