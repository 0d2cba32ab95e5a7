// Flow: task-manager → [commit-lanes] → commit-lane, producer

import type { Client, OffsetCommit, Producer } from '../client/client.ts'
import { commitIntervalOf } from './commit-interval.ts'
import { CommitLane, type CommitLaneOptions } from './commit-lane.ts'
import type { ResolvedConfig } from './config.ts'
import { type TaskId, taskName } from './task-id.ts'

/** Tasks of an instance beyond which a transaction each costs the brokers more than the records do. */
const MANY_TRANSACTIONS = 16

export interface CommitLanesOptions
  extends Pick<CommitLaneOptions, 'member' | 'metrics' | 'logger' | 'changelogIds' | 'owns'> {
  readonly config: ResolvedConfig
  readonly client: Client
  /** Names this instance's lane if one transaction spans its tasks. */
  readonly instanceId: string
  readonly onCommitted: (lane: CommitLane, offsets: readonly OffsetCommit[]) => void
}

/** The lanes of an instance: one for each task, or one for all, by `transactionScope`; at least once always one for all. */
export class CommitLanes implements Iterable<CommitLane> {
  /** Whether all tasks commit together. */
  readonly isShared: boolean
  readonly isTransactional: boolean
  readonly #options: CommitLanesOptions
  readonly #open = new Set<CommitLane>()
  #shared: Promise<CommitLane> | undefined
  #hasAdvised = false
  #inheritance: Promise<void> = Promise.resolve()

  constructor(options: CommitLanesOptions) {
    this.#options = options
    this.isTransactional = options.config.processingGuarantee === 'exactly_once'
    this.isShared = !this.isTransactional || options.config.transactionScope === 'instance'
  }

  [Symbol.iterator](): Iterator<CommitLane> {
    return this.#open.values()
  }

  /** The lane through which a task is to commit: a new one, whose producer has fenced its predecessors, unless it shares that of the others. */
  of(task: TaskId): Promise<CommitLane> {
    const { config, client, instanceId } = this.#options
    const { applicationId, compression, maxRequestBytes, transactionTimeoutMs } = config
    const transactional = (transactionalId: string) =>
      this.#openLane(client.producer({ transactionalId, transactionTimeoutMs, compression, maxRequestBytes }))
    if (!this.isShared) return transactional(`${applicationId}-${taskName(task)}`)
    this.#shared ??= this.isTransactional
      ? transactional(sharedTransactionalId(applicationId, instanceId))
      : this.#openLane(client.producer({ compression, maxRequestBytes }))
    return this.#shared
  }

  /** Closes a transactional lane that nobody uses any more. */
  async closeUnused(lane: CommitLane): Promise<void> {
    this.#open.delete(lane)
    this.#shared = undefined
    // What was begun since the last commit must not keep readers waiting for the broker's time-out. If it cannot be told, it ends there.
    await lane.producer.abort().catch(() => {})
    await lane.producer.close()
  }

  /** Closes the lane of all tasks, if there is one; those of single tasks are closed with their tasks. */
  async close(): Promise<void> {
    await (await this.#shared?.catch(() => undefined))?.producer.close()
  }

  /**
   * Ends what instances that are gone have left open: with one transaction for all its tasks, the death of an instance leaves it open for everyone who takes
   * one of them over.
   */
  inherit(departed: readonly string[]): void {
    if (departed.length === 0) return
    const before = this.#inheritance
    this.#inheritance = Promise.all(departed.map((instance) => this.#endTransactionOf(instance))).then(() => before)
  }

  /** Resolves when all that was inherited has ended. */
  get inheritance(): Promise<void> {
    return this.#inheritance
  }

  /** Tells once of the other scope if there are many tasks: what many transactions cost shows at the brokers, not here. */
  advise(tasks: number): void {
    if (this.isShared || this.#hasAdvised || tasks <= MANY_TRANSACTIONS) return
    this.#hasAdvised = true
    const { config, logger } = this.#options
    const intervalMs = commitIntervalOf(config, tasks)
    const perSecond = (transactions: number, everyMs: number) => Math.round((transactions * 1_000) / everyMs)
    logger.info(
      {
        tasks,
        commitIntervalMs: intervalMs,
        transactionsPerSecond: perSecond(tasks, intervalMs),
        transactionsPerSecondByInstance: perSecond(1, commitIntervalOf(config, 1)),
      },
      "each task commits in a transaction of its own; with so many, transactionScope: 'instance' costs the brokers less, and each task commits more often. A failed commit then has all of them start over",
    )
  }

  async #openLane(producer: Producer): Promise<CommitLane> {
    const { config, member, metrics, logger, changelogIds, owns, onCommitted } = this.#options
    await producer.init()
    const lane = new CommitLane({
      producer,
      guarantee: config.processingGuarantee,
      member,
      clock: config.clock,
      metrics,
      logger,
      changelogIds,
      owns,
      onCommitted: (offsets) => onCommitted(lane, offsets),
    })
    this.#open.add(lane)
    return lane
  }

  async #endTransactionOf(instance: string): Promise<void> {
    const { config, client, logger } = this.#options
    const producer = client.producer({
      transactionalId: sharedTransactionalId(config.applicationId, instance),
      transactionTimeoutMs: config.transactionTimeoutMs,
    })
    try {
      await producer.init()
    } catch (error) {
      logger.warn(
        { instance, cause: String(error) },
        'the transaction of an instance that is gone could not be ended: it ends by its time-out',
      )
    } finally {
      await producer.close()
    }
  }
}

/** The transactional id of an instance whose tasks commit in one transaction. */
function sharedTransactionalId(applicationId: string, instanceId: string): string {
  return `${applicationId}-${instanceId}`
}
