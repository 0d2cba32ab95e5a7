// Flow: commit-lane → [record-purger] → cluster
import { AuthorizationError } from '../client/authorization.ts'
import type { Admin, OffsetCommit, PartitionOffset } from '../client/client.ts'
import type { Clock, Timer } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { partitionKey } from '../core/record.ts'

export interface RecordPurgerOptions {
  readonly admin: Admin
  readonly clock: Clock
  readonly logger: Logger
  readonly intervalMs: number
  /** Names on the cluster. */
  readonly repartitionTopics: ReadonlySet<string>
  /** Up to where changelogs are needed no more; absent: none is purged. */
  readonly expiredChangelogs: (() => readonly PartitionOffset[]) | undefined
}

/**
 * Deletes what nobody will read again: from repartition topics what their only reader has committed, from changelogs of windows and sessions what has expired.
 * Those topics keep records for ever otherwise.
 */
export class RecordPurger {
  readonly #options: RecordPurgerOptions
  readonly #committed = new Map<string, PartitionOffset>()
  /** By partition, the offset up to which it was purged last. */
  readonly #purged = new Map<string, number>()
  #timer: Timer | undefined
  #warned = false
  #underWay: Promise<void> = Promise.resolve()

  constructor(options: RecordPurgerOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, intervalMs, repartitionTopics, expiredChangelogs } = this.#options
    if (repartitionTopics.size === 0 && expiredChangelogs === undefined) return
    this.#timer = clock.setTimer(intervalMs, () => {
      this.#underWay = this.#purge().then(() => this.start())
    })
  }

  onCommitted(offsets: readonly OffsetCommit[]): void {
    for (const { topic, partition, offset } of offsets) {
      if (!this.#options.repartitionTopics.has(topic)) continue
      this.#committed.set(partitionKey(topic, partition), { topic, partition, offset })
    }
  }

  async stop(): Promise<void> {
    this.#timer?.cancel()
    await this.#underWay
    this.#timer?.cancel()
  }

  async #purge(): Promise<void> {
    // Apart, so that a changelog whose topic does not let records be deleted keeps nothing else.
    await this.#purgeBefore([...this.#committed.values()], 'repartition topics')
    await this.#purgeBefore(this.#options.expiredChangelogs?.() ?? [], 'changelogs')
  }

  async #purgeBefore(offsets: readonly PartitionOffset[], what: string): Promise<void> {
    const news = offsets.filter(({ topic, partition, offset }) => offset > this.#purgedOf(topic, partition))
    if (news.length === 0) return
    try {
      await this.#options.admin.deleteRecords(news)
      for (const { topic, partition, offset } of news) this.#purged.set(partitionKey(topic, partition), offset)
    } catch (error) {
      // Nothing depends on it: the next interval tries again, with later offsets.
      this.#options.logger.debug({ cause: String(error) }, `records of ${what} could not be deleted`)
      this.#warnIfForbidden(error, what)
    }
  }

  #purgedOf(topic: string, partition: number): number {
    return this.#purged.get(partitionKey(topic, partition)) ?? 0
  }

  // This one passes only if somebody does something about it.
  #warnIfForbidden(error: unknown, what: string): void {
    if (this.#warned || !(error instanceof AuthorizationError)) return
    this.#warned = true
    this.#options.logger.warn(
      { err: error },
      `${what} are never purged and grow: deleting their records is not allowed`,
    )
  }
}
