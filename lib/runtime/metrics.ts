import type { DropCause } from '../../topology/processor.ts'
import type { Logger } from '../core/log.ts'
import type { CustomMetric } from './custom-metric.ts'
import { CustomMetrics } from './custom-metrics.ts'
import type { RecordPlace } from './errors.ts'

/** Counts since the instance was made. */
export interface MetricsSnapshot {
  readonly recordsProcessed: number
  readonly commits: number
  readonly recordsRestored: number
  /** Records that went no further, by cause. */
  readonly recordsDropped: Readonly<Record<DropCause, number>>
  /** What processors measure themselves (see ProcessorMetrics), of the tasks that are there now. */
  readonly custom: readonly CustomMetric[]
}

/** The counters of one instance. */
export class Metrics {
  recordsProcessed = 0
  commits = 0
  recordsRestored = 0
  readonly custom: CustomMetrics
  readonly #logger: Logger
  readonly #dropped: Record<DropCause, number> = {
    'null-key': 0,
    'null-value': 0,
    late: 0,
    early: 0,
    'no-window': 0,
    expired: 0,
    'null-join-key': 0,
    duplicate: 0,
    'out-of-order': 0,
    'stale-response': 0,
    'negative-timestamp': 0,
    'deserialization-error': 0,
    'processing-error': 0,
    'production-error': 0,
  }
  readonly #logged = new Set<string>()

  constructor(logger: Logger) {
    this.#logger = logger
    this.custom = new CustomMetrics(logger)
  }

  /** Counts a dropped record, and says so once for each cause and node, with the place of the first; undefined: no input record is in process. */
  dropped(cause: DropCause, nodeName: string, at: RecordPlace | undefined): void {
    this.#dropped[cause]++
    if (!this.#isFirst(`${cause}:${nodeName}`)) return
    this.#logger.warn(
      { cause, node: nodeName, ...placeOf(at) },
      'a record was dropped; further ones are only counted, in recordsDropped',
    )
  }

  /** Counts what was put into a store and is older than the store keeps, and says so once for each store; otherwise as `dropped`. */
  expired(storeName: string, at: RecordPlace | undefined): void {
    this.#dropped.expired++
    if (!this.#isFirst(`store:${storeName}`)) return
    this.#logger.warn(
      { cause: 'expired', store: storeName, ...placeOf(at) },
      'what was put into a store has expired, and is not kept; further ones are only counted, in recordsDropped',
    )
  }

  snapshot(): MetricsSnapshot {
    const { recordsProcessed, commits, recordsRestored } = this
    return {
      recordsProcessed,
      commits,
      recordsRestored,
      recordsDropped: { ...this.#dropped },
      custom: this.custom.snapshot(),
    }
  }

  #isFirst(key: string): boolean {
    if (this.#logged.has(key)) return false
    this.#logged.add(key)
    return true
  }
}

function placeOf(at: RecordPlace | undefined): Partial<RecordPlace> {
  return at === undefined || at.topic === '' ? {} : { topic: at.topic, partition: at.partition, offset: at.offset }
}
