import { errorCodes } from '../protocol/error-codes.ts'
import type { Group } from './group.ts'
import { type GroupMember, joinError, NO_ASSIGNMENT, syncResponse } from './group-member.ts'
import type { ClusterSettings } from './settings.ts'

/** A new member whose JoinGroup is parked is given up after this: nobody would notice that it has gone. */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000

/** Moves groups through their rebalances: who is waited for, and for how long. */
export class GroupRebalance {
  readonly #settings: ClusterSettings

  constructor(settings: ClusterSettings) {
    this.#settings = settings
  }

  /** Starts a rebalance if the group is not in one; otherwise sees whether it can go on. */
  prepareOrComplete(group: Group): void {
    if (group.is('PreparingRebalance')) this.completeIfAllJoined(group)
    else this.prepare(group)
  }

  prepare(group: Group): void {
    if (group.is('CompletingRebalance')) this.#refuseAssignments(group)
    this.#stopAwaitingSyncs(group)
    const isFirst = group.is('Empty')
    group.transitionTo('PreparingRebalance')
    if (isFirst) this.#awaitFirstMembers(group)
    else if (group.allHaveJoined) this.complete(group)
    else this.#completeAfterTimeout(group)
  }

  /** Does nothing during a group's first rebalance, which ends by time only. */
  completeIfAllJoined(group: Group): void {
    const isFirst = group.previousState === 'Empty'
    if (group.is('PreparingRebalance') && !isFirst && group.allHaveJoined) this.complete(group)
  }

  /** Begins the next generation with those who have joined; static members stay until their session ends. */
  complete(group: Group): void {
    group.joinTimer?.cancel()
    for (const member of [...group.members.values()]) {
      if (!member.awaitsJoin && member.instanceId === null) group.remove(member.memberId)
    }
    if (group.members.size > 0 && !electJoinedLeader(group)) {
      this.#completeAfterTimeout(group)
      return
    }
    group.generation++
    group.pendingSyncs.clear()
    if (group.members.size === 0) {
      group.protocolName = ''
      group.transitionTo('Empty')
      return
    }
    group.protocolName = group.selectProtocol()
    group.transitionTo('CompletingRebalance')
    for (const member of group.members.values()) {
      member.answerJoin(group.joinResponse(member.memberId))
      member.isNew = false
      this.restartSession(group, member)
      group.pendingSyncs.add(member.memberId)
    }
    const { generation } = group
    group.syncTimer = this.#timer(group.rebalanceTimeoutMs, () => this.#dropUnsynced(group, generation))
  }

  /** The leader has decided. */
  assign(group: Group, assignments: ReadonlyMap<string, Buffer>): void {
    for (const member of group.members.values()) {
      member.assignment = assignments.get(member.memberId) ?? NO_ASSIGNMENT
    }
    this.#answerSyncs(group, errorCodes.NONE)
    group.transitionTo('Stable')
  }

  /** A member has sent its SyncGroup. */
  synced(group: Group, memberId: string): void {
    group.pendingSyncs.delete(memberId)
    if (group.pendingSyncs.size === 0) group.syncTimer?.cancel()
  }

  /** The member has shown that it lives. */
  restartSession(group: Group, member: GroupMember): void {
    this.#startSession(group, member, member.sessionTimeoutMs)
  }

  startNewMember(group: Group, member: GroupMember): void {
    member.isNew = true
    if (group.is('PreparingRebalance') && group.previousState === 'Empty') group.newMemberAdded = true
    this.#startSession(group, member, NEW_MEMBER_JOIN_TIMEOUT_MS)
  }

  /** A member that was given an id has to join with it within its session time-out. */
  awaitPending(group: Group, memberId: string, sessionTimeoutMs: number): void {
    const timer = this.#timer(sessionTimeoutMs, () => {
      group.dropPending(memberId)
      if (group.is('PreparingRebalance') && group.allHaveJoined) this.complete(group)
    })
    group.pendingJoins.set(memberId, timer)
  }

  #startSession(group: Group, member: GroupMember, timeoutMs: number): void {
    member.sessionTimer?.cancel()
    member.sessionTimer = this.#timer(timeoutMs, () => this.#sessionEnded(group, member))
  }

  #sessionEnded(group: Group, member: GroupMember): void {
    if (member.isHeardOf) return
    member.answerJoin(joinError(errorCodes.UNKNOWN_MEMBER_ID, ''))
    group.remove(member.memberId)
    if (group.is('Stable', 'CompletingRebalance')) this.prepare(group)
    else if (group.is('PreparingRebalance') && group.allHaveJoined) this.complete(group)
  }

  #awaitFirstMembers(group: Group): void {
    const delayMs = this.#settings.groupInitialRebalanceDelayMs
    if (delayMs === 0) this.complete(group)
    else this.#extendFirst(group, delayMs, Math.max(0, group.rebalanceTimeoutMs - delayMs))
  }

  // Each member that joins extends the wait by another delay, up to the rebalance time-out in all.
  #extendFirst(group: Group, delayMs: number, remainingMs: number): void {
    group.joinTimer = this.#timer(delayMs, () => {
      if (!group.newMemberAdded || remainingMs === 0) {
        this.complete(group)
        return
      }
      group.newMemberAdded = false
      const nextMs = Math.min(this.#settings.groupInitialRebalanceDelayMs, remainingMs)
      this.#extendFirst(group, nextMs, Math.max(0, remainingMs - delayMs))
    })
  }

  #completeAfterTimeout(group: Group): void {
    group.joinTimer?.cancel()
    group.joinTimer = this.#timer(group.rebalanceTimeoutMs, () => this.complete(group))
  }

  #dropUnsynced(group: Group, generation: number): void {
    if (generation !== group.generation || !group.is('CompletingRebalance', 'Stable')) return
    if (group.pendingSyncs.size === 0) return
    for (const memberId of [...group.pendingSyncs]) group.remove(memberId)
    this.prepare(group)
  }

  #refuseAssignments(group: Group): void {
    for (const member of group.members.values()) member.assignment = NO_ASSIGNMENT
    this.#answerSyncs(group, errorCodes.REBALANCE_IN_PROGRESS)
  }

  #answerSyncs(group: Group, errorCode: number): void {
    for (const member of group.members.values()) {
      // An ended session was overlooked while the SyncGroup was parked, so it starts anew.
      if (member.answerSync(syncResponse(errorCode, member.assignment))) this.restartSession(group, member)
    }
  }

  #stopAwaitingSyncs(group: Group): void {
    group.pendingSyncs.clear()
    group.syncTimer?.cancel()
  }

  #timer(delayMs: number, action: () => void): ReturnType<ClusterSettings['clock']['setTimer']> {
    return this.#settings.clock.setTimer(delayMs, action)
  }
}

// False: nobody has joined.
function electJoinedLeader(group: Group): boolean {
  if (group.members.get(group.leaderId)?.awaitsJoin === true) return true
  for (const member of group.members.values()) {
    if (!member.awaitsJoin) continue
    group.leaderId = member.memberId
    return true
  }
  return false
}
