import type { DropCause } from '../../topology/processor.ts'
import type { Logger } from '../core/log.ts'

/** Counts since the instance was made. */
export interface MetricsSnapshot {
  readonly recordsProcessed: number
  readonly commits: number
  readonly recordsRestored: number
  /** Records that went no further, by cause. */
  readonly recordsDropped: Readonly<Record<DropCause, number>>
}

/** The counters of one instance. */
export class Metrics {
  recordsProcessed = 0
  commits = 0
  recordsRestored = 0
  readonly #logger: Logger
  readonly #dropped: Record<DropCause, number> = {
    'null-key': 0,
    'null-value': 0,
    late: 0,
    early: 0,
    expired: 0,
    'null-join-key': 0,
    duplicate: 0,
    'out-of-order': 0,
    'stale-response': 0,
    'no-window': 0,
    'negative-timestamp': 0,
    'deserialization-error': 0,
    'processing-error': 0,
    'production-error': 0,
  }
  readonly #logged = new Set<string>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Counts a dropped record, and says so once for each cause and node. */
  dropped(cause: DropCause, nodeName: string): void {
    this.#dropped[cause]++
    const key = `${cause}:${nodeName}`
    if (this.#logged.has(key)) return
    this.#logged.add(key)
    this.#logger.warn(
      { cause, node: nodeName },
      'a record was dropped; further ones are only counted, in recordsDropped',
    )
  }

  snapshot(): MetricsSnapshot {
    const { recordsProcessed, commits, recordsRestored } = this
    return { recordsProcessed, commits, recordsRestored, recordsDropped: { ...this.#dropped } }
  }
}
