// Flow: restorer → [transaction-wait] → log
import type { FetchedPartition } from '../client/client.ts'
import type { Clock, Timer } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'

/** A wait as long as this is worth a line: a transaction that is just ending takes milliseconds. */
const LOG_AFTER_MS = 1_000

/**
 * Says once that a restore waits for a transaction which somebody else has left open in a changelog, and once that it is over: a producer that died
 * holds the records behind its first one back until the broker ends its transaction.
 */
export class TransactionWait {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #fields: object
  readonly #changelog: Pick<FetchedPartition, 'lastStableOffset'>
  readonly #target: number
  #timer: Timer | undefined
  #saidMs: number | undefined

  /** @param target - The offset that the restore has to reach. */
  constructor(
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
    fields: object,
    changelog: Pick<FetchedPartition, 'lastStableOffset'>,
    target: number,
  ) {
    this.#clock = clock
    this.#logger = logger
    this.#fields = fields
    this.#changelog = changelog
    this.#target = target
  }

  /** There is nothing to read for now. */
  began(): void {
    if (this.#saidMs === undefined) this.#timer ??= this.#clock.setTimer(LOG_AFTER_MS, () => this.#look())
  }

  /** There was something, or the restore is over. */
  ended(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#saidMs === undefined) return
    const waitedMs = Math.round(this.#clock.monotonicMs() - this.#saidMs) + LOG_AFTER_MS
    this.#saidMs = undefined
    this.#logger.info({ ...this.#fields, waitedMs }, 'the restore of a store waits for no transaction any more')
  }

  // If it is the network that brings nothing, others say so.
  #look(): void {
    const { lastStableOffset } = this.#changelog
    this.#timer = undefined
    if (lastStableOffset < 0 || lastStableOffset >= this.#target) {
      this.began()
      return
    }
    this.#saidMs = this.#clock.monotonicMs()
    this.#logger.warn(
      { ...this.#fields, lastStableOffset, target: this.#target },
      'the restore of a store waits until a transaction in its changelog ends, at the latest by the transaction time-out of its producer',
    )
  }
}
