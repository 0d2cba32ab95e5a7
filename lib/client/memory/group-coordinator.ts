import type { RequestOf, ResponseOf } from '../protocol/apis.ts'
import { errorCodes } from '../protocol/error-codes.ts'
import { Group } from './group.ts'
import { GroupJoin } from './group-join.ts'
import { type JoinRequest, type JoinResponse, joinError, type SyncResponse, syncResponse } from './group-member.ts'
import type { CommittedOffset } from './group-offsets.ts'
import { GroupRebalance } from './group-rebalance.ts'
import { type ClusterSettings, stableId } from './settings.ts'

/** `group.max.session.timeout.ms`. */
const MAX_SESSION_TIMEOUT_MS = 1_800_000

type LeaveRequest = RequestOf<'leaveGroup'>
type LeftMember = ResponseOf<'leaveGroup'>['members'][number]

/** Who speaks for a group's offsets: a member in its generation, or, with generation -1 and no id, nobody in particular. */
export interface OffsetCommitter {
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

/** The consumer groups of a cluster: membership by the classic protocol, and committed offsets. */
export class GroupCoordinator {
  readonly #settings: ClusterSettings
  readonly #groups = new Map<string, Group>()
  readonly #rebalance: GroupRebalance
  readonly #joining: GroupJoin
  #memberCount = 0

  constructor(settings: ClusterSettings) {
    this.#settings = settings
    this.#rebalance = new GroupRebalance(settings)
    this.#joining = new GroupJoin(this.#rebalance, (prefix) => {
      return `${prefix}-${stableId(32, settings.clusterId, 'member', String(this.#memberCount++))}`
    })
  }

  get(groupId: string): Group | undefined {
    return this.#groups.get(groupId)
  }

  all(): readonly Group[] {
    return [...this.#groups.values()]
  }

  /** Forgets a group with its offsets; NONE, or why not. */
  delete(groupId: string): number {
    const group = this.#groups.get(groupId)
    if (group === undefined) return errorCodes.GROUP_ID_NOT_FOUND
    if (!group.is('Empty')) return errorCodes.NON_EMPTY_GROUP
    for (const memberId of [...group.pendingJoins.keys()]) group.dropPending(memberId)
    this.#groups.delete(groupId)
    return errorCodes.NONE
  }

  join(request: JoinRequest, clientId: string, respond: (response: JoinResponse) => void): void {
    const { groupId, memberId, sessionTimeoutMs } = request
    if (groupId === '') respond(joinError(errorCodes.INVALID_GROUP_ID, memberId))
    else if (sessionTimeoutMs < this.#settings.groupMinSessionTimeoutMs || sessionTimeoutMs > MAX_SESSION_TIMEOUT_MS) {
      respond(joinError(errorCodes.INVALID_SESSION_TIMEOUT, memberId))
    } else {
      const group = memberId === '' ? this.#getOrCreate(groupId) : this.#groups.get(groupId)
      if (group === undefined) respond(joinError(errorCodes.UNKNOWN_MEMBER_ID, memberId))
      else this.#joining.join(group, request, clientId, respond)
    }
  }

  sync(request: RequestOf<'syncGroup'>, respond: (response: SyncResponse) => void): void {
    const group = this.#groups.get(request.groupId)
    const errorCode = currentMemberError(group, request)
    const member = group?.members.get(request.memberId)
    if (errorCode !== errorCodes.NONE || group === undefined || member === undefined) {
      respond(syncResponse(errorCode))
    } else if (group.is('PreparingRebalance')) respond(syncResponse(errorCodes.REBALANCE_IN_PROGRESS))
    else if (group.is('Stable')) {
      this.#rebalance.synced(group, request.memberId)
      respond(syncResponse(errorCodes.NONE, member.assignment))
    } else {
      member.parkSync(respond)
      this.#rebalance.synced(group, request.memberId)
      if (request.memberId !== group.leaderId) return
      this.#rebalance.assign(group, new Map(request.assignments.map((each) => [each.memberId, each.assignment])))
    }
  }

  heartbeat(request: RequestOf<'heartbeat'>): number {
    const group = this.#groups.get(request.groupId)
    const errorCode = currentMemberError(group, request)
    if (errorCode !== errorCodes.NONE || group === undefined) return errorCode
    this.#rebalance.restartSession(group, group.members.get(request.memberId)!)
    return group.is('PreparingRebalance') ? errorCodes.REBALANCE_IN_PROGRESS : errorCodes.NONE
  }

  leave(request: LeaveRequest): readonly LeftMember[] {
    const group = this.#groups.get(request.groupId)
    if (group === undefined) {
      return request.members.map((member) => ({ ...member, errorCode: errorCodes.UNKNOWN_MEMBER_ID }))
    }
    const left = request.members.map((member) => ({ ...member, errorCode: remove(group, member) }))
    if (left.some(({ errorCode }) => errorCode === errorCodes.NONE)) {
      if (group.is('Stable', 'CompletingRebalance')) this.#rebalance.prepare(group)
      else this.#rebalance.completeIfAllJoined(group)
    }
    return left
  }

  /** Commits offsets outside a transaction; NONE, or why none of them was taken. */
  commit(groupId: string, committer: OffsetCommitter, offsets: readonly CommittedOffset[]): number {
    const group = this.#groupToCommitTo(groupId, committer)
    const errorCode = group === undefined ? errorCodes.ILLEGAL_GENERATION : committerError(group, committer, false)
    if (errorCode !== errorCodes.NONE || group === undefined) return errorCode
    const member = group.members.get(committer.memberId)
    if (member !== undefined && group.is('Stable', 'PreparingRebalance')) {
      this.#rebalance.restartSession(group, member)
    }
    for (const offset of offsets) group.offsets.commit(offset)
    return errorCodes.NONE
  }

  /** Holds offsets until the producer's transaction ends; NONE, or why none of them was taken. */
  commitPending(
    groupId: string,
    committer: OffsetCommitter,
    producer: { readonly producerId: number; readonly producerEpoch: number },
    offsets: readonly CommittedOffset[],
  ): number {
    const group = this.#groupToCommitTo(groupId, committer)
    if (group === undefined) return errorCodes.ILLEGAL_GENERATION
    const { producerId, producerEpoch } = producer
    const errorCode = committerError(group, committer, true)
    if (errorCode !== errorCodes.NONE) return errorCode
    const producerErrorCode = group.offsets.producerError(producerId, producerEpoch)
    if (producerErrorCode === errorCodes.NONE) group.offsets.commitPending(producerId, producerEpoch, offsets)
    return producerErrorCode
  }

  endTransaction(groupId: string, producerId: number, producerEpoch: number, type: 'commit' | 'abort'): void {
    this.#getOrCreate(groupId).offsets.endTransaction(producerId, producerEpoch, type)
  }

  /** Offsets of a topic that was deleted are forgotten. */
  dropTopic(topic: string): void {
    for (const group of this.#groups.values()) group.offsets.dropTopic(topic)
  }

  #groupToCommitTo(groupId: string, { generationId }: OffsetCommitter): Group | undefined {
    return generationId < 0 ? this.#getOrCreate(groupId) : this.#groups.get(groupId)
  }

  #getOrCreate(groupId: string): Group {
    let group = this.#groups.get(groupId)
    if (group === undefined) {
      group = new Group(groupId)
      this.#groups.set(groupId, group)
    }
    return group
  }
}

// NONE if the member exists and speaks of the current generation.
function currentMemberError(
  group: Group | undefined,
  request: { readonly memberId: string; readonly groupInstanceId: string | null; readonly generationId: number },
): number {
  if (group === undefined) return errorCodes.UNKNOWN_MEMBER_ID
  const errorCode = group.memberError(request.memberId, request.groupInstanceId)
  if (errorCode !== errorCodes.NONE) return errorCode
  return request.generationId === group.generation ? errorCodes.NONE : errorCodes.ILLEGAL_GENERATION
}

// Within a transaction generation -1 without a member passes, and so does a member between JoinGroup and SyncGroup.
function committerError(group: Group, committer: OffsetCommitter, isTransactional: boolean): number {
  const { generationId, memberId, groupInstanceId } = committer
  if (generationId < 0 && group.is('Empty')) return errorCodes.NONE
  if (generationId >= 0 || memberId !== '' || groupInstanceId !== null) {
    const errorCode = currentMemberError(group, committer)
    if (errorCode !== errorCodes.NONE) return errorCode
  } else if (!isTransactional && !group.is('Empty')) return errorCodes.UNKNOWN_MEMBER_ID
  if (!isTransactional && group.is('CompletingRebalance')) return errorCodes.REBALANCE_IN_PROGRESS
  return errorCodes.NONE
}

// An administrator names a static member by its instance id alone.
function remove(group: Group, { memberId, groupInstanceId }: LeaveRequest['members'][number]): number {
  if (group.pendingJoins.has(memberId)) {
    group.dropPending(memberId)
    return errorCodes.NONE
  }
  const byInstance = memberId === '' && groupInstanceId !== null ? group.staticMemberId(groupInstanceId) : undefined
  const errorCode = byInstance === undefined ? group.memberError(memberId, groupInstanceId) : errorCodes.NONE
  const member = group.members.get(byInstance ?? memberId)
  if (errorCode !== errorCodes.NONE || member === undefined) return errorCode
  member.answerJoin(joinError(errorCodes.UNKNOWN_MEMBER_ID, ''))
  group.remove(member.memberId)
  return errorCodes.NONE
}
