// What the fetcher and the group member do when brokers are away: they wait and ask again, for as long as it takes.
import { StreamsError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import { BrokerResponseError, BrokerUnavailableError, ConnectionError } from './errors.ts'

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

/**
 * Failures in a row that are part of a cluster's life, and not worth a warning: a coordinator that is loading, or a leader that has moved, says so
 * once or twice and is then there; a connection that breaks is followed by one that does not.
 */
const PASSING_ANSWERS = 2
const PASSING_BREAKS = 1

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
    const passes = this.#failures < passingFailures(error)
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

interface OperationOutage {
  readonly failing: Set<object>
  isOut: boolean
}

/**
 * Says once for all operations of a client that some of them fail, and once that they succeed again: when brokers are away a hundred tasks ask for
 * a hundred things. Kept apart: that no answer comes (network), and that the cluster answers it cannot do what is asked (cluster).
 */
export class OperationOutages {
  readonly #logger: Logger
  readonly #network: OperationOutage = { failing: new Set(), isOut: false }
  readonly #cluster: OperationOutage = { failing: new Set(), isOut: false }

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** @param operation - Stands for the operation until `ended`. @param what - Its name, as the subject of a sentence. */
  failing(operation: object, what: string, error: Error, fields: object): void {
    const outage = isWithoutAnswer(error) ? this.#network : this.#cluster
    outage.failing.add(operation)
    const level = outage.isOut ? 'debug' : 'warn'
    outage.isOut = true
    this.#logger[level]({ ...fields, err: error }, `${what} fails so far and is tried again`)
  }

  /** `succeeded` false: it has given up, or its owner was closed. */
  ended(operation: object, succeeded: boolean): void {
    // Any answer shows that the network is there; that the cluster does one thing says nothing of another.
    this.#ended(this.#network, operation, succeeded, !succeeded)
    this.#ended(this.#cluster, operation, succeeded, !this.#cluster.failing.has(operation))
  }

  #ended(outage: OperationOutage, operation: object, succeeded: boolean, tellsNothing: boolean): void {
    outage.failing.delete(operation)
    if (!outage.isOut || outage.failing.size > 0 || tellsNothing) return
    outage.isOut = false
    if (succeeded) this.#logger.info({}, 'What failed and was tried again succeeds')
  }
}

function isWithoutAnswer(error: unknown): boolean {
  if (error instanceof BrokerUnavailableError) return isWithoutAnswer(error.cause)
  return error instanceof StreamsError && error.recovery === 'retry'
}

// A missing answer has cost its whole time-out already.
function passingFailures(error: Error): number {
  if (error instanceof BrokerResponseError) return PASSING_ANSWERS
  return error instanceof ConnectionError ? PASSING_BREAKS : 0
}
