// Flow: commit-lane → [repartition-purger] → cluster
import { AuthorizationError } from '../client/authorization.ts'
import type { Admin, OffsetCommit, PartitionOffset } from '../client/client.ts'
import type { Clock, Timer } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { partitionKey } from '../core/record.ts'

export interface RepartitionPurgerOptions {
  readonly admin: Admin
  readonly clock: Clock
  readonly logger: Logger
  readonly intervalMs: number
  /** Names on the cluster. */
  readonly repartitionTopics: ReadonlySet<string>
}

/** Deletes from repartition topics what their only reader has committed: those topics keep records for ever otherwise. */
export class RepartitionPurger {
  readonly #options: RepartitionPurgerOptions
  readonly #committed = new Map<string, PartitionOffset>()
  #timer: Timer | undefined
  #warned = false
  #underWay: Promise<void> = Promise.resolve()

  constructor(options: RepartitionPurgerOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#options.repartitionTopics.size === 0) return
    this.#timer = this.#options.clock.setTimer(this.#options.intervalMs, () => {
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
    const before = [...this.#committed.values()]
    this.#committed.clear()
    if (before.length === 0) return
    try {
      await this.#options.admin.deleteRecords(before)
    } catch (error) {
      // Nothing depends on it: the next interval tries again, with later offsets.
      this.#options.logger.debug({ cause: String(error) }, 'records of repartition topics could not be deleted')
      this.#warnIfForbidden(error)
      for (const offset of before) {
        const key = partitionKey(offset.topic, offset.partition)
        if (!this.#committed.has(key)) this.#committed.set(key, offset)
      }
    }
  }

  // This one passes only if somebody does something about it.
  #warnIfForbidden(error: unknown): void {
    if (this.#warned || !(error instanceof AuthorizationError)) return
    this.#warned = true
    this.#options.logger.warn(
      { err: error },
      'repartition topics are never purged and grow: deleting their records is not allowed',
    )
  }
}
