// Flow: the group's coordinator → [group-member] → GroupListener. Joins a group and follows it from one generation to the next.
import { sleep, type Timer } from '../core/clock.ts'
import type { TopicPartition } from '../core/record.ts'
import { StateMachine } from '../core/state-machine.ts'
import type { CommittedOffset, GroupMember, GroupMemberOptions, GroupMetadata, OffsetCommit } from './client.ts'
import { FencedInstanceError, RequestTimeoutError, StaleMemberError } from './errors.ts'
import { CallQueue } from './group-calls.ts'
import { GroupFailure, isLoss, notReached } from './group-failure.ts'
import { Heartbeats } from './group-heartbeats.ts'
import { leaveGroup } from './group-leave.ts'
import { GroupOffsets } from './group-offsets.ts'
import { partitionNames, within, without } from './group-partitions.ts'
import { AssignedMemberId, type GroupParts, GroupRequests, type Membership } from './group-requests.ts'
import { join, lead, type Round, type RoundParts, sync } from './group-round.ts'
import { GroupSession } from './group-session.ts'
import { type GroupState, groupTransitions } from './group-states.ts'
import { Strangers } from './group-strangers.ts'
import { Waiters } from './group-waiters.ts'
import { backOffMs, OutageLog } from './outage.ts'

const NO_GENERATION = -1
/** Refusals in a row that a member puts down to its own past. */
const MAX_FORGOTTEN = 3

/** A member of a consumer group over wires: Join, Sync and Heartbeat, cooperative, dynamic or static. */
export class WireGroupMember implements GroupMember {
  readonly #options: GroupMemberOptions
  readonly #parts: GroupParts
  readonly #requests: GroupRequests
  readonly #offsets: GroupOffsets
  readonly #session: GroupSession
  readonly #heartbeats: Heartbeats
  readonly #round: RoundParts
  readonly #machine: StateMachine<GroupState>
  readonly #calls = new CallQueue()
  readonly #started = new Waiters<void>()
  readonly #settling = new Waiters<GroupMetadata>()
  readonly #changed = new Waiters<void>()
  readonly #outage: OutageLog
  readonly #strangers: Strangers

  /** As of the last JoinGroup: what heartbeats are sent for. */
  #membership: Membership = { memberId: '', generation: NO_GENERATION }
  #group: GroupMetadata
  #owned: readonly TopicPartition[] = []
  /** In which generation `#owned` was got; none after a loss. */
  #ownedGeneration = NO_GENERATION
  /** Counts losses, so that what was begun before one can tell. */
  #era = 0
  #joinAgain = false
  #followUp: Timer | undefined
  #hasStarted = false
  #progressMs = 0
  #failureCount = 0
  /** Of JoinGroup and SyncGroup, since the last assignment. */
  #lostAnswers = 0
  /** The coordinator was away since the last assignment: it may be another one now. */
  #wasAway = false
  /** Refusals since the last assignment that another process with our instance id need not explain. */
  #forgotten = 0
  #fatal: Error | undefined
  #closing: Promise<void> | undefined

  constructor(parts: GroupParts, options: GroupMemberOptions) {
    const { clock } = parts.context
    const { groupId, instanceId, sessionTimeoutMs } = options
    this.#parts = parts
    this.#options = options
    this.#group = { groupId, memberId: '', generation: NO_GENERATION, instanceId: instanceId ?? null }
    this.#machine = new StateMachine(`The member of group '${groupId}'`, 'CREATED', groupTransitions)
    this.#requests = new GroupRequests(parts, options)
    this.#offsets = new GroupOffsets(parts, groupId, () => this.#ended())
    this.#session = new GroupSession(clock, sessionTimeoutMs, () => this.#lose('the session time-out has passed', true))
    this.#heartbeats = new Heartbeats({
      clock,
      intervalMs: options.heartbeatIntervalMs ?? Math.max(1, Math.floor(sessionTimeoutMs / 3)),
      beat: () => this.#beat(),
      onFailure: (failure) => this.#onHeartbeatFailure(failure),
    })
    this.#outage = new OutageLog(
      parts.context.logger,
      { group: groupId },
      'The group coordinator does not answer and is asked until it does',
      'The group coordinator answers again',
    )
    this.#strangers = new Strangers(parts.context, groupId, options.strangersPatienceMs)
    const { assignor } = options
    this.#round = {
      requests: this.#requests,
      heartbeats: this.#heartbeats,
      session: this.#session,
      assignor,
      context: parts.context,
    }
  }

  get group(): GroupMetadata {
    return this.#group
  }

  owns(partitions: readonly TopicPartition[]): boolean {
    return without(partitions, this.#owned).length === 0
  }

  get hasLease(): boolean {
    return this.#session.hasLease
  }

  async start(): Promise<void> {
    this.#machine.transitionTo('JOINING')
    this.#progressMs = this.#nowMs()
    const started = this.#started.wait()
    void this.#run()
    await started
  }

  /**
   * Asks the coordinator whether the generation still holds, and if not waits for the next: a commit that was refused may be ahead of our
   * heartbeats. During a listener call the generation of that call holds, though the next rebalance may have begun.
   *
   * @throws StaleMemberError `STREAMS_STALE_MEMBER`: the group has dropped this member while its listener was busy with what the generation brought, which
   *   may be what waits here; or the member was closed.
   */
  async settled(): Promise<GroupMetadata> {
    for (;;) {
      this.#throwIfEnded()
      if (!this.#machine.is('REVOKING', 'ASSIGNING', 'STABLE')) return this.#settling.wait()
      if (this.#ownedGeneration === NO_GENERATION) {
        // The listener has to be done with this round before the next begins: with `onRevoked`, or with the `onLost` of an earlier loss, which may be what waits here.
        if (this.#machine.is('REVOKING', 'ASSIGNING')) throw this.#stale('was dropped by the group')
        return this.#settling.wait()
      }
      const failure = await this.#heartbeats.now()
      const holds = failure === undefined && this.#machine.is('REVOKING', 'ASSIGNING', 'STABLE')
      if (holds || (failure?.kind === 'rebalance' && this.#machine.is('REVOKING', 'ASSIGNING'))) return this.#group
      if (failure?.kind === 'outage') await sleep(this.#parts.context.clock, backOffMs(1))
    }
  }

  confirm(): Promise<GroupMetadata> {
    return this.settled()
  }

  committed(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, CommittedOffset>> {
    return this.#offsets.committed(partitions)
  }

  async commit(offsets: readonly OffsetCommit[]): Promise<void> {
    this.#throwIfEnded()
    const foreign = without(offsets, this.#owned)
    if (foreign.length > 0) throw this.#stale(`does not own ${partitionNames(foreign)} (any more)`)
    try {
      await this.#offsets.commit(offsets, this.#group)
    } catch (error) {
      // The coordinator knows more than we do: learn it now, not at the next heartbeat.
      const isNews = error instanceof StaleMemberError || error instanceof FencedInstanceError
      if (isNews && this.#machine.is('REVOKING', 'ASSIGNING', 'STABLE')) void this.#heartbeats.now()
      throw error
    }
  }

  rejoin(reason: string): void {
    if (this.#ended() !== undefined || this.#machine.is('CREATED')) return
    this.#log('info', `Joins again: ${reason}`)
    this.#wantJoin()
  }

  close({ leaveGroup: leave }: { readonly leaveGroup: boolean }): Promise<void> {
    this.#closing ??= this.#close(leave)
    return this.#closing
  }

  async #run(): Promise<void> {
    try {
      while (this.#ended() === undefined) {
        const round = await this.#joinOnce()
        if (this.#ended() !== undefined) return
        if (round instanceof GroupFailure) await this.#recover(round)
        else if (round !== undefined) await this.#adopt(round)
      }
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  // Undefined: nothing has failed, and it is to be tried again.
  async #joinOnce(): Promise<Round | GroupFailure | undefined> {
    this.#followUp?.cancel()
    const unreachable = await this.#requests.findCoordinator()
    if (unreachable !== undefined) return unreachable
    if (this.#ended() !== undefined) return undefined
    this.#joinAgain = false
    const joined = await join(this.#round, {
      memberId: this.#membership.memberId,
      ownedPartitions: this.#owned,
      generation: this.#ownedGeneration,
    })
    if (joined instanceof GroupFailure) return joined
    if (this.#ended() !== undefined) return undefined
    this.#progressMs = this.#nowMs()
    this.#strangers.letIn()
    if (joined instanceof AssignedMemberId) {
      this.#membership = { memberId: joined.memberId, generation: NO_GENERATION }
      return undefined
    }
    this.#failureCount = 0
    this.#outage.ended()
    // The group does not wait for a static member longer than its rebalance time-out, and then decides by what that member said last.
    const missedSome = joined.generationId > this.#membership.generation + 1
    if (this.#group.instanceId !== null && missedSome) this.#drop('the group went on without this member')
    const membership = { memberId: joined.memberId, generation: joined.generationId }
    this.#membership = membership
    this.#machine.transitionTo('SYNCING')
    const era = this.#era
    const assignments = joined.leader === joined.memberId ? await lead(this.#round, joined) : []
    if (assignments instanceof GroupFailure) return assignments
    if (this.#ended() !== undefined) return undefined
    if (era !== this.#era) return new GroupFailure('rebalance', this.#stale('was dropped by the group'))
    return sync(this.#round, membership, assignments)
  }

  // What a new generation brings: first what goes, then what comes.
  async #adopt({ membership, assignment }: Round): Promise<void> {
    const { listener } = this.#options
    const before = this.#owned
    const isNew = this.#ownedGeneration === NO_GENERATION
    const revoked = without(before, assignment.partitions)
    const kept = within(before, assignment.partitions)
    const added = without(assignment.partitions, before)
    const group = { ...this.#group, ...membership }
    const era = this.#era
    const stands = (): boolean => this.#ended() === undefined && era === this.#era

    this.#lostAnswers = 0
    this.#wasAway = false
    this.#forgotten = 0
    this.#group = group
    this.#ownedGeneration = group.generation
    this.#machine.transitionTo(revoked.length > 0 ? 'REVOKING' : 'ASSIGNING')
    this.#heartbeats.resume(assignment.incomplete)
    this.#settling.resolve(group)
    if (revoked.length > 0) {
      this.#log('info', `Gives up ${partitionNames(revoked)}`)
      await this.#tell(stands, () => listener.onRevoked(revoked, group))
      if (!stands()) return this.#toJoining()
      this.#machine.transitionTo('ASSIGNING')
    }
    this.#owned = kept
    await this.#tell(stands, () => {
      this.#owned = assignment.partitions
      this.#log('info', `Reads ${this.#owned.length} partitions, of which are new: ${partitionNames(added) || 'none'}`)
      return listener.onAssigned({ added, kept, userData: assignment.userData, group })
    })
    if (!stands()) return this.#toJoining()
    this.#hasStarted = true
    this.#started.resolve()

    // A static member that comes back cannot know what it owned in its former life: if that is what the group waits for, nobody else will tell.
    const heldBackForMe = assignment.incomplete && isNew && group.instanceId !== null
    if (revoked.length > 0 || heldBackForMe || this.#joinAgain) return this.#toJoining()
    this.#machine.transitionTo('STABLE')
    if (assignment.incomplete) this.#expectRebalance()
    await this.#changed.wait()
  }

  // Calls the listener when its turn has come, if that still makes sense then.
  #tell(stands: () => boolean, call: () => Promise<void>): Promise<void> {
    return this.#calls.run(() => (stands() ? call() : undefined))
  }

  // Somebody has to let go of partitions and join again. Should that member be gone, this one starts the rebalance.
  #expectRebalance(): void {
    const { clock } = this.#parts.context
    this.#followUp = clock.setTimer(this.#options.sessionTimeoutMs, () =>
      this.rejoin('partitions were held back and never freed'),
    )
  }

  async #recover(failure: GroupFailure): Promise<void> {
    const { clock } = this.#parts.context
    const wasSyncing = this.#machine.is('SYNCING')
    this.#toJoining()
    if (failure.kind === 'fatal') {
      if (!this.#isForgotten(failure)) throw failure.error
      this.#log(
        'warn',
        `Fenced by the instance id that it joins with; asks again, ${this.#forgotten} of ${MAX_FORGOTTEN}`,
      )
    }
    if (failure.kind === 'strangers') {
      // A coordinator that refuses is there.
      this.#progressMs = this.#nowMs()
      this.#strangers.refused(failure.error)
    }
    if (isLoss(failure) || failure.kind === 'fatal') {
      this.#lose(failure.error.message, failure.kind === 'illegal-generation')
    }
    if (failure.kind === 'rebalance' && wasSyncing) return
    if (failure.kind === 'outage') {
      const patienceMs = this.#parts.context.requestTimeoutMs
      // A JoinGroup may be parked for longer than that: one answer which was lost is no reason to give up, however long it was waited for.
      const lostAnswer = failure.error instanceof RequestTimeoutError && this.#lostAnswers++ === 0
      if (!this.#hasStarted && !lostAnswer && this.#nowMs() - this.#progressMs >= patienceMs) {
        throw notReached(this.#group.groupId, this.#parts.context, failure.error)
      }
      this.#away(failure.error)
    }
    this.#failureCount++
    await sleep(clock, backOffMs(this.#failureCount))
  }

  #away(error: Error): void {
    this.#outage.failed(error)
    this.#wasAway = true
  }

  // A coordinator that takes over knows the group as of its last complete round: by the id that our instance id had then. What it takes for a stranger is
  // ourselves, with the id that the coordinator before it gave us. And what a process that was killed asked for last may be read after the first request of
  // its successor. Should another process have the instance id after all, it goes on refusing us.
  #isForgotten({ error }: GroupFailure): boolean {
    if (!(error instanceof FencedInstanceError) || (this.#hasStarted && !this.#wasAway)) return false
    return ++this.#forgotten <= MAX_FORGOTTEN
  }

  async #beat(): Promise<GroupFailure | undefined> {
    const sentMs = this.#nowMs()
    // Half, so that a lost answer leaves the time to ask again before the session is over.
    const timeoutMs = Math.max(Math.ceil(this.#session.remainingMs / 2), 1)
    const failure = await this.#requests.heartbeat(this.#membership, timeoutMs)
    if (failure === undefined || failure.kind === 'rebalance') {
      this.#session.contact(sentMs)
      this.#outage.ended()
    }
    return failure
  }

  #onHeartbeatFailure(failure: GroupFailure): void {
    if (isLoss(failure)) this.#lose(failure.error.message, failure.kind === 'illegal-generation')
    else if (failure.kind === 'fatal') this.#fail(failure.error)
    else if (failure.kind === 'outage') this.#away(failure.error)
    else if (!this.#machine.is('SYNCING')) this.#wantJoin()
  }

  // In the midst of a round or a listener call it has to wait for that.
  #wantJoin(): void {
    if (this.#machine.is('STABLE')) this.#toJoining()
    else this.#joinAgain = true
  }

  #toJoining(): void {
    if (this.#ended() !== undefined || this.#machine.is('JOINING')) return
    const wasStable = this.#machine.is('STABLE')
    this.#machine.transitionTo('JOINING')
    this.#heartbeats.pause()
    if (wasStable) this.#changed.resolve()
  }

  /** The membership is over, or no longer sure. */
  #lose(why: string, keepMemberId: boolean): void {
    if (this.#ended() !== undefined) return
    this.#era++
    this.#drop(why)
    this.#membership = { memberId: keepMemberId ? this.#membership.memberId : '', generation: NO_GENERATION }
    this.#heartbeats.pause()
    this.#session.end()
    if (this.#machine.is('STABLE')) this.#toJoining()
  }

  // The group may have given our partitions to others.
  #drop(why: string): void {
    const lost = this.#owned
    this.#owned = []
    this.#ownedGeneration = NO_GENERATION
    if (lost.length === 0) return
    this.#log('warn', `Has lost ${partitionNames(lost)}: ${why}`)
    const call = this.#tell(
      () => this.#ended() === undefined,
      () => this.#options.listener.onLost(lost),
    )
    call.catch((error) => this.#fail(error))
  }

  #fail(error: Error): void {
    if (this.#ended() !== undefined) return
    this.#fatal = error
    this.#machine.transitionTo('FAILED')
    this.#stop(error)
    if (!this.#hasStarted) this.#started.reject(error)
    else {
      const call = this.#calls.run(() => this.#options.listener.onFatal(error))
      call.catch((err) => this.#parts.context.logger.error({ err }, 'onFatal of a group listener threw'))
    }
  }

  async #close(leave: boolean): Promise<void> {
    const { memberId } = this.#membership
    const isMember = memberId !== '' || (this.#group.instanceId !== null && !this.#machine.is('CREATED'))
    this.#machine.transitionTo('CLOSED')
    const error = this.#stale('was closed')
    this.#stop(error)
    this.#started.reject(error)
    if (leave && isMember) await leaveGroup(this.#requests, memberId, this.#parts.context)
  }

  #stop(error: Error): void {
    this.#heartbeats.pause()
    this.#session.end()
    this.#followUp?.cancel()
    this.#settling.reject(error)
    this.#changed.resolve()
  }

  // Why this member does nothing any more, if so.
  #ended(): Error | undefined {
    if (this.#machine.is('FAILED')) return this.#fatal
    return this.#machine.is('CLOSED') ? (this.#fatal ?? this.#stale('was closed')) : undefined
  }

  #throwIfEnded(): void {
    const error = this.#ended()
    if (error !== undefined) throw error
  }

  #stale(what: string): StaleMemberError {
    return new StaleMemberError(`The member of group '${this.#options.groupId}' ${what}`)
  }

  #log(level: 'info' | 'warn', message: string): void {
    const { memberId, generation } = this.#membership
    this.#parts.context.logger[level]({ group: this.#options.groupId, member: memberId, generation }, message)
  }

  #nowMs(): number {
    return this.#parts.context.clock.monotonicMs()
  }
}
