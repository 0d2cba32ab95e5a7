import type { Clock } from '../../core/clock.ts'
import { ConnectionError } from '../errors.ts'
import { backOffMs } from '../outage.ts'

interface FailedAddress {
  readonly failureCount: number
  readonly untilMs: number
  readonly error: ConnectionError
}

/**
 * Keeps those who need one address from trying it one after the other while nobody is there: after a failed attempt to connect everyone learns of
 * that failure, until it is time for the next attempt. So their number does not grow with that of the producers and partitions of a client.
 */
export class Reconnects {
  readonly #clock: Clock
  /** By address; as many as the cluster has nodes. */
  readonly #failed = new Map<string, FailedAddress>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Why the last attempt has failed, if it is too early for another. */
  refusal(key: string): ConnectionError | undefined {
    const failed = this.#failed.get(key)
    return failed !== undefined && this.#clock.monotonicMs() < failed.untilMs ? failed.error : undefined
  }

  failed(key: string, error: unknown): void {
    // What is not a matter of the network (credentials, for instance) is not made better by time.
    if (!(error instanceof ConnectionError)) return
    const failureCount = (this.#failed.get(key)?.failureCount ?? 0) + 1
    this.#failed.set(key, { failureCount, error, untilMs: this.#clock.monotonicMs() + backOffMs(failureCount) })
  }

  succeeded(key: string): void {
    this.#failed.delete(key)
  }
}
