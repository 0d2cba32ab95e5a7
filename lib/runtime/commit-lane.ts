// Flow: stream-task → [commit-lane] → producer, task database
//
// A lane is one producer and the tasks that commit together through it. A commit, exactly once:
//   1 hold all tasks between two records and flush their caches      (their last forwards and changelog records are sent)
//   2 seal, in one turn of the event loop: writes, offsets, sends    (from here on the tasks go on; what they do belongs to the next commit)
//   3 the producer's transaction: sends, offsets, EndTxn
//   4 one LevelDB batch a task: rows and changelog positions
// A crash before 3 ends loses nothing but work; a crash between 3 and 4 leaves the changelog ahead of the database, and the restore
// reads that tail. If nobody tells how 3 ended, the count of commits beside the committed offsets does. At least once: 3 is a flush, the
// changelogs last (held-changelog.ts), then 4, then the offsets are committed to the group.
import { channel } from 'node:diagnostics_channel'
import type { ChangelogPosition } from '../../stores/task-database.ts'
import type {
  CommittedOffset,
  GroupMember,
  GroupMetadata,
  OffsetCommit,
  Producer,
  SentOffsets,
} from '../client/client.ts'
import { CommitOutcomeUnknownError, StaleMemberError, TransactionAbortedError } from '../client/errors.ts'
import { allEnded } from '../core/all-ended.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { ProcessingGuarantee } from './config.ts'
import { flushChangelogsLast, type Ownership } from './held-changelog.ts'
import type { Metrics } from './metrics.ts'
import type { StreamTask } from './stream-task.ts'

/** What subscribers of the diagnostics channel `millrace:commit` get, at each step of each commit. */
export interface CommitStep {
  /** `sealed`: 2 is over; `ended`: 3 is over; `written`: 4 is over, and at least once the offsets are committed. */
  readonly step: 'sealed' | 'ended' | 'written'
  readonly tasks: readonly string[]
  /** How far the inputs are committed once this commit is through. */
  readonly offsets: readonly OffsetCommit[]
  /** Milliseconds since `sealed`. */
  readonly sinceSealedMs: number
}

const commitSteps = channel('millrace:commit')

export interface CommitLaneOptions {
  readonly producer: Producer
  readonly guarantee: ProcessingGuarantee
  readonly member: () => GroupMember
  readonly clock: Clock
  readonly metrics: Metrics
  readonly logger: Logger
  readonly changelogIds: ReadonlyMap<string, Omit<ChangelogPosition, 'offset'>>
  /** Whether the group still gives a task to this instance, and has done so without a break since the task started. */
  readonly owns: (task: StreamTask) => boolean
  readonly onCommitted: (offsets: readonly OffsetCommit[]) => void
}

export class CommitLane {
  readonly producer: Producer
  readonly tasks = new Set<StreamTask>()
  /** Set while the tasks start over: until they have, there is nothing that may be committed. */
  startingOver: Promise<void> | undefined
  readonly #options: CommitLaneOptions
  #tainted = false
  #closed = false
  /** A commit has failed: what it sealed is neither written nor dropped, so there is no other until the tasks start over. */
  #failed = false
  /** Tasks of a commit of which nobody has told what became of it, and what was sent with it. */
  readonly #unsettled = new Map<StreamTask, SentOffsets>()
  #underWay: Promise<void> | undefined
  #nextCommitMs: number

  constructor(options: CommitLaneOptions) {
    this.producer = options.producer
    this.#options = options
    this.#nextCommitMs = options.clock.now()
  }

  /**
   * Whether there is anything for a commit to take. A task that was lost, and is not closed yet, has nothing at least once: a commit would leave it out, and be due again at once.
   * Exactly once the commit is to fail, for the sake of the others.
   */
  get dirty(): boolean {
    const { guarantee, owns } = this.#options
    if (this.startingOver !== undefined || this.#closed || this.#failed) return false
    if (this.#tainted) return true
    for (const task of this.tasks) if (task.dirty && (guarantee === 'exactly_once' || owns(task))) return true
    return false
  }

  get commitRequested(): boolean {
    for (const task of this.tasks) if (task.commitRequested) return true
    return false
  }

  get committing(): boolean {
    return this.#underWay !== undefined
  }

  /** When the next commit is due, in epoch milliseconds, if there is anything to commit. */
  get nextCommitMs(): number {
    return this.#nextCommitMs
  }

  scheduleAfter(intervalMs: number): void {
    this.#nextCommitMs = this.#options.clock.now() + intervalMs
  }

  /** Commits what the tasks have done until now; waits first for a commit that is under way. */
  async commit(): Promise<void> {
    while (this.#underWay !== undefined) await this.#underWay
    if (!this.dirty) return
    this.#underWay = this.#commit()
    try {
      await this.#underWay
    } catch (error) {
      this.#failed = true
      throw error
    } finally {
      this.#underWay = undefined
    }
  }

  /**
   * Says that the open transaction holds what a task has sent that was given up while the lane started over. It can only be aborted: the next commit
   * fails, and the tasks start over once more.
   */
  taint(): void {
    this.#tainted = true
  }

  /** Commits nothing more: what went wrong ends the instance, and another attempt would only fail again, at once. */
  close(): void {
    this.#closed = true
  }

  /** Whether it commits nothing before `renewed`, for its transaction can only be aborted. */
  get spoiled(): boolean {
    return this.#failed || this.#tainted
  }

  /** The producer has a new identity: nothing that was sent before is in its transaction. */
  renewed(): void {
    this.#tainted = false
    this.#failed = false
  }

  /** Resolves when no commit is under way; its failure, if any, is its caller's. */
  async quiet(): Promise<void> {
    while (this.#underWay !== undefined) await this.#underWay.catch(() => {})
  }

  /**
   * Says, after the producer's init, what became of a task's last commit if nobody has yet, and writes what it held if it took place. What was not
   * committed is the task's to drop.
   *
   * @param committed - The committed offsets of the task's inputs.
   */
  async settle(task: StreamTask, committed: ReadonlyMap<string, CommittedOffset>): Promise<void> {
    const sent = this.#unsettled.get(task)
    if (sent === undefined) return
    this.#unsettled.delete(task)
    const took = task.isCommitted(committed.values())
    this.#options.logger.info({ task: task.name, committed: took }, 'a commit that nobody had answered for is settled')
    if (took) await task.write(sent, this.#options.changelogIds)
  }

  async #commit(): Promise<void> {
    const { clock, guarantee, changelogIds, metrics, owns } = this.#options
    if (this.#tainted) throw new TransactionAbortedError('a task of the same transaction was given up')
    const held = await this.#hold()
    const gone = guarantee === 'exactly_once' ? held.find((task) => !task.isStarted || !owns(task)) : undefined
    if (gone !== undefined) {
      for (const task of held) task.release()
      // What it has sent lies in the transaction, and its offsets are not to be had any more, or are another's by now.
      throw new TransactionAbortedError(`task ${gone.name} was closed or lost before it could be committed`)
    }
    const tasks = held.filter((task) => task.dirty && owns(task))
    // No await between here and the producer's call: it seals its side in the same turn.
    // What a transaction writes is written when the offsets are committed, so it may say so.
    if (guarantee === 'exactly_once') for (const task of tasks) task.committedInputs.note()
    const offsets = tasks.map((task) => task.seal())
    const sealedMs = clock.monotonicMs()
    const all = offsets.flat()
    const sending =
      guarantee === 'exactly_once'
        ? this.#endTransaction(tasks, all)
        : flushChangelogsLast(this.producer, tasks, clock, this.#ownershipOf(tasks))
    for (const task of held) task.release()
    const report = (step: CommitStep['step']) => {
      if (!commitSteps.hasSubscribers) return
      const message: CommitStep = {
        step,
        tasks: tasks.map(({ name }) => name),
        offsets: all,
        sinceSealedMs: clock.monotonicMs() - sealedMs,
      }
      commitSteps.publish(message)
    }
    report('sealed')
    const sent = await sending
    if (guarantee === 'exactly_once') report('ended')
    await allEnded(tasks.map((task) => task.write(sent, changelogIds)))
    if (guarantee === 'at_least_once') {
      await this.#asCurrentMember(tasks, this.#options.member().group, () => this.#options.member().commit(all))
      report('ended')
    }
    tasks.forEach((task, i) => {
      task.committed(offsets[i]!)
    })
    metrics.commits++
    this.#options.onCommitted(all)
    report('written')
  }

  #ownershipOf(tasks: readonly StreamTask[]): Ownership {
    const { member, owns } = this.#options
    const require = () => {
      const lost = tasks.find((task) => !owns(task))
      if (lost !== undefined)
        throw new StaleMemberError(`Task ${lost.name} was lost before what it had logged was sent`)
      if (!member().hasLease)
        throw new StaleMemberError('What was logged is not sent: the session may have ended meanwhile')
    }
    const confirm = async () => {
      await member().confirm()
      require()
    }
    return { confirm, require }
  }

  // A transaction takes everything that its producer was sent: until it is cut, no task may go on, also none that had nothing to commit before.
  async #hold(): Promise<readonly StreamTask[]> {
    const held = new Set<StreamTask>()
    const isConcerned = (task: StreamTask) =>
      !held.has(task) && (this.#options.guarantee === 'exactly_once' ? task.isStarted : task.dirty)
    try {
      for (;;) {
        const more = [...this.tasks].filter(isConcerned)
        if (more.length === 0) return [...held]
        for (const task of more) held.add(task)
        await allEnded(more.map((task) => task.prepareCommit()))
      }
    } catch (error) {
      for (const task of held) task.release()
      throw error
    }
  }

  async #endTransaction(tasks: readonly StreamTask[], offsets: readonly OffsetCommit[]): Promise<SentOffsets> {
    const { group } = this.#options.member()
    const first = this.producer.commit(offsets, group)
    try {
      return await this.#asCurrentMember(tasks, group, (now) =>
        now === group ? first : this.producer.commit(offsets, now),
      )
    } catch (error) {
      if (error instanceof CommitOutcomeUnknownError) for (const task of tasks) this.#unsettled.set(task, error.sent)
      throw error
    }
  }

  // A rebalance in which the tasks stayed ours only means that the same offsets go out again under the new generation.
  async #asCurrentMember<T>(
    tasks: readonly StreamTask[],
    group: GroupMetadata,
    attempt: (group: GroupMetadata) => Promise<T>,
  ): Promise<T> {
    for (let now = group; ; ) {
      try {
        return await attempt(now)
      } catch (error) {
        if (!(error instanceof StaleMemberError)) throw error
        const next = await this.#options.member().settled()
        if (next.generation === now.generation && next.memberId === now.memberId) throw error
        if (!tasks.every((task) => this.#options.owns(task))) throw error
        now = next
      }
    }
  }
}
