// Flow: producer → [transaction] → transaction-partitions, transaction-requests.
import { allEnded } from '../core/all-ended.ts'
import type { Clock } from '../core/clock.ts'
import type { GroupMetadata, OffsetCommit, SentOffsets } from './client.ts'
import { CommitOutcomeUnknownError } from './errors.ts'
import type { PartitionQueue, ProducerIdentity } from './producer-batch.ts'
import { TransactionPartitions } from './transaction-partitions.ts'
import type { TransactionRequests } from './transaction-requests.ts'

export interface TransactionParts {
  readonly clock: Clock
  readonly requests: TransactionRequests
  readonly identity: ProducerIdentity
  /** Counts up from one transaction of the producer to the next. */
  readonly number: number
  readonly onRegistered: (queues: readonly PartitionQueue[]) => void
  readonly onFailure: (error: Error) => void
}

/** What a commit tells: the last offsets of what was sent, and the identity to go on with if it is another one. */
export interface Committed {
  readonly sent: SentOffsets
  readonly identity: ProducerIdentity | undefined
}

/** One transaction, from its first record or offset to its end, in either version of the protocol (see TransactionVersion). */
export class Transaction {
  readonly number: number
  readonly #parts: TransactionParts
  readonly #partitions: TransactionPartitions
  readonly #groupsAdded = new Set<string>()
  #offsetsUncertain = false
  #identityUnknown = false
  #flushed: Promise<SentOffsets> | undefined

  constructor(parts: TransactionParts) {
    this.number = parts.number
    this.#parts = parts
    this.#partitions = new TransactionPartitions({ ...parts, transaction: parts.number })
  }

  /** Makes a partition part of the transaction. */
  add(queue: PartitionQueue): void {
    this.#partitions.add(queue)
  }

  /**
   * Commits records and offsets. After a StaleMemberError it may be called again: what `seal` flushed stays part of the transaction.
   *
   * @param seal - Ends the transaction's intake and flushes; called once.
   */
  async commit(
    offsets: readonly OffsetCommit[],
    group: GroupMetadata,
    seal: () => Promise<SentOffsets>,
  ): Promise<Committed> {
    this.#flushed ??= seal()
    // Both end before anything else is asked of the coordinator, also when one has failed.
    const [sent] = await allEnded([this.#flushed, this.#addOffsets(offsets, group)])
    try {
      return { sent, identity: await this.#parts.requests.end(this.#parts.identity, true) }
    } catch (error) {
      if (error instanceof CommitOutcomeUnknownError) error.sent = sent
      throw error
    }
  }

  /** Stops adding partitions; resolves when nothing is under way. */
  stop(): Promise<void> {
    return this.#partitions.stop()
  }

  /** Whether it is not known what the coordinator has of this transaction. Such an epoch must not be used again. */
  get uncertain(): boolean {
    return this.#partitions.uncertain || this.#offsetsUncertain || this.#identityUnknown
  }

  /**
   * Aborts what the coordinator knows of the transaction, if it may know anything. Needs requests that are not interrupted.
   *
   * @returns The identity to go on with if it is another one.
   */
  async abort(requests: TransactionRequests): Promise<ProducerIdentity | undefined> {
    const asked = this.#partitions.asked || this.#groupsAdded.size > 0 || this.#offsetsUncertain
    if (!asked) return undefined
    const identity = await requests.end(this.#parts.identity, false)
    this.#identityUnknown = requests.version === 2 && identity === undefined
    return identity
  }

  async #addOffsets(offsets: readonly OffsetCommit[], group: GroupMetadata): Promise<void> {
    if (offsets.length === 0) return
    const { requests, identity } = this.#parts
    if (requests.version === 2) this.#groupsAdded.add(group.groupId)
    else if (!this.#groupsAdded.has(group.groupId)) {
      this.#offsetsUncertain = true
      await requests.addOffsets(identity, group.groupId)
      this.#offsetsUncertain = false
      this.#groupsAdded.add(group.groupId)
    }
    await requests.commitOffsets(identity, offsets, group)
  }
}
