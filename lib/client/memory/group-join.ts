import { errorCodes } from '../protocol/error-codes.ts'
import type { Group } from './group.ts'
import { GroupMember, type JoinRequest, type JoinResponse, joinError } from './group-member.ts'
import type { GroupRebalance } from './group-rebalance.ts'

type Respond = (response: JoinResponse) => void

/** What JoinGroup does to a group: the cases of Kafka's GroupMetadataManager for classic groups. */
export class GroupJoin {
  readonly #rebalance: GroupRebalance
  readonly #newMemberId: (prefix: string) => string

  constructor(rebalance: GroupRebalance, newMemberId: (prefix: string) => string) {
    this.#rebalance = rebalance
    this.#newMemberId = newMemberId
  }

  /** Answers now, or parks the request until the rebalance is over. */
  join(group: Group, request: JoinRequest, clientId: string, respond: Respond): void {
    const { memberId, groupInstanceId, protocolType, protocols } = request
    if (!group.accepts(protocolType, protocols)) {
      respond(joinError(errorCodes.INCONSISTENT_GROUP_PROTOCOL, memberId))
    } else if (memberId !== '') this.#existing(group, request, clientId, respond)
    else if (groupInstanceId !== null) this.#newStatic(group, request, clientId, groupInstanceId, respond)
    else {
      const newMemberId = this.#newMemberId(clientId)
      this.#rebalance.awaitPending(group, newMemberId, request.sessionTimeoutMs)
      respond(joinError(errorCodes.MEMBER_ID_REQUIRED, newMemberId))
    }
  }

  #newStatic(group: Group, request: JoinRequest, clientId: string, instanceId: string, respond: Respond): void {
    const newMemberId = this.#newMemberId(instanceId)
    if (group.staticMemberId(instanceId) === undefined) {
      this.#add(group, newMemberId, clientId, request, respond)
      return
    }
    const formerLeaderId = group.leaderId
    const member = group.replaceStatic(instanceId, newMemberId, clientId, request)
    this.#rebalance.restartSession(group, member)
    member.update(request, respond)
    if (group.is('CompletingRebalance')) {
      // The leader may be assigning to the old id already.
      this.#rebalance.prepare(group)
    } else if (!group.is('Stable')) {
      this.#rebalance.completeIfAllJoined(group)
    } else if (group.selectProtocol() === group.protocolName) {
      // Back in its place without a rebalance. To a leader its own old id is named as the leader, so that it only asks for its assignment.
      member.answerJoin({ ...group.followerResponse(newMemberId), leader: formerLeaderId })
    } else this.#rebalance.prepare(group)
  }

  #existing(group: Group, request: JoinRequest, clientId: string, respond: Respond): void {
    const { memberId } = request
    if (group.pendingJoins.has(memberId)) {
      this.#add(group, memberId, clientId, request, respond)
      return
    }
    const errorCode = group.memberError(memberId, request.groupInstanceId)
    const member = group.members.get(memberId)
    if (errorCode !== errorCodes.NONE || member === undefined) {
      respond(joinError(errorCode, memberId))
    } else if (this.#changesNothing(group, member, request)) respond(group.joinResponse(memberId))
    else {
      member.update(request, respond)
      this.#rebalance.prepareOrComplete(group)
    }
  }

  // A repeated JoinGroup is answered from the current generation. In a stable group the leader's starts a rebalance all the same.
  #changesNothing(group: Group, member: GroupMember, request: JoinRequest): boolean {
    if (group.is('PreparingRebalance') || !member.matches(request.protocols)) return false
    return group.is('CompletingRebalance') || member.memberId !== group.leaderId
  }

  #add(group: Group, memberId: string, clientId: string, request: JoinRequest, respond: Respond): void {
    const member = new GroupMember(memberId, clientId, request)
    this.#rebalance.startNewMember(group, member)
    member.update(request, respond)
    group.add(member, request.protocolType)
    this.#rebalance.prepareOrComplete(group)
  }
}
