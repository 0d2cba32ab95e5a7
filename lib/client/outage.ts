// What the fetcher and the group member do when brokers are away: they wait and ask again, for as long as it takes.
import { StreamsError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import { BrokerResponseError, BrokerUnavailableError } from './errors.ts'

const FIRST_BACK_OFF_MS = 50
const MAX_BACK_OFF_MS = 1_000

/** Whether an error says no more than that brokers cannot be reached at the moment: another try may succeed. */
export function isOutage(error: unknown): error is StreamsError {
  return error instanceof BrokerUnavailableError || (error instanceof StreamsError && error.recovery === 'retry')
}

/** How long to wait after this many failures in a row, in milliseconds: 50 after the first, doubling, at most 1000. */
export function backOffMs(failureCount: number): number {
  return Math.min(FIRST_BACK_OFF_MS * 2 ** Math.min(failureCount - 1, 10), MAX_BACK_OFF_MS)
}

/** A coordinator that is loading, or a leader that has moved, says so once or twice and is then there: not worth a warning. */
const PASSING_ANSWERS = 2

/** Says once that an outage has begun and once that it is over, however often the same is tried in between. */
export class OutageLog {
  readonly #logger: Logger
  readonly #fields: object
  readonly #begun: string
  readonly #over: string
  #isOut = false
  #failures = 0

  constructor(logger: Logger, fields: object, begun: string, over: string) {
    this.#logger = logger
    this.#fields = fields
    this.#begun = begun
    this.#over = over
  }

  failed(error: Error): void {
    const passes = error instanceof BrokerResponseError && this.#failures < PASSING_ANSWERS
    this.#failures++
    if (this.#isOut || passes) return
    this.#isOut = true
    this.#logger.warn({ ...this.#fields, err: error }, this.#begun)
  }

  ended(): void {
    this.#failures = 0
    if (!this.#isOut) return
    this.#isOut = false
    this.#logger.info(this.#fields, this.#over)
  }
}
